from django.apps import AppConfig


class RegisterConfig(AppConfig):
    name = "riskreg.register"
    label = "register"

    def ready(self) -> None:
        from riskreg.notify import refresh
        from riskreg.register.services import (
            archiving,
            change_mail,
            party_requests,
            settings,
            terms,
        )

        refresh.register_refresher(change_mail.KIND, change_mail.current_content_of_message)
        archiving.register_change_kinds()
        settings.register_change_kinds()
        terms.register_change_kinds()
        party_requests.register_change_kinds()
