"""The chance of meeting an objective, by the newest run that tells it and run by run; and what a
year was expected to cost, run by run."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.queries.objectives import models_for
from riskreg.analysis.queries.simulations import (
    AudienceReader,
    party_of_run,
    visible_simulations,
)
from riskreg.jobs.queries import (
    step_result_part_by_subject,
    step_result_part_by_subject_and_step,
    subjects_and_steps_of_done_jobs,
    subjects_of_done_jobs,
)
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.written import written_once

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
    return newest_chances(viewer, [objective], until).get(objective.pk)


def newest_chances(
    viewer: Viewer, objectives: Sequence[Objective], until: dt.datetime | None = None
) -> dict[int, Chance]:
    """The same of several objectives, by database id; as many queries as of one."""
    steps = {_step_key(row.uuid): row for row in objectives}
    done = visible_simulations(viewer).filter(uuid__in=subjects_of_done_jobs(policy.KIND))
    newest = (done if until is None else done.filter(at__lt=until))[:_LOOKED_AT]
    runs = list(newest.values_list("uuid", flat=True)) if steps else []
    followed = subjects_and_steps_of_done_jobs(runs, steps) if runs else set()
    by_step: dict[str, UUID] = {}
    for run in runs:
        for step in steps.keys() - by_step.keys():
            if (run, step) in followed:
                by_step[step] = run
    if not by_step:
        return {}
    rows = {row.uuid: row for row in visible_simulations(viewer).filter(uuid__in=by_step.values())}
    results = step_result_part_by_subject_and_step(set(by_step.values()), by_step)
    models = _model_id_by_party_and_objective(rows.values(), objectives)
    return {
        steps[step].pk: _chance(steps[step], rows[run], results[run, step], models)
        for step, run in by_step.items()
    }


def _step_key(objective: UUID) -> str:
    return f"objective:{objective}"


class _PartyAndObjective(NamedTuple):
    """Database ids; no party for what everybody reads."""

    party: int | None
    objective: int


def _model_id_by_party_and_objective(
    runs: Iterable[Simulation], objectives: Sequence[Objective]
) -> dict[_PartyAndObjective, str]:
    """By audience of a run (database id of its party) and objective the version of its model that
    holds for that audience now, whoever looks."""
    found: dict[_PartyAndObjective, str] = {}
    readers = {_party_id_of_audience(run): run.register for run in runs}
    for party, register in readers.items():
        rows = models_for(AudienceReader(register, party)).filter(objective__in=objectives)
        for row in rows:
            found.setdefault(_PartyAndObjective(party, row.objective_id), str(row.uuid))
    return found


def _party_id_of_audience(run: Simulation) -> int | None:
    party = party_of_run(run)
    return party.pk if party else None


def _chance(
    objective: Objective,
    run: Simulation,
    found: dict[str, Any],
    models: Mapping[_PartyAndObjective, str],
) -> Chance:
    name = str(objective.uuid)
    frozen = next(one for one in json.loads(run.inputs)["objectives"] if one["objective"] == name)
    model = models.get(_PartyAndObjective(_party_id_of_audience(run), objective.pk), "")
    now = (model, float(objective.value), objective.due_on.year)
    return Chance(run, found, now != (frozen["model"], float(frozen["target"]), frozen["due"]))


class RunValue(NamedTuple):
    """A run, and what it said."""

    run: Simulation
    value: float


# Over time -------------------------------------------------------------------------------------
def newest_done_run(viewer: Viewer) -> Simulation | None:
    """The latest visible run that is done."""
    return next(iter(_newest_done_run_as_one_row(viewer)), None)


@written_once()
def _newest_done_run_as_one_row(viewer: Viewer) -> QuerySet[Simulation]:
    return visible_simulations(viewer).filter(uuid__in=subjects_of_done_jobs(policy.KIND))[:1]


def latest_done_runs_like(viewer: Viewer, newest: Simulation) -> list[Simulation]:
    """The latest runs of the audience and currency of ``newest`` that are done, newest first."""
    return _latest_done_runs_of_audience(viewer, newest.visibility, newest.currency)


@written_once()
def _latest_done_runs_of_audience(
    viewer: Viewer, visibility: str, currency: str
) -> QuerySet[Simulation]:
    done = visible_simulations(viewer).filter(
        uuid__in=subjects_of_done_jobs(policy.KIND), visibility=visibility, currency=currency
    )
    return done.defer("inputs")[:_RUNS_BACK]


def daily_expected_losses(zone: str, runs: Sequence[Simulation]) -> list[RunValue]:
    """What ``runs`` (newest first) have said that a year is expected to cost as it stood then: the
    last run of each day in ``zone``, oldest first."""
    expected = step_result_part_by_subject(
        [run.uuid for run in runs], "measure:before", "loss__mean__0"
    )
    return _last_of_each_day(zone, runs, expected)


def daily_chances_by_objective(
    zone: str, runs: Sequence[Simulation], objectives: Iterable[UUID]
) -> dict[UUID, list[RunValue]]:
    """By public id of an objective the chance of it as things stood, by each of ``runs`` (newest
    first) that followed it: the last run of each day in ``zone``, oldest first. One query
    for all of them."""
    steps = {_step_key(objective): objective for objective in objectives}
    values = step_result_part_by_subject_and_step(
        [run.uuid for run in runs], steps, "sides__before__chance__0"
    )
    return {
        objective: _last_of_each_day(
            zone, runs, {run: value for (run, key), value in values.items() if key == step}
        )
        for step, objective in steps.items()
    }


def _last_of_each_day(
    zone: str, runs: Sequence[Simulation], values: Mapping[UUID, Any]
) -> list[RunValue]:
    by_day = {
        clock.local_date(run.at, zone): RunValue(run, float(values[run.uuid]))
        for run in reversed(runs)
        if values.get(run.uuid) is not None
    }
    return list(by_day.values())
