from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "riskreg.analysis"
    label = "analysis"
