from django.apps import AppConfig


class RegisterConfig(AppConfig):
    name = "riskreg.register"
    label = "register"
