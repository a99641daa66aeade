"""Single values that a distribution takes with a chance of their own, and grids that hold them.

What lies on the grid is exact there. What is continuous is rounded to it, half up and half down, so
that half of the chance at a grid point belongs above the point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from riskreg.quant.checks import Array
from riskreg.quant.composed import Capped, Mixture, Scaled, Truncated, ZeroInflated
from riskreg.quant.discrete import Constant, Discrete
from riskreg.quant.distributions import Distribution
from riskreg.quant.portfolio import Exposure

Atoms = dict[float, float]

ON_GRID = 1e-9
"""Share of a step by which a value may miss a grid point through rounding."""


def single_value_chances(x: Distribution) -> Atoms:
    """Chance of each single value that `x` takes with one; empty for a continuous `x`.

    >>> from riskreg.quant import Pert
    >>> single_value_chances(ZeroInflated(0.25, Constant(3.0))), single_value_chances(Pert(1, 2, 3))
    ({0.0: 0.75, 3.0: 0.25}, {})
    """
    if isinstance(x, Constant):
        return {x.value: 1.0}
    if isinstance(x, Discrete):
        return dict(zip(x.values, x.probabilities, strict=True))
    if isinstance(x, Scaled):
        return {x.factor * value: chance for value, chance in single_value_chances(x.of).items()}
    found: Atoms = {}
    if isinstance(x, Capped):
        below = {v: p for v, p in single_value_chances(x.of).items() if v < x.cap}
        at_cap = single_value_chances(x.of).get(x.cap, 0.0) + 1 - float(x.of.cdf(x.cap))
        return below | ({x.cap: at_cap} if at_cap > 0 else {})
    if isinstance(x, Truncated):
        return {v: p / x.share for v, p in single_value_chances(x.of).items() if v <= x.cap}
    if isinstance(x, ZeroInflated):
        found[0.0] = 1 - x.probability
        for value, chance in single_value_chances(x.of).items():
            found[value] = found.get(value, 0.0) + x.probability * chance
    if isinstance(x, Mixture):
        for weight, part in zip(x.weights, x.parts, strict=True):
            for value, chance in single_value_chances(part).items():
                found[value] = found.get(value, 0.0) + weight * chance
    return found


def are_on_grid(found: Atoms, grid: float) -> bool:
    """Whether every one of these values is a multiple of `grid`."""
    steps = np.array(list(found)) / grid
    return bool((np.abs(steps - np.round(steps)) <= ON_GRID * np.maximum(1, np.abs(steps))).all())


def are_severities_on_grid(exposures: Sequence[Exposure], grid: float) -> bool:
    """Whether every severity takes multiples of `grid` only: then nothing is rounded."""
    parts = [single_value_chances(e.severity) for e in exposures]
    return all(sum(p.values()) > 1 - 1e-12 and are_on_grid(p, grid) for p in parts)


def chances_on_grid(found: Atoms, grid: float, points: int) -> Array:
    """Chances of 0, grid, 2 grid … from single values that lie on the grid; those beyond are left
    out."""
    chances = np.zeros(points)
    for value, chance in found.items():
        at = round(value / grid)
        if at < points:
            chances[at] += chance
    return chances


def mid_cumulative_chances(chances: npt.NDArray[np.float64]) -> Array:
    """P(X < x) + P(X = x) / 2 at each grid point, for the part that is continuous."""
    return np.cumsum(chances) - chances / 2
