from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "riskreg.indicators"
    label = "indicators"
