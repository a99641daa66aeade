from django.apps import AppConfig

# The kinds are kept with jobs.
_WORK = {
    "analysis.simulate": "riskreg.analysis.steps.simulate_chunk_of_side",
    "analysis.measure": "riskreg.analysis.steps.measure_losses_of_side",
    "analysis.contribute": "riskreg.analysis.steps.contributions_on_side",
    "analysis.tornado": "riskreg.analysis.steps.tornado_of_run",
    "analysis.figures": "riskreg.analysis.steps.figures_of_run",
    "analysis.objective": "riskreg.analysis.objective_steps.results_of_objective",
    "analysis.frontier": "riskreg.analysis.buying_steps.frontier_point_of_step",
    "analysis.choose": "riskreg.analysis.buying_steps.choice_within_named_budgets",
    "analysis.information": "riskreg.analysis.buying_steps.values_of_information",
    "analysis.weigh": "riskreg.analysis.weighing_steps.weigh_one_option",
    "analysis.compare": "riskreg.analysis.weighing_steps.compare_options",
}


class AnalysisConfig(AppConfig):
    name = "riskreg.analysis"
    label = "analysis"

    def ready(self) -> None:
        from riskreg.jobs.kinds import WORK

        # By name: the web process never loads what brings NumPy.
        WORK.update(_WORK)
