from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "riskreg.risks"
    label = "risks"

    def ready(self) -> None:
        from riskreg.risks.services import criteria, risks, terms

        criteria.register_change_kinds()
        risks.register_change_kinds()
        terms.register_change_kinds()
