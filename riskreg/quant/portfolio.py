"""What is at stake: exposures (frequency × severity), the drivers they share, and mitigations.

The loss of a year is S = Σ ± (X₁ + … + X_N) over exposures: plus for a threat, minus for an
opportunity; N events, each with its own severity X.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.composed import Capped, Scaled
from riskreg.quant.correlation import Matrix, correlation_matrix, lower_factor
from riskreg.quant.discrete import Bernoulli, Constant, Poisson
from riskreg.quant.distributions import Distribution, refuse_overflow
from riskreg.quant.drivers import Driver, Link
from riskreg.quant.errors import (
    InvalidChoice,
    InvalidPortfolio,
    InvalidProbability,
    InvalidRange,
    InvalidRate,
    NotIndependent,
)

KINDS = ("threat", "opportunity")
EFFECTS = ("frequency", "severity", "cap", "driver", "spread")


@dataclass(frozen=True)
class Exposure:
    """One risk in numbers: how often, and how much each time.

    Parameters
    ----------
    name : unique in its portfolio; its random numbers hang on it, so keep it when others change.
    severity : loss (or gain) of one event, ≥ 0, in the portfolio's unit of money.
    rate : expected events a year (Poisson), or
    probability : chance of one event in the year (at most one). Give exactly one of the two.
    kind : "threat" (adds to the loss) or "opportunity" (takes from it).
    links : drivers that move it.

    >>> from riskreg.quant import Lognormal
    >>> Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20)).frequency
    Poisson(rate=0.4)
    """

    name: str
    severity: Distribution
    rate: float | None = None
    probability: float | None = None
    kind: str = "threat"
    links: tuple[Link, ...] = field(default=())

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        checks.one_of("kind", self.kind, KINDS)
        if (self.rate is None) == (self.probability is None):
            raise InvalidRate(
                "rate", self.rate, "and probability are both given or both missing", "give one"
            )
        if self.rate is not None:
            object.__setattr__(self, "rate", checks.rate("rate", self.rate))
        else:
            chance = checks.probability("probability", self.probability)
            object.__setattr__(self, "probability", chance)
        if not isinstance(self.severity, Distribution):
            raise InvalidChoice(
                "severity", self.severity, "is not a distribution", "use Constant(x) for a number"
            )
        if not self.severity.support[0] >= 0:
            raise InvalidRange(
                "severity",
                self.severity,
                "can be negative",
                'give 0 or more, or kind="opportunity"',
            )
        refuse_overflow("severity", self.severity)
        object.__setattr__(self, "links", tuple(self.links))
        if self.probability == 1 and any(link.on == "frequency" for link in self.links):
            raise InvalidProbability(
                "probability",
                1.0,
                "can't be moved by a driver",
                "give less than 1, or no such link",
            )

    @property
    def frequency(self) -> Poisson | Bernoulli:
        if self.rate is not None:
            return Poisson(self.rate)
        return Bernoulli(checks.probability("probability", self.probability))

    def more_often(self, factor: float) -> Exposure:
        """The exposure with events `factor` times as often."""
        changed = self.frequency.scaled(factor)
        if isinstance(changed, Poisson):
            return replace(self, rate=changed.rate)
        return replace(self, probability=changed.probability)

    @property
    def sign(self) -> int:
        """+1 for a threat, -1 for an opportunity."""
        return 1 if self.kind == "threat" else -1

    @property
    def mean(self) -> float:
        """Expected loss a year, without drivers; negative for an opportunity. E[N] E[X]."""
        return self.sign * self.frequency.mean * self.severity.mean

    @property
    def variance(self) -> float:
        """Variance of the loss of a year, without drivers: E[N] Var X + Var N (E X)²."""
        frequency, severity = self.frequency, self.severity
        return frequency.mean * severity.variance + frequency.variance * severity.mean**2


@dataclass(frozen=True)
class Effect:
    """What a mitigation does to one exposure or driver. Use the five constructors.

    Effects of several mitigations on the same target multiply (caps: the lowest holds).
    """

    target: str
    on: str
    value: float

    def __post_init__(self) -> None:
        checks.name("target", self.target)
        checks.one_of("on", self.on, EFFECTS)
        object.__setattr__(self, "value", checks.non_negative("value", self.value))
        if self.on == "driver" and self.value == 0:
            raise InvalidRange("value", 0.0, "makes the driver 0", "give a factor above 0")

    @classmethod
    def frequency(cls, exposure: str, factor: float) -> Effect:
        """Events of `exposure` come `factor` times as often (for a probability: p × factor)."""
        return cls(exposure, "frequency", factor)

    @classmethod
    def severity(cls, exposure: str, factor: float) -> Effect:
        """Each event of `exposure` costs `factor` times as much."""
        return cls(exposure, "severity", factor)

    @classmethod
    def cap(cls, exposure: str, amount: float) -> Effect:
        """Of each event of `exposure` at most `amount` is kept, before drivers move it."""
        return cls(exposure, "cap", amount)

    @classmethod
    def driver(cls, driver: str, factor: float) -> Effect:
        """`driver` is `factor` times what it would be, for every exposure it moves."""
        return cls(driver, "driver", factor)

    @classmethod
    def spread(cls, driver: str, factor: float) -> Effect:
        """`driver` strays `factor` times as far from its reference: a hedge, for 0 ≤ factor < 1."""
        return cls(driver, "spread", factor)


@dataclass(frozen=True)
class Mitigation:
    """Planned work with a cost and effects; it may serve several exposures and is paid once."""

    name: str
    cost: float
    effects: tuple[Effect, ...]

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        object.__setattr__(self, "cost", checks.non_negative("cost", self.cost))
        object.__setattr__(self, "effects", tuple(self.effects))


@dataclass(frozen=True)
class Portfolio:
    """Exposures that are looked at together.

    Parameters
    ----------
    exposures : one or more, names unique.
    drivers : shared causes, names unique.
    correlation : of the drivers' normal scores (Gaussian copula), in the order of `drivers`;
        independent when left out. A rank correlation s (Spearman) is 2 sin(π s / 6) here.

    >>> from riskreg.quant import Lognormal
    >>> p = Portfolio([Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20))])
    >>> round(p.mean, 4), round(p.sd, 4)
    (2.708, 6.4817)
    """

    exposures: tuple[Exposure, ...]
    drivers: tuple[Driver, ...] = ()
    correlation: Matrix | None = None

    def __init__(
        self,
        exposures: Sequence[Exposure],
        drivers: Sequence[Driver] = (),
        correlation: Sequence[Sequence[float]] | None = None,
    ) -> None:
        if not exposures:
            raise InvalidPortfolio("exposures", exposures, "is empty", "give one exposure or more")
        object.__setattr__(self, "exposures", tuple(exposures))
        object.__setattr__(self, "drivers", tuple(drivers))
        checks.unique("exposures", self.names)
        checks.unique("drivers", [d.name for d in self.drivers])
        known = {d.name: d for d in self.drivers}
        for exposure in self.exposures:
            for link in exposure.links:
                if link.driver not in known:
                    raise InvalidPortfolio(
                        "links",
                        link.driver,
                        f"of {exposure.name} is not a driver",
                        "add the driver",
                    )
                link.check(known[link.driver])
        matrix = None
        if correlation is not None:
            if not self.drivers:
                raise InvalidPortfolio(
                    "correlation", correlation, "has no drivers to hold for", "give the drivers"
                )
            matrix = correlation_matrix(correlation, len(self.drivers))
        object.__setattr__(self, "correlation", matrix)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(exposure.name for exposure in self.exposures)

    @property
    def independent(self) -> bool:
        """Whether no exposure is moved by a driver."""
        return not any(exposure.links for exposure in self.exposures)

    @property
    def mean(self) -> float:
        """Expected loss of a year, in closed form; `NotIndependent` when drivers move it."""
        self.require_independent()
        return math.fsum(exposure.mean for exposure in self.exposures)

    @property
    def sd(self) -> float:
        """Standard deviation of the loss of a year, in closed form; as `mean`."""
        self.require_independent()
        return math.sqrt(math.fsum(exposure.variance for exposure in self.exposures))

    def require_independent(self) -> None:
        """Raise `NotIndependent` when a driver moves an exposure."""
        for exposure in self.exposures:
            if exposure.links:
                raise NotIndependent(
                    "portfolio", exposure.name, "is moved by a driver", "use simulate"
                )

    def driver_factor(self) -> Array:
        """Lower triangular factor of the drivers' correlation, shape (drivers, drivers)."""
        if self.correlation is None:
            return np.eye(len(self.drivers))
        return lower_factor(self.correlation)

    def mitigated(self, mitigations: Sequence[Mitigation]) -> Portfolio:
        """The portfolio as it would be with `mitigations` in place (their cost not included).

        >>> from riskreg.quant import Constant
        >>> p = Portfolio([Exposure("R", rate=2, severity=Constant(3))])
        >>> p.mitigated([Mitigation("M", 1, [Effect.frequency("R", 0.5)])]).mean
        3.0
        """
        checks.unique("mitigations", [m.name for m in mitigations])
        exposures = {e.name: e for e in self.exposures}
        drivers = {d.name: d for d in self.drivers}
        caps: dict[str, float] = {}
        for mitigation in mitigations:
            for effect in mitigation.effects:
                where: Mapping[str, object] = (
                    drivers if effect.on in ("driver", "spread") else exposures
                )
                if effect.target not in where:
                    raise InvalidPortfolio(
                        "target",
                        effect.target,
                        f"of mitigation {mitigation.name} is not in the portfolio",
                        "name an exposure, or a driver for driver and spread",
                    )
                if effect.on == "driver":
                    old = drivers[effect.target]
                    drivers[effect.target] = replace(old, factor=old.factor * effect.value)
                elif effect.on == "spread":
                    old = drivers[effect.target]
                    drivers[effect.target] = replace(old, spread=old.spread * effect.value)
                elif effect.on == "cap":
                    caps[effect.target] = min(caps.get(effect.target, math.inf), effect.value)
                else:
                    exposures[effect.target] = _scaled(exposures[effect.target], effect)
        for target, cap in caps.items():
            exposures[target] = _capped(exposures[target], cap)
        return Portfolio(tuple(exposures.values()), tuple(drivers.values()), self.correlation)


def _scaled(exposure: Exposure, effect: Effect) -> Exposure:
    if effect.on == "severity":
        if effect.value == 0:
            return replace(exposure, severity=Constant(0.0))
        return replace(exposure, severity=Scaled(exposure.severity, effect.value))
    return exposure.more_often(effect.value)


def _capped(exposure: Exposure, cap: float) -> Exposure:
    low, high = exposure.severity.support
    if cap >= high:
        return exposure
    severity = Constant(cap) if cap <= low else Capped(exposure.severity, cap)
    return replace(exposure, severity=severity)
