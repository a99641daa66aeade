from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "riskreg.reminders"
    label = "reminders"

    def ready(self) -> None:
        from riskreg.notify import renewal
        from riskreg.reminders.digest import KIND
        from riskreg.reminders.services import renew_digest

        renewal.register(KIND, renew_digest)
