"""Choosing among more mitigations of one exposure than can be tried together.

A local search on the scenarios (add, drop, swap, with what they need, until none improves) finds a
set; a relaxed programme bounds how much better any other could be. The relaxation uses two facts.

- A mitigation that only lowers an exposure's events or their cost makes no scenario worse. So
  with a few of them free and all others granted, the loss is at most what any choice reaches.
- An expected loss that is a product of factors is convex in the choice, exp(Σ x ln f): its tangents
  lie below it (Kelley 1960, *J. SIAM* 8(4)).

The tail mean of any set is at least the mean over those scenarios that are the found set's tail
(Rockafellar and Uryasev 2000). Starts, moves and nodes are counted, never timed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.optimize import LinearConstraint

from riskreg.quant import metrics
from riskreg.quant.checks import Array
from riskreg.quant.mitigation_table import Allowed, Goal, Group, Table
from riskreg.quant.mitigations import Effect
from riskreg.quant.rules import solve_within

FREE = 6
"""Mitigations of one exposure that the relaxation lets free at once: 2^6 combinations."""

TANGENTS = 24
MOST_MOVES = 1000
NODES = 2000
"""Nodes of the relaxed programme; its bound holds wherever it stops."""


def search_best_set(table: Table, goal: Goal, allowed: Allowed) -> Group:
    """The best set that adding, dropping and swapping finds from two starts."""
    greedy = _set_from_greedy_start(table, goal, allowed)
    found = [_improve_by_neighbours(table, goal, allowed, start) for start in (frozenset(), greedy)]
    return min(
        found, key=lambda s: (goal.sign * table.value(goal, s), _cost(allowed, s), sorted(s))
    )


def best_of_all_sets(table: Table, goal: Goal, allowed: Allowed) -> Group:
    """The best of all allowed sets, each of them tried; of equal ones the cheapest."""
    sets = (frozenset(s) for s in _subsets(list(range(len(table.mitigations)))))
    return min(
        (s for s in sets if allowed.allows(s)),
        key=lambda s: (goal.sign * table.value(goal, s), _cost(allowed, s), sorted(s)),
    )


def _cost(allowed: Allowed, chosen: Group) -> float:
    return math.fsum(allowed.spent(chosen))


def _set_from_greedy_start(table: Table, goal: Goal, allowed: Allowed) -> Group:
    """Add what gains most for its money until nothing more fits or gains."""
    chosen: Group = frozenset()
    while True:
        here = _Neighbourhood(table, goal, chosen)
        best, rate = chosen, 0.0
        for item in range(len(table.mitigations)):
            more = chosen | allowed.with_needs(item)
            if more == chosen or not allowed.allows(more):
                continue
            gain = here.score - here.score_of(more)
            price = _cost(allowed, more) - _cost(allowed, chosen)
            worth = gain / price if price > 0 else math.copysign(math.inf, gain) if gain else 0.0
            if worth > rate:
                best, rate = more, worth
        if best == chosen:
            return chosen
        chosen = best


def neighbours(allowed: Allowed, chosen: Group, mitigation_count: int) -> Iterator[Group]:
    """Sets one addition, one removal or one swap away, with what they need, that are allowed."""
    others = [i for i in range(mitigation_count) if i not in chosen]
    found = {chosen}
    removed = [chosen - allowed.with_dependants(j) for j in sorted(chosen)]
    added = [chosen | allowed.with_needs(i) for i in others]
    swapped = [less | allowed.with_needs(i) for less in removed for i in others]
    for candidate in (*removed, *added, *swapped):
        if candidate not in found and allowed.allows(candidate):
            found.add(candidate)
            yield candidate


class _Neighbourhood:
    """Scores of sets near `chosen` (lower is better): only exposures that differ are summed."""

    def __init__(self, table: Table, goal: Goal, chosen: Group) -> None:
        self._table, self._goal, self._chosen = table, goal, chosen
        self._value = table.value(goal, chosen)
        self._total = None if goal.objective == "mean" else table.total_losses(chosen)
        self.score = goal.sign * self._value

    def score_of(self, other: Group) -> float:
        table, changed = self._table, self._chosen ^ other
        moved = [e for e, own in enumerate(table.touching) if own & changed]
        if self._total is None:
            pairs = [(table.mean(e, other), table.mean(e, self._chosen)) for e in moved]
            return self._value + math.fsum(a - b for a, b in pairs)
        total = self._total.copy()
        for e in moved:
            total += table.losses(e, other) - table.losses(e, self._chosen)
        return self._goal.sign * self._goal.measure(total)


def _improve_by_neighbours(table: Table, goal: Goal, allowed: Allowed, chosen: Group) -> Group:
    for _ in range(MOST_MOVES):
        here = _Neighbourhood(table, goal, chosen)
        best, score = chosen, here.score
        for other in neighbours(allowed, chosen, len(table.mitigations)):
            found = here.score_of(other)
            # Sums in another order differ by a rounding, which is no improvement.
            if found < score - 1e-12 * max(1.0, abs(score)):
                best, score = other, found
        if best == chosen:
            return chosen
        chosen = best
    return chosen


def bound_on_value(table: Table, goal: Goal, allowed: Allowed, found: Group) -> float:
    """A value that no allowed set can better on these scenarios; infinite when none is known."""
    if goal.objective == "chance":
        lowest = np.zeros(table.scenarios)
        for e, own in enumerate(table.touching):
            worst_case = [
                table.losses(e, group) for group in _candidate_groups_for_lowest_loss(table, e, own)
            ]
            if not worst_case:
                return 1.0
            lowest += np.min(worst_case, axis=0)
        return float((lowest <= goal.limit).mean())
    if goal.objective == "mean":
        return _Relaxed(table, allowed, None).solve_lowest_loss()
    total = table.total_losses(found)
    weights = metrics.tail_weights(np.sort(total), goal.level).weights_for(total)
    return _Relaxed(table, allowed, weights).solve_lowest_loss()


def _candidate_groups_for_lowest_loss(table: Table, exposure: int, own: Group) -> list[Group]:
    """Groups of which one gives the lowest loss in any scenario."""
    free = own - _mitigations_never_worse(table, exposure)
    if len(free) > FREE:
        return []
    return [frozenset(g) | (own - free) for g in _subsets(sorted(free))]


def _subsets(items: list[int]) -> Iterator[tuple[int, ...]]:
    for count in range(len(items) + 1):
        yield from itertools.combinations(items, count)


def _mitigations_never_worse(table: Table, exposure: int) -> Group:
    """Mitigations that make no scenario of this exposure worse, whatever else is chosen."""
    one = table.portfolio.exposures[exposure]

    def helps(effect: Effect) -> bool:
        if effect.target != one.name or effect.on in ("driver", "spread"):
            return effect.target not in {link.driver for link in one.links}
        if effect.on == "cap":
            return one.sign > 0
        ends = (
            (effect.value, effect.value) if effect.uncertain is None else effect.uncertain.support
        )
        return ends[1] <= 1 if one.sign > 0 else ends[0] >= 1

    own = table.touching[exposure]
    return frozenset(i for i in own if all(helps(e) for e in table.mitigations[i].effects))


class _Relaxed:
    """min Σ loss over choices, each exposure's loss replaced by bounds from below.

    Variables: x (mitigations), y (combinations of each block of them), z (loss of each exposure).
    """

    def __init__(self, table: Table, allowed: Allowed, weights: Array | None) -> None:
        self._table, self._allowed, self._weights = table, allowed, weights
        self._n = len(table.mitigations)
        self._rows: list[tuple[dict[int, float], float, float]] = []
        self._columns = self._n + len(table.touching)
        self._lower: dict[int, float] = {}
        for e, own in enumerate(table.touching):
            self._bound_exposure(e, own)

    def _loss(self, exposure: int, group: Group) -> float:
        if self._weights is None:
            return self._table.mean(exposure, group)
        return float((self._weights * self._table.losses(exposure, group)).sum())

    def _bound_exposure(self, e: int, own: Group) -> None:
        z = self._n + e
        one = self._table.portfolio.exposures[e]
        self._lower[z] = 0.0 if one.sign > 0 else -math.inf
        if len(own) <= FREE:
            self._add_rows_of_loss(z, e, sorted(own), frozenset())
            return
        factors = self._log_factors_if_product(e, own)
        if factors is not None and self._weights is None:
            self._add_tangents(z, self._loss(e, frozenset()), factors)
        helpers = _mitigations_never_worse(self._table, e)
        free = sorted(own - helpers)
        if len(free) > FREE:
            return
        room = max(1, FREE - len(free))
        ordered = sorted(helpers, key=lambda i: (self._loss(e, own - {i}), i), reverse=True)
        for start in range(0, max(1, len(ordered)), room):
            members = sorted({*free, *ordered[start : start + room]})
            self._add_rows_of_loss(z, e, members, own - frozenset(members))

    def _add_rows_of_loss(self, z: int, e: int, members: list[int], granted: Group) -> None:
        """z ≥ loss under the chosen ones of `members`, `granted` being in place anyhow."""
        columns = {}
        for group in _subsets(members):
            columns[self._columns] = frozenset(group)
            self._columns += 1
        losses = {c: self._loss(e, group | granted) for c, group in columns.items()}
        self._rows.append(({z: 1.0, **{c: -v for c, v in losses.items()}}, 0.0, math.inf))
        self._rows.append((dict.fromkeys(columns, 1.0), 1.0, 1.0))
        for i in members:
            held = {c: 1.0 for c, group in columns.items() if i in group}
            self._rows.append(({**held, i: -1.0}, 0.0, 0.0))

    def _log_factors_if_product(self, e: int, own: Group) -> dict[int, float] | None:
        """ln of what each mitigation multiplies the mean with; None if it is no product."""
        one = self._table.portfolio.exposures[e]
        chance_moved = one.probability is not None and any(
            link.on == "frequency" and link.form != "factor" for link in one.links
        )
        if one.sign < 0 or chance_moved:
            return None
        result = {}
        for i in own:
            product = 1.0
            for effect in self._table.mitigations[i].effects:
                if effect.target == one.name and effect.on in ("frequency", "severity"):
                    product *= effect.value
                elif effect.target == one.name or effect.on in ("driver", "spread"):
                    return None
            if product <= 0:
                return None
            result[i] = math.log(product)
        return result

    def _add_tangents(self, z: int, mean: float, factors: dict[int, float]) -> None:
        least = math.fsum(min(0.0, f) for f in factors.values())
        most = math.fsum(max(0.0, f) for f in factors.values())
        for at in np.linspace(least, most, TANGENTS):
            slope = mean * math.exp(at)
            row = {z: 1.0, **{i: -slope * f for i, f in factors.items()}}
            self._rows.append((row, slope * (1 - float(at)), math.inf))

    def solve_lowest_loss(self) -> float:
        n, size = self._n, self._columns
        losses = [abs(v) for row, _, _ in self._rows for c, v in row.items() if c >= n]
        unit = max([x for x in losses if x != 1.0] or [1.0]) or 1.0
        scaled = [_scale_row(row, low, high, n, self._lower, unit) for row, low, high in self._rows]
        matrix = sparse.lil_array((len(scaled), size))
        for k, (row, _, _) in enumerate(scaled):
            for column, value in row.items():
                matrix[k, column] = value
        limits = np.array([(low, high) for _, low, high in scaled])
        constraints = [LinearConstraint(matrix.tocsr(), limits[:, 0], limits[:, 1])]
        rows, top = self._allowed.rules.constraint_rows()
        if len(top):
            wide = np.hstack([rows, np.zeros((len(top), size - n))])
            constraints.append(LinearConstraint(sparse.csr_array(wide), -np.inf, top))
        lower, upper = np.zeros(size), np.ones(size)
        for z, least in self._lower.items():
            lower[z], upper[z] = least, np.inf
        goal = np.zeros(size)
        goal[list(self._lower)] = 1.0
        if any(least == -math.inf and not self._is_bounded(z) for z, least in self._lower.items()):
            return -math.inf
        integral = np.concatenate([np.ones(n), np.zeros(size - n)])
        _, solved = solve_within(
            self._allowed.costs,
            self._allowed.budgets,
            goal,
            constraints,
            integral,
            lower,
            upper,
            gap=1e-4,
            node_limit=NODES,
        )
        return solved.lower_bound * unit

    def _is_bounded(self, z: int) -> bool:
        return any(z in row for row, _, _ in self._rows)


def _scale_row(
    row: dict[int, float],
    low: float,
    high: float,
    items: int,
    losses: dict[int, float],
    unit: float,
) -> tuple[dict[int, float], float, float]:
    """A row that speaks of a loss, in units of order 1 for the solver; others as they are."""
    z = [c for c in row if c in losses]
    if not z:
        return row, low, high
    return {c: v if c in losses else v / unit for c, v in row.items()}, low / unit, high
