from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "riskreg.notify"
    label = "notify"

    def ready(self) -> None:
        from riskreg.kernel import health
        from riskreg.notify import checks  # noqa: F401 - registers what it checks
        from riskreg.notify.metrics import gauges

        health.GAUGES.append(gauges)
