"""Decisions between actions when the state of the world is uncertain.

Payoffs are gains (larger is better), shape (actions, states).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidProbability, InvalidShape


@dataclass(frozen=True)
class Decision:
    """Measures of a payoff table.

    `expected` payoff of each action; `best` the action with the highest; `evpi`; `max_regret` of
    each action; `least_regret` the action whose greatest regret is smallest. Ties go to the first.
    """

    expected: tuple[float, ...]
    best: int
    evpi: float
    max_regret: tuple[float, ...]
    least_regret: int


def _checked_payoffs_and_chances(
    payoffs: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[Array, Array]:
    table = checks.array("payoffs", payoffs, 2)
    return table, checks.weights("probabilities", probabilities, table.shape[1])


def decide(payoffs: npt.ArrayLike, probabilities: npt.ArrayLike) -> Decision:
    """Expected payoffs, regret and the value of perfect information.

    Parameters
    ----------
    payoffs : shape (actions, states), gains in one unit.
    probabilities : shape (states,), adding up to 1.

    Regret of an action in a state is the best payoff there less its own. Savage (1951), *JASA* 46.

    >>> d = decide([[100, -40], [20, 20]], [0.4, 0.6])
    >>> d.expected, d.best, d.evpi, d.max_regret
    ((16.0, 20.0), 1, 32.0, (60.0, 80.0))
    """
    table, chances = _checked_payoffs_and_chances(payoffs, probabilities)
    expected = (table * chances).sum(axis=1)
    worst = regret(table).max(axis=1)
    return Decision(
        expected=tuple(expected.tolist()),
        best=int(expected.argmax()),
        evpi=evpi(table, chances),
        max_regret=tuple(worst.tolist()),
        least_regret=int(worst.argmin()),
    )


def regret(payoffs: npt.ArrayLike) -> Array:
    """Best payoff of each state less the payoff: shape (actions, states), ≥ 0.

    >>> regret([[100, -40], [20, 20]]).tolist()
    [[0.0, 60.0], [80.0, 0.0]]
    """
    table = checks.array("payoffs", payoffs, 2)
    return checks.as_floats(table.max(axis=0) - table)


def evpi(payoffs: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Expected value of perfect information: the most that knowing the state first is worth.

    Σ p(s) max_a payoff(a, s) - max_a Σ p(s) payoff(a, s). Parameters as in `decide`.
    Raiffa and Schlaifer (1961), *Applied Statistical Decision Theory*, ch. 4.

    >>> evpi([[100, -40], [20, 20]], [0.4, 0.6])
    32.0
    """
    table, chances = _checked_payoffs_and_chances(payoffs, probabilities)
    # The mean regret of the best action is the same number, without cancelling.
    return float((regret(table) @ chances).min())


def evsi(payoffs: npt.ArrayLike, probabilities: npt.ArrayLike, likelihood: npt.ArrayLike) -> float:
    """Expected value of sample information: what a study is worth before it is made.

    Parameters
    ----------
    payoffs, probabilities : as in `decide`.
    likelihood : the sampling model, shape (states, signals): P(signal | state), rows adding up to
        1. See `screening_likelihood` and `binomial_likelihood` for two common ones.

    Preposterior analysis: Σ_signal max_a Σ_s p(s) P(signal | s) payoff(a, s) - max_a E payoff.
    Between 0 (the study never changes the choice) and `evpi`. Raiffa and Schlaifer (1961), ch. 4.

    >>> perfect, useless = [[1, 0], [0, 1]], [[0.5, 0.5], [0.5, 0.5]]
    >>> table = [[100, -40], [20, 20]]
    >>> evsi(table, [0.4, 0.6], perfect), evsi(table, [0.4, 0.6], useless)
    (32.0, 0.0)
    """
    table, chances = _checked_payoffs_and_chances(payoffs, probabilities)
    signals = checks.array("likelihood", likelihood, 2)
    if signals.shape[0] != chances.size:
        raise InvalidShape(
            "likelihood",
            likelihood,
            f"has {signals.shape[0]} rows",
            f"give {chances.size}, one for each state",
        )
    for row in signals:
        checks.weights("likelihood", row, row.size)
    joint = chances[:, None] * signals
    with_study = math.fsum((table @ joint).max(axis=0))
    without = float((table @ chances).max())
    return max(0.0, with_study - without)


def screening_likelihood(sensitivity: float, specificity: float) -> Array:
    """Sampling model of a yes/no test of a yes/no state: rows (state is so, is not so), columns
    (test says yes, says no).

    >>> screening_likelihood(0.9, 0.8).round(3).tolist()
    [[0.9, 0.1], [0.2, 0.8]]
    """
    a = checks.probability("sensitivity", sensitivity)
    b = checks.probability("specificity", specificity)
    return np.array([[a, 1 - a], [1 - b, b]])


def binomial_likelihood(rates: Sequence[float], trials: int) -> Array:
    """Sampling model of a pilot: successes among `trials` when each state has its success rate.

    Parameters
    ----------
    rates : shape (states,), chance of a success in each state.
    trials : ≥ 1. Returns shape (states, trials + 1): P(k successes | state).

    >>> binomial_likelihood([0.5], 2).tolist()
    [[0.25, 0.5, 0.25]]
    """
    chances = checks.array("rates", rates, 1)
    if (chances < 0).any() or (chances > 1).any():
        raise InvalidProbability("rates", rates, "holds a value outside 0 … 1", "give chances")
    n = checks.integer("trials", trials, 1, 100_000)
    k = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    p = chances[:, None]
    terms = np.exp(ways + special.xlogy(k, p) + special.xlog1py(n - k, -p))
    return checks.as_floats(terms / terms.sum(axis=1, keepdims=True))


def dominates(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    order: int = 1,
    *,
    larger_is_better: bool = True,
) -> bool:
    """Whether outcome samples `a` stochastically dominate `b`.

    Parameters
    ----------
    a, b : shapes (n,), (m,), equally likely outcomes; sizes may differ.
    order : 1, every threshold is passed at least as often (everybody who prefers more agrees);
        2, the area under the distribution function is nowhere larger (every risk-averse person
        agrees). In both at least once strictly.
    larger_is_better : False for losses.

    Hadar and Russell (1969), *American Economic Review* 59(1).

    >>> dominates([2, 4], [1, 4]), dominates([2, 2], [1, 4]), dominates([3, 3], [1, 5], order=2)
    (True, False, True)
    """
    checks.integer("order", order, 1, 2)
    x, y = np.sort(checks.array("a", a, 1)), np.sort(checks.array("b", b, 1))
    if not larger_is_better:
        x, y = np.sort(-x), np.sort(-y)
    points = np.union1d(x, y)
    # Counts in whole numbers, so that equal shares compare as equal.
    below_x = np.searchsorted(x, points, side="right") * y.size
    below_y = np.searchsorted(y, points, side="right") * x.size
    if order == 1:
        return bool((below_x <= below_y).all() and (below_x < below_y).any())
    steps = np.diff(points)
    ahead = np.concatenate([[0.0], np.cumsum((below_y - below_x)[:-1] * steps)])
    scale = 1e-12 * x.size * y.size * max(float(np.abs(points).max()), 1e-300)
    return bool((ahead >= -scale).all() and (ahead > scale).any())
