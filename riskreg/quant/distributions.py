"""Distributions of a quantity (the loss of one event, a price), most of them from expert ranges.

Each has the same six members, so that `simulate` and `exact` can take any of them:

=====================  ==========================================================================
`mean`, `variance`     moments, in the unit of the quantity (squared for the variance)
`support`              (lowest, highest) possible value
`cdf(x)`               P(X ≤ x)
`quantile(q)`          smallest x with P(X ≤ x) ≥ q
`limited_mean(d)`      E[min(X, d)], which lets `exact` cut X into a grid without moving its mean
`sample(rng, size)`    independent draws; the first n of size N are the draws of size n,
                       and a larger distribution of the same family gives larger draws (but
                       for `Mixture`, whose parts may swap)
=====================  ==========================================================================

These two properties of `sample` keep random numbers common across alternatives.
Arrays in, arrays out, for `cdf`, `quantile` and `limited_mean`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidRange, SeverityOverflow
from riskreg.quant.scores import beta_at_scores

Z95 = 1.6448536269514722
"""95 % quantile of the standard normal distribution."""


@runtime_checkable
class Distribution(Protocol):
    """What `simulate` and `exact` ask of a distribution; see the table in the module's text."""

    @property
    def mean(self) -> float: ...
    @property
    def variance(self) -> float: ...
    @property
    def support(self) -> tuple[float, float]: ...
    def cdf(self, x: npt.ArrayLike) -> Array: ...
    def quantile(self, q: npt.ArrayLike) -> Array: ...
    def limited_mean(self, d: npt.ArrayLike) -> Array: ...
    def sample(self, rng: np.random.Generator, size: int) -> Array: ...


@runtime_checkable
class AtScores(Protocol):
    """A distribution with a short way from normal scores to values."""

    def at_scores(self, scores: Array) -> Array: ...


def refuse_overflow(argument: str, distribution: Distribution) -> None:
    """Raise `SeverityOverflow` when mean or variance is beyond a float."""
    mean, variance = distribution.mean, distribution.variance
    if not (math.isfinite(mean) and math.isfinite(variance)):
        raise SeverityOverflow(
            argument,
            distribution,
            "has a mean or variance too large for a number",
            "narrow the range or use a larger unit of money",
        )


def at_scores(distribution: Distribution, scores: Array) -> Array:
    """quantile(Φ(score)) of any distribution, the short way where it has one."""
    if isinstance(distribution, AtScores):
        return distribution.at_scores(scores)
    return distribution.quantile(special.ndtr(scores))


@dataclass(frozen=True)
class Lognormal:
    """X = exp(mu + sigma Z), Z standard normal: positive, skewed, heavy on the right.

    Parameters
    ----------
    mu, sigma : mean and standard deviation of ln X; sigma > 0.

    Notes
    -----
    mean = exp(mu + sigma²/2); variance = (exp(sigma²) - 1) exp(2 mu + sigma²);
    E[min(X, d)] = mean Φ(z - sigma) + d (1 - Φ(z)) with z = (ln d - mu) / sigma.
    Johnson, Kotz, Balakrishnan, *Continuous Univariate Distributions* 1, ch. 14.

    >>> one_event = Lognormal.from_interval(1, 20)
    >>> round(one_event.mean, 4), one_event.quantile([0.05, 0.5, 0.95]).round(3).tolist()
    (6.77, [1.0, 4.472, 20.0])
    """

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu", checks.number("mu", self.mu))
        object.__setattr__(self, "sigma", checks.positive("sigma", self.sigma))
        refuse_overflow("Lognormal", self)

    @classmethod
    def from_interval(cls, p5: float, p95: float) -> Lognormal:
        """The lognormal with 5 % below `p5` and 5 % above `p95`; 0 < p5 < p95.

        mu = (ln p5 + ln p95) / 2, sigma = (ln p95 - ln p5) / (2 z) with z = 1.6449.
        Raises `InvalidRange` when p5 ≥ p95, `InvalidNumber` when an end is not above 0.
        """
        low, high = checks.positive("p5", p5), checks.positive("p95", p95)
        if low >= high:
            raise InvalidRange(
                "p5", p5, f"is not below p95 = {p95!r}", "give the low end first, and a real range"
            )
        # A quotient of the ends would overflow where the difference of logarithms does not.
        a, b = math.log(low), math.log(high)
        return cls(mu=(a + b) / 2, sigma=(b - a) / (2 * Z95))

    @property
    def median(self) -> float:
        return math.exp(self.mu)

    @property
    def mean(self) -> float:
        return checks.power(math.e, self.mu + self.sigma**2 / 2)

    @property
    def variance(self) -> float:
        try:
            return math.expm1(self.sigma**2) * math.exp(2 * self.mu + self.sigma**2)
        except OverflowError:
            return math.inf

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def _z(self, x: npt.ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(np.asarray(x, dtype=np.float64), 0.0)) - self.mu) / self.sigma

    def cdf(self, x: npt.ArrayLike) -> Array:
        return checks.as_floats(special.ndtr(self._z(x)))

    def quantile(self, q: npt.ArrayLike) -> Array:
        return checks.as_floats(
            np.exp(self.mu + self.sigma * special.ndtri(np.asarray(q, dtype=np.float64)))
        )

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        d = np.asarray(d, dtype=np.float64)
        z = self._z(d)
        return checks.as_floats(self.mean * special.ndtr(z - self.sigma) + d * special.ndtr(-z))

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self.at_scores(rng.standard_normal(size))

    def at_scores(self, scores: Array) -> Array:
        """quantile(Φ(score)) for standard normal scores."""
        exponent = scores * self.sigma
        exponent += self.mu
        return np.exp(exponent, out=exponent)


@dataclass(frozen=True)
class Beta:
    """A beta distribution stretched to `low` … `high`: a share, a yield, a bounded price.

    Parameters
    ----------
    alpha, beta : shape, both > 0.
    low, high : ends of the range, low < high.

    Notes
    -----
    With B on 0 … 1: E[min(B, t)] = α/(α+β) I_t(α+1, β) + t (1 - I_t(α, β)),
    I the regularised incomplete beta function (NIST DLMF 8.17).

    >>> share = Beta(2, 3)
    >>> round(share.mean, 3), round(share.variance, 3)
    (0.4, 0.04)
    """

    alpha: float
    beta: float
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", checks.positive("alpha", self.alpha))
        object.__setattr__(self, "beta", checks.positive("beta", self.beta))
        low, high = checks.number("low", self.low), checks.number("high", self.high)
        if low >= high:
            raise InvalidRange("low", low, f"is not below high = {high!r}", "give low < high")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        refuse_overflow("Beta", self)

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def mean(self) -> float:
        return self.low + self.width * self.alpha / (self.alpha + self.beta)

    @property
    def variance(self) -> float:
        total = self.alpha + self.beta
        return checks.power(self.width, 2) * self.alpha * self.beta / (total**2 * (total + 1))

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def _unit(self, x: npt.ArrayLike) -> Array:
        return np.clip((np.asarray(x, dtype=np.float64) - self.low) / self.width, 0.0, 1.0)

    def cdf(self, x: npt.ArrayLike) -> Array:
        return checks.as_floats(special.betainc(self.alpha, self.beta, self._unit(x)))

    def quantile(self, q: npt.ArrayLike) -> Array:
        return checks.as_floats(
            self.low + self.width * special.betaincinv(self.alpha, self.beta, np.asarray(q))
        )

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        d = np.asarray(d, dtype=np.float64)
        t = self._unit(d)
        share = self.alpha / (self.alpha + self.beta)
        inside = share * special.betainc(self.alpha + 1, self.beta, t) + t * special.betaincc(
            self.alpha, self.beta, t
        )
        return np.where(d < self.low, d, self.low + self.width * inside)

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self.at_scores(rng.standard_normal(size))

    def at_scores(self, scores: Array) -> Array:
        """quantile(Φ(score)) for standard normal scores."""
        return self.low + self.width * beta_at_scores(self.alpha, self.beta, scores)


@dataclass(frozen=True)
class Pert:
    """Beta-PERT from the lowest, most likely and highest value an expert would give.

    Parameters
    ----------
    low, mode, high : low ≤ mode ≤ high and low < high. The ends are never exceeded.
    weight : how strongly the mode pulls, 4 in the classic form.

    Notes
    -----
    α = 1 + weight (mode - low)/(high - low), β = 1 + weight (high - mode)/(high - low);
    mean = (low + weight mode + high)/(weight + 2).
    Malcolm, Roseboom, Clark, Fazar (1959), *Operations Research* 7(5); the shape parameters
    are those of Vose, *Risk Analysis*, 3rd ed.

    >>> price = Pert(10, 14, 30)
    >>> price.mean, round(price.alpha, 12), round(price.beta, 12), round(price.variance, 12)
    (16.0, 1.8, 4.2, 12.0)
    """

    low: float
    mode: float
    high: float
    weight: float = 4.0
    _beta: Beta = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, mode, high = _checked_range(self.low, self.mode, self.high)
        weight = checks.positive("weight", self.weight)
        for key, value in (("low", low), ("mode", mode), ("high", high), ("weight", weight)):
            object.__setattr__(self, key, value)
        width = high - low
        beta = Beta(
            1 + weight * (mode - low) / width, 1 + weight * (high - mode) / width, low, high
        )
        object.__setattr__(self, "_beta", beta)

    @property
    def alpha(self) -> float:
        return self._beta.alpha

    @property
    def beta(self) -> float:
        return self._beta.beta

    @property
    def mean(self) -> float:
        return (self.low + self.weight * self.mode + self.high) / (self.weight + 2)

    @property
    def variance(self) -> float:
        return self._beta.variance

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def cdf(self, x: npt.ArrayLike) -> Array:
        return self._beta.cdf(x)

    def quantile(self, q: npt.ArrayLike) -> Array:
        return self._beta.quantile(q)

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        return self._beta.limited_mean(d)

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self._beta.sample(rng, size)

    def at_scores(self, scores: Array) -> Array:
        """quantile(Φ(score)) for standard normal scores."""
        return self._beta.at_scores(scores)


def _checked_range(low: float, mode: float, high: float) -> tuple[float, float, float]:
    a, b, c = checks.number("low", low), checks.number("mode", mode), checks.number("high", high)
    if a >= c:
        raise InvalidRange(
            "low", low, f"is not below high = {high!r}", "give low < high, or use Constant"
        )
    if not a <= b <= c:
        raise InvalidRange(
            "mode", mode, f"is outside {low!r} … {high!r}", "give the likely value inside the range"
        )
    return a, b, c


@dataclass(frozen=True)
class Triangular:
    """Triangle over `low` … `high` with its peak at `mode`: fatter towards the ends than `Pert`.

    Notes
    -----
    mean = (low + mode + high)/3. Below the mode E[min(X, d)] = d - (d - low)³ / (3 w (mode - low)),
    above it mean - (high - d)³ / (3 w (high - mode)), w = high - low (integrals of 1 - F).

    >>> Triangular(0, 3, 6).mean, Triangular(0, 3, 6).variance
    (3.0, 1.5)
    """

    low: float
    mode: float
    high: float

    def __post_init__(self) -> None:
        for key, value in zip(
            ("low", "mode", "high"), _checked_range(self.low, self.mode, self.high), strict=True
        ):
            object.__setattr__(self, key, value)
        refuse_overflow("Triangular", self)

    @property
    def mean(self) -> float:
        return (self.low + self.mode + self.high) / 3

    @property
    def variance(self) -> float:
        a, b, c = self.mode - self.low, self.high - self.mode, self.high - self.low
        return (a * a + b * b + c * c) / 36

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def cdf(self, x: npt.ArrayLike) -> Array:
        x = np.clip(np.asarray(x, dtype=np.float64), self.low, self.high)
        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        rising = (x - self.low) ** 2 / (width * left) if left > 0 else np.zeros_like(x)
        falling = 1 - (self.high - x) ** 2 / (width * right) if right > 0 else np.ones_like(x)
        return np.where(x < self.mode, rising, falling)

    def quantile(self, q: npt.ArrayLike) -> Array:
        q = np.asarray(q, dtype=np.float64)
        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        return np.where(
            q * width < left,
            self.low + np.sqrt(q * width * left),
            self.high - np.sqrt((1 - q) * width * right),
        )

    def limited_mean(self, d: npt.ArrayLike) -> Array:
        d = np.asarray(d, dtype=np.float64)
        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        x = np.clip(d, self.low, self.high)
        rising = x - (x - self.low) ** 3 / (3 * width * left) if left > 0 else x
        falling = self.mean - ((self.high - x) ** 3 / (3 * width * right) if right > 0 else 0.0 * x)
        return np.where(d <= self.low, d, np.where(x < self.mode, rising, falling))

    def sample(self, rng: np.random.Generator, size: int) -> Array:
        return self.quantile(rng.random(size))
