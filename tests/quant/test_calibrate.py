from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskreg.quant import brier, expert_weights, interval_hits, proportion_interval
from riskreg.quant.errors import InvalidShape

LIGHT = settings(max_examples=60, deadline=None, derandomize=True)


@LIGHT
@given(st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([None, 1, 3, 10]))
def test_the_parts_always_make_the_score(seed: int, n: int, bins: int | None) -> None:
    rng = np.random.default_rng(seed)
    forecasts = rng.choice(np.linspace(0, 1, 11), n) if bins is None else rng.random(n)
    outcomes = (rng.random(n) < forecasts).astype(int)
    b = brier(forecasts, outcomes, bins)
    assert b.brier == pytest.approx(
        b.reliability - b.resolution + b.uncertainty + b.within, abs=1e-12
    )
    assert b.brier == pytest.approx(float(((forecasts - outcomes) ** 2).mean()))
    assert sum(count for *_, count in b.groups) == n
    if bins is None:
        assert b.within == pytest.approx(0, abs=1e-12)


def test_perfect_useless_and_certain() -> None:
    perfect = brier([0, 1, 1, 0], [0, 1, 1, 0])
    assert (perfect.brier, perfect.skill, perfect.reliability) == (0, 1, 0)
    base_rate = brier([0.5] * 4, [0, 1, 1, 0])
    assert (base_rate.skill, base_rate.resolution) == (0, 0)
    assert math.isnan(brier([0.2, 0.4], [1, 1]).skill)


def test_interval_hits_finds_overconfidence_and_the_opposite() -> None:
    truth = np.random.default_rng(1).normal(size=200)
    narrow = interval_hits(np.full(200, -0.7), np.full(200, 0.7), truth)
    assert narrow.verdict.startswith("overconfident")
    wide = interval_hits(np.full(200, -9), np.full(200, 9), truth)
    assert wide.verdict.startswith("underconfident")
    right = interval_hits(np.full(200, -1.645), np.full(200, 1.645), truth)
    assert right.verdict == "no evidence against these ranges"
    assert narrow.p_value == pytest.approx(stats.binom.cdf(narrow.hits, 200, 0.9))


@pytest.mark.parametrize("count", [1, 2, 9])
def test_of_fewer_than_ten_forecasts_nothing_is_said(count: int) -> None:
    missed = interval_hits([0] * count, [1] * count, [2] * count)
    assert missed.verdict == "no verdict yet: fewer than 10 forecasts have an outcome"
    assert missed.p_value == pytest.approx(0.1**count)
    told = brier([0.9] * count, [1] * count)
    assert told.verdict == missed.verdict
    with pytest.raises(InvalidShape, match="weigh the experts alike"):
        expert_weights([[[1, 2, 3]] * count], [2] * count)


def test_from_ten_forecasts_on_there_is_a_verdict() -> None:
    assert interval_hits([0] * 10, [1] * 10, [2] * 10).verdict.startswith("overconfident")
    good, bad = [0.9] * 5 + [0.1] * 5, [0.1] * 5 + [0.9] * 5
    happened = [1] * 5 + [0] * 5
    assert brier(good, happened).verdict == "better than always giving the base rate"
    assert brier(bad, happened).verdict == "no better than always giving the base rate"
    assert brier(good, [1] * 10).verdict.startswith("no verdict: the same")


def test_a_forecast_stands_in_the_bin_that_begins_with_it() -> None:
    for bins in (10, 20, 25, 100):
        forecasts = [k / bins for k in range(bins + 1)]
        groups = brier(forecasts, [0] * (bins + 1), bins=bins).groups
        # The last bin holds its beginning and 1 itself.
        assert [count for _, _, count in groups] == [1] * (bins - 1) + [2]
    assert len(brier([0.28, 0.56, 0.57], [0, 0, 1], bins=100).groups) == 3


def test_proportion_interval_is_clopper_pearson() -> None:
    for hits, n in ((0, 10), (3, 10), (10, 10), (57, 1000)):
        expected = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
        low, high = proportion_interval(hits, n)
        assert float(low) == pytest.approx(expected.low, abs=1e-12)
        assert float(high) == pytest.approx(expected.high, abs=1e-12)


def test_calibration_by_hand() -> None:
    # Ten answers, shares 0.1, 0.4, 0.4, 0.1 against 0.05, 0.45, 0.45, 0.05.
    quantiles = np.tile([[-1.0, 0.0, 1.0]], (10, 1))
    truths = [-2.0, *[-0.5] * 4, *[0.5] * 4, 2.0]
    w = expert_weights([quantiles], truths)
    divergence = 2 * 0.1 * math.log(2) + 2 * 0.4 * math.log(0.4 / 0.45)
    assert w.calibration[0] == pytest.approx(stats.chi2.sf(20 * divergence, 3))
    # Background -1 … 1 stretched by each question's answer and by a tenth of its range.
    expected = []
    for t in truths:
        low, high = min(-1.0, t), max(1.0, t)
        low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
        widths = np.diff([low, -1.0, 0.0, 1.0, high]) / (high - low)
        p = np.array([0.05, 0.45, 0.45, 0.05])
        expected.append(float((p * np.log(p / widths)).sum()))
    assert w.information[0] == pytest.approx(np.mean(expected))
    assert w.weights.tolist() == [1.0]


def test_the_expert_whose_ranges_hold_gets_the_weight() -> None:
    rng = np.random.default_rng(3)
    centre = rng.uniform(50, 150, 40)
    truths = centre + 10 * rng.normal(size=40)
    marks = np.array([-1.645, 0, 1.645])
    honest = centre[:, None] + 10 * marks
    cocksure = centre[:, None] + 2 * marks
    vague = centre[:, None] + 80 * marks
    w = expert_weights([honest, cocksure, vague], truths, cutoff=0.01)
    assert w.weights.argmax() == 0
    assert w.weights[1] == 0
    assert w.information[1] > w.information[0] > w.information[2]
    assert w.weights.sum() == pytest.approx(1)


def test_when_all_fall_below_the_cutoff_they_keep_their_weights() -> None:
    truths = [5.0] * 10
    off = [[[1, 2, 3]] * 10, [[6, 7, 8]] * 10]
    w = expert_weights(off, truths, cutoff=0.9)
    assert w.weights.sum() == pytest.approx(1)
