from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "riskreg.jobs"
    label = "jobs"
