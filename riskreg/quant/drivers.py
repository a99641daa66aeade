"""Drivers, the uncertain quantities that exposures share, and the links by which they act."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import Distribution, at_scores, refuse_overflow
from riskreg.quant.errors import InvalidRange
from riskreg.quant.wide import refuse_wide

ON = ("frequency", "severity")
FORMS = ("power", "linear", "factor")


@dataclass(frozen=True)
class Driver:
    """An uncertain quantity that several exposures share, drawn once for each year.

    Parameters
    ----------
    name : unique among drivers.
    distribution : of the quantity, in its own unit.
    reference : the value at which the exposures' own frequency and severity were judged;
        the median when left out.
    factor, spread : what mitigations make of it: reference + spread × (value - reference),
        then × factor. Both 1 without mitigations.
    unit, label : shown with the number; the label says where it comes from.
    persistence : along a path, how much of a year's score stays in the next (see `simulate_paths`);
        1 keeps one value for the whole path; that of the path when left out.

    >>> from riskreg.quant import Pert
    >>> lithium = Driver("lithium", Pert(58_400, 120_000, 200_000), unit="CNY/t")
    >>> round(lithium.reference)
    122343
    """

    name: str
    distribution: Distribution
    reference: float | None = None
    factor: float = 1.0
    spread: float = 1.0
    unit: str = ""
    label: str = ""
    persistence: float | None = None

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        refuse_overflow("distribution", self.distribution)
        refuse_wide("distribution", self.distribution)
        if self.reference is None:
            median = float(self.distribution.quantile(0.5))
            object.__setattr__(self, "reference", median)
        object.__setattr__(self, "reference", checks.number("reference", self.reference))
        object.__setattr__(self, "factor", checks.positive("factor", self.factor))
        object.__setattr__(self, "spread", checks.non_negative("spread", self.spread))
        if self.persistence is not None:
            keep = checks.probability("persistence", self.persistence)
            object.__setattr__(self, "persistence", keep)

    @property
    def reference_value(self) -> float:
        """`reference`, filled in."""
        return checks.number("reference", self.reference)

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest value that the driver can take, mitigations included."""
        low, high = self.distribution.support
        return self.after_mitigations(low), self.after_mitigations(high)

    def after_mitigations(self, value: float) -> float:
        """What mitigations make of `value`."""
        if self.spread == 0:
            return self.factor * self.reference_value
        return self.factor * (self.reference_value + self.spread * (value - self.reference_value))

    def values(self, scores: Array) -> Array:
        """The driver's values at standard normal `scores` (any shape): quantile(Φ(score))."""
        raw = at_scores(self.distribution, scores)
        if self.factor == 1 and self.spread == 1:
            return raw
        return self.factor * (self.reference_value + self.spread * (raw - self.reference_value))


@dataclass(frozen=True)
class Link:
    """How a driver moves an exposure's frequency or severity, through a multiplier.

    Parameters
    ----------
    driver : name of a driver of the same portfolio.
    on : "frequency" or "severity".
    sensitivity : `power` form: multiplier = (value / reference) ** sensitivity, so 1 means in
        proportion, 2 twice as strongly, -1 inversely. `linear` form:
        multiplier = 1 + sensitivity × (value - reference), for drivers that can be 0 or negative.
    form : "power", "linear", or "factor": the value itself is the multiplier, as for the range of
        a mitigation's effect or of an expert's frequency; a chance p becomes p × value.

    For an exposure given by a probability the multiplier of the first two forms acts on the hazard,
    p' = 1 - (1 - p) ** multiplier, which stays a probability and is near p × multiplier when small.
    """

    driver: str
    on: str = "severity"
    sensitivity: float = 1.0
    form: str = "power"

    def __post_init__(self) -> None:
        checks.name("driver", self.driver)
        checks.one_of("on", self.on, ON)
        checks.one_of("form", self.form, FORMS)
        object.__setattr__(self, "sensitivity", checks.number("sensitivity", self.sensitivity))

    def multipliers(self, driver: Driver, values: Array) -> Array:
        """Multiplier for each value of the driver."""
        if self.form == "factor":
            return values
        if self.form == "power":
            with np.errstate(over="ignore"):
                return (values / driver.reference_value) ** self.sensitivity
        return 1 + self.sensitivity * (values - driver.reference_value)

    def check(self, driver: Driver) -> None:
        """Refuse a driver whose range would give a negative or undefined multiplier."""
        low, high = driver.support
        if self.form == "factor":
            if low < 0 or self.sensitivity != 1:
                raise InvalidRange(
                    "link", self, f"is no factor ({driver.name} from {low:g})", "give 0 or more"
                )
            return
        if self.form == "power":
            at_zero = self.sensitivity < 0 and float(driver.distribution.cdf(0.0)) > 0
            if driver.reference_value <= 0 or low < 0 or at_zero:
                raise InvalidRange(
                    "link",
                    self,
                    f"needs values above 0, but {driver.name} runs from {low:g} to {high:g}",
                    'use form="linear"',
                )
            return
        for end in (low, high):
            step = (
                0.0 if self.sensitivity == 0 else self.sensitivity * (end - driver.reference_value)
            )
            if 1 + step < 0:
                raise InvalidRange(
                    "link",
                    self,
                    f"makes the multiplier negative at {driver.name} = {end:g}",
                    "lower the sensitivity or bound the driver",
                )
