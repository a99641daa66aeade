from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "riskreg.events"
    label = "events"
