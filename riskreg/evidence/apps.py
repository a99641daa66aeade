from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "riskreg.evidence"
    label = "evidence"
