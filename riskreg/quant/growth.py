"""A quantity that grows at a pace nobody knows exactly."""

from __future__ import annotations

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import Distribution
from riskreg.quant.errors import InvalidRange, InvalidYears

MAX_CELLS = 2**27
"""Paths × years that are kept, 8 bytes each."""


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
    return checks.as_floats(value * np.cumprod(np.broadcast_to(1 + rates, (count, n)), axis=1))
