"""From frozen inputs to the mathematics. Only workers load this: it brings NumPy and SciPy."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from riskreg import quant
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy

SHARES = ("frequency", "severity")
# What the number of how often a risk happens is called among the drivers, after its public id.
RATE = ":rate"


def portfolio(inputs: dict[str, Any], side: str) -> quant.Portfolio:
    """What is at stake on one side, with the drivers that it shares. How often is uncertain itself:
    a driver of each risk draws it anew for every year, in proportion to its mean.

    After the mitigations a risk that nobody has estimated for after is as before, with what the
    planned mitigations leave of it: the same draws, so that the difference is theirs.
    """
    bare = _portfolio_without_mitigations(inputs, side)
    return bare.mitigated(mitigations_in_force_on_after_side(inputs)) if side == "after" else bare


def _portfolio_without_mitigations(inputs: dict[str, Any], side: str) -> quant.Portfolio:
    exposures, drivers = [], drivers_in(inputs)
    for one in inputs["exposures"]:
        often, severity = frequency_of(one, side), loss_per_event(one, side)
        name, links = one["risk"], links_of_exposure(one)
        if frequency_is_rate(one, side):
            driver = quant.Driver(name + RATE, tabled_if_mixture(often), reference=often.mean)
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
        reference = float(_equal_pool(parts).quantile(0.5))
        found.append(
            quant.Driver(one["driver"], tabled_if_mixture(_equal_pool(stepped)), reference)
        )
    return found


def links_of_exposure(exposure: dict[str, Any]) -> tuple[quant.Link, ...]:
    """What moves a risk, as mathematics."""
    return tuple(
        quant.Link(row["driver"], row["on"], float(row["sensitivity"]), row["form"])
        for row in exposure.get("links", ())
    )


def expected_losses_if_drivers_act(
    row: Simulation, inputs: dict[str, Any], side: str
) -> dict[str, quant.Expected] | None:
    """The expected loss of a year by risk, and of all under no name, where a driver acts."""
    if not inputs.get("drivers"):
        return None
    return quant.expected_losses(portfolio(inputs, side), row.years, row.seed)


def frequency_is_rate(exposure: dict[str, Any], side: str) -> bool:
    """Whether how often is events a year; else it is a chance."""
    return bool(policy.estimates_on(exposure, side)[0]["frequency"][0] == "rate")


def _equal_pool(parts: Sequence[quant.Distribution]) -> quant.Distribution:
    return parts[0] if len(parts) == 1 else quant.Mixture(parts, [1 / len(parts)] * len(parts))


@dataclass(frozen=True)
class Tabled:
    """A pool whose quantiles are read from a table, because each of them is a search.

    Linear between 4,097 places in the normal score, from -6 to 6: what lies further out, two years
    in a milliard, is set to the end.
    """

    of: quant.Mixture

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
        return np.interp(special.ndtri(q), _SCORES, _quantile_table(self.of))

    def limited_mean(self, d: Any) -> Any:
        return self.of.limited_mean(d)

    def sample(self, rng: np.random.Generator, size: int) -> Any:
        return np.interp(rng.standard_normal(size), _SCORES, _quantile_table(self.of))


_SCORES = np.linspace(-6, 6, 4097)


# A run asks for the same ones in every one of its steps.
@lru_cache(maxsize=256)
def _quantile_table(of: quant.Mixture) -> Any:
    return of.quantile(special.ndtr(_SCORES))


def tabled_if_mixture(it: quant.Distribution) -> quant.Distribution:
    """``it``, read from a table where each of its quantiles is a search."""
    return Tabled(it) if isinstance(it, quant.Mixture) else it


def frequency_of(exposure: dict[str, Any], side: str) -> quant.Distribution:
    """How often, all experts together."""
    return _equal_pool(
        [
            quant.Pert(*map(float, row["frequency"][1:]))
            for row in policy.estimates_on(exposure, side)
        ]
    )


def loss_per_event(exposure: dict[str, Any], side: str) -> quant.Distribution:
    """What one event costs, all experts together."""
    parts: list[Any] = []
    for row in policy.estimates_on(exposure, side):
        family, low, mode, high, cap = row["severity"]
        if family == "pert":
            parts.append(quant.Pert(float(low), float(mode), float(high)))
            continue
        plain = quant.Lognormal.from_interval(float(low), float(high))
        parts.append(plain if cap is None else quant.Truncated(plain, float(cap)))
    return _equal_pool(parts)


def expected_loss_by_risk_without_drivers(inputs: dict[str, Any], side: str) -> dict[str, float]:
    """The expected loss of a year of each risk, in closed form, as if no driver acted."""
    left: dict[str, float] = {}
    for mitigation in mitigations_in_force_on_after_side(inputs) if side == "after" else ():
        for effect in mitigation.effects:
            left[effect.target] = left.get(effect.target, 1.0) * effect.value
    return {
        one["risk"]: (1 if one["kind"] == "threat" else -1)
        * frequency_of(one, side).mean
        * loss_per_event(one, side).mean
        * left.get(one["risk"], 1.0)
        for one in inputs["exposures"]
    }


def expected_loss_of_all_without_drivers(inputs: dict[str, Any], side: str) -> float:
    """The expected loss of a year, in closed form."""
    return math.fsum(expected_loss_by_risk_without_drivers(inputs, side).values())


def mitigations_in_force_on_after_side(
    inputs: Mapping[str, Any], shares: Collection[str] = SHARES
) -> list[quant.Mitigation]:
    """The planned mitigations as far as they hold after (``buying.inputs_with_mitigations``)."""
    where = {one["risk"] for one in inputs["exposures"] if one.get("mitigated")}
    found = [mitigation_from_frozen(one, where, shares) for one in inputs.get("mitigations", ())]
    return [one for one in found if one.effects]


def mitigation_from_frozen(
    frozen: Mapping[str, Any], risks: Collection[str], shares: Collection[str] = SHARES
) -> quant.Mitigation:
    """A frozen mitigation with its effects on ``risks``; all experts together, each with the same
    weight. It is paid once, by its party."""
    effects = [
        _effect(what, part["risk"], ranges)
        for part in frozen["effects"]
        if part["risk"] in risks
        for what in shares
        if (ranges := [row[what] for row in part["experts"] if row[what]])
    ]
    years = {row["year"] for row in frozen["cost"]}
    amount = _pool_of_ranges([row["range"] for row in frozen["cost"]])
    cost = quant.Cost(amount, frozen["party"], years.pop() if len(years) == 1 else None)
    return quant.Mitigation.paid(frozen["mitigation"], [cost], effects)


def _effect(what: str, risk: str, ranges: Sequence[Sequence[str]]) -> quant.Effect:
    factor = _pool_of_ranges(ranges)
    make = quant.Effect.frequency if what == "frequency" else quant.Effect.severity
    return make(risk, factor if isinstance(factor, float) else tabled_if_mixture(factor))


def _pool_of_ranges(ranges: Sequence[Sequence[str]]) -> float | quant.Distribution:
    """Ranges of several experts together; a number where all that they say is one."""
    parts: list[quant.Distribution] = []
    for low, mode, high in (map(float, row) for row in ranges):
        parts.append(quant.Constant(mode) if low == high else quant.Pert(low, mode, high))
    if (
        all(isinstance(part, quant.Constant) for part in parts)
        and len({part.mean for part in parts}) == 1
    ):
        return parts[0].mean
    return _equal_pool(parts)
