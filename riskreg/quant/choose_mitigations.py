"""The best set of mitigations for a portfolio: lowest mean, lowest TVaR, or best chance of staying
within a limit, computed on simulated scenarios with common random numbers.

Effects of several mitigations on one exposure multiply, so their benefits do not add up. Instead of
pretending so, every exposure is worked out under every combination of the mitigations that touch it
(`riskreg.quant.mitigation_table`), and the programme chooses among those combinations: the measure
is that of the scenarios, exactly, and a mitigation that serves several risks is paid once. Where
more mitigations touch one exposure than can be tried together, `riskreg.quant.search_mitigations`
searches instead and says within how much of the best it came.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import LinearConstraint

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidShape
from riskreg.quant.mitigation_table import (
    OBJECTIVES,
    Allowed,
    Goal,
    Table,
    checked_budgets_and_rules,
)
from riskreg.quant.mitigations import Budget, Mitigation
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.rules import relative_mip_gap, solve_within
from riskreg.quant.search_mitigations import best_of_all_sets, bound_on_value, search_best_set

MAX_TOGETHER = 6
"""Mitigations that may touch one exposure for the exact way: 2^6 combinations are worked out."""

MOST_TRIED = 12
"""Mitigations in all up to which every set is simply tried where the programme can't be used."""

METHODS = ("auto", "exact", "search")


@dataclass(frozen=True)
class MitigationChoice:
    """Names of the mitigations chosen, their cost, and what the loss measure becomes.

    `value` with the chosen set, `before` without any; for "mean" and "tvar" lower is better, for
    "chance" (of a loss within the limit) higher. `bound` is the best that any allowed set could
    reach on these scenarios, `gap` = |value - bound| / |value|, 0 when they differ by no more than
    the solver's tolerance of 1e-6. `optimal` when the exact way finished; `method` "exact" or
    "search"; `spent` of each budget. These figures are those of the scenarios that chose: tell
    nobody but from fresh draws (`report_choice`).
    """

    chosen: tuple[str, ...]
    cost: float
    objective: str
    before: float
    value: float
    bound: float
    gap: float
    optimal: bool
    spent: tuple[float, ...]
    method: str
    goal: Goal
    scenarios: int
    seed: int

    @property
    def optimality_text(self) -> str:
        """How good the set is known to be, in words; a search never says "proven"."""
        if self.method == "exact" and self.optimal and self.gap == 0:
            return "proven: no allowed set does better on these scenarios"
        if not math.isfinite(self.gap):
            return "the best set found; how far from the best is not known"
        return f"within {100 * self.gap:.2g} % of the best on these scenarios"


def choose_mitigations(
    portfolio: Portfolio,
    mitigations: Sequence[Mitigation],
    budget: float | Budget | Sequence[Budget],
    seed: int,
    *,
    objective: str = "mean",
    level: float = 0.95,
    limit: float | None = None,
    scenarios: int = 1000,
    exclusive: Sequence[Sequence[str]] = (),
    requires: Sequence[tuple[str, str]] = (),
    cost_level: float | None = None,
    gap: float = 0.0,
    node_limit: int | None = None,
    method: str = "auto",
) -> MitigationChoice:
    """Choose mitigations for `portfolio` within `budget`.

    Parameters
    ----------
    budget : one number for all, or budgets of parties and years, all of which are kept.
    objective : "mean" (lowest expected loss), "tvar" (lowest TVaR at `level`) or "chance" (highest
        chance that the loss of a year stays within `limit`). The cost is not part of the loss.
    scenarios : simulated years, ≥ 1; a few hundred for "tvar" and "chance", whose programme grows
        with them. The mean needs them only where drivers act.
    exclusive, requires : as in `choose`, by name.
    cost_level : a range of cost counts with its mean (None), or with the amount that it stays
        within with this chance, each by itself: safe, for their sum strays less.
    method : "exact", "search", or "auto": exact where no exposure is touched by more than six, or
        there are no more than twelve in all.
    Other parameters as in `choose` and `simulate`.

    TVaR as a linear programme: Rockafellar and Uryasev (2000), *Journal of Risk* 2(3):
    min v + Σ u_s / ((1 - level) S) with u_s ≥ loss_s - v, u_s ≥ 0.

    >>> from riskreg.quant import Constant, Effect, Exposure
    >>> p = Portfolio([Exposure("A", rate=1, severity=Constant(10)),
    ...                Exposure("B", rate=1, severity=Constant(4))])
    >>> halve = [Mitigation(f"halve {x}", 3, [Effect.severity(x, 0.5)]) for x in "AB"]
    >>> best = choose_mitigations(p, halve, budget=5, seed=1)
    >>> best.chosen, best.before, best.value, best.optimality_text
    (('halve A',), 14.0, 9.0, 'proven: no allowed set does better on these scenarios')
    """
    checks.one_of("objective", objective, OBJECTIVES)
    checks.one_of("method", method, METHODS)
    checks.level("level", level)
    checks.integer("scenarios", scenarios, 1, 100_000)
    threshold = checks.number("limit", limit) if objective == "chance" else math.inf
    goal = Goal(objective, level, threshold)
    allowed = checked_budgets_and_rules(mitigations, budget, exclusive, requires, cost_level)
    stop = checks.non_negative("gap", gap)
    table = Table(portfolio, mitigations, scenarios, seed)
    crowded = [e for e, own in enumerate(table.touching) if len(own) > MAX_TOGETHER]
    few = len(mitigations) <= MOST_TRIED
    if method == "exact" and crowded and not few:
        raise InvalidShape(
            "mitigations",
            sorted(mitigations[i].name for i in table.touching[crowded[0]]),
            f"all touch {portfolio.names[crowded[0]]}",
            f"let at most {MAX_TOGETHER} touch one exposure, give at most {MOST_TRIED}, or search",
        )
    limits = None
    if crowded and few and method != "search":
        chosen = tuple(sorted(best_of_all_sets(table, goal, allowed)))
        optimal, used, edge = True, "exact", table.value(goal, chosen)
    elif method == "search" or crowded:
        found = search_best_set(table, goal, allowed)
        chosen, optimal, used = tuple(sorted(found)), False, "search"
        edge = bound_on_value(table, goal, allowed, found)
    else:
        programme = _Programme(table, goal)
        chosen, edge, optimal = programme.solve(allowed, stop, node_limit)
        limits, used = programme.unit, "exact"
    value = table.value(goal, chosen)
    # The solver works on losses of order 1; a chance has no unit.
    scale = limits if limits and objective != "chance" else max(1.0, abs(value))
    distance = relative_mip_gap(value / scale, edge / scale) if math.isfinite(edge) else math.inf
    spent = allowed.spent(chosen)
    return MitigationChoice(
        chosen=tuple(mitigations[i].name for i in chosen),
        cost=math.fsum(mitigations[i].cost for i in chosen),
        objective=objective,
        before=table.value(goal, ()),
        value=value,
        bound=value if distance == 0 else edge,
        gap=distance,
        optimal=optimal,
        spent=spent,
        method=used,
        goal=goal,
        scenarios=scenarios,
        seed=seed,
    )


def mitigation_frontier(
    portfolio: Portfolio,
    mitigations: Sequence[Mitigation],
    budgets: Sequence[float | Budget | Sequence[Budget]],
    seed: int,
    **options: Any,
) -> tuple[MitigationChoice, ...]:
    """The best choice for each of `budgets`, on the same scenarios; `options` as in
    `choose_mitigations`.

    >>> from riskreg.quant import Constant, Effect, Exposure
    >>> p = Portfolio([Exposure("A", probability=1, severity=Constant(10))])
    >>> halve = [Mitigation("halve A", 3, [Effect.severity("A", 0.5)])]
    >>> [choice.value for choice in mitigation_frontier(p, halve, [0, 3], seed=1)]
    [10.0, 5.0]
    """
    return tuple(choose_mitigations(portfolio, mitigations, b, seed, **options) for b in budgets)


class _Solution(NamedTuple):
    """Positions chosen, the best value that any set could have, and whether it is proven."""

    chosen: tuple[int, ...]
    bound: float
    is_proven: bool


class _Programme:
    """Variables: x (mitigations), y (combinations of each exposure), then those of the goal."""

    def __init__(self, table: Table, goal: Goal) -> None:
        self._table, self._goal = table, goal
        self._n = len(table.mitigations)
        self._combinations = [
            (e, frozenset(group))
            for e, own in enumerate(table.touching)
            for count in range(len(own) + 1)
            for group in itertools.combinations(sorted(own), count)
        ]
        if goal.objective == "mean":
            self._means = np.array([table.mean(e, group) for e, group in self._combinations])
            self.unit = float(np.abs(self._means).max()) or 1.0
        else:
            self._losses = np.array([table.losses(e, group) for e, group in self._combinations])
            # HiGHS has absolute tolerances, so losses are brought to order 1.
            self.unit = float(np.abs(self._losses).max()) or 1.0

    def solve(self, allowed: Allowed, gap: float, node_limit: int | None) -> _Solution:
        """The best set within `allowed`."""
        goal, n, columns = self._goal, self._n, len(self._combinations)
        scenarios = self._table.scenarios
        if goal.objective == "mean":
            extra, weight, base = 0, np.empty(0), self._means / self.unit
        elif goal.objective == "tvar":
            extra, base = 1 + scenarios, np.zeros(columns)
            tail = np.full(scenarios, 1 / ((1 - goal.level) * scenarios))
            weight = np.concatenate([[1.0], tail])
        else:
            extra, base = scenarios, np.zeros(columns)
            weight = np.full(scenarios, 1 / scenarios)
        size = n + columns + extra
        lower, upper = np.zeros(size), np.ones(size)
        integral = np.concatenate([np.ones(n), np.zeros(columns + extra)])
        link, fixed = self._combination_constraints()
        # The shares of the combinations that hold m add up to x_m, so y is whole when x is.
        constraints = [LinearConstraint(_pad_columns(link, size), fixed, fixed)]
        rows, limits = allowed.rules.constraint_rows()
        if len(limits):
            wide = _pad_columns(sparse.csr_array(rows), size)
            constraints.append(LinearConstraint(wide, -np.inf, limits))
        if goal.objective == "tvar":
            lower[n + columns] = -np.inf
            upper[n + columns :] = np.inf
            own = sparse.hstack([-np.ones((scenarios, 1)), -sparse.eye_array(scenarios)])
            constraints.append(
                LinearConstraint(self._scenario_rows_with(own), -np.inf, np.zeros(scenarios))
            )
        elif goal.objective == "chance":
            # z_s = 1 lets scenario s pass the limit, by no more than it can; such are counted.
            reach = self._highest_losses() - goal.limit
            integral[n + columns :] = 1
            upper[n + columns :] = (reach > 0).astype(float)
            own = -sparse.diags_array(np.maximum(reach, 0.0) / self.unit)
            most = np.full(scenarios, goal.limit / self.unit)
            constraints.append(LinearConstraint(self._scenario_rows_with(own), -np.inf, most))
        chosen, found = solve_within(
            allowed.costs,
            allowed.budgets,
            np.concatenate([np.zeros(n), base, weight]),
            constraints,
            integral,
            lower,
            upper,
            gap=gap,
            node_limit=node_limit,
        )
        edge = 1 - found.lower_bound if goal.sign < 0 else found.lower_bound * self.unit
        return _Solution(chosen, edge, found.optimal)

    def _scenario_rows_with(self, own: sparse.sparray) -> sparse.csr_array:
        """A row for each scenario: nothing of a mitigation, the losses, and what is its ``own``."""
        blank = sparse.csr_array((self._table.scenarios, self._n))
        losses = sparse.csr_array(self._losses.T / self.unit)
        return sparse.hstack([blank, losses, own], format="csr")

    def _highest_losses(self) -> Array:
        """For each scenario the highest loss that any choice could give."""
        total = np.zeros(self._table.scenarios)
        for exposure in range(len(self._table.touching)):
            own = [k for k, (e, _) in enumerate(self._combinations) if e == exposure]
            total += self._losses[own].max(axis=0)
        return total

    def _combination_constraints(self) -> tuple[sparse.csr_array, Array]:
        n, combinations = self._n, self._combinations
        rows: list[Array] = []
        values: list[float] = []
        for position, own in enumerate(self._table.touching):
            row = np.zeros(n + len(combinations))
            row[n:] = [at == position for at, _ in combinations]
            rows.append(row)
            values.append(1.0)
            for i in sorted(own):
                row = np.zeros(n + len(combinations))
                row[i] = -1
                row[n:] = [at == position and i in held for at, held in combinations]
                rows.append(row)
                values.append(0.0)
        return sparse.csr_array(np.array(rows)), np.array(values)


def _pad_columns(matrix: sparse.csr_array, size: int) -> sparse.csr_array:
    blank = sparse.csr_array((matrix.shape[0], size - matrix.shape[1]))
    return sparse.hstack([matrix, blank], format="csr")
