"""Beta quantiles at standard normal scores, quickly.

The inverse of the incomplete beta function takes a microsecond a value, a hundred times as long as
all else in a simulation. Seen from the normal score the quantile is smooth, so it is interpolated
between exact values with exact slopes; the error is about 1e-12 of the range.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from riskreg.quant.checks import Array

REACH, STEPS = 8.0, 4096
"""The table covers scores from -8 to 8; a score beyond (1e-15 of all) is computed directly."""


def beta_at_scores(alpha: float, beta: float, scores: Array) -> Array:
    """Quantile of a beta distribution on 0 … 1 at Φ(score), for scores of any shape.

    >>> scores = np.array([-1.0, 0.0, 9.0])
    >>> direct = special.betaincinv(1.8, 4.2, special.ndtr(scores))
    >>> bool(np.abs(beta_at_scores(1.8, 4.2, scores) - direct).max() < 1e-11)
    True
    """
    nodes, slopes = _nodes_and_slopes(alpha, beta)
    place = (scores + REACH) * (STEPS / (2 * REACH))
    left = np.clip(place.astype(np.int64), 0, STEPS - 1)
    t = np.clip(place - left, 0.0, 1.0)
    # Cubic Hermite interpolation.
    a, b, s = nodes[left], nodes[left + 1], 1 - t
    unit = a * (1 + 2 * t) * s * s + b * (3 - 2 * t) * t * t
    unit += t * s * (slopes[left] * s - slopes[left + 1] * t)
    np.clip(unit, 0.0, 1.0, out=unit)
    outside = np.abs(scores) > REACH
    if outside.any():
        unit[outside] = special.betaincinv(alpha, beta, special.ndtr(scores[outside]))
    return unit


@lru_cache(maxsize=256)
def _nodes_and_slopes(alpha: float, beta: float) -> tuple[Array, Array]:
    """Quantiles at equally spaced scores, and their slopes a step: φ(score) / density."""
    scores = np.linspace(-REACH, REACH, STEPS + 1)
    unit = special.betaincinv(alpha, beta, special.ndtr(scores))
    # 1 - unit from the other side, which near 1 has the digits that subtracting would lose.
    rest = special.betaincinv(beta, alpha, special.ndtr(-scores))
    density = special.xlogy(alpha - 1, unit) + special.xlogy(beta - 1, rest)
    density -= special.betaln(alpha, beta)
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = np.exp(-scores * scores / 2 - density) / np.sqrt(2 * np.pi)
    return unit, np.nan_to_num(slopes * (2 * REACH / STEPS), nan=0.0, posinf=0.0)
