"""What a worker does for a run. Only workers load this: it brings NumPy and SciPy.

Every step is a function of the frozen inputs (and of what the steps before it left), so that any
worker on any machine comes to the same bits.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg import quant
from riskreg.analysis.buying_figures import figures_of_buying, frontier_choice_and_information
from riskreg.analysis.modelled import (
    drivers_in,
    expected_loss_by_risk_without_drivers,
    expected_loss_of_all_without_drivers,
    expected_losses_if_drivers_act,
    frequency_is_rate,
    frequency_of,
    links_of_exposure,
    loss_per_event,
    portfolio,
)
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.weighing_figures import figures_of_weighing, weighing_if_done
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step
from riskreg.jobs.queries import blobs_of
from riskreg.kernel.errors import Invalid
from riskreg.quant import metrics
from riskreg.quant.simulate import losses_digest

Array = npt.NDArray[np.float64]
RenewClaimOrRaise = Callable[[], None]
LEVELS = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
TAIL = 0.95
_CONFIDENCE = 0.95
_POINTS = 161
# Half the width of a 95 % interval of something that is normally distributed, in standard errors.
HALF = 1.959963984540054
# Events that a worker keeps at once, 16 bytes each.
_KEPT_EVENTS = 2**22
# Values of each driver that the tornado is averaged over.
_DRAWS = 16_384
_SCORE_95 = 1.6448536269514722


class ValueLowHigh(NamedTuple):
    """A figure and the ends of its 95 % interval; as JSON a list of the three."""

    value: float
    low: float
    high: float


def value_low_high(value: float, standard_error: float) -> ValueLowHigh:
    """``value`` with its interval, what it misses by being normally distributed."""
    return ValueLowHigh(value, value - HALF * standard_error, value + HALF * standard_error)


def simulate_chunk_of_side(
    step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> Outcome:
    """Losses of one part of the years, on one side."""
    row, inputs = load_run(step)
    _word, side, number = step.key.split(":")
    chunks = policy.chunk_count(row.years, len(inputs["exposures"]))
    renew_claim_or_raise_if_cancelled()
    found: dict[str, Any] = {}
    if chunks == 1 and _has_few_events(inputs, side, row.years):
        # All of it is at hand: what each risk adds to the tail need not be drawn once more.
        run, found["tail"] = quant.simulate_with_contributions(
            portfolio(inputs, side), row.years, row.seed, TAIL
        )
        drawn = run.losses
    else:
        drawn = quant.simulate_chunk(
            portfolio(inputs, side), row.years, row.seed, int(number), chunks
        ).losses
    renew_claim_or_raise_if_cancelled()
    losses = drawn.astype("<f8").tobytes()
    return Outcome({**found, "digest": hashlib.sha256(losses).hexdigest()}, losses)


def _has_few_events(inputs: Mapping[str, Any], side: str, years: int) -> bool:
    """Whether so few events are to be expected that a worker can keep them all for a while."""
    often = math.fsum(frequency_of(one, side).mean for one in inputs["exposures"])
    return often * years <= _KEPT_EVENTS


def measure_losses_of_side(
    step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> Outcome:
    """Quantiles, tail mean and curve of one side."""
    row, inputs = load_run(step)
    side = step.key.split(":")[1]
    return Outcome(
        sort_and_measure_losses(
            row,
            inputs,
            side,
            _load_stored_losses_in_drawn_order(step, row, inputs, side),
            renew_claim_or_raise_if_cancelled,
        )
    )


def sort_and_measure_losses(
    row: Simulation,
    inputs: dict[str, Any],
    side: str,
    losses: Array,
    renew_claim_or_raise_if_cancelled: RenewClaimOrRaise,
) -> dict[str, Any]:
    """What the losses of one side come to: {loss, curve, digest}. Puts ``losses`` in order where
    they are: of ten million years, a second array of them is 80 MB."""
    digest = losses_digest(losses)
    losses.sort()
    renew_claim_or_raise_if_cancelled()
    # In closed form where no driver acts. Where one does, only the drivers are sampled: which
    # events happen leaves no error (``quant.expected``).
    mean = [expected_loss_of_all_without_drivers(inputs, side), None, None]
    if moved := expected_losses_if_drivers_act(row, inputs, side):
        mean = [*value_low_high(moved[""].value, moved[""].standard_error)]
    found: dict[str, Any] = {"mean": mean}
    for name, level in LEVELS:
        at = metrics.var_interval_of_sorted(losses, level, _CONFIDENCE)
        found[name] = [at.value, at.low, at.high]
    tail = metrics.tvar_of_sorted(losses, TAIL)
    found["tvar95"] = value_low_high(tail, metrics.tvar_standard_error_of_sorted(losses, TAIL))
    renew_claim_or_raise_if_cancelled()
    low, high = min(0.0, float(losses[0])), metrics.var_of_sorted(losses, 0.999)
    cuts = np.linspace(low, high if high > low else low + 1, _POINTS)
    curve = metrics.exceedance_curve_of_sorted(losses, [float(x) for x in cuts], _CONFIDENCE)
    points = [
        [float(x), float(p), float(a), float(b)]
        for x, p, a, b in zip(
            curve.thresholds, curve.probability, curve.low, curve.high, strict=True
        )
    ]
    return {"loss": found, "curve": points, "digest": digest}


def contributions_on_side(
    step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> Outcome:
    """What each risk adds to the mean of the worst twentieth of years, on one side."""
    row, inputs = load_run(step)
    side = step.key.split(":")[1]
    drawn = step.job.steps.values_list("result", flat=True).get(key=f"simulate:{side}:0")
    tail = (drawn or {}).get("tail")
    if tail is None:
        # In order for the weights, and then as they were drawn: one array of them at a time.
        losses = _load_stored_losses_in_drawn_order(step, row, inputs, side)
        losses.sort()
        weights = metrics.tail_weights(losses, TAIL)
        del losses
        renew_claim_or_raise_if_cancelled()
        losses = _load_stored_losses_in_drawn_order(step, row, inputs, side)
        of = portfolio(inputs, side)
        tail = quant.totals([quant.contribution_chunk(of, losses, row.seed, weights, 0, 1)])
    renew_claim_or_raise_if_cancelled()
    return Outcome(contributions_to_json(row, inputs, side, tail))


def contributions_to_json(
    row: Simulation, inputs: dict[str, Any], side: str, tail: Mapping[str, float]
) -> dict[str, Any]:
    """What each risk adds to the losses of one side: {tail, mean}."""
    each = expected_loss_by_risk_without_drivers(inputs, side)
    if moved := expected_losses_if_drivers_act(row, inputs, side):
        each = {name: moved[name].value for name in each}
    return {"tail": tail, "mean": each}


def tornado_of_run(step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise) -> Outcome:
    """The expected year with one input at its low and high end (P5, P95), the others as they are.

    The expected loss is a sum of how often × how much, each times what the drivers make of it; that
    is averaged over the same values of the drivers in every case.
    """
    _row, inputs = load_run(step)
    return Outcome(tornado_bars(inputs, renew_claim_or_raise_if_cancelled))


def tornado_bars(
    inputs: dict[str, Any], renew_claim_or_raise_if_cancelled: RenewClaimOrRaise
) -> dict[str, Any]:
    """What each input moves the expected year by, the widest first: {base, bars}."""
    drivers = {driver.name: driver for driver in drivers_in(inputs)}
    values = {name: driver.values(_normal_scores(name)) for name, driver in drivers.items()}
    moving = Moving(drivers, values)
    total = _expected_loss_over_drivers(inputs["exposures"], moving)
    bars = []
    for one in inputs["exposures"]:
        rest = total - _expected_loss_over_drivers([one], moving)
        for what, range_ in (
            ("frequency", frequency_of(one, "before")),
            ("severity", loss_per_event(one, "before")),
        ):
            ends = [
                rest + _expected_loss_over_drivers([one], moving, {what: float(range_.quantile(q))})
                for q in (0.05, 0.95)
            ]
            bars.append({"risk": one["risk"], "on": what, "low": ends[0], "high": ends[1]})
        renew_claim_or_raise_if_cancelled()
    for name, driver in drivers.items():
        ends = [
            _expected_loss_over_drivers(
                inputs["exposures"],
                Moving(drivers, {**values, name: driver.values(np.full(_DRAWS, score))}),
            )
            for score in (-_SCORE_95, _SCORE_95)
        ]
        bars.append({"risk": name, "on": "driver", "low": ends[0], "high": ends[1]})
    bars.sort(key=lambda bar: (-abs(bar["high"] - bar["low"]), bar["risk"], bar["on"]))
    return {"base": total, "bars": bars}


@dataclass(frozen=True)
class Moving:
    """Drivers by name, and values of each, side by side."""

    drivers: dict[str, quant.Driver]
    values: dict[str, Any]


def _normal_scores(name: str) -> Any:
    """Normal scores of a driver to average over: evenly spread, in an order of its own."""
    order = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
    return special.ndtri((order.permutation(_DRAWS) + 0.5) / _DRAWS)


def _expected_loss_over_drivers(
    exposures: Sequence[dict[str, Any]], moving: Moving, held: dict[str, float] | None = None
) -> float:
    """The expected loss of a year over those values of the drivers; ``held``: how often or how much
    is that number."""
    parts = []
    for one in exposures:
        often = (held or {}).get("frequency", frequency_of(one, "before").mean)
        much = (held or {}).get("severity", loss_per_event(one, "before").mean)
        moved: dict[str, Any] = {"frequency": 1.0, "severity": 1.0}
        for link in links_of_exposure(one):
            by = link.multipliers(moving.drivers[link.driver], moving.values[link.driver])
            moved[link.on] = moved[link.on] * by
        if frequency_is_rate(one, "before"):
            events = often * moved["frequency"]
        elif isinstance(moved["frequency"], float):
            events = often
        else:
            events = 1 - (1 - often) ** moved["frequency"]
        sign = 1 if one["kind"] == "threat" else -1
        parts.append(sign * much * float(np.mean(events * moved["severity"])))
    return math.fsum(parts)


def figures_of_run(step: Step, renew_claim_or_raise_if_cancelled: RenewClaimOrRaise) -> Outcome:
    """Everything that the run came to, under stable keys."""
    row, inputs = load_run(step)
    label = policy.weakest_label_of_run(inputs)
    # The stages before this one are done, so each has a result.
    done: dict[str, dict[str, Any]] = {
        one.key: one.result or {} for one in step.job.steps.exclude(key=step.key).defer("blob")
    }
    found, curves, contributions = [], {}, {}
    for side in policy.SIDES:
        # Where nothing is estimated for after, it is as before: the very same figures.
        of = side if f"measure:{side}" in done else "before"
        measured, shares = done[f"measure:{of}"], done[f"contribute:{of}"]
        curves[side], contributions[side] = measured["curve"], shares
        for name, (value, low, high) in measured["loss"].items():
            # A band is what sampling leaves open.
            method = "closed form" if name == "mean" and low is None else "simulation"
            found.append(_figure(f"loss.{name}.{side}", value, low, high, row, method, label))
        found += [
            _figure(f"contribution.{risk}.{side}", value, None, None, row, "simulation", label)
            for risk, value in shares["tail"].items()
        ]
    found += figures_of_buying(done, inputs, label) + figures_of_weighing(done, inputs, label)
    objectives = [done[f"objective:{one['objective']}"] for one in inputs.get("objectives", ())]
    found += [figure for one in objectives for figure in one.pop("figures")]
    return Outcome(
        {
            "figures": found,
            "objectives": objectives,
            "curves": curves,
            "contributions": contributions,
            "tornado": done["tornado"],
            **frontier_choice_and_information(done),
            **weighing_if_done(done),
            "label": label,
            "digests": {side: done[f"measure:{side}"]["digest"] for side in policy.SIDES
                        if f"measure:{side}" in done},
        }
    )  # fmt: skip


def _figure(
    key: str, value: float, low: float | None, high: float | None, row: Simulation, method: str,
    label: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "key": key, "value": value, "low": low, "high": high, "unit": row.currency,
        "method": method, "label": label,
    }  # fmt: skip


def load_run(step: Step) -> tuple[Simulation, dict[str, Any]]:
    """The run that a step belongs to, and its frozen inputs. Raises ``Invalid`` if these are not
    what was hashed."""
    row = Simulation.objects.get(uuid=step.job.subject)
    if hashlib.sha256(row.inputs.encode()).hexdigest() != row.digest:
        raise Invalid.one("inputs", "changed", "The frozen inputs are not those that were hashed.")
    return row, json.loads(row.inputs)


def _load_stored_losses_in_drawn_order(
    step: Step, row: Simulation, inputs: dict[str, Any], side: str
) -> Array:
    """The losses of one side in the order in which they were drawn, shape (years,)."""
    chunks = policy.chunk_count(row.years, len(inputs["exposures"]))
    losses = np.empty(row.years)
    at = 0
    for blob in blobs_of(step.job, [f"simulate:{side}:{n}" for n in range(chunks)]):
        part = np.frombuffer(blob, dtype="<f8")
        losses[at : at + part.size] = part
        at += part.size
    return losses
