"""What makes an objective model sound, and what a run freezes of one. Pure functions."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis.policy.drivers import check_driver_multiplier_not_negative
from riskreg.analysis.policy.simulations import SIDES, estimates_on, frozen_driver
from riskreg.events.policy import canonical_json
from riskreg.kernel.errors import Errors
from riskreg.register.policy import weakest_label
from riskreg.risks.models import MitigationStatus

# Years from the start to the day on which it is due, and terms of one model.
MOST_YEARS = 40
MOST_TERMS = 20
LEAST_EFFECT, MOST_EFFECT = Decimal(-100), Decimal(1000)
MOST_ELASTICITY = Decimal(20)


def check_start_level(errors: Errors, clean: Mapping[str, Any], due_on: dt.date) -> None:
    """Note what is wrong with where the level starts, and when."""
    start, year = clean.get("start"), clean.get("start_year")
    if start is not None and start <= 0 and not errors.has_any_on("start"):
        text = _("The level starts above 0: growth of nothing is nothing.")
        errors.add("start", "out_of_range", text)
    if year is None or errors.has_any_on("start_year"):
        return
    if year >= due_on.year:
        text = _("The objective is due in %(due)d: name the level of an earlier year.")
        errors.add("start_year", "out_of_order", text % {"due": due_on.year})
    elif due_on.year - year > MOST_YEARS:
        text = _("At most %(n)d years are reckoned with: name the level of a later year.")
        errors.add("start_year", "too_far", text % {"n": MOST_YEARS})


def check_growth(errors: Errors, clean: Mapping[str, Any]) -> None:
    """Note what is wrong with the range of growth."""
    names = ("growth_low", "growth_mode", "growth_high")
    low, mode, high = (clean.get(name) for name in names)
    if errors.has_any_on(*names) or low is None or mode is None or high is None:
        return
    for name, value in zip(names, (low, mode, high), strict=True):
        if not LEAST_EFFECT <= value <= MOST_EFFECT:
            text = _("This lies between %(low)d %% and %(high)d %%.")
            errors.add(name, "out_of_range", text % {"low": LEAST_EFFECT, "high": MOST_EFFECT})
    if not errors.has_any_on(*names) and not low <= mode <= high:
        text = _("Give them in order: lowest, most likely, highest.")
        errors.add("growth_mode", "out_of_order", text)


def check_effect_on_level(
    errors: Errors,
    prefix: str,
    low: Decimal | None,
    mode: Decimal | None,
    high: Decimal | None,
    *,
    of_mitigation: bool = False,
) -> None:
    """Note what is wrong with what an event does to the level, or a mitigation,
    on ``prefix.low``, ``prefix.mode``, ``prefix.high``."""
    if mode is None:
        text = (
            _("Say what it does to the level once it works, in per cent; 6 adds 6 %.")
            if of_mitigation
            else _("Say what an event does to the level, in per cent; -15 takes 15 % away.")
        )
        errors.add(f"{prefix}.mode", "required", text)
        return
    if (low is None) != (high is None):
        text = _("Give both ends, or the middle alone.")
        errors.add(f"{prefix}.{'low' if low is None else 'high'}", "required", text)
        return
    parts = {f"{prefix}.low": low, f"{prefix}.mode": mode, f"{prefix}.high": high}
    for part, value in parts.items():
        if value is not None and not LEAST_EFFECT <= value <= MOST_EFFECT:
            text = _("This lies between %(low)d %% and %(high)d %%.")
            bounds = {"low": LEAST_EFFECT, "high": MOST_EFFECT}
            errors.add(part, "out_of_range", text % bounds)
    if errors.has_any_on(*parts):
        return
    if low is not None and high is not None and not low <= mode <= high:
        text = _("Give them in order: lowest, most likely, highest.")
        errors.add(f"{prefix}.mode", "out_of_order", text)


def check_elasticity(
    errors: Errors, prefix: str, ranges: Iterable[Any], elasticity: Decimal | None
) -> None:
    """Note an elasticity that is none, or that the driver's range has no power for, on
    ``prefix.elasticity`` or ``prefix.driver``."""
    if elasticity is None:
        errors.add(f"{prefix}.elasticity", "required", _("Say how strongly it moves the level."))
        return
    if not elasticity or abs(elasticity) > MOST_ELASTICITY:
        text = _("This lies between -%(n)d and %(n)d, and is not 0.")
        errors.add(f"{prefix}.elasticity", "out_of_range", text % {"n": MOST_ELASTICITY})
        return
    found = Errors()
    check_driver_multiplier_not_negative(found, ranges, "power", float(elasticity))
    for problems in found.fields.values():
        errors.add(f"{prefix}.driver", "out_of_range", problems[0].detail)


def level_can_move_with(ranges: Iterable[Any], elasticity: float) -> bool:
    """Whether a level can move with a driver of those ranges."""
    errors = Errors()
    check_driver_multiplier_not_negative(errors, ranges, "power", elasticity)
    return not errors.fields


@dataclass(frozen=True)
class Known:
    """What a run has to draw from: public ids of the risks that it simulates; by public id of
    each driver of which something is believed its row and the beliefs; and by public id the
    mitigations that are not cancelled."""

    risks: frozenset[str]
    drivers: Mapping[str, tuple[Any, Sequence[Any]]]
    mitigations: Mapping[str, Any] = field(default_factory=dict)


def frozen_objective_model(row: Any, known: Known, day: dt.date) -> dict[str, Any]:
    """A model as a run freezes it, with what is believed of its drivers. Terms of what the run does
    not know are left out by name: a risk without an estimate of that audience, a closed one, a
    driver of which nobody has said enough, a cancelled mitigation."""
    objective = row.objective
    hits = [hit for hit in row.hits if hit["risk"] in known.risks]
    terms = [
        term
        for term in row.elasticities
        if level_can_move_with(
            [belief.range for belief in known.drivers.get(term["driver"], (None, ()))[1]],
            float(term["elasticity"]),
        )
    ]
    left_out = [hit["risk"] for hit in row.hits if hit not in hits]
    left_out += [term["driver"] for term in row.elasticities if term not in terms]
    lifts = [lift for lift in row.lifts if lift["mitigation"] in known.mitigations]
    left_out += [lift["mitigation"] for lift in row.lifts if lift not in lifts]
    return {
        "objective": str(objective.uuid),
        "key": objective.key,
        "model": str(row.uuid),
        "target": _plain_text(objective.value),
        "unit": objective.unit,
        "due": objective.due_on.year,
        "direction": row.direction,
        "start": _plain_text(row.start),
        "start_year": row.start_year,
        "growth": [
            _plain_text(row.growth_low),
            _plain_text(row.growth_mode),
            _plain_text(row.growth_high),
        ],
        "pace": row.pace,
        "hits": sorted(hits, key=canonical_json),
        "elasticities": sorted(terms, key=canonical_json),
        "drivers": [frozen_driver(*known.drivers[term["driver"]], day) for term in terms],
        **({"lifts": _frozen_lifts(lifts, known.mitigations)} if lifts else {}),
        "left_out": sorted(left_out),
        "label": row.label,
    }


def _frozen_lifts(
    lifts: Iterable[Mapping[str, Any]], mitigations: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Lifts with the year from which each works, and whether its mitigation is done: then the level
    has it before the planned ones as well as after."""
    rows = ((lift, mitigations[lift["mitigation"]]) for lift in lifts)
    found = [
        {
            **lift,
            "from_year": lift["from_year"] or row.due_on.year + 1,
            "done": row.status == MitigationStatus.DONE,
        }
        for lift, row in rows
    ]
    return sorted(found, key=canonical_json)


def lifts_still_to_be_done(frozen_model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lifts of a frozen model whose mitigations are still to be done."""
    return [lift for lift in frozen_model.get("lifts", ()) if not lift["done"]]


def lifts_holding_on(
    frozen_model: Mapping[str, Any], side: str, works: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The lifts of a frozen model that hold on one side: those of mitigations that are done; and
    after also those planned, or of ``works`` (public ids of mitigations) where these are named."""
    lifts: list[dict[str, Any]] = frozen_model.get("lifts", [])
    if works is not None:
        return [lift for lift in lifts if lift["done"] or lift["mitigation"] in works]
    return [lift for lift in lifts if lift["done"] or side == "after"]


def is_still_to_come(row: Any, day: dt.date) -> bool:
    """Whether there is a chance to speak of: the objective is not past its day, and starts before
    the year in which it is due."""
    due: dt.date = row.objective.due_on
    return due >= day and row.start_year < due.year <= row.start_year + MOST_YEARS


def weakest_label_of_objective(frozen_model: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """The weakest label of everything that the chance of an objective was made from: its model, how
    often its events come, and what moves that."""
    found = [
        frozen_model["label"],
        *(row["label"] for d in frozen_model["drivers"] for row in d["beliefs"]),
    ]
    hit = {term["risk"] for term in frozen_model["hits"]}
    exposures = [each for each in inputs["exposures"] if each["risk"] in hit]
    found += [row["label"] for each in exposures for side in SIDES
              for row in estimates_on(each, side)]  # fmt: skip
    moving = {
        link["driver"]
        for each in exposures
        for link in each.get("links", ())
        if link["on"] == "frequency"
    }
    found += [
        row["label"]
        for driver in inputs.get("drivers", ())
        if driver["driver"] in moving
        for row in driver["beliefs"]
    ]
    return weakest_label(map(str, found))


def _plain_text(value: Decimal) -> str:
    return f"{value.normalize():f}"
