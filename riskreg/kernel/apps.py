from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "riskreg.kernel"
    label = "kernel"
