from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "riskreg.reminders"
    label = "reminders"

    def ready(self) -> None:
        from riskreg.notify import refresh as renewal
        from riskreg.reminders import services
        from riskreg.reminders.policy import ALARM, DIGEST, INTERRUPT
        from riskreg.reminders.services import announcements

        renewal.register(DIGEST, services.refresh_digest, services.current_digests)
        renewal.register(INTERRUPT, services.refresh_interrupt, services.current_interrupts)
        renewal.register(ALARM, services.refresh_alarm)
        renewal.register(announcements.KIND, announcements.refresh_announcement)
