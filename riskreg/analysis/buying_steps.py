"""What a worker does to tell what the money buys. Only workers load this: it brings NumPy.

The scenarios that choose have a seed of their own; figures come from the run's own years, which
chose nothing, so that they stand beside the run's other figures without contradicting them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from riskreg import quant
from riskreg.analysis import modelled
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import buying
from riskreg.analysis.steps import RenewClaimOrRaise, ValueLowHigh, load_run, value_low_high
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step

# Scenarios that choose; the mean is in closed form given the drivers, so that few are enough.
SCENARIOS = 1_000
# Years that a set is measured on, and states of the drivers that are asked about.
MEASURED, STATES = 100_000, 32_768
# Sets as good as the chosen one that are report.
MOST_AS_GOOD = 5
_MOST_OPTIONS = 32


def frontier_point_of_step(
    step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> Outcome:
    """The best set for one share of what everything costs."""
    row, inputs = load_run(step)
    percent = int(step.key.split(":")[1])
    renew_claim_or_raise_if_cancelled()
    return Outcome(frontier_point(row, inputs, percent))


def frontier_point(
    row: Simulation, inputs: dict[str, Any], percent_of_total_cost: int
) -> dict[str, Any]:
    """The best set for that share of what everything costs (``choose_within_budgets``)."""
    total = math.fsum(one.cost for one in _mitigations_in(inputs))
    budgets = [{"amount": total * percent_of_total_cost / 100, "party": None}]
    return {"percent": percent_of_total_cost, **choose_within_budgets(row, inputs, budgets)}


def choice_within_named_budgets(
    step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> Outcome:
    """The best set within the budgets that were named, all of which are kept."""
    row, inputs = load_run(step)
    renew_claim_or_raise_if_cancelled()
    budgets = [{"amount": float(one["amount"]), "party": one["party"]} for one in inputs["budgets"]]
    return Outcome(choose_within_budgets(row, inputs, budgets))


def choose_within_budgets(
    row: Simulation, inputs: dict[str, Any], budgets: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The best set within ``budgets`` beside the runner-up, doing nothing, and all sets as good
    within one standard error."""
    base, everything = modelled.portfolio(inputs, "before"), _mitigations_in(inputs)
    limits = [quant.Budget(float(one["amount"]), one["party"]) for one in budgets]
    choice = quant.choose_mitigations(
        base, everything, limits, row.seed + 1, scenarios=min(SCENARIOS, row.years)
    )
    report = quant.report_choice(
        base, everything, limits, choice, row.seed, years=min(row.years, MEASURED)
    )
    return {
        "budgets": [dict(one) for one in budgets],
        "chosen": _set_to_json(report.chosen),
        "runner_up": report.runner_up and _set_to_json(report.runner_up),
        "nothing": _set_to_json(report.nothing),
        "as_good": [_set_to_json(one) for one in report.as_good[:MOST_AS_GOOD]],
        "as_good_count": len(report.as_good),
        "considered": report.considered,
        "every": report.every,
        "is_exact": choice.optimal and choice.gap == 0,
        # How far the best could be, as a share; None: not known.
        "gap": choice.gap if math.isfinite(choice.gap) else None,
    }


def _set_to_json(one: quant.SetFigures) -> dict[str, Any]:
    return {
        "mitigations": sorted(one.chosen),
        "cost": one.cost,
        "mean": value_low_high(one.value, one.standard_error),
        # This set's less the chosen one's, year by year on the same draws.
        "difference": value_low_high(one.difference, one.difference_error),
        "within_budget": one.within_budget,
    }


def values_of_information(
    step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> Outcome:
    """What knowing one uncertain number would be worth at most to the choice between doing nothing,
    each mitigation alone and all of them; over the years that mitigations work."""
    row, inputs = load_run(step)
    renew_claim_or_raise_if_cancelled()
    return Outcome(information_values(row, inputs))


def information_values(row: Simulation, inputs: dict[str, Any]) -> dict[str, Any]:
    """What each number is worth knowing, the dearest first, and all: {horizon, values, all}."""
    horizon = inputs["horizon"]
    base, everything = modelled.portfolio(inputs, "before"), _mitigations_in(inputs)
    # Costs are paid once and losses come every year: of both what falls on one year.
    yearly = [quant.Mitigation(m.name, m.cost / horizon, m.effects) for m in everything]
    options: dict[str, list[quant.Mitigation]] = {"": []}
    if len(yearly) <= _MOST_OPTIONS:
        options |= {m.name: [m] for m in yearly}
    if len(yearly) > 1:
        options["all"] = yearly
    if not base.drivers:
        return {"horizon": horizon, "values": [], "all": [0.0, 0.0, 0.0]}
    found = quant.driver_evppi(base, options, max(8, min(row.years, STATES)), row.seed)
    values: list[dict[str, Any]] = []
    for name, worth in found.each.items():
        risk, colon, _rate = name.partition(":")
        value = _worth_over_horizon(worth, horizon)
        if value[0] > 0:
            on = "frequency" if colon else "driver"
            values.append({"risk": risk, "on": on, "value": value})
    values.sort(key=_sort_key_highest_value_first)
    return {
        "horizon": horizon,
        "values": values,
        "all": _worth_over_horizon(found.all_drivers, horizon),
    }


def _sort_key_highest_value_first(one: Mapping[str, Any]) -> tuple[float, str, str]:
    return -one["value"][0], one["risk"], one["on"]


def _worth_over_horizon(worth: quant.InformationValue, horizon: int) -> ValueLowHigh:
    value, low, high = value_low_high(worth.value * horizon, worth.standard_error * horizon)
    return ValueLowHigh(value, max(0.0, low), high)


def _mitigations_in(inputs: Mapping[str, Any]) -> list[quant.Mitigation]:
    risks = {one["risk"] for one in inputs["exposures"]}
    return [
        modelled.mitigation_from_frozen(one, risks)
        for one in buying.mitigations_to_choose_from(inputs)
    ]
