from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "riskreg.analysis"
    label = "analysis"

    def ready(self) -> None:
        from riskreg.jobs.kinds import WORK

        # By name: the web process never loads what brings NumPy.
        for name in ("simulate", "measure", "contribute", "tornado", "figures"):
            WORK[f"analysis.{name}"] = f"riskreg.analysis.steps.{name}"
        WORK["analysis.objective"] = "riskreg.analysis.objective_steps.objective"
        for name in ("frontier", "choose", "information"):
            WORK[f"analysis.{name}"] = f"riskreg.analysis.buying_steps.{name}"
        for name in ("weigh", "compare"):
            WORK[f"analysis.{name}"] = f"riskreg.analysis.weighing_steps.{name}"
