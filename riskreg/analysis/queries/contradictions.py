"""Risks of a run that the matrix and the money rank very differently."""

from collections.abc import Mapping
from typing import Any

from riskreg.analysis.policy.contradictions import Contradiction, Ranked, contradictions
from riskreg.register.access import Viewer
from riskreg.risks.models import Kind, State
from riskreg.risks.queries.access import current_positions


def contradictions_among_open_threats(
    viewer: Viewer, results: Mapping[str, Any]
) -> list[Contradiction]:
    """Of the threats of a run (``results`` of ``results_of_done_run``) that the viewer may know of
    and that are open and rated now: what a year of each costs by the run, beside where it stands in
    the matrix today."""
    means: dict[str, float] = results["contributions"]["before"]["mean"]
    positions = current_positions(viewer).filter(
        risk__uuid__in=list(means),
        state=State.OPEN,
        kind=Kind.THREAT,
        residual_likelihood__isnull=False,
        residual_impact__isnull=False,
        residual_score__isnull=False,
    )
    names = ("risk__uuid", "residual_likelihood", "residual_impact", "residual_score")
    return contradictions(
        Ranked(str(risk), likelihood, impact, score, means[str(risk)])
        for risk, likelihood, impact, score in positions.values_list(*names)
    )
