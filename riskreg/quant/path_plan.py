"""Everything that a simulation of paths depends on, checked before any step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskreg.quant import checks
from riskreg.quant.discount import discount_factors
from riskreg.quant.errors import InvalidPortfolio, InvalidShape, InvalidYears
from riskreg.quant.mitigations import Mitigation
from riskreg.quant.objectives import ObjectiveModel
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.sampling import Sampler

MAX_CELLS = 2**27
"""Paths × years that are kept, 8 bytes each."""


@dataclass(frozen=True)
class PathPlan:
    """Everything that a simulation of paths depends on; see `simulate_paths` for the parameters.

    `keep_drivers` names the drivers whose values the result holds.
    """

    portfolio: Portfolio
    start: int
    end: int
    paths: int
    seed: int
    rate: float = 0.0
    persistence: float = 0.0
    trends: Mapping[str, Sequence[float]] = field(default_factory=dict)
    mitigations: tuple[tuple[Mitigation, int], ...] = ()
    objectives: tuple[ObjectiveModel, ...] = ()
    first_at: int = 1
    keep_drivers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        first = checks.integer("start", self.start, 1, 9999, InvalidYears)
        checks.integer("end", self.end, first, 9999, InvalidYears)
        size = len(self.years)
        checks.integer("paths", self.paths, 1, max(1, MAX_CELLS // size), InvalidYears)
        checks.seed("seed", self.seed)
        discount_factors(self.rate, size, self.first_at)
        object.__setattr__(self, "rate", float(self.rate))
        checks.probability("persistence", self.persistence)
        object.__setattr__(self, "trends", self._checked_trends())
        for key in ("mitigations", "objectives", "keep_drivers"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        checks.unique("mitigations", [m.name for m, _ in self.mitigations])
        for mitigation, works_from in self.mitigations:
            checks.integer("mitigations", works_from, 1, 9999, InvalidYears)
            self.portfolio.mitigated([mitigation])
        checks.unique("objectives", [model.name for model in self.objectives])
        for model in self.objectives:
            model.check(self.portfolio, self.years)
        for name in self.keep_drivers:
            if name not in {d.name for d in self.portfolio.drivers}:
                raise InvalidPortfolio("keep_drivers", name, "is not a driver", "name a driver")

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(range(self.start, self.end + 1))

    def _checked_trends(self) -> dict[str, tuple[float, ...]]:
        result = {}
        for name, values in self.trends.items():
            if name not in self.portfolio.names:
                known = ", ".join(self.portfolio.names)
                raise InvalidPortfolio("trends", name, "is not an exposure", f"name one of {known}")
            factors = checks.array("trends", values, 1)
            if factors.size != len(self.years) or (factors < 0).any():
                raise InvalidShape(
                    "trends", values, "does not fit", f"give {len(self.years)} factors of 0 or more"
                )
            result[name] = tuple(factors.tolist())
        return result

    def portfolio_of_year(self, year_index: int) -> Portfolio:
        """The portfolio of one of the years (from 0): its rates, and the mitigations that work by
        then."""
        active = [m for m, works_from in self.mitigations if self.years[year_index] >= works_from]

        def scaled(exposure: Exposure) -> Exposure:
            factors = self.trends.get(exposure.name)
            return exposure if factors is None else exposure.more_often(factors[year_index])

        exposures = [scaled(e) for e in self.portfolio.exposures]
        now = Portfolio(exposures, self.portfolio.drivers, self.portfolio.correlation)
        return now.mitigated(active)

    def samplers(self) -> list[Sampler]:
        """One for each year; the period is the calendar year, so that moving the start leaves
        later draws alone."""
        return [
            Sampler(self.portfolio_of_year(k), self.seed, period=year)
            for k, year in enumerate(self.years)
        ]
