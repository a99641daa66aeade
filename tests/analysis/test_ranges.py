"""Ranges in plain Python are those of ``riskreg.quant``, and those of a textbook."""

import math
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg import quant
from riskreg.analysis.policy.estimates import implied_figures, round_significant
from riskreg.analysis.ranges import Lognormal, Pert, Pool, incomplete_beta
from riskreg.kernel.localised import exact_amount

LEVELS = (0.001, 0.05, 0.25, 0.5, 0.9, 0.95, 0.999)


@pytest.mark.parametrize(("p5", "p95"), [(1, 20), (10e6, 120e6), (1e-3, 1e3)])
def test_a_lognormal_is_that_of_quant(p5: float, p95: float) -> None:
    ours, theirs = Lognormal(p5, p95), quant.Lognormal.from_interval(p5, p95)
    assert math.isclose(ours.mean, theirs.mean, rel_tol=1e-12)
    for level in LEVELS:
        x = float(theirs.quantile(level))
        assert math.isclose(ours.quantile(level), x, rel_tol=1e-9)
        assert math.isclose(ours.cdf(x), level, rel_tol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(-1e3, 1e6), width=st.floats(0.1, 1e6), at=st.floats(0, 1),
    level=st.sampled_from(LEVELS),
)  # fmt: skip
def test_a_pert_is_that_of_quant(low: float, width: float, at: float, level: float) -> None:
    high = low + width
    mode = min(high, low + at * width)
    ours, theirs = Pert(low, mode, high), quant.Pert(low, mode, high)
    assert math.isclose(ours.mean, theirs.mean, rel_tol=1e-9, abs_tol=1e-9)
    x = float(theirs.quantile(level))
    assert abs(ours.quantile(level) - x) <= 1e-8 * width
    assert math.isclose(ours.cdf(x), float(theirs.cdf(x)), rel_tol=1e-9, abs_tol=1e-12)


def test_a_pool_is_that_of_quant_and_keeps_disagreement() -> None:
    ours = Pool.equal([Pert(0, 5, 10), Pert(20, 25, 30)])
    theirs = quant.Mixture([quant.Pert(0, 5, 10), quant.Pert(20, 25, 30)], [0.5, 0.5])
    assert ours.mean == theirs.mean == 15
    # At the median itself nothing lies between 10 and 20, so that either end is right.
    for level in sorted({*LEVELS} - {0.5}):
        assert math.isclose(ours.quantile(level), float(theirs.quantile(level)), rel_tol=1e-7)
    # Averaging quantiles would put both experts' low ends at 11.
    assert ours.quantile(0.05) < 5
    assert ours.quantile(0.95) > 25


def test_a_cap_cuts_off_what_lies_above_it() -> None:
    """E[X | X ≤ c] of a lognormal: mean · Φ(z - sigma) / Φ(z) (Johnson, Kotz, Balakrishnan)."""
    capped, plain = Lognormal(1, 20, cap=30), Lognormal(1, 20)
    steps = [capped.quantile((n + 0.5) / 20_000) for n in range(20_000)]
    assert math.isclose(sum(steps) / len(steps), capped.mean, rel_tol=1e-4)
    assert max(steps) < 30
    assert capped.cdf(30) == 1
    assert capped.mean < plain.mean
    assert capped.density(31) == 0


@pytest.mark.parametrize("it", [Lognormal(1, 20), Lognormal(1, 20, 40), Pert(0, 1, 10)])
def test_the_curve_has_the_area_of_what_it_covers(it: Lognormal | Pert) -> None:
    low, high = it.quantile(0.02), it.quantile(0.98)
    n = 20_000
    width = (high - low) / n
    area = sum(it.density(low + (k + 0.5) * width) for k in range(n)) * width
    assert math.isclose(area, 0.96, rel_tol=1e-4)


def test_the_incomplete_beta_has_its_known_values() -> None:
    # I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a, and the symmetry of DLMF 8.17.4.
    assert math.isclose(incomplete_beta(1, 3, 0.2), 1 - 0.8**3, rel_tol=1e-14)
    assert math.isclose(incomplete_beta(2.5, 1, 0.3), 0.3**2.5, rel_tol=1e-14)
    assert math.isclose(incomplete_beta(2, 5, 0.4), 1 - incomplete_beta(5, 2, 0.6), rel_tol=1e-14)
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0, 1)


def test_the_worked_estimate_passes_91_million_once_in_ten() -> None:
    figures = implied_figures(Pert(0.8, 1.2, 2), Lognormal(10e6, 120e6))
    # exp(ln √(10 · 120) + 1.28155 · ln 12 / (2 · 1.64485)) = 91.2 m
    assert round_significant(figures.p90) == 91_200_000
    assert round_significant(figures.events) == 1.27
    assert round_significant(figures.yearly) == round_significant(figures.events * figures.mean)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, 0), (123456, 123000), (0.012345, 0.0123), (-1.005, -1.0), (999.9, 1000)],
)
def test_three_digits_are_shown(value: float, shown: float) -> None:
    assert round_significant(value) == pytest.approx(shown, rel=1e-2)


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        ("86000000.00", "86,000,000", "8,600万"),
        ("1234500", "1,234,500", "123.45万"),
        ("1234567.80", "1,234,567.8", "1,234,567.8"),
        ("9999", "9,999", "9,999"),
        ("-20000", "−20,000", "−2万"),
        ("0", "0", "0"),
        (None, "", ""),
    ],
)
def test_an_amount_is_told_to_its_last_digit(
    amount: str | None, english: str, chinese: str
) -> None:
    value = None if amount is None else Decimal(amount)
    for language, wanted in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            assert exact_amount(value) == wanted
