"""What a change does: two runs with common random numbers, year by year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riskreg.quant.checks import Array
from riskreg.quant.errors import MismatchedRuns
from riskreg.quant.sampling import BLOCK
from riskreg.quant.simulate import Chunk, Simulation
from riskreg.quant.sums import BlockSums, totals


@dataclass(frozen=True)
class Comparison:
    """What a change does, from two runs with common random numbers; negative lowers the loss."""

    mean: float
    standard_error: float
    var: float
    tvar: float
    level: float
    years_worse: float


def compare(before: Simulation, after: Simulation, level: float = 0.95) -> Comparison:
    """Difference `after` - `before` in mean, VaR and TVaR.

    The standard error is that of the paired difference of means, much smaller than for two
    separate runs. `years_worse` is the share of years in which the loss rose.
    Raises `MismatchedRuns` unless seed and years agree.

    >>> from riskreg.quant import Constant, Effect, Exposure, Mitigation, Portfolio, simulate
    >>> p = Portfolio([Exposure("R", rate=1, severity=Constant(2))])
    >>> q = p.mitigated([Mitigation("M", 1, [Effect.severity("R", 0.5)])])
    >>> c = compare(simulate(p, 1000, 1), simulate(q, 1000, 1))
    >>> c.var, c.years_worse
    (-3.0, 0.0)
    """
    if (before.years, before.seed) != (after.years, after.seed):
        raise MismatchedRuns(
            "after", (after.years, after.seed), "has other years or seed", "use the same for both"
        )
    return combine_comparisons(
        [_paired_sums_by_block(before.losses, after.losses)],
        before.years,
        var=after.var(level) - before.var(level),
        tvar=after.tvar(level) - before.tvar(level),
        level=level,
    )


def compare_chunk(before: Chunk, after: Chunk) -> BlockSums:
    """Part of a comparison, from the same chunk of both runs; merge by `combine_comparisons`."""
    one = (before.years, before.seed, before.index, before.chunks)
    if one != (after.years, after.seed, after.index, after.chunks):
        raise MismatchedRuns(
            "after", after.index, "is another chunk or of another run", "use the same for both"
        )
    return _paired_sums_by_block(before.losses, after.losses)


def _paired_sums_by_block(before: Array, after: Array) -> BlockSums:
    change, square, worse = [], [], []
    for start in range(0, before.size, BLOCK):
        difference = after[start : start + BLOCK] - before[start : start + BLOCK]
        change.append(float(difference.sum()))
        square.append(float(np.square(difference).sum()))
        worse.append(float((difference > 0).sum()))
    return {"change": tuple(change), "square": tuple(square), "worse": tuple(worse)}


def combine_comparisons(
    parts: Sequence[BlockSums], years: int, *, var: float, tvar: float, level: float
) -> Comparison:
    """The comparison that all chunks make, in any order; `var` and `tvar` are the differences of
    the whole runs' figures, which need the losses of all years.

    >>> from riskreg.quant import Constant, Exposure, Portfolio, simulate, simulate_chunk
    >>> p, q = (Portfolio([Exposure("R", Constant(2), rate=x)]) for x in (1, 0.5))
    >>> parts = [
    ...     compare_chunk(simulate_chunk(p, 200_000, 1, k, 3), simulate_chunk(q, 200_000, 1, k, 3))
    ...     for k in (2, 0, 1)
    ... ]
    >>> whole = compare(simulate(p, 200_000, 1), simulate(q, 200_000, 1))
    >>> combine_comparisons(parts, 200_000, var=whole.var, tvar=whole.tvar, level=0.95) == whole
    True
    """
    sums = totals(parts)
    mean = sums["change"] / years
    # Rounding may leave a hair below 0 when every year changes alike.
    variance = max(0.0, sums["square"] - years * mean * mean) / (years - 1) if years > 1 else 0.0
    return Comparison(
        mean=mean,
        standard_error=math.sqrt(variance / years),
        var=var,
        tvar=tvar,
        level=level,
        years_worse=sums["worse"] / years,
    )
