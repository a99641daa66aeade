"""What a worker does to weigh the options of a decision. Only workers load this: it brings NumPy.

Each option meets the same random events as doing nothing does, and as the run's own figures do, so
that a difference between two options is theirs and not the dice's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from riskreg import quant
from riskreg.analysis import modelled, objective_steps
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.policy import weighing
from riskreg.analysis.policy.objectives import lifts_still_to_be_done
from riskreg.analysis.steps import TAIL, RenewClaimOrRaise, ValueLowHigh, load_run, value_low_high
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step
from riskreg.quant.expected import difference_chunk, expected_difference
from riskreg.quant.metrics import var_interval_of_sorted

# Of what mitigations cost in all, the middle nine tenths.
_COSTS = 0.9
_CONFIDENCE = 0.95
# States of the drivers in which the options are compared, and how many answers are listed.
_STATES = 2**16
_ASKED = 10
# Spans that are kept of an option until all are there to be compared: 2 MB.
MOST_SPANS = 2**18

Floats = npt.NDArray[np.float64]


def weigh_one_option(step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise) -> Outcome:
    """What one option costs, the losses that it leaves, and how far that is from doing nothing."""
    row, inputs = load_run(step)
    option = _option(inputs, step.key.split(":")[1])
    works = _mitigations_of_option(inputs, option)
    base = modelled.portfolio(inputs, "before")
    changed = base.mitigated(works)
    renew_claim_or_raise_if_cancelled()
    mean = quant.expected_losses(changed, row.years, row.seed)[""]
    renew_claim_or_raise_if_cancelled()
    losses = _simulate_losses(
        row, changed, len(inputs["exposures"]), renew_claim_or_raise_if_cancelled
    )
    spans = losses_by_span(losses, inputs["horizon"])
    losses.sort()
    bad = var_interval_of_sorted(losses, TAIL, _CONFIDENCE)
    # Of ten million years these are 80 MB.
    del losses
    return Outcome(
        {
            "key": option["key"],
            "is_nothing": option["is_nothing"],
            "cost": _cost_value_low_high(option, works, row.seed),
            "mean": value_low_high(mean.value, mean.standard_error),
            "bad": [bad.value, bad.low, bad.high],
            "difference": _expected_loss_with_less_without(row, changed, base),
            "objectives": _chances_by_objective(
                row, inputs, option, renew_claim_or_raise_if_cancelled
            ),
        },
        spans.astype("<f8").tobytes(),
    )


def compare_options(step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise) -> Outcome:
    """The options beside each other: which comes to least, how far the others are behind it year by
    year on the same draws, and what would have to change."""
    row, inputs = load_run(step)
    horizon = inputs["horizon"]
    keys = [f"weigh:{one['key']}" for one in weighing.weighed_options(inputs)]
    steps = step.job.steps.filter(key__in=keys)
    # The stages before this one are done, so each has a result and its spans.
    done = sorted(
        ((one.result or {}, bytes(one.blob or b"")) for one in steps),
        key=lambda pair: str(pair[0]["key"]),
    )
    rows = [result for result, _blob in done]
    together = chance_of_loss_and_regret(
        np.stack([one["cost"][0] + np.frombuffer(blob, dtype="<f8") for one, blob in done]),
        next(n for n, one in enumerate(rows) if one["is_nothing"]),
    )
    best = weighing.best_option_of(rows, horizon)
    base = modelled.portfolio(inputs, "before")
    of_best = base.mitigated(_mitigations_of_option(inputs, _option(inputs, best["key"])))
    undisturbed = _stored_chances_of_doing_nothing(step, inputs)
    for one, also in zip(rows, together, strict=True):
        renew_claim_or_raise_if_cancelled()
        one |= also
        option = _option(inputs, one["key"])
        own = base.mitigated(_mitigations_of_option(inputs, option))
        paired = _expected_loss_with_less_without(row, own, of_best)
        further = one["cost"][0] - best["cost"][0]
        one["net"] = one["cost"][0] + horizon * one["mean"][0]
        one["behind"] = [further + horizon * value for value in paired]
        one["switch"] = weighing.change_that_flips_choice(rows, one, horizon)
        one["objectives"] = [
            {"objective": name, "chance": one["objectives"].get(name, chance)}
            for name, chance in undisturbed.items()
        ]
    renew_claim_or_raise_if_cancelled()
    return Outcome(
        {
            "horizon": horizon,
            "best": best["key"],
            "options": rows,
            "information": value_of_information(row, inputs, rows, base),
        }
    )


def value_of_information(
    row: Simulation,
    inputs: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    base: quant.Portfolio,
) -> dict[str, Any] | None:
    """What knowing a quantity before the choice is worth at most, over the horizon, were it the
    same in all its years: {all, each: [{about, on, worth}]}, the most first; None where nothing
    uncertain is shared or drawn. ``about``: public id of a driver, or of a risk whose frequency it
    is. What cannot change the choice is worth nothing and is not listed.
    """
    if not base.drivers or len(rows) < 2:
        return None
    horizon = inputs["horizon"]
    options: dict[str, list[quant.Mitigation]] = {}
    for one in rows:
        works = _mitigations_of_option(inputs, _option(inputs, one["key"]))
        # What an option says that it costs stands in place of what its mitigations do.
        free = [replace(work, cost=0.0, costs=()) for work in works]
        options[one["key"]] = [*free, quant.Mitigation("its cost", one["cost"][0] / horizon, ())]
    found = quant.driver_evppi(base, options, min(row.years, _STATES), row.seed)
    each = [
        {"about": name.removesuffix(modelled.RATE),
         "on": "frequency" if name.endswith(modelled.RATE) else "driver",
         "worth": _worth_over_horizon(known, horizon)}
        for name, known in sorted(found.each.items(), key=lambda pair: (-pair[1].value, pair[0]))
        if known.value > 0
    ]  # fmt: skip
    return {"all": _worth_over_horizon(found.all_drivers, horizon), "each": each[:_ASKED]}


def _worth_over_horizon(found: quant.InformationValue, horizon: int) -> ValueLowHigh:
    value, low, high = value_low_high(horizon * found.value, horizon * found.standard_error)
    return ValueLowHigh(value, max(0.0, low), high)


def losses_by_span(losses: Floats, horizon: int) -> Floats:
    """The losses of spans of so many years one after the other, each drawn by itself; a rest that
    makes no whole span is left out, and so is what is beyond ``MOST_SPANS``."""
    spans = min(losses.size // horizon, MOST_SPANS)
    return np.asarray(losses[: spans * horizon].reshape(spans, horizon).sum(axis=1))


def chance_of_loss_and_regret(nets: Floats, nothing_row: int) -> list[dict[str, Any]]:
    """Of each option, from what all of them come to in the same spans (shape (options, spans), less
    is better): the chance of a loss, that is of coming to more than doing nothing (row
    ``nothing_row``, which has none), and the regret that one span in twenty passes, regret being
    how much more it comes to than what would have been best in that span (Savage 1951).

    The largest regret of all spans is no figure: it grows with the number that is drawn.
    """
    spans = nets.shape[1]
    regrets = np.sort(quant.regret(-nets), axis=1)
    found: list[dict[str, Any]] = []
    for n, own in enumerate(nets):
        at = var_interval_of_sorted(regrets[n], TAIL, _CONFIDENCE)
        ends = [end if np.isfinite(end) else None for end in (at.low, at.high)]
        lost = int((own > nets[nothing_row]).sum())
        low, high = (float(end) for end in quant.proportion_interval(lost, spans, _CONFIDENCE))
        chance = None if n == nothing_row else [lost / spans, low, high]
        found.append({"chance_of_loss": chance, "regret": [at.value, *ends]})
    return found


def _option(inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in inputs["options"] if one["key"] == key)


def _mitigations_of_option(
    inputs: Mapping[str, Any],
    option: Mapping[str, Any],
    shares: Sequence[str] = modelled.SHARES,
) -> list[quant.Mitigation]:
    risks = {one["risk"] for one in inputs["exposures"]}
    named = [one for one in inputs.get("mitigations", ())
             if one["mitigation"] in option["mitigations"]]  # fmt: skip
    return [modelled.mitigation_from_frozen(one, risks, shares) for one in named]


def _cost_value_low_high(
    option: Mapping[str, Any], works: Sequence[quant.Mitigation], seed: int
) -> list[float | None]:
    """What the option says, which is one number, or else what its mitigations are said to cost."""
    own = weighing.cost_stated_by_option(option)
    if own is not None:
        return [own, None, None]
    low, high = quant.interval_of_cost_in_all(works, seed, _COSTS)
    total = float(sum(one.cost for one in works))
    return [total, low, high] if low < high else [total, None, None]


def _simulate_losses(
    row: Simulation,
    portfolio: quant.Portfolio,
    exposures: int,
    renew_claim_or_raise_if_cancelled: RenewClaimOrRaise,
) -> Floats:
    """All years, in the pieces in which the run itself draws them."""
    chunks = policy.chunk_count(row.years, exposures)
    losses, at = np.empty(row.years), 0
    for n in range(chunks):
        renew_claim_or_raise_if_cancelled()
        part = quant.simulate_chunk(portfolio, row.years, row.seed, n, chunks).losses
        losses[at : at + part.size] = part
        at += part.size
    return losses


def _expected_loss_with_less_without(
    row: Simulation, with_: quant.Portfolio, without: quant.Portfolio
) -> ValueLowHigh:
    """On the same draws."""
    parts = [difference_chunk(without, with_, row.years, row.seed, 0, 1)]
    found = expected_difference(without, with_, row.years, parts)
    return value_low_high(found.value, found.standard_error)


def _chances_by_objective(
    row: Simulation,
    inputs: dict[str, Any],
    option: Mapping[str, Any],
    renew_claim_or_raise_if_cancelled: RenewClaimOrRaise,
) -> dict[str, list[float]]:
    """The chance of meeting each objective whose events the option changes, or whose level it
    lifts; the others are as they are."""
    works = _mitigations_of_option(inputs, option, ("frequency",))
    touched = {effect.target for one in works for effect in one.effects}
    touched |= {one.name for one in works}
    found = {}
    for one in inputs.get("objectives", ()):
        named = {hit["risk"] for hit in one["hits"]}
        named |= {lift["mitigation"] for lift in lifts_still_to_be_done(one)}
        if not touched & named:
            continue
        result = objective_steps.simulate_objective(
            row, inputs, one, "before", renew_claim_or_raise_if_cancelled, works
        )
        chance = result.chance()
        found[one["objective"]] = [chance.value, chance.low, chance.high]
    return found


def _stored_chances_of_doing_nothing(
    step: Step, inputs: Mapping[str, Any]
) -> dict[str, list[float]]:
    """By objective the chance of meeting it as things stand, which the run has found."""
    names = [one["objective"] for one in inputs.get("objectives", ())]
    rows = step.job.steps.filter(key__in=[f"objective:{name}" for name in names]).defer("blob")
    by_key = {one.key: one.result or {} for one in rows}
    return {name: by_key[f"objective:{name}"]["sides"]["before"]["chance"] for name in names}
