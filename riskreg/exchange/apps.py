from django.apps import AppConfig

# The kinds are kept with jobs.
_PACK_WORK = {
    "exchange.gather": "riskreg.exchange.pack_steps.gather_pack_contents",
    "exchange.draw": "riskreg.exchange.pack_steps.draw_pack",
}


class ExchangeConfig(AppConfig):
    name = "riskreg.exchange"
    label = "exchange"

    def ready(self) -> None:
        from riskreg.exchange.services import pack_mail
        from riskreg.exchange.services.drafts import KIND
        from riskreg.jobs.kinds import WORK
        from riskreg.notify import refresh

        refresh.register_refresher(pack_mail.KIND, pack_mail.current_content_of_message)
        WORK[KIND] = "riskreg.exchange.steps.commit_import_of_draft"
        # By name: the web process never loads what writes PDF and slides.
        WORK.update(_PACK_WORK)
