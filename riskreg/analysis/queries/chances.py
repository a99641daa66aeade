"""The chance of meeting an objective, by the newest run that tells it."""

import json
from dataclasses import dataclass
from typing import Any

from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.queries.objectives import models_of
from riskreg.analysis.queries.simulations import (
    AudienceReader,
    party_of_run,
    results_of_run,
    visible_simulations,
)
from riskreg.jobs.queries import done_subjects
from riskreg.register.access import Viewer
from riskreg.register.models import Objective

# Runs that are looked at for one that has followed the objective, newest first.
_LOOKED_AT = 50


@dataclass(frozen=True)
class Chance:
    """What a run says of an objective, and whether its model or the objective has changed since.

    ``found`` is what the step of the objective came to.
    """

    run: Simulation
    found: dict[str, Any]
    stale: bool


def newest_chance(viewer: Viewer, objective: Objective) -> Chance | None:
    """The chance by the newest run that the viewer may know of, is done and has followed it; None
    where there is none."""
    newest = visible_simulations(viewer).filter(uuid__in=done_subjects(policy.KIND))[:_LOOKED_AT]
    ids = list(newest.values_list("pk", flat=True))
    name = str(objective.uuid)
    rows = visible_simulations(viewer).filter(pk__in=ids, inputs__contains=f'"objective":"{name}"')
    run = rows.first()
    if run is None:
        return None
    found = next(one for one in results_of_run(run)["objectives"] if one["objective"] == name)
    frozen = next(one for one in json.loads(run.inputs)["objectives"] if one["objective"] == name)
    # By the version that holds for the audience of the run, whoever looks.
    party = party_of_run(run)
    reader = AudienceReader(run.register, party.pk if party else None)
    model = models_of(reader, objective).first()
    now = (str(model.uuid) if model else "", float(objective.value), objective.due_on.year)
    then = (frozen["model"], float(frozen["target"]), frozen["due"])
    return Chance(run, found, now != then)
