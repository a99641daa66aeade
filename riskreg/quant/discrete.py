"""Distributions that take single values (`Constant`, `Discrete`) and the two frequency laws:
`Poisson` for events that may come several times a year, `Bernoulli` for those that come at most
once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import refuse_overflow
from riskreg.quant.errors import InvalidShape


@dataclass(frozen=True)
class Constant:
    """A quantity known for certain.

    >>> Constant(5.0).mean, Constant(5.0).variance
    (5.0, 0.0)
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", checks.number("value", self.value))

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    @property
    def support(self) -> tuple[float, float]:
        return self.value, self.value

    def cdf(self, x: npt.ArrayLike) -> Array:
        return np.asarray(np.asarray(x) >= self.value, dtype=np.float64)

    def quantile(self, q: npt.ArrayLike) -> Array:
        return np.full(np.shape(q), self.value)

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        return np.minimum(np.asarray(d, dtype=np.float64), self.value)

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return np.full(size, self.value)


@dataclass(frozen=True)
class Discrete:
    """A quantity that takes one of a few values.

    >>> loss = Discrete([0, 10, 100], [0.9, 0.07, 0.03])
    >>> round(loss.mean, 12), loss.quantile(0.95).item()
    (3.7, 10.0)
    """

    values: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __init__(self, values: Sequence[float], probabilities: Sequence[float]) -> None:
        points = checks.array("values", values, 1)
        chances = checks.weights("probabilities", probabilities, points.size)
        if np.unique(points).size != points.size:
            raise InvalidShape("values", values, "holds a value twice", "add their probabilities")
        order = np.argsort(points)
        object.__setattr__(self, "values", tuple(points[order].tolist()))
        object.__setattr__(self, "probabilities", tuple(chances[order].tolist()))
        refuse_overflow("Discrete", self)

    @cached_property
    def _points(self) -> Array:
        return np.array(self.values)

    @cached_property
    def _cumulative(self) -> Array:
        total = np.cumsum(self.probabilities)
        total[-1] = 1.0
        return total

    @property
    def mean(self) -> float:
        return math.fsum(v * p for v, p in zip(self.values, self.probabilities, strict=True))

    @property
    def variance(self) -> float:
        mean = self.mean
        pairs = zip(self.values, self.probabilities, strict=True)
        return math.fsum(checks.power(abs(v - mean), 2) * p for v, p in pairs)

    @property
    def support(self) -> tuple[float, float]:
        return self.values[0], self.values[-1]

    def cdf(self, x: npt.ArrayLike) -> Array:
        below = np.searchsorted(self._points, np.asarray(x, dtype=np.float64), side="right")
        return np.concatenate([[0.0], self._cumulative])[below]

    def quantile(self, q: npt.ArrayLike) -> Array:
        # 1e-12 forgives a level such as 1 - 0.2, which is not quite the sum it stands for.
        found = np.searchsorted(self._cumulative, np.asarray(q, dtype=np.float64) - 1e-12)
        return self._points[np.minimum(found, self._points.size - 1)]

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        cut = np.asarray(d, dtype=np.float64)
        total = np.zeros(cut.shape)
        for value, chance in zip(self.values, self.probabilities, strict=True):
            total += chance * np.minimum(cut, value)
        return total

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self._points[np.searchsorted(self._cumulative, rng.random(size), side="right")]


@dataclass(frozen=True)
class Poisson:
    """Number of events in a year when they come independently at `rate` a year.

    P(N = n) = e^-rate rate^n / n!; mean = variance = rate.

    >>> Poisson(0.4).mean, round(Poisson(0.4).chance_of_none, 4), Poisson(3).quantile(0.5)
    (0.4, 0.6703, 3)
    """

    rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", checks.rate("rate", self.rate))

    @property
    def mean(self) -> float:
        return self.rate

    @property
    def variance(self) -> float:
        return self.rate

    @property
    def chance_of_none(self) -> float:
        """Chance of a year without an event."""
        return math.exp(-self.rate)

    @property
    def hazard(self) -> float:
        """Rate of the Poisson process behind it: `rate` itself."""
        return self.rate

    def more_often(self, factor: float) -> Poisson:
        """Events `factor` times as often."""
        return Poisson(self.rate * factor)

    def quantile(self, q: float) -> int:
        """Smallest n with P(N ≤ n) ≥ q; 0 ≤ q < 1."""
        return poisson_quantile(q, self.rate)


@dataclass(frozen=True)
class Bernoulli:
    """One event in a year with chance `probability`, otherwise none.

    >>> Bernoulli(0.2).mean, round(Bernoulli(0.2).variance, 2), Bernoulli(0.2).chance_of_none
    (0.2, 0.16, 0.8)
    """

    probability: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "probability", checks.probability("probability", self.probability))

    @property
    def mean(self) -> float:
        return self.probability

    @property
    def variance(self) -> float:
        return self.probability * (1 - self.probability)

    @property
    def chance_of_none(self) -> float:
        """Chance of a year without an event."""
        return 1 - self.probability

    @property
    def hazard(self) -> float:
        """Rate of the Poisson process that has an event in a year with chance `probability`."""
        return math.inf if self.probability == 1 else -math.log1p(-self.probability)

    def more_often(self, factor: float) -> Bernoulli:
        """The chance times `factor`; `InvalidProbability` when that passes 1."""
        return Bernoulli(self.probability * factor)

    def quantile(self, q: float) -> int:
        """Smallest n with P(N ≤ n) ≥ q."""
        return int(checks.probability("q", q) > self.chance_of_none + 1e-12)


def poisson_quantile(q: float, mean: float) -> int:
    """Smallest n with P(N ≤ n) ≥ q for N Poisson with `mean`; never decreases as `mean` grows.

    The inverse of the incomplete gamma function lands near n; two short walks make it exact, so
    that a lower rate under the same random number never gives more events.
    """
    if mean <= 0.0:
        return 0
    n = max(0, math.ceil(float(special.pdtrik(q, mean))))
    while special.pdtr(n, mean) < q:
        n += 1
    while n > 0 and special.pdtr(n - 1, mean) >= q:
        n -= 1
    return n
