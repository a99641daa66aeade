"""The best set of mitigations for a portfolio: lowest mean, lowest TVaR, or best chance of staying
within a limit, computed on simulated scenarios with common random numbers.

Effects of several mitigations on one exposure multiply, so their benefits do not add up. Instead of
pretending so, every exposure is simulated under every combination of the mitigations that touch it,
and the programme chooses among those combinations: mean, TVaR and chance are those of the
scenarios, exactly, and a mitigation that serves several risks is paid once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import LinearConstraint

from riskreg.quant import checks, metrics
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidShape
from riskreg.quant.mitigations import Mitigation
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.rules import checked_budget, checked_rules, relative_gap, solve_within
from riskreg.quant.simulate import losses_by_exposure

OBJECTIVES = ("mean", "tvar", "chance")

MAX_TOGETHER = 6
"""Mitigations that may touch one exposure: 2^6 combinations of it are simulated."""


@dataclass(frozen=True)
class MitigationChoice:
    """Names of the mitigations chosen, their cost, and what the loss measure becomes.

    `value` with the chosen set, `before` without any; for "mean" and "tvar" lower is better, for
    "chance" (of a loss within the limit) higher. `bound` is the best that any allowed set could
    reach on these scenarios, `gap` = |value - bound| / |value|,
    0 when they differ by no more than the solver's tolerance of 1e-6.
    """

    chosen: tuple[str, ...]
    cost: float
    objective: str
    before: float
    value: float
    bound: float
    gap: float
    optimal: bool


def choose_mitigations(
    portfolio: Portfolio,
    mitigations: Sequence[Mitigation],
    budget: float,
    seed: int,
    *,
    objective: str = "mean",
    level: float = 0.95,
    limit: float | None = None,
    scenarios: int = 1000,
    exclusive: Sequence[Sequence[str]] = (),
    requires: Sequence[tuple[str, str]] = (),
    gap: float = 0.0,
    time_limit: float | None = None,
) -> MitigationChoice:
    """Choose mitigations for `portfolio` within `budget`.

    Parameters
    ----------
    objective : "mean" (lowest expected loss), "tvar" (lowest TVaR at `level`) or "chance" (highest
        chance that the loss of a year stays within `limit`). The cost is not part of the loss.
    scenarios : simulated years, ≥ 1; a few hundred for "tvar" and "chance", whose programme grows
        with them.
    exclusive, requires : as in `choose`, by name.
    Other parameters as in `choose` and `simulate`.

    TVaR as a linear programme: Rockafellar and Uryasev (2000), *Journal of Risk* 2(3):
    min v + Σ u_s / ((1 - level) S) with u_s ≥ loss_s - v, u_s ≥ 0.

    >>> from riskreg.quant import Constant, Effect, Exposure
    >>> p = Portfolio([Exposure("A", rate=1, severity=Constant(10)),
    ...                Exposure("B", rate=1, severity=Constant(4))])
    >>> halve = [Mitigation(f"halve {x}", 3, [Effect.severity(x, 0.5)]) for x in "AB"]
    >>> choose_mitigations(p, halve, budget=5, seed=1).chosen
    ('halve A',)
    """
    checks.one_of("objective", objective, OBJECTIVES)
    checks.level("level", level)
    checks.integer("scenarios", scenarios, 1, 100_000)
    threshold = checks.number("limit", limit) if objective == "chance" else math.inf
    names = [m.name for m in mitigations]
    checks.unique("mitigations", names)
    if not names:
        raise InvalidShape("mitigations", mitigations, "is empty", "give one or more")
    rules = checked_rules(
        len(names),
        [[_position(names, "exclusive", n) for n in group] for group in exclusive],
        [(_position(names, "requires", a), _position(names, "requires", b)) for a, b in requires],
    )
    ceiling = checked_budget(budget)
    # Refuses an effect on something unknown, which the table below would pass over.
    for mitigation in mitigations:
        portfolio.mitigated([mitigation])
    costs = np.array([m.cost for m in mitigations])
    table = _combinations(portfolio, mitigations, scenarios, seed)
    n, columns = len(names), table.losses.shape[0]
    # HiGHS has absolute tolerances, so losses are brought to order 1.
    unit = float(np.abs(table.losses).max()) or 1.0

    # Variables: x (mitigations), y (combinations of each exposure), then those of the objective.
    if objective == "mean":
        extra, weight = 0, np.empty(0)
        base = table.losses.mean(axis=1) / unit
    elif objective == "tvar":
        extra = 1 + scenarios
        weight = np.concatenate([[1.0], np.full(scenarios, 1 / ((1 - level) * scenarios))])
        base = np.zeros(columns)
    else:
        extra, weight = scenarios, np.full(scenarios, 1 / scenarios)
        base = np.zeros(columns)
    size = n + columns + extra
    goal = np.concatenate([np.zeros(n), base, weight])
    lower, upper = np.zeros(size), np.ones(size)
    integral = np.concatenate([np.ones(n), np.zeros(columns), np.zeros(extra)])
    # The shares of the combinations that hold m add up to x_m, so y is whole when x is.
    constraints = [LinearConstraint(_padded(table.link, size), table.link_value, table.link_value)]
    rows, limits = rules.rows()
    if len(limits):
        constraints.append(LinearConstraint(_padded(sparse.csr_array(rows), size), -np.inf, limits))
    scenario_rows = sparse.csr_array(table.losses.T / unit)
    blank = sparse.csr_array((scenarios, n))
    if objective == "tvar":
        lower[n + columns] = -np.inf
        upper[n + columns :] = np.inf
        own = sparse.hstack([-np.ones((scenarios, 1)), -sparse.eye_array(scenarios)])
        matrix = sparse.hstack([blank, scenario_rows, own], format="csr")
        constraints.append(LinearConstraint(matrix, -np.inf, np.zeros(scenarios)))
    elif objective == "chance":
        # z_s = 1 lets scenario s pass the limit, by no more than it can; such are counted.
        reach = table.highest - threshold
        integral[n + columns :] = 1
        upper[n + columns :] = (reach > 0).astype(float)
        own = -sparse.diags_array(np.maximum(reach, 0.0) / unit)
        matrix = sparse.hstack([blank, scenario_rows, own], format="csr")
        constraints.append(LinearConstraint(matrix, -np.inf, np.full(scenarios, threshold / unit)))
    chosen, found = solve_within(
        costs,
        ceiling,
        goal,
        constraints,
        integral,
        lower,
        upper,
        gap=checks.non_negative("gap", gap),
        time_limit=time_limit,
    )
    measure = _Measure(objective, level, threshold)
    value = measure.of(table.total(chosen))
    # Losses were divided by `unit` for the solver; a chance has no unit and counts the other way.
    scale = 1.0 if objective == "chance" else unit
    bound = 1 - found.lower_bound if objective == "chance" else found.lower_bound * unit
    distance = relative_gap(value / scale, bound / scale)
    return MitigationChoice(
        chosen=tuple(names[i] for i in chosen),
        cost=math.fsum(costs[list(chosen)]),
        objective=objective,
        before=measure.of(table.total([])),
        value=value,
        bound=value if distance == 0 else bound,
        gap=distance,
        optimal=found.optimal,
    )


def mitigation_frontier(
    portfolio: Portfolio,
    mitigations: Sequence[Mitigation],
    budgets: Sequence[float],
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


@dataclass(frozen=True)
class _Measure:
    objective: str
    level: float
    limit: float

    def of(self, losses: Array) -> float:
        if self.objective == "mean":
            return float(losses.mean())
        if self.objective == "tvar":
            return metrics.tvar(losses, self.level)
        return float((losses <= self.limit).mean())


@dataclass(frozen=True, eq=False)
class _Table:
    """Losses of every exposure under every combination: shape (combinations, scenarios)."""

    losses: Array
    combinations: list[tuple[int, frozenset[int]]]
    touching: list[frozenset[int]]
    link: sparse.csr_array
    link_value: Array

    @property
    def highest(self) -> Array:
        """For each scenario the highest loss that any choice could give."""
        total = np.zeros(self.losses.shape[1])
        for exposure in range(len(self.touching)):
            own = [k for k, (e, _) in enumerate(self.combinations) if e == exposure]
            total += self.losses[own].max(axis=0)
        return total

    def total(self, chosen: Sequence[int]) -> Array:
        """Loss of each scenario with the mitigations at these positions."""
        where = {key: k for k, key in enumerate(self.combinations)}
        total = np.zeros(self.losses.shape[1])
        for exposure, own in enumerate(self.touching):
            total += self.losses[where[exposure, own & set(chosen)]]
        return total


def _combinations(
    portfolio: Portfolio, mitigations: Sequence[Mitigation], scenarios: int, seed: int
) -> _Table:
    touching = [_touching(exposure, mitigations) for exposure in portfolio.exposures]
    combinations: list[tuple[int, frozenset[int]]] = []
    losses = []
    for position, (exposure, own) in enumerate(zip(portfolio.exposures, touching, strict=True)):
        alone = Portfolio([exposure], portfolio.drivers, portfolio.correlation)
        for count in range(len(own) + 1):
            for group in itertools.combinations(sorted(own), count):
                changed = alone.mitigated([_only(mitigations[i], alone) for i in group])
                combinations.append((position, frozenset(group)))
                losses.append(losses_by_exposure(changed, scenarios, seed)[0])
    n = len(mitigations)
    rows: list[Array] = []
    values: list[float] = []
    for position, own in enumerate(touching):
        row = np.zeros(n + len(combinations))
        row[n:] = [at == position for at, _ in combinations]
        rows.append(row)
        values.append(1.0)
        for i in own:
            row = np.zeros(n + len(combinations))
            row[i] = -1
            row[n:] = [at == position and i in held for at, held in combinations]
            rows.append(row)
            values.append(0.0)
    link = sparse.csr_array(np.array(rows))
    return _Table(np.array(losses), combinations, touching, link, np.array(values))


def _touching(exposure: Exposure, mitigations: Sequence[Mitigation]) -> frozenset[int]:
    """Positions of the mitigations that change this exposure, itself or through a driver."""
    drivers = {link.driver for link in exposure.links}
    own = frozenset(
        i
        for i, m in enumerate(mitigations)
        for effect in m.effects
        if effect.target in (drivers if effect.on in ("driver", "spread") else {exposure.name})
    )
    if len(own) > MAX_TOGETHER:
        raise InvalidShape(
            "mitigations",
            sorted(mitigations[i].name for i in own),
            f"all touch {exposure.name}",
            f"let at most {MAX_TOGETHER} touch one exposure, or use choose",
        )
    return own


def _only(mitigation: Mitigation, portfolio: Portfolio) -> Mitigation:
    known = {*portfolio.names, *(d.name for d in portfolio.drivers)}
    effects = tuple(e for e in mitigation.effects if e.target in known)
    return Mitigation(mitigation.name, mitigation.cost, effects)


def _padded(matrix: sparse.csr_array, size: int) -> sparse.csr_array:
    return sparse.hstack(
        [matrix, sparse.csr_array((matrix.shape[0], size - matrix.shape[1]))], format="csr"
    )


def _position(names: Sequence[str], argument: str, name: str) -> int:
    if name not in names:
        raise InvalidShape(argument, name, "is not a mitigation", "name one of the mitigations")
    return list(names).index(name)
