from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "riskreg.decisions"
    label = "decisions"

    def ready(self) -> None:
        from riskreg.decisions.services import mail
        from riskreg.notify import refresh
        from riskreg.reviews.services.reviews import REVIEWED

        refresh.register_refresher(mail.KIND, mail.current_content_of_message)
        REVIEWED.append(mail.write_to_askers_of_review)
