"""What the inputs of a run are made of: each a frozen dataclass that JSON can hold.

They name what they mean by UUID; `riskreg.quant.run_inputs` puts them together and checks them.
"""

from __future__ import annotations

from dataclasses import dataclass

from riskreg.quant import checks
from riskreg.quant.composed import Mixture, Truncated
from riskreg.quant.discrete import Constant
from riskreg.quant.distributions import Distribution, Lognormal, Pert, Triangular
from riskreg.quant.errors import InvalidNumber

FAMILIES = ("constant", "lognormal", "pert", "triangular", "pool")


@dataclass(frozen=True)
class Quantity:
    """A number or an expert's range of it.

    family : "constant" (`likely`), "lognormal" (5 % below `low`, 5 % above `high`), "pert" and
        "triangular" (`low`, `likely`, `high`), "pool" (`parts` with `weights`).
    cap : the most that it can be; what lies above is cut off.

    >>> round(Quantity("lognormal", low=1, high=20).distribution().mean, 6)
    6.769971
    """

    family: str
    low: float | None = None
    likely: float | None = None
    high: float | None = None
    cap: float | None = None
    parts: tuple[Quantity, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        checks.one_of("family", self.family, FAMILIES)
        needed = {
            "constant": ("likely",),
            "lognormal": ("low", "high"),
            "pert": ("low", "likely", "high"),
            "triangular": ("low", "likely", "high"),
            "pool": (),
        }[self.family]
        for key in ("low", "likely", "high", "cap"):
            value = getattr(self, key)
            if value is not None:
                object.__setattr__(self, key, checks.number(key, value))
            if (value is None) == (key in needed) and key != "cap":
                problem = "is missing" if value is None else f"has no meaning for {self.family}"
                raise InvalidNumber(key, value, problem, f"give {', '.join(needed) or 'parts'}")
        self.distribution()

    def distribution(self) -> Distribution:
        """The distribution that the numbers stand for; refuses those that stand for none."""
        found = self._uncapped()
        if self.cap is None or self.cap >= found.support[1]:
            return found
        return Truncated(found, self.cap)

    def _uncapped(self) -> Distribution:
        low, likely, high = (0.0 if x is None else x for x in (self.low, self.likely, self.high))
        if self.family == "constant":
            return Constant(likely)
        if self.family == "lognormal":
            return Lognormal.from_interval(low, high)
        if self.family == "pool":
            return Mixture([part.distribution() for part in self.parts], self.weights)
        if low == likely == high:
            return Constant(likely)
        return Pert(low, likely, high) if self.family == "pert" else Triangular(low, likely, high)


@dataclass(frozen=True)
class LinkInput:
    """How a driver moves an exposure; as `Link`."""

    driver: str
    on: str = "severity"
    sensitivity: float = 1.0
    form: str = "power"


@dataclass(frozen=True)
class ExposureInput:
    """A risk: how often (`rate` of events a year, or `probability` of one), how much each time."""

    id: str
    severity: Quantity
    rate: Quantity | None = None
    probability: Quantity | None = None
    kind: str = "threat"
    links: tuple[LinkInput, ...] = ()


@dataclass(frozen=True)
class DriverInput:
    """A shared cause and what is believed of it; as `Driver`."""

    id: str
    belief: Quantity
    reference: float | None = None
    persistence: float | None = None


@dataclass(frozen=True)
class EffectInput:
    """What a mitigation does to an exposure or a driver; as `Effect`."""

    target: str
    on: str
    value: Quantity


@dataclass(frozen=True)
class PaymentInput:
    """One payment for a mitigation; as `Cost`."""

    amount: Quantity
    party: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class MitigationInput:
    """Planned work; `works_from` is a calendar year, the first of the run when left out."""

    id: str
    effects: tuple[EffectInput, ...]
    payments: tuple[PaymentInput, ...] = ()
    works_from: int | None = None


@dataclass(frozen=True)
class HitInput:
    """What an event of an exposure does to an objective; as `Hit`."""

    exposure: str
    factor: Quantity
    years: int | None = None


@dataclass(frozen=True)
class LiftInput:
    """What a mitigation adds to an objective; as `Lift`."""

    mitigation: str
    factor: Quantity
    delay: int = 0


@dataclass(frozen=True)
class ElasticityInput:
    """How a driver moves an objective; as `DriverTerm`."""

    driver: str
    elasticity: float


@dataclass(frozen=True)
class ObjectiveInput:
    """How an objective's level comes about; as `ObjectiveModel`."""

    id: str
    target: float
    due: int
    start: float
    start_year: int
    growth: Quantity
    steady: bool = True
    at_least: bool = True
    drivers: tuple[ElasticityInput, ...] = ()
    hits: tuple[HitInput, ...] = ()
    lifts: tuple[LiftInput, ...] = ()


@dataclass(frozen=True)
class BudgetInput:
    """What may be spent, infinite when left out; as `Budget`."""

    amount: float | None = None
    party: str | None = None
    year: int | None = None


@dataclass(frozen=True)
class ChoiceInput:
    """Which mitigations to look for: as the parameters of `choose_mitigations`.

    `frontier` are amounts of the first budget for which the best set is looked for as well.
    """

    budgets: tuple[BudgetInput, ...]
    frontier: tuple[float, ...] = ()
    objective: str = "mean"
    level: float = 0.95
    limit: float | None = None
    scenarios: int = 1000
    exclusive: tuple[tuple[str, ...], ...] = ()
    requires: tuple[tuple[str, str], ...] = ()
    cost_level: float | None = None
