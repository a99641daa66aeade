from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "riskreg.reminders"
    label = "reminders"

    def ready(self) -> None:
        from riskreg.notify import renewal
        from riskreg.reminders import services
        from riskreg.reminders.policy import ALARM, DIGEST, INTERRUPT
        from riskreg.reminders.services import announcements

        renewal.register(DIGEST, services.renew_digest, services.unchanged_digests)
        renewal.register(INTERRUPT, services.renew_interrupt, services.unchanged_interrupts)
        renewal.register(ALARM, services.renew_alarm)
        renewal.register(announcements.KIND, announcements.renew_announcement)
