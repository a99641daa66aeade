from django.apps import AppConfig


class HandoverConfig(AppConfig):
    name = "riskreg.handover"
    label = "handover"
