from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "riskreg.demo"
    label = "demo"
