"""Rules between mitigations (exclusive groups, prerequisites) as linear constraints, and the call
to HiGHS that the choices share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import (
    CyclicRequirement,
    Infeasible,
    InvalidBudget,
    InvalidShape,
    OverlappingGroups,
)

SLACK = 1e-9
"""Relative amount by which costs may pass a budget through rounding."""

SOLVER_TOLERANCE = 1e-6
"""HiGHS's own tolerance for feasibility and bounds, on quantities of order 1."""


@dataclass(frozen=True)
class Rules:
    """Checked rules over `size` items: groups of which at most one is chosen, and pairs (a, b)
    where a needs b."""

    size: int
    exclusive: tuple[tuple[int, ...], ...]
    requires: tuple[tuple[int, int], ...]

    def constraint_rows(self) -> tuple[Array, Array]:
        """(A, upper) with A x ≤ upper for exactly the choices that keep the rules."""
        rows, upper = [], []
        for group in self.exclusive:
            row = np.zeros(self.size)
            row[list(group)] = 1
            rows.append(row)
            upper.append(1.0)
        for item, needed in self.requires:
            row = np.zeros(self.size)
            row[item], row[needed] = 1, -1
            rows.append(row)
            upper.append(0.0)
        return np.array(rows).reshape(len(rows), self.size), np.array(upper)


def checked_rules(
    size: int, exclusive: Sequence[Sequence[int]], requires: Sequence[tuple[int, int]]
) -> Rules:
    """Refuse positions outside 0 … size - 1, overlapping groups, cyclic prerequisites."""
    groups = []
    seen: dict[int, int] = {}
    for number, group in enumerate(exclusive):
        members = tuple(checks.integer("exclusive", i, 0, size - 1, InvalidShape) for i in group)
        for item in members:
            if item in seen:
                raise OverlappingGroups(
                    "exclusive",
                    [list(g) for g in exclusive],
                    f"holds {item} in group {seen[item]} and again in group {number}",
                    "put each mitigation in one group; merge groups that exclude one another",
                )
            seen[item] = number
        groups.append(members)
    pairs = []
    for pair in requires:
        if len(pair) != 2:
            raise InvalidShape("requires", pair, "is not a pair", "give (item, what it needs)")
        a, b = (checks.integer("requires", i, 0, size - 1, InvalidShape) for i in pair)
        pairs.append((a, b))
    _refuse_cycles(size, pairs)
    return Rules(size, tuple(groups), tuple(pairs))


def _refuse_cycles(size: int, pairs: Sequence[tuple[int, int]]) -> None:
    needs: list[set[int]] = [set() for _ in range(size)]
    for a, b in pairs:
        needs[a].add(b)
    ready = True
    while ready:
        # An item whose needs are all settled is settled itself; what stays is in or above a circle.
        ready = False
        for a in range(size):
            if needs[a] and all(not needs[b] for b in needs[a]):
                needs[a].clear()
                ready = True
    stuck = [a for a in range(size) if needs[a]]
    if stuck:
        raise CyclicRequirement(
            "requires",
            list(pairs),
            f"goes round in a circle among {stuck}",
            "drop one of these prerequisites",
        )


def checked_budget(budget: float) -> float:
    """A budget of 0 or more; infinity is allowed and means no limit."""
    if isinstance(budget, float) and budget == math.inf:
        return budget
    return checks.non_negative("budget", budget, InvalidBudget)


def checked_costs(costs: npt.ArrayLike, budgets: int | None) -> Array:
    """Costs of 0 or more, shape (budgets, items); one row for a single budget (None)."""
    if budgets is None:
        result = checks.array("costs", costs, 1)[None, :]
    else:
        result = checks.array("costs", costs, 2).T
        if result.shape[0] != budgets:
            raise InvalidShape(
                "costs", costs, f"has {result.shape[0]} columns", f"give {budgets}, one a budget"
            )
    if (result < 0).any():
        raise InvalidBudget("costs", costs, "holds a negative cost", "give costs of 0 or more")
    return result


@dataclass(frozen=True, eq=False)
class Solved:
    """What HiGHS found: the variables, and the lowest value the objective could still have."""

    x: Array
    lower_bound: float
    optimal: bool


def solve(
    objective: Array,
    constraints: list[LinearConstraint],
    integrality: Array,
    lower: Array,
    upper: Array,
    *,
    gap: float,
    node_limit: int | None,
) -> Solved:
    """Minimise objective @ x by `scipy.optimize.milp`; `Infeasible` when nothing was found.

    It stops at a gap or after a number of nodes, never by the clock: the answer must not depend on
    how busy the machine is.
    """
    options: dict[str, float] = {"mip_rel_gap": gap}
    if node_limit is not None:
        options["node_limit"] = checks.integer("node_limit", node_limit, 1, 2**31 - 1)
    # HiGHS has absolute tolerances, so the objective is brought to order 1 first.
    scale = float(np.abs(objective).max()) or 1.0
    found: OptimizeResult = milp(
        objective / scale,
        integrality=integrality,
        bounds=Bounds(lower, upper),
        constraints=constraints,
        options=options,
    )
    if found.x is None:
        # Choosing nothing is always allowed, so only the limit can leave the solver without a set.
        raise Infeasible(
            "node_limit", node_limit, f"left no choice found ({found.message})", "allow more nodes"
        )
    bound = found.mip_dual_bound
    known = bound is not None and math.isfinite(bound)
    return Solved(found.x, scale * float(bound) if known else -math.inf, found.status == 0)


def solve_within(
    costs: Array,
    budgets: Array,
    objective: Array,
    constraints: list[LinearConstraint],
    integrality: Array,
    lower: Array,
    upper: Array,
    *,
    gap: float,
    node_limit: int | None,
) -> tuple[tuple[int, ...], Solved]:
    """As `solve`, where the first variables choose items that cost `costs`, shape (budgets, items),
    within each of `budgets`.

    Returns the positions chosen as well. The solver's feasibility tolerance may let in a set a
    little above a budget; then it is asked again for that little less.
    """
    n = costs.shape[1]
    upper = upper.copy()
    # What can't be paid alone is out from the start, which no tolerance can then let in.
    upper[:n][(costs > budgets[:, None] * (1 + SLACK)).any(axis=0)] = 0
    finite = np.flatnonzero(np.isfinite(budgets))
    scale = np.maximum(costs.max(axis=1), 0.0)
    scale[scale == 0] = 1.0
    rows = np.zeros((finite.size, objective.size))
    rows[:, :n] = costs[finite] / scale[finite, None]
    allowed = budgets.copy()
    while True:
        limited = list(constraints)
        if finite.size:
            limits = allowed[finite] / scale[finite]
            limited.append(LinearConstraint(sparse.csr_array(rows), -np.inf, limits))
        found = solve(objective, limited, integrality, lower, upper, gap=gap, node_limit=node_limit)
        chosen = tuple(int(i) for i in np.flatnonzero(found.x[:n] > 0.5))
        over = np.array([math.fsum(row[list(chosen)]) for row in costs]) - budgets
        passed = over > budgets * SLACK
        if not passed.any():
            return chosen, found
        less = over + SLACK * np.maximum(1.0, budgets)
        allowed[passed] = np.maximum(0.0, allowed[passed] - less[passed])


def relative_mip_gap(objective_value: float, bound: float) -> float:
    """|bound - objective value| / |objective value|; 0 when they differ by no more than the
    solver's tolerance."""
    distance = abs(bound - objective_value)
    if distance <= SOLVER_TOLERANCE * max(1.0, abs(objective_value)):
        return 0.0
    return distance / abs(objective_value) if objective_value else math.inf
