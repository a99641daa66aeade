from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "riskreg.exchange"
    label = "exchange"
