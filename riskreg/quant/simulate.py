"""Monte Carlo: simulate years of a portfolio, and read the result.

`simulate` answers at once; `simulate_chunk` and `combine` share the same work among workers. The
losses are a function of (portfolio, years, seed): how the work was cut changes no bit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidYears
from riskreg.quant.metrics import ExceedanceCurve, Interval
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.sampling import (
    BLOCK,
    Batch,
    ChunkPlace,
    Sampler,
    blocks_of_chunk,
    require_each_chunk_of_one_run_once,
)
from riskreg.quant.sums import BlockSums, totals
from riskreg.quant.together import add_losses_of_block, state_groups_for_each_exposure

MAX_YEARS = 10**8
"""Years in one run: their losses are kept, 8 bytes each."""


def simulate(portfolio: Portfolio, years: int, seed: int, *, chunks: int = 1) -> Simulation:
    """Simulate `years` independent years of `portfolio`.

    Parameters
    ----------
    portfolio : what is at stake.
    years : 1 … 10^8. The error of the mean is sd / √years.
    seed : whole number of 0 or more; the same seed gives the same losses to the bit.
    chunks : cut the work into this many pieces; no effect on the result.

    Raises `InvalidYears`, or `SeverityOverflow` when a total is beyond a number.

    >>> from riskreg.quant import Exposure, Lognormal
    >>> p = Portfolio([Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20))])
    >>> r = simulate(p, years=100_000, seed=1)
    >>> abs(r.mean - p.mean) < 4 * r.standard_error
    True
    """
    checks.integer("years", years, 1, MAX_YEARS, InvalidYears)
    checks.integer("chunks", chunks, 1, 10**6)
    losses = np.zeros(years)
    for index in range(chunks):
        _fill_losses([portfolio], years, seed, index, chunks, [losses])
    return Simulation(portfolio, years, checks.seed("seed", seed), _made_read_only(losses))


def simulate_with_contributions(
    portfolio: Portfolio, years: int, seed: int, level: float
) -> tuple[Simulation, dict[str, float]]:
    """`simulate`, and `Simulation.contributions(level)` of what it comes to, from one set of draws:
    to the bit what the two give one after the other.

    The events are kept meanwhile, 16 bytes each, so this is for runs of a few million of them.

    >>> from riskreg.quant import Exposure, Lognormal
    >>> p = Portfolio([Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20))])
    >>> run, shares = simulate_with_contributions(p, 100_000, 1, 0.95)
    >>> shares == simulate(p, 100_000, 1).contributions(0.95)
    True
    """
    checks.integer("years", years, 1, MAX_YEARS, InvalidYears)
    losses = np.zeros(years)
    sampler = Sampler(portfolio, checks.seed("seed", seed))
    kept: list[tuple[slice, str, list[Batch]]] = []
    for block, size in _blocks_and_year_counts(years):
        here = slice(block * BLOCK, block * BLOCK + size)
        values = sampler.driver_values(block, size)
        for exposure in portfolio.exposures:
            events: list[Batch] = []
            sampler.add_to(exposure, block, size, values, [losses[here]], (), events)
            kept.append((here, exposure.name, events))
    run = Simulation(portfolio, years, seed, _made_read_only(losses))
    weights = run.tail_weights(level).weights_for(losses)
    sums: dict[str, list[float]] = {name: [] for name in portfolio.names}
    for here, name, events in kept:
        sums[name] += [checks.dot(weights[here][places], amounts) for places, amounts in events]
    return run, totals([{name: tuple(parts) for name, parts in sums.items()}])


@dataclass(frozen=True)
class Chunk:
    """A part of a simulation, from `simulate_chunk`; the parts may come in any order."""

    portfolio: Portfolio
    years: int
    seed: int
    index: int
    chunks: int
    losses: Array

    @property
    def start(self) -> int:
        """First year (from 0) that the chunk covers."""
        return blocks_of_chunk(self.years, self.index, self.chunks).start * BLOCK


def simulate_chunk(portfolio: Portfolio, years: int, seed: int, index: int, chunks: int) -> Chunk:
    """Part `index` (from 0) of `chunks`; parameters otherwise as in `simulate`.

    There are never more parts with work in them than blocks of 65,536 years; the rest are empty.
    """
    return simulate_chunks([portfolio], years, seed, index, chunks)[0]


def simulate_chunks(
    states: Sequence[Portfolio], years: int, seed: int, index: int, chunks: int
) -> list[Chunk]:
    """As `simulate_chunk` for several states of one portfolio: what is the same is drawn once."""
    checks.integer("years", years, 1, MAX_YEARS, InvalidYears)
    checks.integer("chunks", chunks, 1, 10**6)
    checks.integer("index", index, 0, chunks - 1)
    blocks = blocks_of_chunk(years, index, chunks)
    size = max(0, min(blocks.stop * BLOCK, years) - blocks.start * BLOCK)
    losses = [np.zeros(size) for _ in states]
    _fill_losses(states, years, seed, index, chunks, losses, offset=blocks.start * BLOCK)
    return [
        Chunk(state, years, seed, index, chunks, _made_read_only(part))
        for state, part in zip(states, losses, strict=True)
    ]


def combine(parts: Sequence[Chunk]) -> Simulation:
    """The simulation that all its chunks make, given in any order.

    Raises `MismatchedRuns` when a chunk is missing, repeats, or is of another run.

    >>> from riskreg.quant import Exposure, Constant
    >>> p = Portfolio([Exposure("R", rate=0.4, severity=Constant(2))])
    >>> parts = [simulate_chunk(p, 200_000, 1, i, 3) for i in (2, 0, 1)]
    >>> bool((combine(parts).losses == simulate(p, 200_000, 1).losses).all())
    True
    """
    require_each_chunk_of_one_run_once(
        [ChunkPlace((p.portfolio, p.years, p.seed), p.index, p.chunks) for p in parts]
    )
    one = parts[0]
    losses = np.empty(one.years)
    for part in parts:
        losses[part.start : part.start + part.losses.size] = part.losses
    return Simulation(one.portfolio, one.years, one.seed, _made_read_only(losses))


def _blocks_and_year_counts(
    years: int, index: int = 0, chunks: int = 1
) -> Iterator[tuple[int, int]]:
    for block in blocks_of_chunk(years, index, chunks):
        yield block, min(BLOCK, years - block * BLOCK)


def _fill_losses(
    states: Sequence[Portfolio],
    years: int,
    seed: int,
    index: int,
    chunks: int,
    losses: Sequence[Array],
    offset: int = 0,
) -> None:
    samplers = [Sampler(state, checks.seed("seed", seed)) for state in states]
    shared = state_groups_for_each_exposure(states)
    for block, size in _blocks_and_year_counts(years, index, chunks):
        start = block * BLOCK - offset
        totals = [part[start : start + size] for part in losses]
        values = [sampler.driver_values(block, size) for sampler in samplers]
        add_losses_of_block(samplers, shared, block, size, values, totals, [{}] * len(samplers))


def _made_read_only(losses: Array) -> Array:
    losses.flags.writeable = False
    return losses


def losses_digest(losses: Array) -> str:
    """Fingerprint of losses in the order in which they were drawn: `Simulation.digest`."""
    return hashlib.blake2b(losses.data, digest_size=16).hexdigest()


@dataclass(frozen=True, eq=False)
class Simulation:
    """Simulated losses of a portfolio, one a year, in the order in which they were drawn."""

    portfolio: Portfolio
    years: int
    seed: int
    losses: Array

    @cached_property
    def _sorted(self) -> Array:
        return np.sort(self.losses)

    @cached_property
    def mean(self) -> float:
        """Mean loss of a year."""
        return math.fsum(float(part.sum()) for part in self._parts()) / self.years

    @cached_property
    def sd(self) -> float:
        """Standard deviation of the loss of a year (0 when only one was simulated)."""
        if self.years == 1:
            return 0.0
        squares = math.fsum(float(np.square(p - self.mean).sum()) for p in self._parts())
        return math.sqrt(squares / (self.years - 1))

    def _parts(self) -> Iterator[Array]:
        for start in range(0, self.years, BLOCK):
            yield self.losses[start : start + BLOCK]

    @property
    def standard_error(self) -> float:
        """Standard error of `mean`: sd / √years."""
        return self.sd / math.sqrt(self.years)

    @property
    def digest(self) -> str:
        """Fingerprint of the losses: equal digests are equal to the bit."""
        return losses_digest(self.losses)

    def var(self, level: float) -> float:
        """Value at risk: the smallest simulated loss that at least `level` of years stay within."""
        return metrics.var_of_sorted(self._sorted, checks.level("level", level))

    def tvar(self, level: float) -> float:
        """Tail value at risk: the mean of the worst 1 - `level` of years."""
        return metrics.tvar_of_sorted(self._sorted, checks.level("level", level))

    def var_interval(self, level: float, confidence: float = 0.95) -> Interval:
        """Confidence interval of `var` from the order statistics: no assumption on the shape."""
        return metrics.var_interval_of_sorted(self._sorted, level, confidence)

    def tvar_standard_error(self, level: float) -> float:
        """Standard error of `tvar` (Manistre and Hancock 2005)."""
        return metrics.tvar_standard_error_of_sorted(self._sorted, level)

    def exceedance(self, threshold: float) -> float:
        """Share of years with a loss above `threshold`."""
        return metrics.exceedance_of_sorted(self._sorted, checks.number("threshold", threshold))

    def exceedance_curve(
        self, thresholds: Sequence[float] | None = None, confidence: float = 0.95
    ) -> ExceedanceCurve:
        """Chance of exceeding each threshold, with its confidence band."""
        return metrics.exceedance_curve_of_sorted(self._sorted, thresholds, confidence)

    def contributions(self, level: float) -> dict[str, float]:
        """What each exposure adds to `tvar(level)`: its mean loss in the worst years (Euler).

        They sum to the total. The draws are made a second time instead of being kept, so memory
        stays bounded. Tasche (1999), "Risk contributions and performance measurement".
        """
        return self._weighted_sums(self.tail_weights(level).weights_for)

    def tail_weights(self, level: float) -> metrics.TailWeights:
        """The weights of years that make `tvar(level)` a sum over all of them."""
        return metrics.tail_weights(self._sorted, checks.level("level", level))

    def sd_contributions(self) -> dict[str, float]:
        """What each exposure adds to `sd`: its covariance with the total, over sd; sums to `sd`."""
        if self.sd == 0:
            return dict.fromkeys(self.portfolio.names, 0.0)
        scale = (self.years - 1) * self.sd
        return self._weighted_sums(lambda losses: (losses - self.mean) / scale)

    def mean_by_exposure(self) -> dict[str, float]:
        """Mean loss of each exposure; they sum to `mean`."""
        return self._weighted_sums(lambda losses: np.full(losses.size, 1 / self.years))

    def _weighted_sums(self, weigh: metrics.Weigh) -> dict[str, float]:
        """Σ over events of weight(year) × loss, for each exposure."""
        return totals([weighted_chunk(self.portfolio, self.losses, self.seed, weigh, 0, 1)])


def contribution_chunk(
    portfolio: Portfolio,
    losses: Array,
    seed: int,
    tail: metrics.TailWeights,
    index: int,
    chunks: int,
) -> BlockSums:
    """Part `index` of `chunks` of `Simulation.contributions`; merge by `totals`.

    Parameters
    ----------
    losses : of all years, shape (years,).
    tail : `metrics.tail_weights` of the sorted losses, the same for all parts.

    >>> from riskreg.quant import Exposure, Lognormal, totals
    >>> p = Portfolio([Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20))])
    >>> r = simulate(p, years=200_000, seed=1)
    >>> tail = metrics.tail_weights(np.sort(r.losses), 0.95)
    >>> parts = [contribution_chunk(p, r.losses, 1, tail, k, 3) for k in (2, 0, 1)]
    >>> totals(parts) == r.contributions(0.95)
    True
    """
    return weighted_chunk(portfolio, losses, seed, tail.weights_for, index, chunks)


def weighted_chunk(
    portfolio: Portfolio,
    losses: Array,
    seed: int,
    weigh: metrics.Weigh,
    index: int,
    chunks: int,
) -> BlockSums:
    """Σ over events of weight(year) × loss for each exposure, block by block."""
    sampler = Sampler(portfolio, seed)
    sums: dict[str, list[float]] = {name: [] for name in portfolio.names}
    for block, size in _blocks_and_year_counts(losses.size, index, chunks):
        weight = weigh(losses[block * BLOCK : block * BLOCK + size])
        values = sampler.driver_values(block, size)
        for exposure in portfolio.exposures:
            for places, amounts in sampler.events(exposure, block, size, values):
                sums[exposure.name].append(checks.dot(weight[places], amounts))
    return {name: tuple(parts) for name, parts in sums.items()}


def losses_by_exposure(portfolio: Portfolio, years: int, seed: int) -> Array:
    """The same years as `simulate`, kept apart: shape (exposures, years), signed.

    For a few thousand scenarios, as `choose_mitigations` wants them; at most 2^27 numbers.
    """
    checks.integer("years", years, 1, max(1, 2**27 // len(portfolio.exposures)), InvalidYears)
    sampler = Sampler(portfolio, checks.seed("seed", seed))
    table = np.zeros((len(portfolio.exposures), years))
    for block, size in _blocks_and_year_counts(years):
        values = sampler.driver_values(block, size)
        for row, exposure in zip(table, portfolio.exposures, strict=True):
            sampler.add(exposure, block, size, values, row[block * BLOCK : block * BLOCK + size])
    return table
