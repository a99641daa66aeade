from django.apps import AppConfig


class HandoverConfig(AppConfig):
    name = "riskreg.handover"
    label = "handover"

    def ready(self) -> None:
        from riskreg.handover import services

        services.register_change_kinds()
