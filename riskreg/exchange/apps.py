from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "riskreg.exchange"
    label = "exchange"

    def ready(self) -> None:
        from riskreg.exchange.services import pack_mail
        from riskreg.exchange.services.drafts import KIND
        from riskreg.exchange.services.packs import STEPS
        from riskreg.jobs.kinds import WORK
        from riskreg.notify import refresh

        refresh.register(pack_mail.KIND, pack_mail.current_content_of_message)
        WORK[KIND] = "riskreg.exchange.steps.commit"
        # By name: the web process never loads what writes PDF and slides.
        for name in STEPS:
            WORK[f"exchange.{name}"] = f"riskreg.exchange.pack_steps.{name}"
