"""What an expert's range means: quantiles, means and the curve that is drawn of it.

Plain Python, for the web process, which does not load NumPy: a page needs a dozen numbers, and the
simulation uses ``riskreg.quant`` with the same definitions (a test holds one against the other).

Lognormal from P5 and P95: mu = (ln P5 + ln P95) / 2, sigma = (ln P95 - ln P5) / (2 · 1.6449).
Beta-PERT from lowest, likely and highest: alpha = 1 + 4 (mode - low) / (high - low), beta alike.
A cap cuts the range off: what lies above it cannot happen (truncation).
Linear pool: the chance is the weighted mean of the experts' chances (Stone 1961).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

_NORMAL = NormalDist()
Z95 = _NORMAL.inv_cdf(0.95)
# Above this spread of ln X the mean hangs on the far tail: say so; above the second, refuse.
WIDE_SIGMA, TOO_WIDE_SIGMA = 2.5, 4.0


class Range(Protocol):
    """A quantity of which one knows how likely it stays below any value."""

    @property
    def mean(self) -> float:
        """The expected value."""
        ...

    def cdf(self, x: float) -> float:
        """P(X ≤ x)."""
        ...

    def quantile(self, q: float) -> float:
        """The smallest x with P(X ≤ x) ≥ q, for 0 < q < 1."""
        ...

    def density(self, x: float) -> float:
        """How dense the chance is at x, in chance per unit."""
        ...


@dataclass(frozen=True)
class Lognormal:
    """5 % below ``p5``, 5 % above ``p95``; nothing above ``cap`` if there is one.

    >>> one = Lognormal(1, 20)
    >>> round(one.mean, 4), round(one.quantile(0.5), 3)
    (6.77, 4.472)
    """

    p5: float
    p95: float
    cap: float | None = None

    @property
    def mu(self) -> float:
        """Mean of ln X, without the cap."""
        return (math.log(self.p5) + math.log(self.p95)) / 2

    @property
    def sigma(self) -> float:
        """Standard deviation of ln X, without the cap."""
        return (math.log(self.p95) - math.log(self.p5)) / (2 * Z95)

    def _uncapped_cdf(self, x: float) -> float:
        return _NORMAL.cdf((math.log(x) - self.mu) / self.sigma) if x > 0 else 0.0

    @property
    def _chance_below_cap(self) -> float:
        """The chance that the range without the cap stays within it."""
        return 1.0 if self.cap is None else self._uncapped_cdf(self.cap)

    @property
    def mean(self) -> float:
        try:
            mean = math.exp(self.mu + self.sigma**2 / 2)
        except OverflowError:
            return math.inf
        if self.cap is None:
            return mean
        z = (math.log(self.cap) - self.mu) / self.sigma
        return mean * _NORMAL.cdf(z - self.sigma) / self._chance_below_cap

    def cdf(self, x: float) -> float:
        if self.cap is not None and x >= self.cap:
            return 1.0
        return self._uncapped_cdf(x) / self._chance_below_cap

    def quantile(self, q: float) -> float:
        return math.exp(self.mu + self.sigma * _NORMAL.inv_cdf(q * self._chance_below_cap))

    def density(self, x: float) -> float:
        if x <= 0 or (self.cap is not None and x > self.cap):
            return 0.0
        z = (math.log(x) - self.mu) / self.sigma
        return _NORMAL.pdf(z) / (x * self.sigma * self._chance_below_cap)


@dataclass(frozen=True)
class Pert:
    """Between ``low`` and ``high``, most likely at ``mode``; the ends are never passed.

    >>> price = Pert(10, 14, 30)
    >>> price.mean, round(price.cdf(price.quantile(0.9)), 9)
    (16.0, 0.9)
    """

    low: float
    mode: float
    high: float

    @property
    def alpha(self) -> float:
        """First shape parameter of the beta distribution."""
        return 1 + 4 * (self.mode - self.low) / (self.high - self.low)

    @property
    def beta(self) -> float:
        """Second shape parameter."""
        return 1 + 4 * (self.high - self.mode) / (self.high - self.low)

    @property
    def mean(self) -> float:
        return (self.low + 4 * self.mode + self.high) / 6

    def _share_of_width(self, x: float) -> float:
        return min(1.0, max(0.0, (x - self.low) / (self.high - self.low)))

    def cdf(self, x: float) -> float:
        return incomplete_beta(self.alpha, self.beta, self._share_of_width(x))

    def quantile(self, q: float) -> float:
        return _find_quantile(self, q, self.low, self.high)

    def density(self, x: float) -> float:
        t = self._share_of_width(x)
        if not self.low <= x <= self.high:
            return 0.0
        a, b = self.alpha, self.beta
        return float(
            t ** (a - 1) * (1 - t) ** (b - 1) / _beta_function(a, b) / (self.high - self.low)
        )


@dataclass(frozen=True)
class Pool:
    """Several experts' ranges of one quantity, with weights that add up to 1."""

    parts: tuple[Range, ...]
    weights: tuple[float, ...]

    @classmethod
    def equal(cls, parts: Sequence[Range]) -> "Pool":
        """Every expert with the same weight."""
        return cls(tuple(parts), tuple(1 / len(parts) for _ in parts))

    @property
    def mean(self) -> float:
        return math.fsum(w * p.mean for w, p in zip(self.weights, self.parts, strict=True))

    def cdf(self, x: float) -> float:
        return math.fsum(w * p.cdf(x) for w, p in zip(self.weights, self.parts, strict=True))

    def quantile(self, q: float) -> float:
        ends = [part.quantile(q) for part in self.parts]
        return _find_quantile(self, q, min(ends), max(ends))

    def density(self, x: float) -> float:
        return math.fsum(w * p.density(x) for w, p in zip(self.weights, self.parts, strict=True))


def _find_quantile(it: Range, q: float, low: float, high: float) -> float:
    for _n in range(200):
        middle = low + (high - low) / 2
        if middle in (low, high):
            break
        if it.cdf(middle) >= q:
            high = middle
        else:
            low = middle
    return high


def _beta_function(a: float, b: float) -> float:
    return math.exp(math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction.

    NIST DLMF 8.17.22, evaluated from the front (Lentz 1976); on the side where it converges fast.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(a * math.log(x) + b * math.log1p(-x)) / (a * _beta_function(a, b))
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 500):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + step * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + step / c
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * value
