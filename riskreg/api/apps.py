from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "riskreg.api"
    label = "api"
