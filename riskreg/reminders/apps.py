from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "riskreg.reminders"
    label = "reminders"

    def ready(self) -> None:
        from riskreg.notify import refresh
        from riskreg.reminders import services
        from riskreg.reminders.policy import ALARM, DIGEST, INTERRUPT
        from riskreg.reminders.services import announcements, ladder

        ladder.register_change_kinds()
        refresh.register_refresher(
            DIGEST, services.settle_and_render_digest, services.unchanged_digests_among
        )
        refresh.register_refresher(
            INTERRUPT, services.settle_and_render_interrupt, services.unchanged_interrupts_among
        )
        refresh.register_refresher(ALARM, services.current_content_of_alarm)
        refresh.register_refresher(announcements.KIND, announcements.settle_and_render_announcement)
