"""The options of a decision beside each other: the runs that weigh them, as their reader may see
them."""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Window
from django.db.models.functions import RowNumber

from riskreg.analysis.models import Driver, Simulation
from riskreg.analysis.policy.weighing import (
    DecisionToWeigh,
    can_be_weighed,
    frozen_option,
    mitigations_without_effect,
)
from riskreg.analysis.queries.simulations import (
    drivers_of_run,
    mitigations_of_run,
    objectives_of_run,
    progress_of_each_run,
    results_of_done_run,
    risks_of_run,
    simulations_about,
    stale_because,
)
from riskreg.decisions.models import Decision, DecisionState, Option
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import Progress
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.permissions import permits
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Mitigation, Risk

# In these its options can still be weighed.
OPEN = (DecisionState.DRAFT, DecisionState.PROPOSED)
# Runs of an audience among which the newest that was not cancelled is looked for.
_MOST = 10


@dataclass(frozen=True)
class Weighing:
    """A run that weighs a decision: how far it is, what has moved since ([{ref, what}]; of an
    option its key), and once it is done what it came to ({horizon, best, options}) with its label.

    ``left_out``: by key of an option that the run could not weigh the mitigations (public ids) of
    which it knew no effect; none for one that names no mitigation.
    """

    run: Simulation
    progress: Progress
    stale: list[dict[str, str]]
    results: dict[str, Any] | None
    label: str
    left_out: dict[str, list[str]]
    options: list[dict[str, Any]]
    works: dict[str, Mitigation] = field(default_factory=dict)
    objectives: dict[str, Objective] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    drivers: dict[str, Driver] = field(default_factory=dict)

    @property
    def most_worth_knowing(self) -> list[dict[str, Any]]:
        """What it is worth at most to know before the choice ({ref, name, on, worth}), of what the
        viewer may know, the most first; empty also where nothing would change the choice."""
        information = (self.results or {}).get("information") or {}
        found = []
        for each in information.get("each", ()):
            thing: Any = (self.drivers if each["on"] == "driver" else self.risks).get(each["about"])
            if thing is not None:
                name = thing.name if each["on"] == "driver" else thing.localized("title")
                found.append(
                    {"ref": thing.ref, "name": name, "on": each["on"], "worth": each["worth"]}
                )
        return found


def decision_to_weigh(row: Decision) -> DecisionToWeigh:
    """What a run freezes of a decision, read by ``decision_for``."""
    choices: list[Option] = row.choices  # type: ignore[attr-defined]
    options: list[dict[str, Any]] = []
    refs: dict[str, str] = {}
    for option in choices:
        works: list[Mitigation] = option.works  # type: ignore[attr-defined]
        refs |= {str(work.uuid): work.ref for work in works}
        options.append(
            frozen_option(
                option.key,
                [str(work.uuid) for work in works],
                option.costs,
                is_nothing=option.is_nothing,
            )
        )
    return DecisionToWeigh(row.uuid, tuple(options), refs)


def may_weigh(viewer: Viewer, row: Decision) -> bool:
    """Whether the viewer can have the options of ``row`` weighed."""
    return row.state in OPEN and viewer.party_id is not None and permits(viewer, "simulation.run")


def newest_weighing_by_audience(
    viewer: Viewer, row: Decision, today: dt.date
) -> dict[str, Weighing | None]:
    """The newest run that weighs ``row``, read by ``decision_for``, of what every party sees
    (``shared``), and that of the viewer's own party (``party``). None: there is none that was
    not cancelled."""
    # Of each audience the newest, however many the other has: in one query.
    place = Window(RowNumber(), partition_by="visibility", order_by=("-at", "-id"))
    runs = simulations_about(viewer, row.uuid).annotate(place=place)
    known = list(runs.filter(place__lte=_MOST).order_by("-at", "-id"))
    progress = progress_of_each_run(known) if known else {}
    kept = [run for run in known if progress[run.uuid].state != JobState.CANCELLED]
    found: dict[str, Weighing | None] = {}
    for audience in Visibility.values:
        first = next((run for run in kept if run.visibility == audience), None)
        found[audience] = _weighing(viewer, row, first, progress, today) if first else None
    return found


def _weighing(
    viewer: Viewer, row: Decision, run: Simulation, progress: dict[Any, Progress], today: dt.date
) -> Weighing:
    run.register = viewer.register
    inputs = json.loads(run.inputs)
    results = results_of_done_run(run) if progress[run.uuid].state == JobState.DONE else {}
    information = (results.get("weighing") or {}).get("information") or {}
    asked = {each["on"] for each in information.get("each", ())}
    return Weighing(
        run=run,
        progress=progress[run.uuid],
        stale=[*stale_because(viewer, run, today), *_options_changed_since(row, inputs)],
        results=results.get("weighing"),
        label=results.get("label", ""),
        left_out={
            one["key"]: mitigations_without_effect(one, inputs)
            for one in inputs["options"]
            if not can_be_weighed(one, inputs)
        },
        options=inputs["options"],
        works=mitigations_of_run(viewer, run) | _mitigations_by_id(row),
        objectives=objectives_of_run(viewer, run),
        risks=risks_of_run(viewer, run) if "frequency" in asked else {},
        drivers=drivers_of_run(viewer, run) if "driver" in asked else {},
    )


def _mitigations_by_id(row: Decision) -> dict[str, Mitigation]:
    choices: list[Any] = row.choices  # type: ignore[attr-defined]
    return {str(work.uuid): work for option in choices for work in option.works}


def _options_changed_since(row: Decision, inputs: dict[str, Any]) -> list[dict[str, str]]:
    old = {one["key"]: one for one in inputs["options"]}
    new = {one["key"]: one for one in decision_to_weigh(row).options}
    return [
        {"ref": key, "what": "option"}
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def weighing_for_record(viewer: Viewer, row: Decision, today: dt.date) -> dict[str, Any] | None:
    """What the record of a decision keeps of its newest finished weighing: of what everybody may
    read who sees the decision. None where there is none."""
    one = newest_weighing_by_audience(viewer, row, today)[row.visibility]
    if one is None or one.results is None:
        return None
    objectives = {key: each.key for key, each in one.objectives.items()}
    options = [
        each | {"objectives": [
            {"objective": objectives.get(of["objective"], ""), "chance": of["chance"]}
            for of in each["objectives"]
        ]}
        for each in one.results["options"]
    ]  # fmt: skip
    return {
        "at": one.run.at,
        "digest": one.run.digest,
        "years": one.run.years,
        "horizon": one.results["horizon"],
        "currency": one.run.currency,
        "base_year": one.run.base_year,
        "label": one.label,
        "best": one.results["best"],
        "options": options,
        "left_out": sorted(one.left_out),
        "stale": one.stale,
        **_information_for_record(one),
    }


def _information_for_record(one: Weighing) -> dict[str, Any]:
    information = (one.results or {}).get("information")
    if not information:
        return {}
    each = [{name: of[name] for name in ("ref", "on", "worth")} for of in one.most_worth_knowing]
    return {"information": {"all": information["all"], "each": each}}
