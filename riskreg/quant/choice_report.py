"""What a chosen set of mitigations does, told from fresh draws.

The figures of the scenarios that chose are too good: of sets that are equally good, that one wins
which those scenarios happen to favour (the winner's curse; Smith and Winkler 2006, *Management
Science* 52(3)). So the chosen set, the runner-up, doing nothing, and all sets as good within one
standard error are measured on years that chose nothing, each beside the chosen one year by year.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.choose_mitigations import MitigationChoice
from riskreg.quant.distributions import Distribution
from riskreg.quant.errors import InvalidShape, InvalidYears, MismatchedRuns
from riskreg.quant.expected import difference_chunk, expected_difference, expected_losses
from riskreg.quant.mitigation_table import (
    Allowed,
    Goal,
    Group,
    Table,
    checked_budgets_and_rules,
    index_of_mitigation,
)
from riskreg.quant.mitigations import Budget, Mitigation
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.sampling import Stream, hash_words_of_name
from riskreg.quant.search_mitigations import neighbours
from riskreg.quant.simulate import simulate

MOST_LISTED = 12
"""Mitigations up to which all allowed sets are looked at; above, those near the chosen one."""

COST_DRAWS = 2**14
_COST = 4


@dataclass(frozen=True)
class SetFigures:
    """A set on fresh draws: the measure, and how far it is from that of the chosen set.

    `difference` is this set's less the chosen one's, year by year on the same draws, with its
    standard error; `within_budget` the chance that its costs stay within every budget.
    """

    chosen: tuple[str, ...]
    cost: float
    value: float
    standard_error: float
    difference: float
    difference_error: float
    within_budget: float


@dataclass(frozen=True)
class ChoiceReport:
    """The chosen set beside others, on fresh draws.

    `runner_up` is the second best of the scenarios that chose (None if nothing else is allowed);
    `nothing` doing nothing; `as_good` every set looked at that is no more than one standard error
    worse than the chosen one, best first. `considered` sets were compared on the scenarios that
    chose, `every` tells whether those were all allowed sets; `measured` of them on fresh draws.
    """

    chosen: SetFigures
    runner_up: SetFigures | None
    nothing: SetFigures
    as_good: tuple[SetFigures, ...]
    considered: int
    every: bool
    measured: int


def report_choice(
    portfolio: Portfolio,
    mitigations: Sequence[Mitigation],
    budget: float | Budget | Sequence[Budget],
    choice: MitigationChoice,
    seed: int,
    *,
    years: int = 100_000,
    exclusive: Sequence[Sequence[str]] = (),
    requires: Sequence[tuple[str, str]] = (),
    cost_level: float | None = None,
    most: int = 12,
) -> ChoiceReport:
    """Measure a choice on fresh draws; parameters as in `choose_mitigations`, which made it.

    Parameters
    ----------
    seed : another than that of the choice. years : fresh years for each set that is measured.
    most : of the sets nearest to the chosen one on its scenarios, how many are measured.

    >>> from riskreg.quant import Constant, Effect, Exposure, choose_mitigations
    >>> p = Portfolio([Exposure(x, rate=1, severity=Constant(10)) for x in "AB"])
    >>> halve = [Mitigation(f"halve {x}", 3, [Effect.severity(x, 0.5)]) for x in "AB"]
    >>> best = choose_mitigations(p, halve, 5, seed=1)
    >>> told = report_choice(p, halve, 5, best, seed=2, years=1000)
    >>> told.chosen.chosen, told.runner_up.chosen, [s.chosen for s in told.as_good]
    (('halve A',), ('halve B',), [('halve B',)])
    """
    n = checks.integer("years", years, 2, 10**7, InvalidYears)
    count = checks.integer("most", most, 1, 1000)
    if checks.seed("seed", seed) == choice.seed:
        raise MismatchedRuns(
            "seed", seed, "is the one that chose: its figures are too good", "give another"
        )
    allowed = checked_budgets_and_rules(mitigations, budget, exclusive, requires, cost_level)
    names = [m.name for m in mitigations]
    chosen = frozenset(index_of_mitigation(names, "choice", name) for name in choice.chosen)
    if not allowed.allows(chosen):
        raise InvalidShape("choice", choice.chosen, "is not allowed here", "give its own budget")
    table = Table(portfolio, mitigations, choice.scenarios, choice.seed)
    every = len(names) <= MOST_LISTED
    others = _sets_to_compare(allowed, chosen, len(names), every=every)
    sign = choice.goal.sign
    others.sort(key=lambda s: (sign * table.value(choice.goal, s), sorted(s)))
    fresh = _Fresh(portfolio, mitigations, allowed, choice.goal, chosen, n, seed)
    near = [fresh.figures(s) for s in others[:count]]
    as_good = [f for f in near if sign * f.difference <= f.difference_error]
    return ChoiceReport(
        chosen=fresh.figures(chosen),
        runner_up=near[0] if near else None,
        nothing=fresh.figures(frozenset()),
        as_good=tuple(sorted(as_good, key=lambda f: (sign * f.difference, f.chosen))),
        considered=len(others) + 1,
        every=every,
        measured=len(near) + 1,
    )


def _sets_to_compare(
    allowed: Allowed, chosen: Group, mitigation_count: int, *, every: bool
) -> list[Group]:
    if not every:
        return list(neighbours(allowed, chosen, mitigation_count))
    sets = [
        frozenset(s)
        for k in range(mitigation_count + 1)
        for s in itertools.combinations(range(mitigation_count), k)
    ]
    return [s for s in sets if s != chosen and allowed.allows(s)]


class _Fresh:
    """Sets measured on years that chose nothing."""

    def __init__(
        self,
        portfolio: Portfolio,
        mitigations: Sequence[Mitigation],
        allowed: Allowed,
        goal: Goal,
        chosen: Group,
        years: int,
        seed: int,
    ) -> None:
        self._portfolio, self._mitigations = portfolio, mitigations
        self._allowed, self._goal, self._years, self._seed = allowed, goal, years, seed
        self._base = self._portfolio_after(chosen)
        self._base_parts = self._measure_by_year(self._base)

    def _portfolio_after(self, chosen: Group) -> Portfolio:
        return self._portfolio.mitigated([self._mitigations[i] for i in sorted(chosen)])

    def _measure_by_year(self, portfolio: Portfolio) -> Array:
        """What each year adds to the measure: its mean is the measure.

        Of TVaR v + (loss - v)+ / (1 - level), which at v = VaR has the error of TVaR itself.
        """
        if self._goal.objective == "mean":
            return np.empty(0)
        losses = simulate(portfolio, self._years, self._seed).losses
        if self._goal.objective == "chance":
            return (losses <= self._goal.limit).astype(np.float64)
        v = metrics.var(losses, self._goal.level)
        return checks.as_floats(v + np.maximum(losses - v, 0.0) / (1 - self._goal.level))

    def figures(self, chosen: Group) -> SetFigures:
        changed = self._portfolio_after(chosen)
        if self._goal.objective == "mean":
            found = expected_losses(changed, self._years, self._seed)[""]
            value, error = found.value, found.standard_error
            run = (self._years, self._seed, 0, 1)
            moved = expected_difference(
                self._base, changed, self._years, [difference_chunk(self._base, changed, *run)]
            )
            change, change_error = moved.value, moved.standard_error
        else:
            parts = self._measure_by_year(changed)
            value, error = _mean_and_error(parts)
            change, change_error = _mean_and_error(parts - self._base_parts)
        return SetFigures(
            tuple(self._mitigations[i].name for i in sorted(chosen)),
            math.fsum(self._mitigations[i].cost for i in chosen),
            value,
            error,
            change,
            change_error,
            self._chance_within_budgets(chosen),
        )

    def _chance_within_budgets(self, chosen: Group) -> float:
        """Chance that the costs, drawn independently, stay within every budget."""
        return chance_that_costs_fit(
            [self._mitigations[i] for i in sorted(chosen)], self._allowed.limits, self._seed
        )


def chance_that_costs_fit(
    chosen: Sequence[Mitigation], budgets: Sequence[Budget], seed: int
) -> float:
    """Chance that the costs of a set stay within every budget; ranges independent of each other.

    >>> from riskreg.quant import Cost, Pert
    >>> m = Mitigation.paid("M", [Cost(Pert(1, 2, 3))], [])
    >>> chance_that_costs_fit([m], [Budget(3)], seed=1)
    1.0
    >>> 0.48 < chance_that_costs_fit([m], [Budget(2)], seed=1) < 0.52
    True
    """
    checks.seed("seed", seed)
    fits = np.ones(COST_DRAWS, dtype=bool)
    paid = [np.zeros(COST_DRAWS) for _ in budgets]
    for mitigation in chosen:
        for k, cost in enumerate(mitigation.costs):
            amount = _cost_draws_or_mean(mitigation, k, seed)
            for budget, total in zip(budgets, paid, strict=True):
                if budget.is_charged_with(cost):
                    total += amount
    for budget, total in zip(budgets, paid, strict=True):
        fits &= total <= budget.amount * (1 + 1e-9)
    return float(fits.mean())


def interval_of_cost_in_all(
    chosen: Sequence[Mitigation], seed: int, share: float = 0.9
) -> tuple[float, float]:
    """Ends between which what a set costs in all lies with the chance `share`, as often below as
    above; ranges independent of each other, drawn as in `chance_that_costs_fit`. Equal where no
    cost is a range.

    >>> from riskreg.quant import Cost, Pert
    >>> known = [Mitigation.paid("M", [Cost(2)], []), Mitigation("N", 3, [])]
    >>> interval_of_cost_in_all(known, seed=1)
    (5.0, 5.0)
    >>> low, high = interval_of_cost_in_all(
    ...     [Mitigation.paid("M", [Cost(Pert(1, 2, 3))], [])], seed=1
    ... )
    >>> round(low, 1), round(high, 1)
    (1.4, 2.6)
    """
    checks.seed("seed", seed)
    level = (1 - checks.level("share", share)) / 2
    total = np.zeros(COST_DRAWS)
    for mitigation in chosen:
        for k in range(len(mitigation.costs)):
            total += _cost_draws_or_mean(mitigation, k, seed)
    low, high = np.quantile(total, [level, 1 - level])
    return float(low), float(high)


def _cost_draws_or_mean(mitigation: Mitigation, cost_index: int, seed: int) -> Array | float:
    cost = mitigation.costs[cost_index]
    if not isinstance(cost.amount, Distribution):
        return cost.mean
    rng = Stream(seed, (_COST, cost_index, *hash_words_of_name(mitigation.name))).generator_at(0)
    return cost.amount.sample(rng, COST_DRAWS)


def _mean_and_error(parts: Array) -> tuple[float, float]:
    return float(parts.mean()), float(parts.std(ddof=1)) / math.sqrt(parts.size)
