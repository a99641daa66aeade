"""Years one after another: losses and objectives along the way to a horizon.

`simulate` treats every year as a draw from the same urn. Here a path is one possible future, year
by year: rates may change, mitigations start when they are done, a high price tends to stay high.

`simulate_paths` answers at once; `simulate_path_chunk` and `combine_paths` share the same work
among workers. The result is a function of the plan: how the work was cut changes no bit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.discount import discount_factors, present_value
from riskreg.quant.errors import (
    InvalidPortfolio,
    InvalidShape,
    InvalidYears,
)
from riskreg.quant.mitigations import Mitigation
from riskreg.quant.objective_paths import ObjectivePaths
from riskreg.quant.objectives import Flags, ObjectiveModel, ObjectiveResult
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.sampling import BLOCK, Sampler, block_range, refuse_missing
from riskreg.quant.sums import BlockSums, totals

MAX_CELLS = 2**27
"""Paths × years that are kept, 8 bytes each."""


@dataclass(frozen=True)
class PathPlan:
    """Everything that a simulation of paths depends on; see `simulate_paths` for the parameters.

    `keep_drivers` names the drivers whose values the result holds.
    """

    portfolio: Portfolio
    start: int
    end: int
    paths: int
    seed: int
    rate: float = 0.0
    persistence: float = 0.0
    trends: Mapping[str, Sequence[float]] = field(default_factory=dict)
    mitigations: tuple[tuple[Mitigation, int], ...] = ()
    objectives: tuple[ObjectiveModel, ...] = ()
    first_at: int = 1
    keep_drivers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        first = checks.integer("start", self.start, 1, 9999, InvalidYears)
        checks.integer("end", self.end, first, 9999, InvalidYears)
        size = len(self.years)
        checks.integer("paths", self.paths, 1, max(1, MAX_CELLS // size), InvalidYears)
        checks.seed("seed", self.seed)
        discount_factors(self.rate, size, self.first_at)
        object.__setattr__(self, "rate", float(self.rate))
        checks.probability("persistence", self.persistence)
        object.__setattr__(self, "trends", self._checked_trends())
        for key in ("mitigations", "objectives", "keep_drivers"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        checks.unique("mitigations", [m.name for m, _ in self.mitigations])
        for mitigation, works_from in self.mitigations:
            checks.integer("mitigations", works_from, 1, 9999, InvalidYears)
            self.portfolio.mitigated([mitigation])
        checks.unique("objectives", [model.name for model in self.objectives])
        for model in self.objectives:
            model.check(self.portfolio, self.years)
        for name in self.keep_drivers:
            if name not in {d.name for d in self.portfolio.drivers}:
                raise InvalidPortfolio("keep_drivers", name, "is not a driver", "name a driver")

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(range(self.start, self.end + 1))

    def _checked_trends(self) -> dict[str, tuple[float, ...]]:
        result = {}
        for name, values in self.trends.items():
            if name not in self.portfolio.names:
                known = ", ".join(self.portfolio.names)
                raise InvalidPortfolio("trends", name, "is not an exposure", f"name one of {known}")
            factors = checks.array("trends", values, 1)
            if factors.size != len(self.years) or (factors < 0).any():
                raise InvalidShape(
                    "trends", values, "does not fit", f"give {len(self.years)} factors of 0 or more"
                )
            result[name] = tuple(factors.tolist())
        return result

    def portfolio_in(self, k: int) -> Portfolio:
        """The portfolio of the `k`-th year: its rates, and the mitigations that work by then."""
        active = [m for m, works_from in self.mitigations if self.years[k] >= works_from]

        def scaled(exposure: Exposure) -> Exposure:
            factors = self.trends.get(exposure.name)
            return exposure if factors is None else exposure.more_often(factors[k])

        exposures = [scaled(e) for e in self.portfolio.exposures]
        now = Portfolio(exposures, self.portfolio.drivers, self.portfolio.correlation)
        return now.mitigated(active)

    def samplers(self) -> list[Sampler]:
        """One for each year; the period is the calendar year, so that moving the start leaves
        later draws alone."""
        return [
            Sampler(self.portfolio_in(k), self.seed, period=year)
            for k, year in enumerate(self.years)
        ]


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
    objectives: Sequence[ObjectiveModel] = (),
    first_at: int = 1,
) -> PathResult:
    """Simulate calendar years `start` … `end`, `paths` times.

    Parameters
    ----------
    paths : ≥ 1; paths × years at most 2^27.
    rate : discount rate a year.
    persistence : 0 … 1. Drivers' normal scores follow z' = persistence z + √(1 - persistence²) e:
        0 draws each year afresh, 1 keeps the first year's value; each year's distribution stays
        that of the driver (stationary first-order autoregression). A driver's own comes first.
    trends : for an exposure, what its frequency is multiplied with in each year.
    mitigations : with the calendar year from which each works.
    objectives : whose levels the same events, drivers and mitigations move.
    first_at : when the first year's loss counts, as in `discount_factors`.

    Random numbers hang on seed, exposure and year: with and without mitigations they are common.
    Raises `InvalidYears`, `InvalidShape`, `InvalidPortfolio`.

    >>> from riskreg.quant import Constant
    >>> p = Portfolio([Exposure("R", probability=1, severity=Constant(10))])
    >>> r = simulate_paths(p, 2026, 2028, paths=3, seed=1, rate=0.25)
    >>> r.years, r.losses[0].tolist(), round(float(r.present_values[0]), 2)
    ((2026, 2027, 2028), [10.0, 10.0, 10.0], 19.52)
    """
    plan = PathPlan(
        portfolio,
        start,
        end,
        paths,
        seed,
        rate,
        persistence,
        trends or {},
        tuple(mitigations),
        tuple(objectives),
        first_at,
        tuple(d.name for d in portfolio.drivers),
    )
    return combine_paths([simulate_path_chunk(plan, 0, 1)])


@dataclass(frozen=True, eq=False)
class PathChunk:
    """A part of the paths of a plan, from `simulate_path_chunk`; parts may come in any order."""

    plan: PathPlan
    index: int
    chunks: int
    losses: Array
    drivers: dict[str, Array]
    objectives: dict[str, ObjectiveResult]

    @property
    def start(self) -> int:
        """First path (from 0) that the chunk covers."""
        return block_range(self.plan.paths, self.index, self.chunks)[0] * BLOCK


def _blocks(plan: PathPlan, index: int, chunks: int) -> Iterator[tuple[int, int]]:
    for block in range(*block_range(plan.paths, index, chunks)):
        yield block, min(BLOCK, plan.paths - block * BLOCK)


def _values_by_year(
    plan: PathPlan, samplers: list[Sampler], block: int, size: int, keep: Sequence[str]
) -> Iterator[tuple[int, Mapping[str, Array]]]:
    """The drivers' values in each year of a block, one year's scores carried into the next."""
    carried = {
        d.name: plan.persistence if d.persistence is None else d.persistence
        for d in plan.portfolio.drivers
    }
    # A driver of one value is drawn anew from one place; one without memory needs none.
    carried = {
        d.name: carried[d.name]
        for d in plan.portfolio.drivers
        if carried[d.name] > 0 and d.persistence != 1
    }
    scores: dict[str, Array] = {}
    for k, sampler in enumerate(samplers):
        fresh = sampler.driver_values(block, size)
        for name, share in carried.items():
            drawn = fresh.scores(name)
            if k > 0:
                drawn = share * scores[name] + math.sqrt(1 - share**2) * drawn
            scores[name] = drawn
        yield k, sampler.driver_values(block, size, scores, keep)


def simulate_path_chunk(plan: PathPlan, index: int, chunks: int) -> PathChunk:
    """Part `index` (from 0) of `chunks` of the paths; more parts than blocks of 65,536 are empty.

    >>> from riskreg.quant import Constant
    >>> plan = PathPlan(Portfolio([Exposure("R", Constant(10), rate=1)]), 2026, 2028, 100_000, 1)
    >>> parts = [simulate_path_chunk(plan, k, 2) for k in (1, 0)]
    >>> combine_paths(parts).digest == combine_paths([simulate_path_chunk(plan, 0, 1)]).digest
    True
    """
    checks.integer("chunks", chunks, 1, 10**6)
    checks.integer("index", index, 0, chunks - 1)
    first, last = block_range(plan.paths, index, chunks)
    size = max(0, min(last * BLOCK, plan.paths) - first * BLOCK)
    years = len(plan.years)
    losses = np.zeros((years, size))
    drivers = {name: np.empty((years, size)) for name in plan.keep_drivers}
    found: dict[str, list[ObjectivePaths]] = {model.name: [] for model in plan.objectives}
    samplers = plan.samplers() if size else []
    works_from = {m.name: year for m, year in plan.mitigations}
    watched = {hit.exposure for model in plan.objectives for hit in model.hits}
    keep = {*plan.keep_drivers, *(t.driver for m in plan.objectives for t in m.drivers)}
    for block, count in _blocks(plan, index, chunks):
        here = slice((block - first) * BLOCK, (block - first) * BLOCK + count)
        objectives = [
            ObjectivePaths(model, plan.years, works_from, plan.seed, block, count)
            for model in plan.objectives
        ]
        for k, values in _values_by_year(plan, samplers, block, count, sorted(keep)):
            now = samplers[k].portfolio
            happened: dict[str, Flags] = {x: np.zeros(count, dtype=bool) for x in watched}
            for exposure in now.exposures:
                samplers[k].add(
                    exposure, block, count, values, losses[k, here], happened.get(exposure.name)
                )
            for name in plan.keep_drivers:
                drivers[name][k, here] = values[name]
            for objective in objectives:
                objective.add_year(k, {d.name: d for d in now.drivers}, values, happened)
        for objective in objectives:
            found[objective.model.name].append(objective)
    results = {m.name: _joined(m, plan.years, found[m.name]) for m in plan.objectives}
    return PathChunk(plan, index, chunks, losses.T, {n: v.T for n, v in drivers.items()}, results)


def _joined(
    model: ObjectiveModel, years: tuple[int, ...], parts: list[ObjectivePaths]
) -> ObjectiveResult:
    none = np.zeros(0, dtype=bool)
    names = (*(h.exposure for h in model.hits), *(x.mitigation for x in model.lifts))
    return ObjectiveResult(
        model,
        years,
        np.concatenate([np.empty((len(years), 0)), *(p.levels for p in parts)], axis=1).T,
        np.concatenate([none, *(p.met for p in parts)]),
        {name: np.concatenate([none, *(p.met_without[name] for p in parts)]) for name in names},
        np.concatenate([none, *(p.met_baseline for p in parts)]),
    )


def combine_paths(parts: Sequence[PathChunk]) -> PathResult:
    """The paths that all chunks of a plan make, given in any order.

    Raises `MismatchedRuns` when a chunk is missing, repeats, or is of another plan.
    """
    refuse_missing([(p.plan, p.index, p.chunks) for p in parts])
    ordered = sorted(parts, key=lambda part: part.index)
    plan = ordered[0].plan
    objectives = {}
    for model in plan.objectives:
        own = [part.objectives[model.name] for part in ordered]
        objectives[model.name] = ObjectiveResult(
            model,
            plan.years,
            np.concatenate([r.levels for r in own]),
            np.concatenate([r.met for r in own]),
            {n: np.concatenate([r.met_without[n] for r in own]) for n in own[0].met_without},
            np.concatenate([r.met_baseline for r in own]),
        )
    return PathResult(
        plan,
        np.concatenate([part.losses for part in ordered]),
        {n: np.concatenate([part.drivers[n] for part in ordered]) for n in plan.keep_drivers},
        objectives,
    )


@dataclass(frozen=True, eq=False)
class PathResult:
    """Simulated paths: `losses` of shape (paths, years), for the calendar years `years`.

    `drivers` values by name, same shape; `objectives` by name.
    """

    plan: PathPlan
    losses: Array
    drivers: dict[str, Array]
    objectives: dict[str, ObjectiveResult]

    @property
    def years(self) -> tuple[int, ...]:
        return self.plan.years

    @property
    def rate(self) -> float:
        return self.plan.rate

    @property
    def present_values(self) -> Array:
        """Discounted loss of each path, shape (paths,)."""
        return present_value(self.losses, self.plan.rate, self.plan.first_at)

    @property
    def cumulative(self) -> Array:
        """Undiscounted loss up to and with each year, shape (paths, years)."""
        return np.cumsum(self.losses, axis=1)

    def fan(self, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Array:
        """Quantiles of the cumulative loss: shape (levels, years)."""
        for level in levels:
            checks.level("levels", level)
        return np.quantile(self.cumulative, list(levels), axis=0, method="inverted_cdf")

    @property
    def digest(self) -> str:
        """Fingerprint of losses and levels: equal digests are equal to the bit."""
        found = hashlib.blake2b(digest_size=16)
        parts = [
            self.losses,
            *(p for n in sorted(self.objectives) for p in self.objectives[n].parts()),
        ]
        for part in parts:
            found.update(np.ascontiguousarray(part).data)
        return found.hexdigest()

    def contributions(self, level: float) -> dict[str, float]:
        """What each exposure adds to the TVaR of the present value: its mean discounted loss in the
        worst paths (Euler); they sum to the total. Drawn a second time instead of being kept."""
        values = self.present_values
        tail = metrics.tail_weights(np.sort(values), checks.level("level", level))
        return totals([path_contribution_chunk(self.plan, values, tail, 0, 1)])


def path_contribution_chunk(
    plan: PathPlan, values: Array, tail: metrics.TailWeights, index: int, chunks: int
) -> BlockSums:
    """Part `index` of `chunks` of `PathResult.contributions`; merge by `totals`.

    `values` are the present values of all paths, shape (paths,), or of this chunk's alone.
    """
    factors = discount_factors(plan.rate, len(plan.years), plan.first_at)
    first = block_range(plan.paths, index, chunks)[0]
    offset = 0 if values.size == plan.paths else first * BLOCK
    sums: dict[str, list[float]] = {name: [] for name in plan.portfolio.names}
    samplers = plan.samplers()
    for block, size in _blocks(plan, index, chunks):
        start = block * BLOCK - offset
        weights = tail.of(values[start : start + size])
        for k, drawn in _values_by_year(plan, samplers, block, size, ()):
            for exposure in samplers[k].portfolio.exposures:
                for places, amounts in samplers[k].events(exposure, block, size, drawn):
                    part = checks.dot(weights[places], amounts)
                    sums[exposure.name].append(float(factors[k]) * part)
    return {name: tuple(parts) for name, parts in sums.items()}
