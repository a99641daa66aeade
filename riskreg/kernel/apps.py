from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "riskreg.kernel"
    label = "kernel"

    def ready(self) -> None:
        from riskreg.kernel import checks  # noqa: F401 - registers what it checks
