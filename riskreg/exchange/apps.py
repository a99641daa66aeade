from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "riskreg.exchange"
    label = "exchange"

    def ready(self) -> None:
        from riskreg.exchange.services.drafts import KIND
        from riskreg.jobs.kinds import WORK

        WORK[KIND] = "riskreg.exchange.steps.commit"
