from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "riskreg.risks"
    label = "risks"

    def ready(self) -> None:
        from riskreg.risks.services import criteria, risks, terms

        criteria.register_kinds()
        risks.register_kinds()
        terms.register_kinds()
