"""The best set of mitigations under a budget, with the proof of how good it is.

A knapsack with rules, solved by HiGHS through `scipy.optimize.milp`. The benefits here are given
and add up; `riskreg.quant.choose_mitigations` works from a portfolio instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import LinearConstraint

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidShape
from riskreg.quant.rules import (
    Rules,
    checked_budget,
    checked_costs,
    checked_rules,
    relative_mip_gap,
    solve_within,
)


@dataclass(frozen=True)
class Choice:
    """A set of mitigations and what it is worth.

    `chosen` positions, ascending; `value` their benefit; `cost` their cost, all budgets together,
    and `spent` of each; `bound` the most that any allowed set could be worth; `gap` =
    (bound - value) / |value|, 0 when proven best; `optimal` whether the solver finished rather than
    reached its limit of nodes.
    """

    chosen: tuple[int, ...]
    value: float
    cost: float
    bound: float
    gap: float
    optimal: bool
    spent: tuple[float, ...]


def choose(
    costs: npt.ArrayLike,
    benefits: npt.ArrayLike,
    budget: float | Sequence[float],
    exclusive: Sequence[Sequence[int]] = (),
    requires: Sequence[tuple[int, int]] = (),
    *,
    ceilings: Sequence[float] | None = None,
    gap: float = 0.0,
    node_limit: int | None = None,
) -> Choice:
    """Choose mitigations to maximise benefit within `budget`.

    Parameters
    ----------
    costs : shape (mitigations,), ≥ 0; a mitigation is paid once however many risks it serves. With
        several budgets (of each party, in each year) shape (mitigations, budgets).
    benefits : shape (mitigations,), or (mitigations, risks) when a mitigation serves several; money
        in the same or another unit. Benefits add up.
    budget : ≥ 0, in the unit of `costs`; infinity for no limit. Or one for each column of `costs`,
        all of which are kept (multidimensional knapsack).
    exclusive : groups of positions of which at most one may be chosen; no position in two groups.
    requires : pairs (a, b): a may be chosen only with b; without circles.
    ceilings : shape (risks,), with two-dimensional benefits: no risk yields more benefit than its
        ceiling (usually its whole expected loss), however many mitigations serve it.
    gap : relative gap at which the solver may stop; 0 asks for proof.
    node_limit : nodes of the solver's tree; then the best so far is returned with its gap. There is
        no limit of time: a slower machine gives the same answer.

    Raises `InvalidBudget`, `OverlappingGroups`, `CyclicRequirement`, `InvalidShape`.
    Martello and Toth (1990), *Knapsack Problems*.

    >>> s = choose([12, 7, 11, 8, 9], [24, 13, 23, 15, 16], budget=26)
    >>> s.chosen, s.value, s.gap
    ((1, 2, 3), 51.0, 0.0)
    >>> s = choose([[3, 0], [2, 2], [0, 3]], [5, 4, 4], budget=[4, 3])  # ours, theirs
    >>> s.chosen, s.spent
    ((0, 2), (3.0, 3.0))
    """
    limits, single = _budgets_and_if_single(budget)
    paid, per_risk, caps = _check_inputs(costs, benefits, ceilings, None if single else limits.size)
    rules = checked_rules(paid.shape[1], exclusive, requires)
    return _choose(paid, per_risk, caps, limits, rules, checks.non_negative("gap", gap), node_limit)


def _budgets_and_if_single(budget: float | Sequence[float]) -> tuple[Array, bool]:
    """Budgets as an array, and whether it was a single number."""
    if not isinstance(budget, Sequence | np.ndarray) or isinstance(budget, str):
        return np.array([checked_budget(budget)]), True
    limits = [checked_budget(b) for b in budget]
    if not limits:
        raise InvalidShape("budget", budget, "is empty", "give one budget or more")
    return np.array(limits), False


def efficient_frontier(
    costs: npt.ArrayLike,
    benefits: npt.ArrayLike,
    budgets: Sequence[float | Sequence[float]],
    exclusive: Sequence[Sequence[int]] = (),
    requires: Sequence[tuple[int, int]] = (),
    *,
    ceilings: Sequence[float] | None = None,
    gap: float = 0.0,
    node_limit: int | None = None,
) -> tuple[Choice, ...]:
    """The best choice for each of `budgets`; parameters as in `choose`, `node_limit` for each.

    >>> [s.value for s in efficient_frontier([3, 2, 1], [5, 4, 1], [0, 2, 5])]
    [0.0, 4.0, 9.0]
    """
    return tuple(
        choose(
            costs,
            benefits,
            budget,
            exclusive,
            requires,
            ceilings=ceilings,
            gap=gap,
            node_limit=node_limit,
        )
        for budget in budgets
    )


def _check_inputs(
    costs: npt.ArrayLike,
    benefits: npt.ArrayLike,
    ceilings: Sequence[float] | None,
    budgets: int | None,
) -> tuple[Array, Array, Array | None]:
    paid = checked_costs(costs, budgets)
    items = paid.shape[1]
    per_risk = checks.array("benefits", benefits, np.ndim(np.asarray(benefits, dtype=object)) or 1)
    if per_risk.ndim > 2 or per_risk.shape[0] != items:
        raise InvalidShape(
            "benefits",
            benefits,
            f"has shape {per_risk.shape}",
            f"give {items} benefits, or {items} rows of benefits for each risk",
        )
    caps = None
    if ceilings is not None:
        caps = checks.array("ceilings", ceilings, 1)
        if per_risk.ndim != 2 or caps.size != per_risk.shape[1] or (caps < 0).any():
            raise InvalidShape(
                "ceilings", ceilings, "does not match the benefits", "give one of 0 or more a risk"
            )
        if (per_risk < 0).any():
            raise InvalidShape(
                "benefits", benefits, "is negative under a ceiling", "give benefits of 0 or more"
            )
    return paid, per_risk, caps


def _choose(
    costs: Array,
    benefits: Array,
    ceilings: Array | None,
    budgets: Array,
    rules: Rules,
    gap: float,
    node_limit: int | None,
) -> Choice:
    n = costs.shape[1]
    risks = 0 if ceilings is None else ceilings.size
    # Variables: x (chosen or not), then with ceilings z (benefit counted for each risk).
    constraints: list[LinearConstraint] = []
    rows, limits = rules.constraint_rows()
    if len(limits):
        padded = sparse.csr_array(np.hstack([rows, np.zeros((len(limits), risks))]))
        constraints.append(LinearConstraint(padded, -np.inf, limits))
    # HiGHS has absolute tolerances, so benefits are brought to order 1.
    unit = float(np.abs(benefits).max()) or 1.0
    scaled = benefits / unit
    if ceilings is None:
        objective = -(scaled if scaled.ndim == 1 else scaled.sum(axis=1))
        upper = np.ones(n)
    else:
        objective = np.concatenate([np.zeros(n), -np.ones(risks)])
        upper = np.concatenate([np.ones(n), ceilings / unit])
        link = sparse.hstack([-scaled.T, sparse.eye_array(risks)], format="csr")
        constraints.append(LinearConstraint(link, -np.inf, np.zeros(risks)))
    chosen, found = solve_within(
        costs,
        budgets,
        objective,
        constraints,
        np.concatenate([np.ones(n), np.zeros(risks)]),
        np.zeros(n + risks),
        upper,
        gap=gap,
        node_limit=node_limit,
    )
    value = _benefit_of_chosen(chosen, benefits, ceilings)
    bound = -found.lower_bound
    distance = relative_mip_gap(value / unit, bound)
    spent = tuple(math.fsum(row[list(chosen)]) for row in costs)
    return Choice(
        chosen=chosen,
        value=value,
        cost=math.fsum(spent),
        bound=value if distance == 0 else max(value, bound * unit),
        gap=distance,
        optimal=found.optimal,
        spent=spent,
    )


def _benefit_of_chosen(chosen: tuple[int, ...], benefits: Array, ceilings: Array | None) -> float:
    rows = benefits[list(chosen)]
    if ceilings is None:
        return math.fsum(rows.ravel())
    return math.fsum(np.minimum(rows.sum(axis=0), ceilings))
