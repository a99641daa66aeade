"""Ranges so wide that a simulated mean would be false: told, refused, and cured by a cap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from riskreg.quant import (
    Capped,
    Discrete,
    Driver,
    Exposure,
    Link,
    Lognormal,
    Mixture,
    Pert,
    Portfolio,
    Truncated,
    exact,
    simulate,
)
from riskreg.quant.errors import InvalidRange, TooWide
from riskreg.quant.wide import spread_of

LIGHT = settings(max_examples=30, deadline=None, derandomize=True)


def decades(count: float) -> Lognormal:
    return Lognormal.from_interval(1, 10**count)


@pytest.mark.parametrize("count", [6, 8, 12])
def test_a_range_over_six_decades_is_refused_and_the_remedy_is_a_cap(count: float) -> None:
    with pytest.raises(TooWide, match="name a cap"):
        Exposure("R", decades(count), rate=0.4)
    with pytest.raises(TooWide, match="name a cap"):
        Driver("d", decades(count))
    capped = Exposure("R", Truncated(decades(count), 1000.0), rate=0.4)
    r = simulate(Portfolio([capped]), 100_000, seed=1)
    assert abs(r.mean - capped.mean) < 4 * r.standard_error
    assert Portfolio([capped]).wide_ranges == ()


def test_a_range_over_four_decades_carries_a_warning() -> None:
    (told,) = Portfolio(
        [Exposure("R", decades(4), 0.4), Exposure("S", decades(3), 0.4)]
    ).wide_ranges
    assert (told.exposure, round(told.spread, 2)) == ("R", 2.8)
    assert "Name a cap" in told.text


def test_the_warning_counts_what_drivers_add() -> None:
    narrow, wide = Lognormal(0, 2.0), Lognormal(0, 1.0)
    linked = Exposure("R", narrow, rate=1, links=(Link("d", "severity", 2.0),))
    assert Portfolio([Exposure("R", narrow, rate=1)]).wide_ranges == ()
    (told,) = Portfolio([linked], [Driver("d", wide)]).wide_ranges
    assert told.spread == pytest.approx(8**0.5)
    far = Exposure("R", narrow, rate=1, links=(Link("d", "severity", 4.0),))
    with pytest.raises(TooWide, match="lower the sensitivity"):
        Portfolio([far], [Driver("d", wide)])


def test_the_spread_of_a_lognormal_is_its_sigma_and_a_pool_is_measured_alike() -> None:
    assert spread_of(Lognormal(7, 3.3)) == pytest.approx(3.3)
    pool = Mixture([Lognormal(0, 0.5), Lognormal(9, 0.5)], [0.999, 0.001])
    assert spread_of(pool) == pytest.approx(np.sqrt(np.log1p(pool.variance / pool.mean**2)))
    with pytest.raises(TooWide):
        Exposure("R", Mixture([Lognormal(0, 0.5), Lognormal(20, 0.5)], [1 - 1e-8, 1e-8]), rate=1)
    assert spread_of(Capped(decades(12), 1e6)) < spread_of(decades(12))


@LIGHT
@given(
    st.floats(-1, 3), st.floats(0.2, 3.5), st.floats(0.05, 0.999)
)  # mean and sigma of the logarithm, share kept
def test_a_truncated_lognormal_is_that_of_scipy(mu: float, sigma: float, share: float) -> None:
    whole = stats.lognorm(sigma, scale=np.exp(mu))
    cap = float(whole.ppf(share))
    t = Truncated(Lognormal(mu, sigma), cap)
    # E[X; X ≤ cap] = exp(mu + sigma²/2) Φ(z - sigma), and for X² with 2 sigma.
    z = stats.norm.ppf(share)
    first = np.exp(mu + sigma**2 / 2) * stats.norm.cdf(z - sigma) / share
    second = np.exp(2 * mu + 2 * sigma**2) * stats.norm.cdf(z - 2 * sigma) / share
    assert t.mean == pytest.approx(first, rel=1e-9)
    assert t.variance == pytest.approx(second - first**2, rel=1e-6)
    points = np.array([0.1, 0.5, 0.9, 1.0]) * cap
    assert t.cdf(points) == pytest.approx(whole.cdf(points) / share, rel=1e-9)
    assert t.quantile(t.cdf(points)) == pytest.approx(points, rel=1e-6)
    for d in points[:3]:
        expected = integrate.quad(lambda x: 1 - whole.cdf(x) / share, 0, d, limit=200)[0]
        assert float(t.limited_mean(d)) == pytest.approx(expected, rel=1e-6)


def test_a_cap_keeps_the_draws_in_their_order_and_below_itself() -> None:
    plain, cut = Lognormal(0, 1), Truncated(Lognormal(0, 1), 2.0)
    a = plain.sample(np.random.default_rng(1), 10_000)
    b = cut.sample(np.random.default_rng(1), 10_000)
    assert (np.argsort(a) == np.argsort(b)).all()
    assert (b <= a).all()
    assert b.max() <= 2.0
    assert (
        stats.kstest(b, lambda x: np.minimum(stats.lognorm(1).cdf(x) / cut.share, 1)).pvalue > 0.01
    )


def test_a_truncated_loss_is_known_to_the_exact_method() -> None:
    severity = Truncated(Lognormal.from_interval(1, 20), 30.0)
    d = exact(Portfolio([Exposure("R", severity, probability=0.2)]), grid=0.01)
    for x in (1.0, 5.0, 20.0):
        assert d.exceedance(x) == pytest.approx(0.2 * (1 - float(severity.cdf(x))), rel=1e-5)
    assert d.exceedance(30.1) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("cap", [0.0, -1.0])
def test_a_cap_below_everything_is_refused(cap: float) -> None:
    with pytest.raises(InvalidRange, match="cap"):
        Truncated(Lognormal(0, 1), cap)
    with pytest.raises(InvalidRange, match="cap"):
        Truncated(Discrete([1, 2], [0.5, 0.5]), 0.5)
    assert Truncated(Pert(1, 2, 3), 9.0).mean == pytest.approx(2.0)
