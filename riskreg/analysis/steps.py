"""What a worker does for a run. Only workers load this: it brings NumPy and SciPy.

Every step is a function of the frozen inputs (and of what the steps before it left), so that any
worker on any machine comes to the same bits.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from riskreg import quant
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import Step
from riskreg.kernel.errors import Invalid

KeepGoing = Callable[[], None]
LEVELS = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
TAIL = 0.95
_POINTS = 161
# Half the width of a 95 % interval of something that is normally distributed, in standard errors.
HALF = 1.959963984540054
# Values of each driver that the tornado is averaged over.
_DRAWS = 16_384
_SCORE_95 = 1.6448536269514722


def simulate(step: Step, keep_going: KeepGoing) -> Outcome:
    """Losses of one part of the years, on one side."""
    row, inputs = load_run(step)
    _word, side, number = step.key.split(":")
    chunks = policy.chunks_of(row.years, len(inputs["exposures"]))
    keep_going()
    part = quant.simulate_chunk(portfolio(inputs, side), row.years, row.seed, int(number), chunks)
    keep_going()
    losses = part.losses.astype("<f8").tobytes()
    return Outcome({"digest": hashlib.sha256(losses).hexdigest()}, losses)


def measure(step: Step, keep_going: KeepGoing) -> Outcome:
    """Quantiles, tail mean and curve of one side."""
    row, inputs = load_run(step)
    side = step.key.split(":")[1]
    run = _simulation(step, row, inputs, side)
    keep_going()
    # In closed form where no driver acts. Where one does, only the drivers are sampled: which
    # events happen leaves no error (``quant.expected``).
    mean = [expected(inputs, side), None, None]
    if moved := expected_when_moved(row, inputs, side):
        error = HALF * moved[""].standard_error
        mean = [moved[""].value, moved[""].value - error, moved[""].value + error]
    found: dict[str, Any] = {"mean": mean}
    for name, level in LEVELS:
        at = run.var_interval(level)
        found[name] = [at.value, at.low, at.high]
    tail, error = run.tvar(TAIL), HALF * run.tvar_standard_error(TAIL)
    found["tvar95"] = [tail, tail - error, tail + error]
    keep_going()
    low, high = min(0.0, float(run.losses.min())), run.var(0.999)
    cuts = np.linspace(low, high if high > low else low + 1, _POINTS)
    curve = run.exceedance_curve([float(x) for x in cuts])
    points = [
        [float(x), float(p), float(a), float(b)]
        for x, p, a, b in zip(
            curve.thresholds, curve.probability, curve.low, curve.high, strict=True
        )
    ]
    return Outcome({"loss": found, "curve": points, "digest": run.digest})


def contribute(step: Step, keep_going: KeepGoing) -> Outcome:
    """What each risk adds to the mean of the worst twentieth of years, on one side."""
    row, inputs = load_run(step)
    side = step.key.split(":")[1]
    run = _simulation(step, row, inputs, side)
    keep_going()
    each = means(inputs, side)
    if moved := expected_when_moved(row, inputs, side):
        each = {name: moved[name].value for name in each}
    return Outcome({"tail": run.contributions(TAIL), "mean": each})


def tornado(step: Step, keep_going: KeepGoing) -> Outcome:
    """The expected year with one input at its low and high end (P5, P95), the others as they are.

    The expected loss is a sum of how often × how much, each times what the drivers make of it; that
    is averaged over the same values of the drivers in every case.
    """
    _row, inputs = load_run(step)
    drivers = {driver.name: driver for driver in drivers_in(inputs)}
    values = {name: driver.values(_scores(name)) for name, driver in drivers.items()}
    moving = Moving(drivers, values)
    total = _expected_given(inputs["exposures"], moving)
    bars = []
    for one in inputs["exposures"]:
        rest = total - _expected_given([one], moving)
        for what, range_ in (
            ("frequency", frequency_of(one, "before")),
            ("severity", severity_of(one, "before")),
        ):
            ends = [
                rest + _expected_given([one], moving, {what: float(range_.quantile(q))})
                for q in (0.05, 0.95)
            ]
            bars.append({"risk": one["risk"], "on": what, "low": ends[0], "high": ends[1]})
        keep_going()
    for name, driver in drivers.items():
        ends = [
            _expected_given(
                inputs["exposures"],
                Moving(drivers, {**values, name: driver.values(np.full(_DRAWS, score))}),
            )
            for score in (-_SCORE_95, _SCORE_95)
        ]
        bars.append({"risk": name, "on": "driver", "low": ends[0], "high": ends[1]})
    bars.sort(key=lambda bar: (-abs(bar["high"] - bar["low"]), bar["risk"], bar["on"]))
    return Outcome({"base": total, "bars": bars})


@dataclass(frozen=True)
class Moving:
    """Drivers by name, and values of each, side by side."""

    drivers: dict[str, quant.Driver]
    values: dict[str, Any]


def _scores(name: str) -> Any:
    """Normal scores of a driver to average over: evenly spread, in an order of its own."""
    order = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
    return special.ndtri((order.permutation(_DRAWS) + 0.5) / _DRAWS)


def _expected_given(
    exposures: Sequence[dict[str, Any]], moving: Moving, held: dict[str, float] | None = None
) -> float:
    """The expected loss of a year over those values of the drivers; ``held``: how often or how much
    is that number."""
    parts = []
    for one in exposures:
        often = (held or {}).get("frequency", frequency_of(one, "before").mean)
        much = (held or {}).get("severity", severity_of(one, "before").mean)
        moved: dict[str, Any] = {"frequency": 1.0, "severity": 1.0}
        for link in links_of(one):
            by = link.multipliers(moving.drivers[link.driver], moving.values[link.driver])
            moved[link.on] = moved[link.on] * by
        if is_rate(one, "before"):
            events = often * moved["frequency"]
        elif isinstance(moved["frequency"], float):
            events = often
        else:
            events = 1 - (1 - often) ** moved["frequency"]
        sign = 1 if one["kind"] == "threat" else -1
        parts.append(sign * much * float(np.mean(events * moved["severity"])))
    return math.fsum(parts)


def figures(step: Step, keep_going: KeepGoing) -> Outcome:
    """Everything that the run came to, under stable keys."""
    row, inputs = load_run(step)
    label = policy.weakest_label(inputs)
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
    objectives = [done[f"objective:{one['objective']}"] for one in inputs.get("objectives", ())]
    found += [figure for one in objectives for figure in one.pop("figures")]
    return Outcome(
        {
            "figures": found,
            "objectives": objectives,
            "curves": curves,
            "contributions": contributions,
            "tornado": done["tornado"],
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


# From inputs to the mathematics ------------------------------------------------------------------
def portfolio(inputs: dict[str, Any], side: str) -> quant.Portfolio:
    """What is at stake on one side, with the drivers that it shares. How often is uncertain itself:
    a driver of each risk draws it anew for every year, in proportion to its mean."""
    exposures, drivers = [], drivers_in(inputs)
    for one in inputs["exposures"]:
        often, severity = frequency_of(one, side), severity_of(one, side)
        name, links = one["risk"], links_of(one)
        if is_rate(one, side):
            driver = quant.Driver(f"{name}:rate", drawn_fast(often), reference=often.mean)
            drivers.append(driver)
            links = (quant.Link(driver.name, on="frequency"), *links)
            exposures.append(
                quant.Exposure(name, severity, rate=often.mean, kind=one["kind"], links=links)
            )
        else:
            # One event at most: an uncertain chance is the same as its mean.
            exposures.append(
                quant.Exposure(
                    name, severity, probability=often.mean, kind=one["kind"], links=links
                )
            )
    return quant.Portfolio(exposures, drivers)


def drivers_in(inputs: dict[str, Any]) -> list[quant.Driver]:
    """What several risks share, as it is on the day of the run. A link multiplies by 1 at the
    median of what is believed without the steps that have come, which is what estimates are of."""
    found = []
    for one in inputs.get("drivers", ()):
        parts: list[Any] = []
        for row in one["beliefs"]:
            family, low, mode, high = row["range"]
            if family == "pert":
                parts.append(quant.Pert(float(low), float(mode), float(high)))
            else:
                parts.append(quant.Lognormal.from_interval(float(low), float(high)))
        stepped = [
            part if row["factor"] == "1" else quant.Scaled(part, float(row["factor"]))
            for part, row in zip(parts, one["beliefs"], strict=True)
        ]
        reference = float(_pool(parts).quantile(0.5))
        found.append(quant.Driver(one["driver"], drawn_fast(_pool(stepped)), reference))
    return found


def links_of(one: dict[str, Any]) -> tuple[quant.Link, ...]:
    """What moves a risk, as mathematics."""
    return tuple(
        quant.Link(row["driver"], row["on"], float(row["sensitivity"]), row["form"])
        for row in one.get("links", ())
    )


def expected_when_moved(
    row: Simulation, inputs: dict[str, Any], side: str
) -> dict[str, quant.Expected] | None:
    """The expected loss of a year by risk, and of all under no name, where a driver acts."""
    if not inputs.get("drivers"):
        return None
    return quant.expected_losses(portfolio(inputs, side), row.years, row.seed)


def is_rate(one: dict[str, Any], side: str) -> bool:
    """Whether how often is events a year; else it is a chance."""
    return bool(policy.estimates_on(one, side)[0]["frequency"][0] == "rate")


def _pool(parts: Sequence[quant.Distribution]) -> quant.Distribution:
    return parts[0] if len(parts) == 1 else quant.Mixture(parts, [1 / len(parts)] * len(parts))


@dataclass(frozen=True)
class Tabled:
    """A distribution whose quantiles are read from a table, because each of them is a search.

    Linear between 4,097 places in the normal score, from -6 to 6: what lies further out, two years
    in a milliard, is set to the end.
    """

    of: quant.Distribution

    @cached_property
    def _table(self) -> tuple[Any, Any]:
        scores = np.linspace(-6, 6, 4097)
        return scores, self.of.quantile(special.ndtr(scores))

    @property
    def mean(self) -> float:
        return self.of.mean

    @property
    def variance(self) -> float:
        return self.of.variance

    @property
    def support(self) -> tuple[float, float]:
        return self.of.support

    def cdf(self, x: Any) -> Any:
        return self.of.cdf(x)

    def quantile(self, q: Any) -> Any:
        return np.interp(special.ndtri(q), *self._table)

    def limited_mean(self, d: Any) -> Any:
        return self.of.limited_mean(d)

    def sample(self, rng: np.random.Generator, size: int) -> Any:
        return np.interp(rng.standard_normal(size), *self._table)


def drawn_fast(it: quant.Distribution) -> quant.Distribution:
    """``it``, read from a table where each of its quantiles is a search."""
    return Tabled(it) if isinstance(it, quant.Mixture) else it


def frequency_of(one: dict[str, Any], side: str) -> quant.Distribution:
    """How often, all experts together."""
    return _pool(
        [quant.Pert(*map(float, row["frequency"][1:])) for row in policy.estimates_on(one, side)]
    )


def severity_of(one: dict[str, Any], side: str) -> quant.Distribution:
    """What one event costs, all experts together."""
    parts: list[Any] = []
    for row in policy.estimates_on(one, side):
        family, low, mode, high, cap = row["severity"]
        if family == "pert":
            parts.append(quant.Pert(float(low), float(mode), float(high)))
            continue
        plain = quant.Lognormal.from_interval(float(low), float(high))
        parts.append(plain if cap is None else quant.Truncated(plain, float(cap)))
    return _pool(parts)


def means(inputs: dict[str, Any], side: str) -> dict[str, float]:
    """The expected loss of a year of each risk, in closed form."""
    return {
        one["risk"]: (1 if one["kind"] == "threat" else -1)
        * frequency_of(one, side).mean
        * severity_of(one, side).mean
        for one in inputs["exposures"]
    }


def expected(inputs: dict[str, Any], side: str) -> float:
    """The expected loss of a year, in closed form."""
    return math.fsum(means(inputs, side).values())


def load_run(step: Step) -> tuple[Simulation, dict[str, Any]]:
    """The run that a step belongs to, and its frozen inputs. Raises ``Invalid`` if these are not
    what was hashed."""
    row = Simulation.objects.get(uuid=step.job.subject)
    if hashlib.sha256(row.inputs.encode()).hexdigest() != row.digest:
        raise Invalid.one("inputs", "changed", "The frozen inputs are not those that were hashed.")
    return row, json.loads(row.inputs)


def _simulation(step: Step, row: Simulation, inputs: dict[str, Any], side: str) -> quant.Simulation:
    chunks = policy.chunks_of(row.years, len(inputs["exposures"]))
    losses = np.empty(row.years)
    at = 0
    for n in range(chunks):
        blob = step.job.steps.values_list("blob", flat=True).get(key=f"simulate:{side}:{n}")
        assert blob is not None  # noqa: S101 - kept until the job has ended
        part = np.frombuffer(blob, dtype="<f8")
        losses[at : at + part.size] = part
        at += part.size
    losses.flags.writeable = False
    return quant.Simulation(portfolio(inputs, side), row.years, row.seed, losses)
