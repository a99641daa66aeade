from django.apps import AppConfig


class NotifyConfig(AppConfig):
    name = "riskreg.notify"
    label = "notify"
