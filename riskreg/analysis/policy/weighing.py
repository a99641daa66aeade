"""What a run freezes of the options of a decision, and how they compare. Pure functions.

Over so many years an option comes to what it costs and the expected losses that it leaves. The best
is the one that comes to least; of two that come to the same the first. How far the best could move
before another is best is its *switching value*: what it would have to cost, or the share of what it
saves that would have to remain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors


@dataclass(frozen=True)
class DecisionToWeigh:
    """The decision that a run weighs: its public id, its options as they are frozen
    (``frozen_option``), and the refs of their mitigations by public id, for what is refused."""

    decision: UUID
    options: tuple[dict[str, Any], ...]
    refs: Mapping[str, str]


def frozen_option(
    key: str, mitigations: Sequence[str], costs: Sequence[Mapping[str, Any]], *, is_nothing: bool
) -> dict[str, Any]:
    """An option as a run freezes it; ``mitigations`` are public ids, ``costs`` [{amount, year,
    party}] are what it says itself that it costs."""
    return {
        "key": key,
        "is_nothing": is_nothing,
        "mitigations": sorted(mitigations),
        "costs": [dict(cost) for cost in costs],
    }


def inputs_with_options(
    inputs: Mapping[str, Any], about: DecisionToWeigh, horizon: int
) -> dict[str, Any]:
    """Inputs with the options that are weighed, over so many years."""
    return {
        **inputs,
        "about": str(about.decision),
        "options": list(about.options),
        "horizon": horizon,
    }


def mitigations_without_effect(option: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    """The mitigations of an option (public ids) of which a run knows no effect."""
    known = {one["mitigation"] for one in inputs.get("mitigations", ())}
    return [one for one in option["mitigations"] if one not in known]


def can_be_weighed(option: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Whether a run knows what an option does: nothing, or mitigations all of which it knows
    effects of. With less it would look worse than anybody says."""
    if option["is_nothing"]:
        return True
    return bool(option["mitigations"]) and not mitigations_without_effect(option, inputs)


def weighed_options(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options that a run weighs, by key."""
    return [one for one in inputs.get("options", ()) if can_be_weighed(one, inputs)]


def check_some_option_can_be_weighed(
    errors: Errors, about: DecisionToWeigh, inputs: Mapping[str, Any]
) -> None:
    """Note that there is nothing to weigh beside doing nothing."""
    if any(not one["is_nothing"] and can_be_weighed(one, inputs) for one in about.options):
        return
    lacking = []
    for option in about.options:
        if option["is_nothing"]:
            continue
        named = sorted(
            about.refs.get(one, "") for one in mitigations_without_effect(option, inputs)
        )
        text = (
            _("%(key)s: no effect of %(refs)s is known") if named else _("%(key)s: no mitigation")
        )
        lacking.append(text % {"key": option["key"], "refs": ", ".join(named[:6])})
    text = _(
        "No option can be weighed beside doing nothing (%(why)s). Name the mitigations that an "
        "option would carry out, and say what each does to an open risk that is estimated: for "
        "every party to see, or weigh it for your own party."
    ) % {"why": "; ".join(lacking) or _("there is none")}
    errors.add("options", "empty", text)


def cost_stated_by_option(option: Mapping[str, Any]) -> float | None:
    """What an option says itself that it costs in all, as it is paid; None: it does not say."""
    if not option["costs"]:
        return None
    return float(sum((Decimal(cost["amount"]) for cost in option["costs"]), Decimal(0)))


def judgement_label_if_options_have_costs(inputs: Mapping[str, Any]) -> list[str]:
    """What an option says of its costs is whoever wrote it's judgement."""
    own = any(one["costs"] for one in inputs.get("options", ()))
    return ["judgement"] if own else []


def net_cost_beside_nothing(row: Mapping[str, Any], horizon: int) -> float:
    """What an option costs and saves over ``horizon`` years, beside doing nothing."""
    return float(row["cost"][0] + horizon * row["difference"][0])


def best_option_of(rows: Sequence[Mapping[str, Any]], horizon: int) -> Mapping[str, Any]:
    """The option that comes to least; of several the first."""
    return min(rows, key=lambda row: (net_cost_beside_nothing(row, horizon), row["key"]))


class ChangeThatFlips(TypedDict):
    """``against``: the best option, or for the best the one that comes next. ``gap``: how far apart
    the two are. ``cost``: what the option would have to cost (None: it costs nothing, or would not
    be best for nothing). ``saving``: how many times what it saves it would have to save (None: it
    saves nothing, or no loss of a saving makes the other better).
    """

    against: str
    gap: float
    cost: float | None
    saving: float | None


def change_that_flips_choice(
    rows: Sequence[Mapping[str, Any]], row: Mapping[str, Any], horizon: int
) -> ChangeThatFlips | None:
    """How far an option would have to move before the choice flips; None where it is alone.

    >>> nothing = {"key": "A", "cost": [0.0], "difference": [0.0]}
    >>> works = {"key": "B", "cost": [6.0], "difference": [-2.0]}
    >>> change_that_flips_choice([nothing, works], works, 5)
    {'against': 'A', 'gap': 4.0, 'cost': 10.0, 'saving': 0.6}
    """
    best = best_option_of(rows, horizon)
    others = [one for one in rows if one["key"] != row["key"]]
    if not others:
        return None
    is_best = row["key"] == best["key"]
    other = best_option_of(others, horizon) if is_best else best
    gap = abs(net_cost_beside_nothing(other, horizon) - net_cost_beside_nothing(row, horizon))
    sign = 1 if is_best else -1
    saved = -horizon * row["difference"][0]
    cost = row["cost"][0] + sign * gap
    saving = (saved - sign * gap) / saved if saved > 0 else -1.0
    free = row.get("is_nothing") or cost < 0
    return {
        "against": other["key"],
        "gap": gap,
        "cost": None if free else cost,
        "saving": saving if saving >= 0 else None,
    }
