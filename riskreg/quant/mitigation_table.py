"""Losses of every exposure under the combinations of mitigations that touch it.

Effects of several mitigations on one exposure multiply, so their benefits do not add up. Each
combination that is asked for is worked out once, on the same scenarios for all: the expected loss
in closed form given the drivers, tails and chances from simulated losses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidShape
from riskreg.quant.expected import expected_losses
from riskreg.quant.mitigations import Budget, Mitigation
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.rules import Rules, checked_rules
from riskreg.quant.simulate import losses_by_exposure

OBJECTIVES = ("mean", "tvar", "chance")

Group = frozenset[int]


@dataclass(frozen=True)
class Goal:
    """What is to be best: "mean", "tvar" at `level`, or "chance" of a loss within `limit`."""

    objective: str
    level: float = 0.95
    limit: float = math.inf

    def measure(self, losses: Array) -> float:
        """The measure of simulated losses."""
        if self.objective == "mean":
            return float(losses.mean())
        if self.objective == "tvar":
            return metrics.tvar(losses, self.level)
        return float((losses <= self.limit).mean())

    @property
    def sign(self) -> int:
        """+1 where lower is better, -1 where higher is."""
        return -1 if self.objective == "chance" else 1


class Table:
    """Losses of exposures by position under mitigations by position; worked out when asked for."""

    def __init__(
        self, portfolio: Portfolio, mitigations: Sequence[Mitigation], scenarios: int, seed: int
    ) -> None:
        # Refuses an effect on something unknown, which single exposures would pass over.
        for mitigation in mitigations:
            portfolio.mitigated([mitigation])
        self.portfolio, self.mitigations = portfolio, mitigations
        self.scenarios, self.seed = scenarios, seed
        self.touching = [mitigations_touching(e, mitigations) for e in portfolio.exposures]
        self._losses: dict[tuple[int, Group], Array] = {}
        self._means: dict[tuple[int, Group], float] = {}

    def _exposure_after(self, exposure: int, group: Group) -> Portfolio:
        one = self.portfolio.exposures[exposure]
        alone = Portfolio([one], self.portfolio.drivers, self.portfolio.correlation)
        return alone.mitigated(
            [_without_unknown_targets(self.mitigations[i], alone) for i in sorted(group)]
        )

    def losses(self, exposure: int, chosen: Collection[int]) -> Array:
        """Simulated losses of one exposure, shape (scenarios,)."""
        key = exposure, self.touching[exposure] & frozenset(chosen)
        if key not in self._losses:
            changed = self._exposure_after(*key)
            self._losses[key] = losses_by_exposure(changed, self.scenarios, self.seed)[0]
        return self._losses[key]

    def mean(self, exposure: int, chosen: Collection[int]) -> float:
        """Expected loss of one exposure, given the scenarios' drivers."""
        key = exposure, self.touching[exposure] & frozenset(chosen)
        if key not in self._means:
            found = expected_losses(self._exposure_after(*key), self.scenarios, self.seed)
            self._means[key] = found[""].value
        return self._means[key]

    def total_losses(self, chosen: Collection[int]) -> Array:
        """Loss of each scenario."""
        total = np.zeros(self.scenarios)
        for exposure in range(len(self.touching)):
            total += self.losses(exposure, chosen)
        return total

    def value(self, goal: Goal, chosen: Collection[int]) -> float:
        """The measure with these mitigations."""
        if goal.objective == "mean":
            return math.fsum(self.mean(e, chosen) for e in range(len(self.touching)))
        return goal.measure(self.total_losses(chosen))


def mitigations_touching(exposure: Exposure, mitigations: Sequence[Mitigation]) -> Group:
    """Positions of the mitigations that change this exposure, itself or through a driver."""
    drivers = {link.driver for link in exposure.links}
    return frozenset(
        i
        for i, m in enumerate(mitigations)
        for effect in m.effects
        if effect.target in (drivers if effect.on in ("driver", "spread") else {exposure.name})
    )


def _without_unknown_targets(mitigation: Mitigation, portfolio: Portfolio) -> Mitigation:
    known = {*portfolio.names, *(d.name for d in portfolio.drivers)}
    effects = tuple(e for e in mitigation.effects if e.target in known)
    return Mitigation(mitigation.name, mitigation.cost, effects, mitigation.costs)


@dataclass(frozen=True, eq=False)
class Allowed:
    """Which sets may be chosen: `costs`, shape (budgets, items), within `budgets`, and `rules`."""

    costs: Array
    budgets: Array
    rules: Rules
    limits: tuple[Budget, ...]

    def spent(self, chosen: Collection[int]) -> tuple[float, ...]:
        """What each budget pays."""
        return tuple(math.fsum(row[sorted(chosen)]) for row in self.costs)

    def allows(self, chosen: Collection[int]) -> bool:
        """Whether the set keeps every budget and rule."""
        paid = np.array(self.spent(chosen))
        if (paid > self.budgets * (1 + 1e-9)).any():
            return False
        if any(sum(i in chosen for i in group) > 1 for group in self.rules.exclusive):
            return False
        return all(b in chosen for a, b in self.rules.requires if a in chosen)

    def with_needs(self, item: int) -> Group:
        """An item with everything that it needs."""
        return self._transitive_closure(
            {item}, lambda found: {b for a, b in self.rules.requires if a in found}
        )

    def with_dependants(self, item: int) -> Group:
        """An item with everything that needs it."""
        return self._transitive_closure(
            {item}, lambda found: {a for a, b in self.rules.requires if b in found}
        )

    @staticmethod
    def _transitive_closure(found: set[int], more: Callable[[set[int]], set[int]]) -> Group:
        while not (new := more(found)) <= found:
            found = found | new
        return frozenset(found)


def checked_budgets_and_rules(
    mitigations: Sequence[Mitigation],
    budget: float | Budget | Sequence[Budget],
    exclusive: Sequence[Sequence[str]],
    requires: Sequence[tuple[str, str]],
    cost_level: float | None,
) -> Allowed:
    """Budgets and rules by name, checked; `cost_level` as in `choose_mitigations`."""
    names = [m.name for m in mitigations]
    checks.unique("mitigations", names)
    if not names:
        raise InvalidShape("mitigations", mitigations, "is empty", "give one or more")
    if cost_level is not None:
        checks.level("cost_level", cost_level)
    if isinstance(budget, Budget):
        budgets: Sequence[Budget] = [budget]
    elif isinstance(budget, Sequence) and not isinstance(budget, str):
        budgets = budget
    else:
        budgets = [Budget(budget)]
    if not budgets or not all(isinstance(b, Budget) for b in budgets):
        raise InvalidShape("budget", budget, "is no list of budgets", "give Budget(amount, …)")
    costs = [
        [
            math.fsum(c.amount_at(cost_level) for c in m.costs if b.is_charged_with(c))
            for m in mitigations
        ]
        for b in budgets
    ]
    rules = checked_rules(
        len(names),
        [[index_of_mitigation(names, "exclusive", n) for n in group] for group in exclusive],
        [
            (index_of_mitigation(names, "requires", a), index_of_mitigation(names, "requires", b))
            for a, b in requires
        ],
    )
    amounts = np.array([float(b.amount) for b in budgets])
    return Allowed(np.array(costs), amounts, rules, tuple(budgets))


def index_of_mitigation(names: Sequence[str], argument: str, name: str) -> int:
    """Where a mitigation of this name stands."""
    if name not in names:
        raise InvalidShape(argument, name, "is not a mitigation", "name one of the mitigations")
    return list(names).index(name)
