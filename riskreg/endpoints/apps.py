from django.apps import AppConfig


class EndpointsConfig(AppConfig):
    name = "riskreg.endpoints"
    label = "endpoints"

    def ready(self) -> None:
        from riskreg.endpoints.channels.chat import Chat
        from riskreg.endpoints.channels.webhook import Webhook
        from riskreg.notify.channels import CHANNELS

        CHANNELS.update({sender.channel: sender for sender in (Webhook, Chat)})
