"""Objectives that see the same events, drivers and mitigations as the losses.

The level of an objective in a year is

    start × growth since × Π (driver / reference) ^ elasticity × Π hits × Π lifts

with the growth that is expected *if none of the named events happens*: a range of growth that
already holds the bad years would count them twice. A hit is what an event of an exposure does to
the level while it lasts; a lift is what a mitigation adds once it works. Events, drivers and the
years in which mitigations begin are those of the paths (`riskreg.quant.paths`), draw by draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.distributions import Distribution
from riskreg.quant.drivers import Driver
from riskreg.quant.errors import InvalidChoice, InvalidPortfolio, InvalidRange, InvalidYears
from riskreg.quant.metrics import Interval, proportion_interval
from riskreg.quant.portfolio import Portfolio

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Objective:
    """A measurable target: `target` reached by `due`, in its own unit.

    `at_least` False for a target not to be passed.
    """

    name: str
    target: float
    due: int
    unit: str = ""
    at_least: bool = True

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        object.__setattr__(self, "target", checks.number("target", self.target))

    def chance(self, outcomes: npt.ArrayLike, confidence: float = 0.95) -> Interval:
        """Share of simulated `outcomes`, shape (paths,), that meet the target, with its limits.

        >>> Objective("fleet", 10, 2030).chance([9, 10, 12, 15]).value
        0.75
        """
        values = checks.array("outcomes", outcomes, 1)
        met = values >= self.target if self.at_least else values <= self.target
        low, high = proportion_interval(int(met.sum()), values.size, confidence)
        return Interval(float(low), float(met.mean()), float(high), confidence)

    def met(self, outcomes: Array) -> Flags:
        """Which of the outcomes meet the target."""
        return outcomes >= self.target if self.at_least else outcomes <= self.target


def _checked_factor(argument: str, value: float | Distribution) -> float | Distribution:
    if isinstance(value, Distribution):
        if value.support[0] < 0:
            raise InvalidRange(argument, value, "can be negative", "give a factor of 0 or more")
        return value
    return checks.non_negative(argument, value)


@dataclass(frozen=True)
class DriverTerm:
    """The level moves with (driver / its reference) ^ `elasticity`."""

    driver: str
    elasticity: float

    def __post_init__(self) -> None:
        checks.name("driver", self.driver)
        object.__setattr__(self, "elasticity", checks.number("elasticity", self.elasticity))

    def check(self, driver: Driver) -> None:
        """Refuse a driver that can be 0 or less, which has no power."""
        if driver.reference_value <= 0 or driver.support[0] < 0:
            low, high = driver.support
            raise InvalidRange(
                "driver",
                self.driver,
                f"runs from {low:g} to {high:g}, but an elasticity needs values above 0",
                "shift the driver",
            )


@dataclass(frozen=True)
class Hit:
    """While an event of `exposure` lasts, the level is `factor` times what it would be.

    `factor` is a number like 0.85 or a range, drawn once a path. `years` it lasts, the year of the
    event among them; to the end when left out. An event while one lasts only renews it.
    """

    exposure: str
    factor: float | Distribution
    years: int | None = None

    def __post_init__(self) -> None:
        checks.name("exposure", self.exposure)
        object.__setattr__(self, "factor", _checked_factor("factor", self.factor))
        if self.years is not None:
            checks.integer("years", self.years, 1, 1000, InvalidYears)


@dataclass(frozen=True)
class Lift:
    """From `delay` years after `mitigation` works on, the level is `factor` times as high."""

    mitigation: str
    factor: float | Distribution
    delay: int = 0

    def __post_init__(self) -> None:
        checks.name("mitigation", self.mitigation)
        object.__setattr__(self, "factor", _checked_factor("factor", self.factor))
        checks.integer("delay", self.delay, 0, 1000, InvalidYears)


@dataclass(frozen=True)
class ObjectiveModel:
    """How an objective's level comes about.

    Parameters
    ----------
    objective : target and year.
    start : level at the end of `start_year`, > 0.
    growth : a year, like 0.07, if none of the events in `hits` happens; never below -1.
    steady : one growth for the whole path, or a fresh one each year.
    drivers, hits, lifts : what moves the level beside growth.

    >>> from riskreg.quant import Pert
    >>> goal = Objective("overseas vehicles", 300_000, due=2030)
    >>> model = ObjectiveModel(goal, 164_500, 2025, Pert(0, 0.0727, 0.128))
    >>> round(model.required_growth, 4)
    0.1277
    """

    objective: Objective
    start: float
    start_year: int
    growth: Distribution
    steady: bool = True
    drivers: tuple[DriverTerm, ...] = field(default=())
    hits: tuple[Hit, ...] = field(default=())
    lifts: tuple[Lift, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", checks.positive("start", self.start))
        due = checks.integer("due", self.objective.due, 1, 9999, InvalidYears)
        checks.integer("start_year", self.start_year, 1, due - 1, InvalidYears)
        if not isinstance(self.growth, Distribution):
            raise InvalidChoice(
                "growth", self.growth, "is not a distribution", "use Constant(x) for a number"
            )
        if self.growth.support[0] < -1:
            raise InvalidRange("growth", self.growth, "goes below -100 %", "give -1 or more")
        for key in ("drivers", "hits", "lifts"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        checks.unique("hits", [h.exposure for h in self.hits])
        checks.unique("lifts", [x.mitigation for x in self.lifts])
        checks.unique("drivers", [d.driver for d in self.drivers])

    @property
    def name(self) -> str:
        return self.objective.name

    @property
    def required_growth(self) -> float:
        """The yearly growth that reaches the target if nothing else moves the level:
        (target / start) ^ (1 / years) - 1."""
        years = self.objective.due - self.start_year
        return math.pow(max(self.objective.target, 0.0) / self.start, 1 / years) - 1

    def check(self, portfolio: Portfolio, years: Sequence[int]) -> None:
        """Refuse what the paths do not hold: an exposure, a driver, the year it is due."""
        drivers = {d.name: d for d in portfolio.drivers}
        for hit in self.hits:
            if hit.exposure not in portfolio.names:
                raise InvalidPortfolio(
                    "hits", hit.exposure, "is not an exposure", "name one of the portfolio"
                )
        for term in self.drivers:
            if term.driver not in drivers:
                raise InvalidPortfolio(
                    "drivers", term.driver, "is not a driver", "name one of the portfolio"
                )
            term.check(drivers[term.driver])
        if self.objective.due not in years or self.start_year >= years[0]:
            raise InvalidYears(
                "due",
                (self.start_year, self.objective.due),
                f"do not embrace the simulated years {years[0]} … {years[-1]}",
                "start before the first of them, and be due within them",
            )


@dataclass(frozen=True)
class PairedDifference:
    """A difference between two ways, draw by draw the same otherwise, and its standard error."""

    value: float
    standard_error: float


def paired_chance_difference(before: Flags, after: Flags) -> PairedDifference:
    """How much the chance of meeting rises from `before` to `after`, shape (paths,) each.

    (gained - lost) / n; only paths that change side count for the error:
    √((gained + lost - (gained - lost)² / n) / n²). McNemar (1947), *Psychometrika* 12(2).

    >>> before, after = np.array([[True, False, False, False], [True, True, False, False]])
    >>> paired_chance_difference(before, after)
    PairedDifference(value=0.25, standard_error=0.21650635094610965)
    """
    n = before.size
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    net = gained - lost
    return PairedDifference(net / n, float(np.sqrt(gained + lost - net * net / n)) / n)


@dataclass(frozen=True, eq=False)
class ObjectiveResult:
    """Levels of an objective, shape (paths, years), and whether it was met in each path.

    `met` with everything, `met_without[x]` if no event of exposure x happened (or mitigation x did
    not lift), `met_baseline` if no named event happened at all: shape (paths,).
    """

    model: ObjectiveModel
    years: tuple[int, ...]
    levels: Array
    met: Flags
    met_without: dict[str, Flags]
    met_baseline: Flags

    def chance(self, confidence: float = 0.95) -> Interval:
        """Chance of meeting the objective, with the limits that sampling leaves it."""
        hits, n = int(self.met.sum()), self.met.size
        low, high = proportion_interval(hits, n, confidence)
        return Interval(float(low), hits / n, float(high), confidence)

    def chance_lost_to(self, name: str) -> PairedDifference:
        """What the events of exposure `name` cost in chance (for a mitigation: less than 0, what
        its lift adds)."""
        if name not in self.met_without:
            raise InvalidChoice(
                "name", name, "moves nothing here", f"give one of {sorted(self.met_without)}"
            )
        return paired_chance_difference(self.met, self.met_without[name])

    @property
    def baseline_chance(self) -> float:
        """Chance if no named event happened."""
        return float(self.met_baseline.mean())

    def fan(self, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Array:
        """Quantiles of the level in each year: shape (levels, years)."""
        for level in levels:
            checks.level("levels", level)
        return np.quantile(self.levels, list(levels), axis=0, method="inverted_cdf")

    def arrays_for_digest(self) -> list[npt.NDArray[Any]]:
        """Everything that was drawn, in fixed order, for a digest."""
        without = [self.met_without[name] for name in sorted(self.met_without)]
        return [self.levels, self.met, *without, self.met_baseline]
