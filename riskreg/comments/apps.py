from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "riskreg.comments"
    label = "comments"

    def ready(self) -> None:
        from riskreg.comments.services import mail
        from riskreg.notify import refresh

        refresh.register_refresher(mail.KIND, mail.current_content_of_message)
