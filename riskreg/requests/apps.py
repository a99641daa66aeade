from django.apps import AppConfig


class RequestsConfig(AppConfig):
    name = "riskreg.requests"
    label = "requests"
