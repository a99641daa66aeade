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
    relative_gap,
    solve_within,
)


@dataclass(frozen=True)
class Choice:
    """A set of mitigations and what it is worth.

    `chosen` positions, ascending; `value` their benefit; `cost` their cost; `bound` the most that
    any allowed set could be worth; `gap` = (bound - value) / |value|, 0 when proven best; `optimal`
    whether the solver finished rather than ran out of time.
    """

    chosen: tuple[int, ...]
    value: float
    cost: float
    bound: float
    gap: float
    optimal: bool


def choose(
    costs: Sequence[float],
    benefits: npt.ArrayLike,
    budget: float,
    exclusive: Sequence[Sequence[int]] = (),
    requires: Sequence[tuple[int, int]] = (),
    *,
    ceilings: Sequence[float] | None = None,
    gap: float = 0.0,
    time_limit: float | None = None,
) -> Choice:
    """Choose mitigations to maximise benefit within `budget`.

    Parameters
    ----------
    costs : shape (mitigations,), ≥ 0; a mitigation is paid once however many risks it serves.
    benefits : shape (mitigations,), or (mitigations, risks) when a mitigation serves several; money
        in the same or another unit. Benefits add up.
    budget : ≥ 0, in the unit of `costs`; infinity for no limit.
    exclusive : groups of positions of which at most one may be chosen; no position in two groups.
    requires : pairs (a, b): a may be chosen only with b; without circles.
    ceilings : shape (risks,), with two-dimensional benefits: no risk yields more benefit than its
        ceiling (usually its whole expected loss), however many mitigations serve it.
    gap : relative gap at which the solver may stop; 0 asks for proof.
    time_limit : seconds; then the best so far is returned with its gap.

    Raises `InvalidBudget`, `OverlappingGroups`, `CyclicRequirement`, `InvalidShape`.
    Martello and Toth (1990), *Knapsack Problems*.

    >>> s = choose([12, 7, 11, 8, 9], [24, 13, 23, 15, 16], budget=26)
    >>> s.chosen, s.value, s.gap
    ((1, 2, 3), 51.0, 0.0)
    """
    paid, per_risk, caps = _checked(costs, benefits, ceilings)
    limit = checked_budget(budget)
    rules = checked_rules(paid.size, exclusive, requires)
    return _choose(paid, per_risk, caps, limit, rules, checks.non_negative("gap", gap), time_limit)


def efficient_frontier(
    costs: Sequence[float],
    benefits: npt.ArrayLike,
    budgets: Sequence[float],
    exclusive: Sequence[Sequence[int]] = (),
    requires: Sequence[tuple[int, int]] = (),
    *,
    ceilings: Sequence[float] | None = None,
    gap: float = 0.0,
    time_limit: float | None = None,
) -> tuple[Choice, ...]:
    """The best choice for each of `budgets`; parameters as in `choose`, `time_limit` for each.

    >>> [s.value for s in efficient_frontier([3, 2, 1], [5, 4, 1], [0, 2, 5])]
    [0.0, 4.0, 9.0]
    """
    paid, per_risk, caps = _checked(costs, benefits, ceilings)
    limits = [checked_budget(b) for b in budgets]
    rules = checked_rules(paid.size, exclusive, requires)
    stop = checks.non_negative("gap", gap)
    return tuple(_choose(paid, per_risk, caps, b, rules, stop, time_limit) for b in limits)


def _checked(
    costs: Sequence[float], benefits: npt.ArrayLike, ceilings: Sequence[float] | None
) -> tuple[Array, Array, Array | None]:
    paid = checked_costs(costs)
    per_risk = checks.array("benefits", benefits, np.ndim(np.asarray(benefits, dtype=object)) or 1)
    if per_risk.ndim > 2 or per_risk.shape[0] != paid.size:
        raise InvalidShape(
            "benefits",
            benefits,
            f"has shape {per_risk.shape}",
            f"give {paid.size} benefits, or {paid.size} rows of benefits for each risk",
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
    budget: float,
    rules: Rules,
    gap: float,
    time_limit: float | None,
) -> Choice:
    n = costs.size
    risks = 0 if ceilings is None else ceilings.size
    # Variables: x (chosen or not), then with ceilings z (benefit counted for each risk).
    constraints: list[LinearConstraint] = []
    rows, limits = rules.rows()
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
        budget,
        objective,
        constraints,
        np.concatenate([np.ones(n), np.zeros(risks)]),
        np.zeros(n + risks),
        upper,
        gap=gap,
        time_limit=time_limit,
    )
    value = _worth(chosen, benefits, ceilings)
    bound = -found.lower_bound
    distance = relative_gap(value / unit, bound)
    return Choice(
        chosen=chosen,
        value=value,
        cost=math.fsum(costs[list(chosen)]),
        bound=value if distance == 0 else max(value, bound * unit),
        gap=distance,
        optimal=found.optimal,
    )


def _worth(chosen: tuple[int, ...], benefits: Array, ceilings: Array | None) -> float:
    rows = benefits[list(chosen)]
    if ceilings is None:
        return math.fsum(rows.ravel())
    return math.fsum(np.minimum(rows.sum(axis=0), ceilings))
