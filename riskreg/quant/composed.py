"""Distributions made from others: scaled or capped by a mitigation, cut off at the most that can
happen, absent in most years, or pooled from several experts. Each is a `Distribution` itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import Distribution, at_scores, refuse_overflow
from riskreg.quant.errors import InvalidPortfolio, InvalidRange


@dataclass(frozen=True)
class Scaled:
    """`factor` × a quantity; factor > 0.

    >>> from riskreg.quant import Pert
    >>> Scaled(Pert(10, 14, 30), 0.5).mean
    8.0
    """

    of: Distribution
    factor: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", checks.positive("factor", self.factor))
        refuse_overflow("Scaled", self)

    @property
    def mean(self) -> float:
        return self.factor * self.of.mean

    @property
    def variance(self) -> float:
        return self.factor * self.factor * self.of.variance

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.of.support
        return self.factor * low, self.factor * high

    def cdf(self, x: npt.ArrayLike) -> Array:
        return self.of.cdf(np.asarray(x, dtype=np.float64) / self.factor)

    def quantile(self, q: npt.ArrayLike) -> Array:
        return self.factor * self.of.quantile(q)

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        return self.factor * self.of.limited_mean(np.asarray(d, dtype=np.float64) / self.factor)

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self.factor * self.of.sample(rng, size)

    def at_scores(self, scores: Array) -> Array:
        """quantile(Φ(score)) for standard normal scores."""
        return self.factor * at_scores(self.of, scores)


@dataclass(frozen=True)
class Capped:
    """min(X, cap): what is kept of a loss when all above `cap` is insured or borne by others.

    The mean is E[min(X, cap)]; the variance an integral of the limited mean, by quadrature.

    >>> from riskreg.quant import Discrete
    >>> Capped(Discrete([0, 10, 100], [0.5, 0.25, 0.25]), 20).mean
    7.5
    """

    of: Distribution
    cap: float

    def __post_init__(self) -> None:
        cap = checks.number("cap", self.cap)
        if cap < self.of.support[0]:
            raise InvalidRange("cap", cap, "is below every value", "give a cap inside the range")
        object.__setattr__(self, "cap", cap)

    @property
    def mean(self) -> float:
        return float(self.of.limited_mean(self.cap))

    @property
    def variance(self) -> float:
        return _variance_from_limited_mean(self)

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.of.support
        return low, min(high, self.cap)

    def cdf(self, x: npt.ArrayLike) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return np.where(x >= self.cap, 1.0, self.of.cdf(x))

    def quantile(self, q: npt.ArrayLike) -> Array:
        return np.minimum(self.of.quantile(q), self.cap)

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        return self.of.limited_mean(np.minimum(np.asarray(d, dtype=np.float64), self.cap))

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return np.minimum(self.of.sample(rng, size), self.cap)


@dataclass(frozen=True)
class Truncated:
    """X given X ≤ cap: an expert's range cut off at the most that can happen.

    `Capped` is another thing: there the loss above the cap happens, and somebody else bears it.

    With p = P(X ≤ cap): cdf F(x)/p; E[min(X, d)] = (L(d) - d (1 - p)) / p for d ≤ cap, with L the
    limited mean of X; the variance by quadrature, as in `Capped`. Klugman, Panjer, Willmot, *Loss
    Models*, "Truncation".

    >>> from riskreg.quant import Lognormal
    >>> wide = Truncated(Lognormal.from_interval(1, 10**8), cap=10**9)
    >>> wide.support, wide.mean < Lognormal.from_interval(1, 10**8).mean
    ((0.0, 1000000000.0), True)
    """

    of: Distribution
    cap: float

    def __post_init__(self) -> None:
        cap = checks.number("cap", self.cap)
        if not cap > self.of.support[0] or self.share == 0:
            raise InvalidRange("cap", cap, "leaves nothing below it", "give a cap inside the range")
        object.__setattr__(self, "cap", cap)

    @property
    def share(self) -> float:
        """P(X ≤ cap): how much of the range is kept."""
        return float(self.of.cdf(self.cap))

    @property
    def mean(self) -> float:
        return float(self.limited_mean(self.cap))

    @property
    def variance(self) -> float:
        return _variance_from_limited_mean(self)

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.of.support
        return low, min(high, self.cap)

    def cdf(self, x: npt.ArrayLike) -> Array:
        return np.minimum(self.of.cdf(x) / self.share, 1.0)

    def quantile(self, q: npt.ArrayLike) -> Array:
        inside = self.of.quantile(np.asarray(q, dtype=np.float64) * self.share)
        return np.minimum(inside, self.cap)

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        d = np.minimum(np.asarray(d, dtype=np.float64), self.cap)
        return checks.as_floats((self.of.limited_mean(d) - d * (1 - self.share)) / self.share)

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        # By scores, as the lognormal itself draws: with and without a cap the events are the same.
        return self.quantile(special.ndtr(rng.standard_normal(size)))


def _variance_from_limited_mean(x: Distribution) -> float:
    """Variance of a bounded X on low … high.

    With L(d) = E[min(X, d)] and L' = 1 - F: E[(X - low)²] = 2 ∫ (d - low)(1 - F(d)) dd
    = 2 (high - low) L(high) - 2 ∫ L(d) dd, both over low … high. The integral by Gauss–Legendre on
    panels that shrink towards the low end, where a heavy-tailed X has its curvature.
    """
    low, high = x.support
    width = high - low
    if width <= 0:
        return 0.0
    nodes, factors = np.polynomial.legendre.leggauss(24)
    edges = np.concatenate([[0.0], width * 2.0 ** np.arange(-40.0, 0.5, 0.5)])
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    points = middle[:, None] + half[:, None] * nodes
    # ∫ (L(d) - low) rather than ∫ L keeps the precision when low is far from 0.
    area = float(np.sum(half[:, None] * factors * (x.limited_mean(low + points) - low)))
    excess = x.mean - low
    return max(0.0, 2 * width * excess - 2 * area - excess**2)


@dataclass(frozen=True)
class ZeroInflated:
    """The loss of a year in which one event comes with chance `probability`, otherwise 0.

    quantile(q) = 0 for q ≤ 1 - p, else the event's quantile at (q - (1 - p)) / p.

    >>> from riskreg.quant import Lognormal
    >>> year = ZeroInflated(0.2, Lognormal.from_interval(1, 20))
    >>> year.quantile([0.8, 0.9]).round(6).tolist()
    [0.0, 4.472136]
    """

    probability: float
    of: Distribution

    def __post_init__(self) -> None:
        object.__setattr__(self, "probability", checks.probability("probability", self.probability))
        if self.of.support[0] < 0:
            raise InvalidRange("of", self.of, "can be negative", "give a loss of 0 or more")

    @property
    def mean(self) -> float:
        return self.probability * self.of.mean

    @property
    def variance(self) -> float:
        p = self.probability
        return p * self.of.variance + p * (1 - p) * self.of.mean**2

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, self.of.support[1]

    def cdf(self, x: npt.ArrayLike) -> Array:
        x = np.asarray(x, dtype=np.float64)
        inside = 1 - self.probability + self.probability * self.of.cdf(x)
        return np.where(x < 0, 0.0, inside)

    def quantile(self, q: npt.ArrayLike) -> Array:
        q = np.asarray(q, dtype=np.float64)
        none = 1 - self.probability
        share = np.clip((q - none) / max(self.probability, 1e-300), 0.0, 1.0)
        # 1e-12 forgives a level such as 1 - 0.2, which is not quite the float it stands for.
        return np.where(q <= none + 1e-12, 0.0, self.of.quantile(share))

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        d = np.asarray(d, dtype=np.float64)
        return np.where(d < 0, d, self.probability * self.of.limited_mean(np.maximum(d, 0.0)))

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self.quantile(rng.random(size))


@dataclass(frozen=True)
class Mixture:
    """Linear pool: several experts' distributions of one quantity, weighted.

    F(x) = Σ w F_i(x). Averaging the chances keeps disagreement visible as spread; averaging the
    quantiles would hide it. Stone (1961), *Annals of Mathematical Statistics* 32(4).

    >>> from riskreg.quant import Pert
    >>> pool = Mixture([Pert(0, 5, 10), Pert(20, 25, 30)], [0.5, 0.5])
    >>> pool.mean, pool.quantile([0.25, 0.75]).round(6).tolist()
    (15.0, [5.0, 25.0])
    """

    parts: tuple[Distribution, ...]
    weights: tuple[float, ...]

    def __init__(self, parts: Sequence[Distribution], weights: Sequence[float]) -> None:
        if not parts:
            raise InvalidPortfolio("parts", parts, "is empty", "give one distribution or more")
        shares = checks.weights("weights", weights, len(parts))
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "weights", tuple(shares.tolist()))
        refuse_overflow("Mixture", self)

    def _positive_weights_and_parts(self) -> list[tuple[float, Distribution]]:
        return [(w, d) for w, d in zip(self.weights, self.parts, strict=True) if w > 0]

    @property
    def mean(self) -> float:
        return math.fsum(w * d.mean for w, d in self._positive_weights_and_parts())

    @property
    def variance(self) -> float:
        mean = self.mean
        return math.fsum(
            w * (d.variance + (d.mean - mean) ** 2) for w, d in self._positive_weights_and_parts()
        )

    @property
    def support(self) -> tuple[float, float]:
        ends = [d.support for _, d in self._positive_weights_and_parts()]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def cdf(self, x: npt.ArrayLike) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return checks.as_floats(
            np.sum([w * d.cdf(x) for w, d in self._positive_weights_and_parts()], axis=0)
        )

    def quantile(self, q: npt.ArrayLike) -> Array:
        q = np.asarray(q, dtype=np.float64)
        # The pool's quantile lies between the lowest and the highest of the parts': bisect there.
        each = np.array([d.quantile(q) for _, d in self._positive_weights_and_parts()])
        low, high = each.min(axis=0), each.max(axis=0)
        for _ in range(200):
            middle = low + (high - low) / 2
            if np.all((middle == low) | (middle == high) | ~np.isfinite(middle)):
                break
            enough = self.cdf(middle) >= q - 1e-15
            high = np.where(enough, middle, high)
            low = np.where(enough, low, middle)
        return checks.as_floats(np.where(self.cdf(low) >= q - 1e-15, low, high))

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        d = np.asarray(d, dtype=np.float64)
        return checks.as_floats(
            np.sum(
                [w * part.limited_mean(d) for w, part in self._positive_weights_and_parts()], axis=0
            )
        )

    def at_scores(self, scores: Array) -> Array:
        """quantile(Φ(score)) for standard normal scores, between 16,385 exact values of it."""
        inside = np.interp(scores, _NODES, _pool_table(self))
        outside = np.abs(scores) > _NODES[-1]
        if outside.any():
            inside[outside] = self.quantile(special.ndtr(scores[outside]))
        return inside

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        # One uniform picks the part and, stretched back to 0 … 1, the place within it.
        u = rng.random(size)
        edges = np.concatenate([[0.0], np.cumsum(self.weights)])
        edges[-1] = 1.0
        draws = np.empty(size)
        for i, part in enumerate(self.parts):
            chosen = (u >= edges[i]) & (u < edges[i + 1])
            draws[chosen] = part.quantile((u[chosen] - edges[i]) / (edges[i + 1] - edges[i]))
        return draws


_NODES = np.linspace(-8.0, 8.0, 2**14 + 1)


@lru_cache(maxsize=64)
def _pool_table(pool: Mixture) -> Array:
    return pool.quantile(special.ndtr(_NODES))
