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
from riskreg.quant.correlation import (
    Matrix,
    correlation_matrix,
    lower_factor,
    padded_with_independent,
)
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
    TooWide,
)
from riskreg.quant.mitigations import Effect, Mitigation
from riskreg.quant.wide import REFUSE, REMEDY, WARN, WideRange, refuse_wide, spread_of

KINDS = ("threat", "opportunity")


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
        refuse_wide("severity", self.severity)
        object.__setattr__(self, "links", tuple(self.links))
        moved = {link.form for link in self.links if link.on == "frequency"}
        if self.probability == 1 and moved and "factor" not in moved:
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
        changed = self.frequency.more_often(factor)
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
            self._refuse_chance_above_one(exposure, known)
            reach = self._spread_with_drivers(exposure)
            if reach > REFUSE * (1 + 1e-9):
                raise TooWide(
                    "links",
                    exposure.name,
                    f"is too wide with its drivers: sigma {reach:.3g} is above {REFUSE:g}",
                    f"{REMEDY}, or lower the sensitivity",
                )
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

    @staticmethod
    def _refuse_chance_above_one(exposure: Exposure, drivers: Mapping[str, Driver]) -> None:
        """Refuse a chance that its factors can lift above 1."""
        factors = [li for li in exposure.links if li.on == "frequency" and li.form == "factor"]
        if exposure.probability is None or not factors:
            return
        highest = exposure.probability * math.prod(drivers[li.driver].support[1] for li in factors)
        if highest > 1 + 1e-12:
            raise InvalidProbability(
                "links",
                exposure.name,
                f"may come with chance {highest:.3g}",
                "lower the factors, or give events a year instead of a chance",
            )

    def _spread_with_drivers(self, exposure: Exposure) -> float:
        """Spread of one event with its drivers: sigmas add by squares, as for lognormals."""
        drivers = {d.name: d for d in self.drivers}
        pull: dict[str, float] = {}
        for link in exposure.links:
            if link.form == "power":
                pull[link.driver] = pull.get(link.driver, 0.0) + link.sensitivity
        squares = [s**2 * spread_of(drivers[name].distribution) ** 2 for name, s in pull.items()]
        return math.sqrt(spread_of(exposure.severity) ** 2 + math.fsum(squares))

    @property
    def wide_ranges(self) -> tuple[WideRange, ...]:
        """Exposures so wide that their tail figures need a warning; see `riskreg.quant.wide`."""
        found = [WideRange(e.name, self._spread_with_drivers(e)) for e in self.exposures]
        return tuple(w for w in found if w.spread > WARN * (1 + 1e-9))

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

    def correlation_factor(self) -> Array:
        """Lower triangular factor of the drivers' correlation, shape (drivers, drivers)."""
        if self.correlation is None:
            return np.eye(len(self.drivers))
        return lower_factor(self.correlation)

    def mitigated(self, mitigations: Sequence[Mitigation]) -> Portfolio:
        """The portfolio as it would be with `mitigations` in place (their cost not included).

        An effect that is a range becomes a driver of its own, linked to its exposure alone and the
        same in all years of a path: what nobody knows yet is how well it works.

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
                if effect.uncertain is not None:
                    own = Driver(
                        f"{mitigation.name}: {effect.on} of {effect.target}",
                        effect.uncertain,
                        persistence=1.0,
                    )
                    drivers[own.name] = own
                    link = Link(own.name, effect.on, form="factor")
                    moved = exposures[effect.target]
                    exposures[effect.target] = replace(moved, links=(*moved.links, link))
                elif effect.on == "driver":
                    old = drivers[effect.target]
                    drivers[effect.target] = replace(old, factor=old.factor * effect.value)
                elif effect.on == "spread":
                    old = drivers[effect.target]
                    drivers[effect.target] = replace(old, spread=old.spread * effect.value)
                elif effect.on == "cap":
                    caps[effect.target] = min(caps.get(effect.target, math.inf), effect.value)
                else:
                    exposures[effect.target] = _scale_exposure(exposures[effect.target], effect)
        for target, cap in caps.items():
            exposures[target] = _cap_exposure(exposures[target], cap)
        matrix = padded_with_independent(self.correlation, len(drivers))
        return Portfolio(tuple(exposures.values()), tuple(drivers.values()), matrix)


def _scale_exposure(exposure: Exposure, effect: Effect) -> Exposure:
    if effect.on == "severity":
        if effect.value == 0:
            return replace(exposure, severity=Constant(0.0))
        return replace(exposure, severity=Scaled(exposure.severity, effect.value))
    return exposure.more_often(effect.value)


def _cap_exposure(exposure: Exposure, cap: float) -> Exposure:
    low, high = exposure.severity.support
    if cap >= high:
        return exposure
    severity = Constant(cap) if cap <= low else Capped(exposure.severity, cap)
    return replace(exposure, severity=severity)
