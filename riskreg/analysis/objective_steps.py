"""What a worker does for the objectives of a run. Only workers load this: it brings NumPy.

The level of an objective is followed year by year on many paths. What is not known about a number
(how often a risk happens, where a driver stands) is one value along a path: it is the same in every
year, however uncertain. Which events happen is drawn anew each year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from riskreg import quant
from riskreg.analysis import modelled, steps
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import objectives as objective_policy
from riskreg.analysis.policy import simulations as policy
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step
from riskreg.quant.metrics import proportion_interval
from riskreg.quant.paths import combine_paths, simulate_path_chunk
from riskreg.quant.sampling import BLOCK

FAN = (0.05, 0.25, 0.5, 0.75, 0.95)
# A level that one could stand by: reached in four of five.
SURE = 0.8


def results_of_objective(
    step: Step, renew_claim_or_raise_if_cancelled: steps.RenewClaimOrRaise
) -> Outcome:
    """The chance of meeting one objective, what each risk costs it, and its level year by year."""
    row, inputs = steps.load_run(step)
    return Outcome(
        objective_results(row, inputs, step.key.split(":")[1], renew_claim_or_raise_if_cancelled)
    )


def objective_results(
    row: Simulation,
    inputs: dict[str, Any],
    objective: str,
    renew_claim_or_raise_if_cancelled: steps.RenewClaimOrRaise,
) -> dict[str, Any]:
    """What becomes of the objective of that public id on both sides, with its figures."""
    one = next(each for each in inputs["objectives"] if each["objective"] == objective)
    results = {
        side: simulate_objective(row, inputs, one, side, renew_claim_or_raise_if_cancelled)
        for side in sides_of_objective(inputs, one)
    }
    before = results["before"]
    found: dict[str, Any] = {
        "objective": objective,
        "key": policy.figure_names_by_objective(inputs["objectives"])[objective],
        "unit": one["unit"],
        "target": float(one["target"]),
        "due": one["due"],
        "direction": one["direction"],
        "start": float(one["start"]),
        "start_year": one["start_year"],
        "years": list(before.years),
        "paths": int(before.met.size),
        "label": objective_policy.weakest_label_of_objective(one, inputs),
        "left_out": one["left_out"],
        "required_growth": before.model.required_growth,
        "sides": {side: _side_to_json(results.get(side, before)) for side in policy.SIDES},
    }
    found["figures"] = list(_figures_of_objective(found))
    return found


def sides_of_objective(
    inputs: Mapping[str, Any], frozen_model: Mapping[str, Any]
) -> tuple[str, ...]:
    """The sides on which the level of an objective differs: by its events, or by what planned
    mitigations add; after is as before otherwise."""
    if objective_policy.lifts_still_to_be_done(frozen_model):
        return policy.SIDES
    named = {hit["risk"] for hit in frozen_model["hits"]}
    return policy.simulated_sides([each for each in inputs["exposures"] if each["risk"] in named])


def simulate_objective(
    row: Simulation,
    inputs: dict[str, Any],
    frozen_model: Mapping[str, Any],
    side: str,
    renew_claim_or_raise_if_cancelled: steps.RenewClaimOrRaise,
    works: Sequence[quant.Mitigation] | None = None,
) -> quant.ObjectiveResult:
    """The level of an objective on every path, on one side, or with ``works`` done (of which
    effects on how often count, and what they add to the level). Draws hang on public names, so that
    both sides, and every objective, meet the same events."""
    named = None if works is None else [work.name for work in works]
    lifts = objective_policy.lifts_holding_on(frozen_model, side, named)
    model = model_from_frozen(frozen_model, lifts)
    paths = policy.path_count(row.years)
    plan = quant.PathPlan(
        portfolio_moving_objective(inputs, frozen_model, side, works),
        frozen_model["start_year"] + 1,
        frozen_model["due"],
        paths,
        row.seed,
        persistence=1.0,
        mitigations=tuple(
            (quant.Mitigation(lift["mitigation"], 0.0, ()), lift["from_year"]) for lift in lifts
        ),
        objectives=(model,),
    )
    chunks = -(-paths // BLOCK)
    parts = []
    for k in range(chunks):
        renew_claim_or_raise_if_cancelled()
        parts.append(simulate_path_chunk(plan, k, chunks))
    return combine_paths(parts).objectives[model.name]


def model_from_frozen(
    frozen: Mapping[str, Any], lifts: Sequence[Mapping[str, Any]] = ()
) -> quant.ObjectiveModel:
    """The frozen model of an objective as mathematics, with those of its lifts that hold."""
    low, mode, high = (float(x) / 100 for x in frozen["growth"])
    growth: quant.Distribution = (
        quant.Constant(mode) if low == high else quant.Pert(low, mode, high)
    )
    goal = quant.Objective(
        frozen["objective"], float(frozen["target"]), frozen["due"],
        at_least=frozen["direction"] == "at_least",
    )  # fmt: skip
    return quant.ObjectiveModel(
        goal,
        float(frozen["start"]),
        frozen["start_year"],
        growth,
        steady=frozen["pace"] == "steady",
        drivers=tuple(
            quant.DriverTerm(term["driver"], float(term["elasticity"]))
            for term in frozen["elasticities"]
        ),
        hits=tuple(
            quant.Hit(hit["risk"], _factor_on_level(hit), hit["years"]) for hit in frozen["hits"]
        ),
        lifts=tuple(quant.Lift(lift["mitigation"], _factor_on_level(lift)) for lift in lifts),
    )


def _factor_on_level(hit: Mapping[str, Any]) -> float | quant.Distribution:
    """What an event or a mitigation makes of the level: -15 % is 0.85 times."""
    if hit["low"] is None or hit["low"] == hit["high"]:
        return 1 + float(hit["mode"]) / 100
    return quant.Pert(*(1 + float(hit[part]) / 100 for part in ("low", "mode", "high")))


def portfolio_moving_objective(
    inputs: dict[str, Any],
    frozen_model: Mapping[str, Any],
    side: str,
    works: Sequence[quant.Mitigation] | None = None,
) -> quant.Portfolio:
    """The risks whose events move an objective, and the drivers of these and of its level. What an
    event costs in money is no part of it."""
    named = {hit["risk"] for hit in frozen_model["hits"]}
    exposures: list[quant.Exposure] = []
    drivers: dict[str, quant.Driver] = {}
    shared = {driver.name: driver for driver in modelled.drivers_in(inputs)}
    for driver in modelled.drivers_in({"drivers": frozen_model["drivers"]}):
        drivers[driver.name] = replace(driver, persistence=1.0)
    for each in inputs["exposures"]:
        if each["risk"] not in named:
            continue
        often, links = modelled.frequency_of(each, side), []
        for link in modelled.links_of_exposure(each):
            if link.on == "frequency":
                links.append(link)
                drivers[link.driver] = replace(shared[link.driver], persistence=1.0)
        if often.mean > 0 and often.variance > 0:
            # One number that nobody knows exactly: the same in all years of a path.
            own = quant.Driver(
                each["risk"] + modelled.RATE,
                quant.Scaled(modelled.tabled_if_mixture(often), 1 / often.mean),
                persistence=1.0,
            )
            drivers[own.name] = own
            links.append(quant.Link(own.name, on="frequency", form="factor"))
        events, chance = (
            (often.mean, None) if modelled.frequency_is_rate(each, side) else (None, often.mean)
        )
        exposures.append(
            quant.Exposure(
                each["risk"],
                quant.Constant(1.0),
                rate=events,
                probability=chance,
                links=tuple(links),
            )
        )
    if not exposures:
        # Nothing that happens moves it; a portfolio is of something.
        exposures = [quant.Exposure("nothing", quant.Constant(1.0), probability=0.0)]
    bare = quant.Portfolio(exposures, list(drivers.values()))
    if works is None and side != "after":
        return bare
    # What one event costs is no part of it, so that only how often it happens can be changed.
    if works is None:
        works = modelled.mitigations_in_force_on_after_side(inputs, ("frequency",))
    return bare.mitigated(
        [
            replace(work, effects=tuple(e for e in work.effects if e.target in named))
            for work in works
        ]
    )


def _side_to_json(result: quant.ObjectiveResult) -> dict[str, Any]:
    chance = result.chance()
    alone = int(result.met_baseline.sum())
    low, high = proportion_interval(alone, result.met.size, 0.95)
    costs, gains = {}, {}
    lifted = {lift.mitigation for lift in result.model.lifts}
    for name in result.met_without:
        cost = result.chance_lost_to(name)
        error = steps.HALF * cost.standard_error
        if name in lifted:
            gains[name] = [-cost.value, -cost.value - error, -cost.value + error]
        else:
            costs[name] = [cost.value, cost.value - error, cost.value + error]
    sure = 1 - SURE if result.model.objective.at_least else SURE
    return {
        "chance": [chance.value, chance.low, chance.high],
        "undisturbed": [result.baseline_chance, float(low), float(high)],
        "costs": costs,
        **({"gains": gains} if gains else {}),
        "fan": [[float(x) for x in year] for year in result.fan(FAN).T],
        "sure": float(np.quantile(result.levels[:, -1], sure, method="inverted_cdf")),
    }


def _figures_of_objective(found: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """The figures of one objective, under stable keys, on both sides."""
    name, label, figures = f"objective.{found['key']}", found["label"], []

    def note(key: str, values: Sequence[float | None], unit: str, method: str) -> None:
        value, low, high = values
        figures.append(
            {"key": key, "value": value, "low": low, "high": high, "unit": unit,
             "method": method, "label": label}
        )  # fmt: skip

    for side, of in found["sides"].items():
        note(f"{name}.chance.{side}", of["chance"], "chance", "simulation")
        note(f"{name}.undisturbed.{side}", of["undisturbed"], "chance", "simulation")
        for risk, cost in of["costs"].items():
            note(f"{name}.cost.{risk}.{side}", cost, "chance", "simulation")
        for mitigation, gain in of.get("gains", {}).items():
            note(f"{name}.gain.{mitigation}.{side}", gain, "chance", "simulation")
        note(f"{name}.sure.{side}", (of["sure"], None, None), found["unit"], "simulation")
        needed = found["required_growth"]
        note(f"{name}.required_growth.{side}", (needed, None, None), "a year", "closed form")
    return figures
