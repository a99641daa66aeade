from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "riskreg.operations"
    label = "operations"
