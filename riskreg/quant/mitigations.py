"""Planned work: what it costs, whom and when, and what it does to exposures and drivers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from riskreg.quant import checks
from riskreg.quant.distributions import Distribution
from riskreg.quant.errors import InvalidBudget, InvalidChoice, InvalidRange

EFFECTS = ("frequency", "severity", "cap", "driver", "spread")
RANGED = ("frequency", "severity")


@dataclass(frozen=True)
class Effect:
    """What a mitigation does to one exposure or driver. Use the five constructors.

    Effects of several mitigations on the same target multiply (caps: the lowest holds). A factor on
    frequency or severity may be a range, drawn once a year (once a path): `value` is its mean then.

    >>> from riskreg.quant import Pert
    >>> Effect.severity("R-001", Pert(0.5, 0.6, 0.9)).value
    0.6333333333333333
    """

    target: str
    on: str
    value: float
    uncertain: Distribution | None = None

    def __post_init__(self) -> None:
        checks.name("target", self.target)
        checks.one_of("on", self.on, EFFECTS)
        object.__setattr__(self, "value", checks.non_negative("value", self.value))
        if self.on == "driver" and self.value == 0:
            raise InvalidRange("value", 0.0, "makes the driver 0", "give a factor above 0")
        if self.uncertain is not None and self.uncertain.support[0] < 0:
            raise InvalidRange("value", self.uncertain, "can be negative", "give 0 or more")
        if self.uncertain is not None and not math.isfinite(self.uncertain.support[1]):
            raise InvalidRange("value", self.uncertain, "has no upper end", "give a highest factor")
        if self.uncertain is not None and self.on not in RANGED:
            raise InvalidChoice(
                "value",
                self.uncertain,
                f"is a range for {self.on}",
                f"give a number; ranges are for {' and '.join(RANGED)}",
            )

    @classmethod
    def frequency(cls, exposure: str, factor: float | Distribution) -> Effect:
        """Events of `exposure` come `factor` times as often (for a probability: p × factor)."""
        return cls(exposure, "frequency", *_mean_and_range_if_uncertain(factor))

    @classmethod
    def severity(cls, exposure: str, factor: float | Distribution) -> Effect:
        """Each event of `exposure` costs `factor` times as much."""
        return cls(exposure, "severity", *_mean_and_range_if_uncertain(factor))

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


def _mean_and_range_if_uncertain(factor: float | Distribution) -> tuple[float, Distribution | None]:
    if isinstance(factor, Distribution):
        if factor.variance == 0:
            return factor.mean, None
        return factor.mean, factor
    return factor, None


@dataclass(frozen=True)
class Cost:
    """One payment: a number or a range, by whom and in which calendar year (None: any).

    >>> from riskreg.quant import Pert
    >>> Cost(Pert(20, 25, 60), party="buyer", year=2027).mean
    30.0
    """

    amount: float | Distribution
    party: str | None = None
    year: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.amount, Distribution):
            if self.amount.support[0] < 0:
                raise InvalidBudget("amount", self.amount, "can be negative", "give 0 or more")
        else:
            amount = checks.non_negative("amount", self.amount, InvalidBudget)
            object.__setattr__(self, "amount", amount)

    @property
    def mean(self) -> float:
        return self.amount.mean if isinstance(self.amount, Distribution) else self.amount

    def amount_at(self, level: float | None) -> float:
        """The amount that the payment stays within with chance `level`; its mean for None."""
        if level is None or not isinstance(self.amount, Distribution):
            return self.mean
        return float(self.amount.quantile(level))


@dataclass(frozen=True)
class Budget:
    """What may be spent: by one party (None: by all together), in one year (None: in all)."""

    amount: float
    party: str | None = None
    year: int | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.amount, float) and self.amount == math.inf):
            amount = checks.non_negative("budget", self.amount, InvalidBudget)
            object.__setattr__(self, "amount", amount)

    def is_charged_with(self, cost: Cost) -> bool:
        """Whether the payment comes out of this budget."""
        return self.party in (None, cost.party) and self.year in (None, cost.year)


@dataclass(frozen=True)
class Mitigation:
    """Planned work with a cost and effects; it may serve several exposures and is paid once.

    `costs` says who pays what when; left out, the whole of `cost` is one payment. With ranges,
    `cost` is the mean: `Mitigation.paid` works it out.
    """

    name: str
    cost: float
    effects: tuple[Effect, ...]
    costs: tuple[Cost, ...] = ()

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        object.__setattr__(self, "cost", checks.non_negative("cost", self.cost))
        object.__setattr__(self, "effects", tuple(self.effects))
        object.__setattr__(self, "costs", tuple(self.costs) or (Cost(self.cost),))
        total = math.fsum(c.mean for c in self.costs)
        if abs(total - self.cost) > 1e-9 * max(total, self.cost):
            raise InvalidBudget(
                "cost", self.cost, f"is not what its payments add up to, {total:g}", "leave one out"
            )

    @classmethod
    def paid(cls, name: str, costs: Sequence[Cost], effects: Sequence[Effect]) -> Mitigation:
        """A mitigation whose `cost` is the mean of its payments.

        >>> from riskreg.quant import Pert
        >>> Mitigation.paid("M", [Cost(2.0, year=2027), Cost(Pert(1, 2, 3), year=2028)], []).cost
        4.0
        """
        return cls(name, math.fsum(c.mean for c in costs), tuple(effects), tuple(costs))
