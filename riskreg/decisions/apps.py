from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "riskreg.decisions"
    label = "decisions"

    def ready(self) -> None:
        from riskreg.decisions.services import mail
        from riskreg.notify import refresh

        refresh.register(mail.KIND, mail.refresh_message)
