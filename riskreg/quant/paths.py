"""Years one after another: losses along the way to a horizon, discounting, and objectives.

`simulate` treats every year as a draw from the same urn. Here a path is one possible future, year
by year: rates may change, mitigations start when they are done, a high price tends to stay high.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import Distribution
from riskreg.quant.errors import InvalidPortfolio, InvalidRange, InvalidShape, InvalidYears
from riskreg.quant.metrics import Interval, proportion_interval
from riskreg.quant.portfolio import Exposure, Mitigation, Portfolio
from riskreg.quant.sampling import BLOCK, Sampler

MAX_CELLS = 2**27
"""Paths × years that are kept, 8 bytes each."""


def discount_factors(rate: float, periods: int) -> Array:
    """Value today of 1 paid at the end of each of `periods` years: (1 + rate)^-1, -2, …

    Parameters: rate > -1, like 0.06; periods ≥ 1. Returns shape (periods,).

    >>> discount_factors(0.25, 2).tolist()
    [0.8, 0.64]
    """
    r = checks.number("rate", rate)
    if r <= -1:
        raise InvalidRange("rate", rate, "is -100 % or less", "give a rate like 0.06")
    n = checks.integer("periods", periods, 1, 1000, InvalidYears)
    return (1 + r) ** -np.arange(1.0, n + 1)


def present_value(flows: npt.ArrayLike, rate: float) -> Array:
    """Present value of yearly `flows`, shape (…, years), each paid at the end of its year.

    >>> float(present_value([100, 100], 0.25))
    144.0
    """
    table = np.asarray(flows, dtype=np.float64)
    if table.ndim < 1 or table.shape[-1] == 0:
        raise InvalidShape("flows", flows, "has no years", "give one amount a year or more")
    if not np.isfinite(table).all():
        raise InvalidRange("flows", flows, "holds a value that is not finite", "give finite flows")
    return checks.floats((table * discount_factors(rate, table.shape[-1])).sum(axis=-1))


@dataclass(frozen=True, eq=False)
class PathResult:
    """Simulated paths: `losses` of shape (paths, years), for the calendar years `years`.

    `drivers` values by name, same shape; `rate` the discount rate.
    """

    years: tuple[int, ...]
    losses: Array
    drivers: dict[str, Array]
    rate: float

    @property
    def present_values(self) -> Array:
        """Discounted loss of each path, shape (paths,)."""
        return present_value(self.losses, self.rate)

    @property
    def cumulative(self) -> Array:
        """Undiscounted loss up to and with each year, shape (paths, years)."""
        return np.cumsum(self.losses, axis=1)

    def fan(self, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Array:
        """Quantiles of the cumulative loss: shape (levels, years)."""
        for level in levels:
            checks.level("levels", level)
        return np.quantile(self.cumulative, list(levels), axis=0, method="inverted_cdf")


def simulate_paths(
    portfolio: Portfolio,
    start: int,
    end: int,
    paths: int,
    seed: int,
    *,
    rate: float = 0.0,
    persistence: float = 0.0,
    trends: Mapping[str, Sequence[float]] | None = None,
    mitigations: Sequence[tuple[Mitigation, int]] = (),
) -> PathResult:
    """Simulate calendar years `start` … `end`, `paths` times.

    Parameters
    ----------
    paths : ≥ 1; paths × years at most 2^27.
    rate : discount rate a year.
    persistence : 0 … 1. Drivers' normal scores follow z' = persistence z + √(1 - persistence²) e:
        0 draws each year afresh, 1 keeps the first year's value; each year's distribution stays
        that of the driver (stationary first-order autoregression).
    trends : for an exposure, what its frequency is multiplied with in each year.
    mitigations : with the calendar year from which each works.

    Random numbers hang on seed, exposure and year: with and without mitigations they are common.
    Raises `InvalidYears`, `InvalidShape`, `InvalidPortfolio`.

    >>> from riskreg.quant import Constant
    >>> p = Portfolio([Exposure("R", probability=1, severity=Constant(10))])
    >>> r = simulate_paths(p, 2026, 2028, paths=3, seed=1, rate=0.25)
    >>> r.years, r.losses[0].tolist(), round(float(r.present_values[0]), 2)
    ((2026, 2027, 2028), [10.0, 10.0, 10.0], 19.52)
    """
    first = checks.integer("start", start, 1, 9999, InvalidYears)
    last = checks.integer("end", end, first, 9999, InvalidYears)
    years = tuple(range(first, last + 1))
    checks.integer("paths", paths, 1, max(1, MAX_CELLS // len(years)), InvalidYears)
    checks.seed("seed", seed)
    discount_factors(rate, len(years))
    keep = checks.probability("persistence", persistence)
    factors = _trends(portfolio, trends or {}, len(years))
    for mitigation, _ in mitigations:
        portfolio.mitigated([mitigation])

    losses = np.zeros((len(years), paths))
    drivers = {d.name: np.empty((len(years), paths)) for d in portfolio.drivers}
    scores = np.empty((len(portfolio.drivers), paths))
    for k, year in enumerate(years):
        active = [m for m, works_from in mitigations if year >= works_from]
        now = _scaled_rates(portfolio, factors, k).mitigated(active)
        # The period is the calendar year, so that moving the start leaves later draws alone.
        sampler = Sampler(now, seed, period=year)
        for block in range(-(-paths // BLOCK)):
            span = slice(block * BLOCK, min(paths, (block + 1) * BLOCK))
            size = span.stop - span.start
            fresh = sampler.scores(block, size)
            if k == 0:
                scores[:, span] = fresh
            else:
                scores[:, span] = keep * scores[:, span] + math.sqrt(1 - keep**2) * fresh
            values = sampler.driver_values(block, size, scores[:, span])
            for name, value in values.items():
                drivers[name][k, span] = value
            for exposure in now.exposures:
                sampler.add(exposure, block, size, values, losses[k, span])
    return PathResult(years, losses.T, {name: v.T for name, v in drivers.items()}, float(rate))


def _trends(
    portfolio: Portfolio, trends: Mapping[str, Sequence[float]], years: int
) -> dict[str, Array]:
    result = {}
    for name, values in trends.items():
        if name not in portfolio.names:
            raise InvalidPortfolio(
                "trends", name, "is not an exposure", f"name one of {', '.join(portfolio.names)}"
            )
        factors = checks.array("trends", values, 1)
        if factors.size != years or (factors < 0).any():
            raise InvalidShape(
                "trends", values, "does not fit", f"give {years} factors of 0 or more"
            )
        result[name] = factors
    return result


def _scaled_rates(portfolio: Portfolio, factors: Mapping[str, Array], k: int) -> Portfolio:
    if not factors:
        return portfolio

    def scaled(exposure: Exposure) -> Exposure:
        if exposure.name not in factors:
            return exposure
        return exposure.more_often(float(factors[exposure.name][k]))

    exposures = [scaled(e) for e in portfolio.exposures]
    return Portfolio(exposures, portfolio.drivers, portfolio.correlation)


def grow(
    start: float, growth: Distribution, years: int, paths: int, seed: int, *, steady: bool = True
) -> Array:
    """A quantity that grows by an uncertain rate: shape (paths, years), ends of years.

    Parameters
    ----------
    start : value at the beginning, > 0.
    growth : of the yearly growth, like 0.07; never below -1.
    steady : one rate for the whole path (uncertain pace), or a fresh one each year (luck that
        evens out).

    >>> from riskreg.quant import Constant
    >>> grow(100, Constant(0.5), 2, paths=1, seed=1).tolist()
    [[150.0, 225.0]]
    """
    value = checks.positive("start", start)
    n = checks.integer("years", years, 1, 1000, InvalidYears)
    count = checks.integer("paths", paths, 1, max(1, MAX_CELLS // n), InvalidYears)
    if growth.support[0] < -1:
        raise InvalidRange("growth", growth, "goes below -100 %", "give a growth of -1 or more")
    rng = np.random.default_rng(checks.seed("seed", seed))
    shape = (count, 1) if steady else (count, n)
    rates = growth.quantile(rng.random(shape))
    return checks.floats(value * np.cumprod(np.broadcast_to(1 + rates, (count, n)), axis=1))


@dataclass(frozen=True)
class Objective:
    """A measurable target: `target` reached by `due`, in its own unit.

    `at_least` False for a target not to be passed.
    """

    name: str
    target: float
    due: int
    unit: str = ""
    at_least: bool = True

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        object.__setattr__(self, "target", checks.number("target", self.target))

    def chance(self, outcomes: npt.ArrayLike, confidence: float = 0.95) -> Interval:
        """Share of simulated `outcomes`, shape (paths,), that meet the target, with its limits.

        >>> Objective("fleet", 10, 2030).chance([9, 10, 12, 15]).value
        0.75
        """
        values = checks.array("outcomes", outcomes, 1)
        met = values >= self.target if self.at_least else values <= self.target
        low, high = proportion_interval(int(met.sum()), values.size, confidence)
        return Interval(float(low), float(met.mean()), float(high), confidence)
