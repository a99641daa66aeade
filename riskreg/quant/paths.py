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
from dataclasses import dataclass, replace

import numpy as np

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.discount import discount_factors, present_value
from riskreg.quant.driver_values import DriverValues
from riskreg.quant.errors import MismatchedRuns
from riskreg.quant.mitigations import Mitigation
from riskreg.quant.objective_paths import ObjectivePaths
from riskreg.quant.objectives import Flags, ObjectiveModel, ObjectiveResult
from riskreg.quant.path_plan import PathPlan
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.sampling import (
    BLOCK,
    ChunkPlace,
    Sampler,
    blocks_of_chunk,
    require_each_chunk_of_one_run_once,
)
from riskreg.quant.sums import BlockSums, totals
from riskreg.quant.together import add_losses_of_block, state_groups_for_each_exposure

HELD_BYTES = 2**25
"""Scores of drivers with one value a path are kept from year to year up to here, or drawn anew."""


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

    >>> from riskreg.quant import Constant, Exposure, Portfolio
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
        return blocks_of_chunk(self.plan.paths, self.index, self.chunks).start * BLOCK


def _blocks_and_path_counts(plan: PathPlan, index: int, chunks: int) -> Iterator[tuple[int, int]]:
    for block in blocks_of_chunk(plan.paths, index, chunks):
        yield block, min(BLOCK, plan.paths - block * BLOCK)


def _values_by_year(
    plan: PathPlan, samplers: list[Sampler], block: int, size: int, keep: Sequence[str]
) -> Iterator[tuple[int, DriverValues]]:
    """The drivers' values in each year of a block, one year's scores carried into the next."""
    shares = {
        d.name: plan.persistence if d.persistence is None else d.persistence
        for d in plan.portfolio.drivers
    }
    fixed = samplers[0].plan
    # A driver of one value is drawn anew from one place; one without memory needs none.
    carried = {
        name: share
        for name, share in shares.items()
        if share > 0 and not fixed.is_one_value_along_path(name)
    }
    scores: dict[str, Array] = {}
    lasting = sum(fixed.is_one_value_along_path(name) for name in shares)
    held: dict[str, Array] | None = {} if lasting * size * 8 <= HELD_BYTES else None
    for k, sampler in enumerate(samplers):
        fresh = sampler.driver_values(block, size)
        for name, share in carried.items():
            drawn = fresh.normal_scores(name)
            if k > 0:
                drawn = share * scores[name] + math.sqrt(1 - share**2) * drawn
            scores[name] = drawn
        yield k, sampler.driver_values(block, size, scores, keep, held)


def simulate_path_chunk(plan: PathPlan, index: int, chunks: int) -> PathChunk:
    """Part `index` (from 0) of `chunks` of the paths; more parts than blocks of 65,536 are empty.

    >>> from riskreg.quant import Constant, Exposure, Portfolio
    >>> plan = PathPlan(Portfolio([Exposure("R", Constant(10), rate=1)]), 2026, 2028, 100_000, 1)
    >>> parts = [simulate_path_chunk(plan, k, 2) for k in (1, 0)]
    >>> combine_paths(parts).digest == combine_paths([simulate_path_chunk(plan, 0, 1)]).digest
    True
    """
    return simulate_path_chunks([plan], index, chunks)[0]


def simulate_path_chunks(plans: Sequence[PathPlan], index: int, chunks: int) -> list[PathChunk]:
    """As `simulate_path_chunk` for plans of one portfolio that differ in their mitigations alone:
    what is the same in a year is drawn once."""
    checks.integer("chunks", chunks, 1, 10**6)
    checks.integer("index", index, 0, chunks - 1)
    one = plans[0]
    for plan in plans:
        if replace(plan, mitigations=()) != replace(one, mitigations=()):
            raise MismatchedRuns(
                "plans", plan.years, "differ in more than mitigations", "simulate them apart"
            )
    first = blocks_of_chunk(one.paths, index, chunks).start
    works = [_Work(plan, index, chunks) for plan in plans]
    shared = [
        state_groups_for_each_exposure([work.samplers[k].portfolio for work in works])
        for k in range(len(works[0].samplers))
    ]
    for block, count in _blocks_and_path_counts(one, index, chunks):
        here = slice((block - first) * BLOCK, (block - first) * BLOCK + count)
        for work in works:
            work.begin_block(block, count)
        for years in zip(*(work.values_by_year(block, count) for work in works), strict=True):
            k = years[0][0]
            values = [drawn for _, drawn in years]
            happened = [work.new_flags(count) for work in works]
            add_losses_of_block(
                [work.samplers[k] for work in works],
                shared[k],
                block,
                count,
                values,
                [work.losses[k, here] for work in works],
                happened,
            )
            for work, drawn, marks in zip(works, values, happened, strict=True):
                work.end_year(k, here, drawn, marks)
    return [work.chunk(index, chunks) for work in works]


class _Work:
    """One plan while a chunk of it is simulated."""

    def __init__(self, plan: PathPlan, index: int, chunks: int) -> None:
        blocks = blocks_of_chunk(plan.paths, index, chunks)
        size = max(0, min(blocks.stop * BLOCK, plan.paths) - blocks.start * BLOCK)
        self.plan = plan
        self.losses = np.zeros((len(plan.years), size))
        self._drivers = {name: np.empty((len(plan.years), size)) for name in plan.keep_drivers}
        self._found: dict[str, list[ObjectivePaths]] = {m.name: [] for m in plan.objectives}
        self.samplers = plan.samplers() if size else []
        self._begins = {m.name: year for m, year in plan.mitigations}
        self._watched = {hit.exposure for model in plan.objectives for hit in model.hits}
        terms = {term.driver for model in plan.objectives for term in model.drivers}
        self._keep = sorted({*plan.keep_drivers, *terms})

    def begin_block(self, block: int, size: int) -> None:
        plan = self.plan
        for model in plan.objectives:
            self._found[model.name].append(
                ObjectivePaths(model, plan.years, self._begins, plan.seed, block, size)
            )

    def values_by_year(self, block: int, size: int) -> Iterator[tuple[int, DriverValues]]:
        return _values_by_year(self.plan, self.samplers, block, size, self._keep)

    def new_flags(self, size: int) -> dict[str, Flags]:
        return {name: np.zeros(size, dtype=bool) for name in self._watched}

    def end_year(
        self,
        year_index: int,
        path_slice: slice,
        values: DriverValues,
        happened: Mapping[str, Flags],
    ) -> None:
        for name, kept in self._drivers.items():
            kept[year_index, path_slice] = values[name]
        drivers = {d.name: d for d in self.samplers[year_index].portfolio.drivers}
        for parts in self._found.values():
            parts[-1].add_year(year_index, drivers, values, happened)

    def chunk(self, index: int, chunks: int) -> PathChunk:
        plan = self.plan
        results = {m.name: _join_parts(m, plan.years, self._found[m.name]) for m in plan.objectives}
        drivers = {name: values.T for name, values in self._drivers.items()}
        return PathChunk(plan, index, chunks, self.losses.T, drivers, results)


def _join_parts(
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
    require_each_chunk_of_one_run_once([ChunkPlace(p.plan, p.index, p.chunks) for p in parts])
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
    def discount_rate(self) -> float:
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
            *(p for n in sorted(self.objectives) for p in self.objectives[n].arrays_for_digest()),
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
    first = blocks_of_chunk(plan.paths, index, chunks).start
    offset = 0 if values.size == plan.paths else first * BLOCK
    sums: dict[str, list[float]] = {name: [] for name in plan.portfolio.names}
    samplers = plan.samplers()
    for block, size in _blocks_and_path_counts(plan, index, chunks):
        start = block * BLOCK - offset
        weights = tail.weights_for(values[start : start + size])
        for k, drawn in _values_by_year(plan, samplers, block, size, ()):
            for exposure in samplers[k].portfolio.exposures:
                for places, amounts in samplers[k].events(exposure, block, size, drawn):
                    part = checks.dot(weights[places], amounts)
                    sums[exposure.name].append(float(factors[k]) * part)
    return {name: tuple(parts) for name, parts in sums.items()}
