"""Measures of a loss distribution: value at risk, its tail mean, exceedance curves.

The functions take losses (larger is worse) in any order, or losses with probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidRange

Weigh = Callable[[Array], Array]


@dataclass(frozen=True)
class Interval:
    """An estimate between its confidence limits."""

    low: float
    value: float
    high: float
    confidence: float


@dataclass(frozen=True, eq=False)
class ExceedanceCurve:
    """Chance of a loss above each threshold: `low` ≤ `probability` ≤ `high`, arrays of one shape.

    `low`, `high` hold for each threshold by itself (Clopper and Pearson 1934, exact binomial).
    `band` is the half width that holds for all thresholds at once: √(ln(2/α) / 2n)
    (Massart 1990, Dvoretzky–Kiefer–Wolfowitz).
    """

    thresholds: Array
    probability: Array
    low: Array
    high: Array
    band: float
    confidence: float


def var(losses: npt.ArrayLike, level: float, probabilities: npt.ArrayLike | None = None) -> float:
    """Value at risk: the smallest loss x with P(loss ≤ x) ≥ `level`.

    Parameters
    ----------
    losses : shape (n,), any order; equally likely unless `probabilities`, shape (n,), are given.
    level : strictly between 0 and 1, like 0.95.

    >>> var([0, 10, 100], 0.95, [0.9, 0.07, 0.03])
    10.0
    """
    values, chances = _sort_losses(losses, probabilities)
    checks.level("level", level)
    if chances is None:
        return var_of_sorted(values, level)
    return float(values[_index_at_level(chances, level)])


def tvar(losses: npt.ArrayLike, level: float, probabilities: npt.ArrayLike | None = None) -> float:
    """Tail value at risk (expected shortfall): the mean of the worst 1 - `level` of outcomes.

    An outcome that straddles the level counts with the part that lies beyond it:
    TVaR = (E[L; L > v] + v (P(L ≤ v) - level)) / (1 - level), v = VaR.
    Acerbi and Tasche (2002), "On the coherence of expected shortfall". Parameters as in `var`.

    >>> round(tvar([0, 10, 100], 0.95, [0.9, 0.07, 0.03]), 12)
    64.0
    """
    values, chances = _sort_losses(losses, probabilities)
    checks.level("level", level)
    if chances is None:
        return tvar_of_sorted(values, level)
    at = _index_at_level(chances, level)
    beyond = math.fsum(chances[at + 1 :])
    tail = math.fsum(values[at + 1 :] * chances[at + 1 :])
    return (tail + float(values[at]) * (1 - level - beyond)) / (1 - level)


def _sort_losses(
    losses: npt.ArrayLike, probabilities: npt.ArrayLike | None
) -> tuple[Array, Array | None]:
    values = checks.array("losses", losses, 1)
    if probabilities is None:
        return np.sort(values), None
    chances = checks.weights("probabilities", probabilities, values.size)
    order = np.argsort(values, kind="stable")
    return values[order], chances[order]


def _index_at_level(chances: Array, level: float) -> int:
    # 1e-12 forgives a level such as 1 - 0.2, which is not quite the sum it stands for.
    found = int(np.searchsorted(np.cumsum(chances), level - 1e-12))
    return min(found, chances.size - 1)


def _rank_of_level(size: int, level: float) -> int:
    """Position (from 0) of the `level` quantile among `size` sorted values."""
    # The product may land a rounding above a whole number, which must not cost a rank.
    return max(0, math.ceil(level * size * (1 - 1e-13)) - 1)


def var_of_sorted(values: Array, level: float) -> float:
    """`var` of equally likely losses that are sorted already."""
    return float(values[_rank_of_level(values.size, level)])


def tvar_of_sorted(values: Array, level: float) -> float:
    """`tvar` of equally likely losses that are sorted already."""
    at = _rank_of_level(values.size, level)
    size = values.size
    share = (1 - level) * size - (size - at - 1)
    return (float(values[at + 1 :].sum()) + share * float(values[at])) / ((1 - level) * size)


def exceedance_of_sorted(values: Array, threshold: float) -> float:
    """Share of sorted losses above `threshold`."""
    above = values.size - int(np.searchsorted(values, threshold, side="right"))
    return above / values.size


@dataclass(frozen=True)
class TailWeights:
    """Weight of a year in TVaR: the same for all beyond VaR, a part for those at it."""

    at: float
    beyond_weight: float
    at_weight: float

    def weights_for(self, losses: Array) -> Array:
        """Weights of these losses; over all years Σ weight × loss = TVaR."""
        weights = np.where(losses > self.at, self.beyond_weight, 0.0)
        weights[losses == self.at] = self.at_weight
        return weights


def tail_weights(values: Array, level: float) -> TailWeights:
    """Weights that make TVaR a weighted sum, ties at VaR sharing alike. `values` sorted."""
    v = var_of_sorted(values, level)
    size = values.size
    beyond = size - int(np.searchsorted(values, v, side="right"))
    at = size - beyond - int(np.searchsorted(values, v, side="left"))
    tail = (1 - level) * size
    return TailWeights(v, 1 / tail, max(0.0, (tail - beyond) / at) / tail)


def var_interval_of_sorted(values: Array, level: float, confidence: float) -> Interval:
    """Confidence interval of VaR: the order statistics whose ranks a binomial count puts around
    it (David and Nagaraja, *Order Statistics*, 7.1). An end without a bound is infinite."""
    checks.level("level", level)
    checks.level("confidence", confidence)
    n = values.size
    low = _binomial_quantile((1 - confidence) / 2, n, level) - 1
    high = _binomial_quantile((1 + confidence) / 2, n, level)
    return Interval(
        low=float(values[low]) if low >= 0 else -math.inf,
        value=var_of_sorted(values, level),
        high=float(values[high]) if high < n else math.inf,
        confidence=confidence,
    )


def _binomial_quantile(q: float, n: int, p: float) -> int:
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if special.bdtr(middle, n, p) >= q:
            high = middle
        else:
            low = middle
    return high


def tvar_standard_error_of_sorted(values: Array, level: float) -> float:
    """√((Var(L | L > v) + level (TVaR - v)²) / (n (1 - level))), v = VaR.

    Manistre and Hancock (2005), "Variance of the CTE estimator", *NAAJ* 9(2).
    """
    checks.level("level", level)
    at = _rank_of_level(values.size, level)
    tail = values[at:]
    v, t = var_of_sorted(values, level), tvar_of_sorted(values, level)
    inside = float(np.var(tail, ddof=1)) if tail.size > 1 else 0.0
    return math.sqrt((inside + level * (t - v) ** 2) / (values.size * (1 - level)))


def proportion_interval(
    hits: npt.ArrayLike, trials: int, confidence: float = 0.95
) -> tuple[Array, Array]:
    """Exact confidence limits of a chance from `hits` out of `trials` (Clopper and Pearson 1934).

    >>> low, high = proportion_interval(8, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.444, 0.975)
    """
    checks.level("confidence", confidence)
    checks.integer("trials", trials, 1, 2**62)
    x = np.asarray(hits, dtype=np.float64)
    if not np.isfinite(x).all() or (x < 0).any() or (x > trials).any():
        raise InvalidRange("hits", hits, f"is not within 0 … {trials}", "count hits of the trials")
    alpha = 1 - confidence
    low = special.betaincinv(np.maximum(x, 1), trials - x + 1, alpha / 2)
    high = special.betaincinv(x + 1, np.maximum(trials - x, 1), 1 - alpha / 2)
    return np.where(x == 0, 0.0, low), np.where(x == trials, 1.0, high)


def exceedance_curve_of_sorted(
    values: Array, thresholds: Sequence[float] | None, confidence: float
) -> ExceedanceCurve:
    """Exceedance curve of sorted losses; 101 thresholds over their range when none are given."""
    checks.level("confidence", confidence)
    if thresholds is None:
        cuts = np.linspace(min(0.0, float(values[0])), float(values[-1]), 101)
    else:
        cuts = checks.array("thresholds", thresholds, 1)
    above = values.size - np.searchsorted(values, cuts, side="right")
    low, high = proportion_interval(above, values.size, confidence)
    band = math.sqrt(math.log(2 / (1 - confidence)) / (2 * values.size))
    return ExceedanceCurve(cuts, above / values.size, low, high, band, confidence)


def exceedance_curve(
    losses: npt.ArrayLike, thresholds: Sequence[float] | None = None, confidence: float = 0.95
) -> ExceedanceCurve:
    """Chance of exceeding each threshold, estimated from losses of any order, with bands.

    >>> curve = exceedance_curve([0, 0, 1, 5], [0, 2])
    >>> curve.probability.tolist()
    [0.5, 0.25]
    """
    return exceedance_curve_of_sorted(
        np.sort(checks.array("losses", losses, 1)), thresholds, confidence
    )


def euler_contributions(losses: npt.ArrayLike, level: float) -> Array:
    """What each row adds to the TVaR of the column sums: its mean over the worst columns.

    Parameters
    ----------
    losses : shape (parts, years), years in the same order for each part.
    level : as in `tvar`.

    Returns shape (parts,); sums to the TVaR of the total. Tasche (1999).

    >>> euler_contributions([[0, 0, 1, 3], [0, 2, 0, 1]], 0.75).tolist()
    [3.0, 1.0]
    """
    table = checks.array("losses", losses, 2)
    total = table.sum(axis=0)
    weights = tail_weights(np.sort(total), checks.level("level", level)).weights_for(total)
    return checks.as_floats((table * weights).sum(axis=1))
