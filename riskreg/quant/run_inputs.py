"""Everything that a run of a register depends on, as frozen dataclasses that JSON can hold.

Risks, drivers, mitigations and objectives are named by their UUID, never by a reference that
changes when they are shared: random numbers hang on the name. Lists are sorted by it, so that the
order in which rows were read changes neither digest nor result.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from riskreg.quant import checks, plain
from riskreg.quant.composed import Scaled
from riskreg.quant.discount import discount_factors
from riskreg.quant.discrete import Constant
from riskreg.quant.distributions import Distribution
from riskreg.quant.drivers import Driver, Link
from riskreg.quant.errors import InvalidChoice, InvalidNumber, InvalidRange, InvalidYears
from riskreg.quant.mitigations import Cost, Effect, Mitigation
from riskreg.quant.objectives import DriverTerm, Hit, Lift, Objective, ObjectiveModel
from riskreg.quant.path_plan import PathPlan
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.run_items import (
    ChoiceInput,
    DriverInput,
    EffectInput,
    ExposureInput,
    MitigationInput,
    ObjectiveInput,
    Quantity,
)

ENGINE = 1
"""Rises when the same inputs give other figures; part of the inputs' digest."""

MAX_YEARS = 10**7
MAX_CELLS = 2**24
"""Paths × years of one run."""


@dataclass(frozen=True)
class RunInputs:
    """A run: what is at stake, what is planned, how much is simulated.

    Parameters
    ----------
    planned : ids of the mitigations that are in place "after".
    correlation : (driver, driver, value) of normal scores, each pair once; independent otherwise.
    seed, years, paths, start, end : the amount of simulation; calendar years `start` … `end`.
    rate, first_at : discounting, as in `discount_factors`. persistence : of the drivers.
    level : of the tail that contributions explain.
    choice : what to choose among all mitigations, planned or not; nothing when left out.
    """

    exposures: tuple[ExposureInput, ...]
    seed: int
    years: int
    paths: int
    start: int
    end: int
    drivers: tuple[DriverInput, ...] = ()
    correlation: tuple[tuple[str, str, float], ...] = ()
    mitigations: tuple[MitigationInput, ...] = ()
    planned: tuple[str, ...] = ()
    objectives: tuple[ObjectiveInput, ...] = ()
    rate: float = 0.0
    first_at: int = 1
    persistence: float = 0.0
    level: float = 0.95
    choice: ChoiceInput | None = None
    engine: int = ENGINE

    def __post_init__(self) -> None:
        for key in ("exposures", "drivers", "mitigations", "objectives"):
            items = sorted(getattr(self, key), key=lambda item: str(item.id))
            for item in items:
                _refuse_no_uuid(f"{key}.id", item.id)
            checks.unique(key, [item.id for item in items])
            object.__setattr__(self, key, tuple(items))
        object.__setattr__(self, "planned", tuple(sorted(self.planned)))
        pairs = sorted((*sorted(pair[:2]), pair[2]) for pair in self.correlation)
        object.__setattr__(self, "correlation", tuple(pairs))
        checks.integer("engine", self.engine, ENGINE, ENGINE)
        checks.integer("years", self.years, 1, MAX_YEARS, InvalidYears)
        checks.seed("seed", self.seed)
        first = checks.integer("start", self.start, 1, 9999, InvalidYears)
        last = checks.integer("end", self.end, first, 9999, InvalidYears)
        most = MAX_CELLS // (last - first + 1)
        checks.integer("paths", self.paths, 1, most, InvalidYears)
        discount_factors(self.rate, last - first + 1, self.first_at)
        checks.level("level", self.level)
        checks.unique("planned", self.planned)
        known = [m.id for m in self.mitigations]
        for name in self.planned:
            if name not in known:
                raise InvalidChoice("planned", name, "is no mitigation", "name one of the run")
        # Builds everything once, so that whatever is impossible is refused before any step.
        for after in (False, True):
            self.portfolio(after=after)
            self.plan(after=after)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all inputs."""
        return plain.digest(self)

    def to_json(self) -> str:
        """Canonical JSON of all inputs."""
        return plain.canonical_json_without_defaults(self)

    def correlation_matrix(self) -> list[list[float]] | None:
        """The drivers' correlation, in their order; None when all are independent."""
        if not self.correlation:
            return None
        place = {d.id: k for k, d in enumerate(self.drivers)}
        matrix = np.eye(len(place))
        seen = set()
        for a, b, value in self.correlation:
            if a not in place or b not in place or a == b or (a, b) in seen:
                raise InvalidChoice(
                    "correlation", (a, b), "is not a pair of two drivers, once", "correct the pair"
                )
            seen.add((a, b))
            matrix[place[a], place[b]] = matrix[place[b], place[a]] = value
        return [[float(x) for x in row] for row in matrix]

    def bare_portfolio(self) -> Portfolio:
        """The portfolio before any mitigation; a range of how often is a driver of its own."""
        drivers = [
            Driver(d.id, d.belief.distribution(), d.reference, persistence=d.persistence)
            for d in self.drivers
        ]
        exposures = []
        own: list[Driver] = []
        for item in self.exposures:
            exposure, driver = _exposure(item)
            exposures.append(exposure)
            own += [driver] if driver else []
        matrix = self.correlation_matrix()
        if matrix is not None and own:
            wider = np.eye(len(drivers) + len(own))
            wider[: len(drivers), : len(drivers)] = matrix
            matrix = [[float(x) for x in row] for row in wider]
        return Portfolio(exposures, [*drivers, *own], matrix)

    def mitigation(self, name: str) -> Mitigation:
        """A mitigation by its id."""
        (item,) = [m for m in self.mitigations if m.id == name]
        costs = [Cost(_number_or_range(p.amount), p.party, p.year) for p in item.payments]
        return Mitigation.paid(item.id, costs, [_effect(e) for e in item.effects])

    def portfolio(self, *, after: bool) -> Portfolio:
        """The portfolio before the planned mitigations, or once all of them work."""
        bare = self.bare_portfolio()
        return bare.mitigated([self.mitigation(m) for m in self.planned]) if after else bare

    def plan(self, *, after: bool) -> PathPlan:
        """The plan of the paths without or with the planned mitigations, each from its year on."""
        begins = {m.id: m.works_from for m in self.mitigations}
        planned = self.planned if after else ()
        return PathPlan(
            self.bare_portfolio(),
            self.start,
            self.end,
            self.paths,
            self.seed,
            self.rate,
            self.persistence,
            mitigations=tuple((self.mitigation(m), begins[m] or self.start) for m in planned),
            objectives=tuple(_objective(o) for o in self.objectives),
            first_at=self.first_at,
        )


def inputs_from_json(data: object) -> RunInputs:
    """Inputs from what `json.loads` gives, checked whole."""
    return plain.from_plain(RunInputs, data)


def _refuse_no_uuid(argument: str, value: str) -> None:
    try:
        fine = str(uuid.UUID(value)) == value
    except (ValueError, AttributeError, TypeError):
        fine = False
    if not fine:
        raise InvalidChoice(
            argument, value, "is not a UUID", "name it by its UUID, which sharing does not change"
        )


def _number_or_range(quantity: Quantity) -> float | Distribution:
    found = quantity.distribution()
    return found.value if isinstance(found, Constant) else found


def _exposure(item: ExposureInput) -> tuple[Exposure, Driver | None]:
    links: Sequence[Link] = [Link(x.driver, x.on, x.sensitivity, x.form) for x in item.links]
    often = item.rate or item.probability
    if (item.rate is None) == (item.probability is None) or often is None:
        raise InvalidNumber(
            "rate", item.rate, "and probability are both given or both missing", "give one"
        )
    believed = often.distribution()
    if believed.support[0] < 0:
        raise InvalidRange("rate", often, "can be negative", "give 0 or more")
    mean = believed.mean
    named = {"rate": mean} if item.rate is not None else {"probability": mean}
    exposure = Exposure(
        item.id, item.severity.distribution(), kind=item.kind, links=tuple(links), **named
    )
    if believed.variance == 0:
        return exposure, None
    # How often is not known, but it is one number: the same in all years of a path.
    own = Driver(f"{item.id}: how often", Scaled(believed, 1 / mean), persistence=1.0)
    link = Link(own.name, "frequency", form="factor")
    return replace(exposure, links=(*exposure.links, link)), own


def _effect(item: EffectInput) -> Effect:
    value = _number_or_range(item.value)
    if isinstance(value, Distribution):
        return Effect(item.target, item.on, value.mean, value)
    return Effect(item.target, item.on, value)


def _objective(item: ObjectiveInput) -> ObjectiveModel:
    return ObjectiveModel(
        Objective(item.id, item.target, item.due, at_least=item.at_least),
        item.start,
        item.start_year,
        item.growth.distribution(),
        item.steady,
        tuple(DriverTerm(t.driver, t.elasticity) for t in item.drivers),
        tuple(Hit(h.exposure, _number_or_range(h.factor), h.years) for h in item.hits),
        tuple(Lift(x.mitigation, _number_or_range(x.factor), x.delay) for x in item.lifts),
    )
