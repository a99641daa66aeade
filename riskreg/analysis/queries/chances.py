"""The chance of meeting an objective, by the newest run that tells it; and what a year was expected
to cost, run by run."""

import datetime as dt
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
from riskreg.jobs.queries import done_subjects, part_of_results
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.models import Objective

# Runs that are looked at for one that has followed the objective, newest first.
_LOOKED_AT = 50
# Runs that are looked back on.
_RUNS_BACK = 24


@dataclass(frozen=True)
class Chance:
    """What a run says of an objective, and whether its model or the objective has changed since.

    ``found`` is what the step of the objective came to.
    """

    run: Simulation
    found: dict[str, Any]
    stale: bool


def newest_chance(
    viewer: Viewer, objective: Objective, until: dt.datetime | None = None
) -> Chance | None:
    """The chance by the newest run that the viewer may know of, is done and has followed it, of
    those that were asked for before ``until``; None where there is none."""
    done = visible_simulations(viewer).filter(uuid__in=done_subjects(policy.KIND))
    newest = (done if until is None else done.filter(at__lt=until))[:_LOOKED_AT]
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


def expected_over_time(viewer: Viewer, newest: Simulation) -> list[tuple[Simulation, float]]:
    """What runs of the audience and currency of ``newest`` have said that a year is expected to
    cost as it stood then: the last run of each day, oldest first, of the latest that are done."""
    done = visible_simulations(viewer).filter(
        uuid__in=done_subjects(policy.KIND),
        visibility=newest.visibility,
        currency=newest.currency,
    )
    runs = list(done.defer("inputs")[:_RUNS_BACK])
    expected = part_of_results([run.uuid for run in runs], "measure:before", "loss__mean__0")
    zone = viewer.register.time_zone
    by_day = {
        clock.local_date(run.at, zone): (run, float(expected[run.uuid]))
        for run in reversed(runs)
        if expected.get(run.uuid) is not None
    }
    return list(by_day.values())
