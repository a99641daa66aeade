from django.apps import AppConfig


class UpConfig(AppConfig):
    name = "riskreg.up"
    label = "up"
