from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.quant import (
    binomial_likelihood,
    decide,
    dominates,
    evpi,
    evsi,
    regret,
    screening_likelihood,
)

LIGHT = settings(max_examples=50, deadline=None, derandomize=True)


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    actions, states = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return rng.normal(0, 100, (actions, states)), rng.dirichlet(np.ones(states))


@LIGHT
@given(tables(), st.integers(0, 2**32), st.integers(1, 6))
def test_information_is_worth_between_nothing_and_everything(
    table: tuple[np.ndarray, np.ndarray], seed: int, signals: int
) -> None:
    payoffs, chances = table
    likelihood = np.random.default_rng(seed).dirichlet(np.ones(signals), chances.size)
    most = evpi(payoffs, chances)
    assert -1e-9 <= evsi(payoffs, chances, likelihood) <= most + 1e-9
    assert evsi(payoffs, chances, np.eye(chances.size)) == pytest.approx(most, abs=1e-9)
    direct = float((chances * payoffs.max(axis=0)).sum() - (payoffs @ chances).max())
    assert most == pytest.approx(direct, abs=1e-9)


def test_a_study_worked_by_hand() -> None:
    # Prior 0.4; a test right 90 % and 80 % of the time says yes with 0.4*0.9 + 0.6*0.2 = 0.48.
    # Yes: act for 0.36*100 - 0.12*40 = 31.2 (leave: 9.6). No: act for 0.04*100 - 0.48*40 < leave,
    # 0.52*20 = 10.4. With the test 41.6, without 20: worth 21.6.
    payoffs = [[100, -40], [20, 20]]
    assert evsi(payoffs, [0.4, 0.6], screening_likelihood(0.9, 0.8)) == pytest.approx(21.6)


def test_a_larger_pilot_is_worth_more_and_never_more_than_knowing() -> None:
    payoffs, prior, rates = [[100, -40], [20, 20]], [0.4, 0.6], [0.7, 0.4]
    values = [evsi(payoffs, prior, binomial_likelihood(rates, n)) for n in (1, 2, 5, 20, 200)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(evpi(payoffs, prior), rel=1e-3)
    assert values[-1] <= evpi(payoffs, prior)


def test_a_worse_pilot_model_with_certain_rates() -> None:
    likelihood = binomial_likelihood([0.0, 1.0], 3)
    assert likelihood.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]


def test_regret_is_zero_for_the_best_in_each_state() -> None:
    table = regret([[3, 1, 2], [0, 5, 2]])
    assert table.tolist() == [[0, 4, 0], [3, 0, 0]]
    assert decide([[3, 1, 2], [0, 5, 2]], [0.5, 0.25, 0.25]).least_regret == 1


def test_dominance_of_first_order_by_hand() -> None:
    assert dominates([1, 2, 3], [0, 2, 3])
    assert not dominates([1, 2, 3], [1, 2, 3])
    assert not dominates([0, 9], [1, 2])
    # Samples of different sizes, the same distribution and a better one.
    assert not dominates([1, 1, 2, 2], [1, 2])
    assert dominates([1, 2, 2], [1, 2])
    assert dominates([1, 2], [3, 4], larger_is_better=False)
    assert not dominates([3, 4], [1, 2], larger_is_better=False)


def test_dominance_of_second_order_by_hand() -> None:
    assert dominates([2, 2], [1, 3], order=2)
    assert not dominates([1, 3], [2, 2], order=2)
    assert not dominates([2.5, 2.5], [2.5, 2.5], order=2)
    assert not dominates([1.9, 1.9], [1, 3], order=2)
    assert dominates([2, 2], [1, 3], order=2, larger_is_better=False)
    assert not dominates([0, 1, 100], [0, 2, 50], order=2)


@LIGHT
@given(st.integers(0, 2**32), st.integers(1, 2))
def test_raising_an_outcome_dominates_and_first_order_implies_second(seed: int, order: int) -> None:
    rng = np.random.default_rng(seed)
    b = rng.normal(size=20)
    a = b.copy()
    a[rng.integers(20)] += rng.exponential() + 1e-3
    assert dominates(a, b, order)
    assert not dominates(b, a, order)
