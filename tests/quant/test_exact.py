from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import special

from bench.quant import portfolio
from riskreg.quant import (
    Capped,
    Constant,
    Discrete,
    Driver,
    Exposure,
    Link,
    Lognormal,
    Mixture,
    Pert,
    Portfolio,
    exact,
    simulate,
)
from riskreg.quant.errors import GridTooCoarse, GridTooShort, NotIndependent
from riskreg.quant.fft import discretise

from .builders import portfolios

LIGHT = settings(max_examples=15, deadline=None, derandomize=True)


@LIGHT
@given(portfolios())
def test_exact_agrees_with_closed_forms(p: Portfolio) -> None:
    d = exact(p, points=2**15)
    grid_mean = float(d.losses @ d.chances)
    assert grid_mean == pytest.approx(p.mean, abs=3e-4 * p.sd + 1e-9)
    grid_sd = math.sqrt(max(0.0, float((d.losses - grid_mean) ** 2 @ d.chances)))
    # The tail beyond the grid, at most 1e-6 of chance, carries the rest of the variance.
    assert grid_sd == pytest.approx(p.sd, rel=5e-3)
    assert d.chance_beyond_grid <= 2e-6
    nothing = math.prod(e.frequency.chance_of_none for e in p.exposures)
    signs = {e.kind for e in p.exposures}
    if len(signs) == 1:
        assert d.cdf(0) - d.cdf(-d.grid) == pytest.approx(nothing, abs=2e-3)


@LIGHT
@given(portfolios(most=4))
def test_exact_and_simulate_agree(p: Portfolio) -> None:
    years = 40_000
    d, r = exact(p, points=2**15), simulate(p, years, seed=17)
    for level in (0.5, 0.9, 0.99):
        # An amount one step aside on the exact side, for its step; four and a half errors for ours.
        interval = r.var_interval(level, 1 - 1e-5)
        assert interval.low - d.grid <= d.var(level) <= interval.high + d.grid
    for x in (0.5 * p.mean, p.mean, p.mean + p.sd, p.mean + 3 * p.sd):
        low, high = d.exceedance(x + d.grid), d.exceedance(x - d.grid)
        noise = 4.5 * math.sqrt(max(high * (1 - high), low * (1 - low), 1 / years) / years)
        assert low - noise <= r.exceedance(x) <= high + noise
    error = r.tvar_standard_error(0.9)
    assert abs(d.tvar(0.9) - r.tvar(0.9)) < 5 * error + d.grid
    mine, theirs = d.contributions(0.9), r.contributions(0.9)
    for name in p.names:
        assert abs(mine[name] - theirs[name]) < 0.25 * max(p.sd, abs(d.tvar(0.9))), name


@LIGHT
@given(portfolios())
def test_contributions_sum_to_the_total(p: Portfolio) -> None:
    d = exact(p, points=2**15)
    for level in (0.5, 0.95, 0.99):
        parts = d.contributions(level)
        assert math.fsum(parts.values()) == pytest.approx(d.tvar(level), abs=1e-6 * max(1.0, p.sd))


def test_contributions_agree_with_simulation_on_a_mixed_portfolio() -> None:
    p = Portfolio(
        [
            Exposure("poisson", Lognormal.from_interval(1, 20), rate=0.4),
            Exposure("once", Pert(2, 5, 20), probability=0.3),
            Exposure("likely", Pert(1, 2, 3), probability=0.85),
            Exposure("gain", Lognormal.from_interval(0.5, 4), rate=0.8, kind="opportunity"),
            Exposure("one gain", Constant(2.0), probability=0.5, kind="opportunity"),
        ]
    )
    d, r = exact(p), simulate(p, 600_000, seed=8)
    mine, theirs = d.contributions(0.95), r.contributions(0.95)
    for name in p.names:
        assert abs(mine[name] - theirs[name]) < 4.5 * r.tvar_standard_error(0.95), name
    assert math.fsum(mine.values()) == pytest.approx(d.tvar(0.95), abs=1e-6)


@pytest.mark.parametrize(
    "severity",
    [
        Lognormal.from_interval(1, 20),
        Pert(10, 14, 30),
        Constant(2.34),
        Discrete([0, 1.5, 9], [0.2, 0.5, 0.3]),
        Capped(Lognormal.from_interval(1, 20), 7.0),
        Mixture([Pert(0, 5, 10), Constant(3)], [0.5, 0.5]),
    ],
    ids=lambda s: type(s).__name__,
)
def test_the_grid_keeps_the_mean_of_a_severity(severity: Lognormal) -> None:
    for step in (0.01, 0.5, 3.0):
        chances = discretise(severity, step, 2**18)
        amounts = step * np.arange(chances.size)
        assert chances.sum() == pytest.approx(1, abs=1e-11)
        assert float(amounts @ chances) == pytest.approx(severity.mean, rel=1e-9)


def test_a_sum_of_two_constants_by_hand() -> None:
    p = Portfolio([Exposure("R", Constant(3.0), rate=2.0)])
    d = exact(p, grid=0.05)
    for n in range(6):
        mass = math.exp(-2) * 2**n / math.factorial(n)
        k = round(3 * n / 0.05)
        assert d.chances[k] == pytest.approx(mass, abs=1e-9)
    assert d.var(0.95) == 3.0 * 5
    tail = sum((3 * n) * math.exp(-2) * 2**n / math.factorial(n) for n in range(6, 40))
    below = float(special.pdtr(5, 2.0))
    assert d.tvar(0.95) == pytest.approx((tail + 15 * (below - 0.95)) / 0.05, rel=1e-9)


def test_wrap_around_is_seen_and_refused_with_a_grid_that_does() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(1, 20), rate=0.4)])
    with pytest.raises(GridTooShort) as refused:
        exact(p, grid=0.01, points=2000)
    text = str(refused.value)
    assert "points = 2000" in text
    points = int(text.split("points=")[1].split()[0])
    d = exact(p, grid=0.01, points=points)
    assert d.chance_beyond_grid <= 1e-6
    with pytest.raises(GridTooShort):
        exact(p, grid=0.01, points=points // 4)


def test_the_lost_mass_is_the_true_chance_beyond_the_grid() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(1, 20), rate=0.4)])
    long = exact(p, grid=0.02)
    short = exact(p, grid=0.02, points=2000, lost=0.5)
    # Half of what stands on the last point lies beyond it.
    assert short.chance_beyond_grid == pytest.approx(long.exceedance(0.02 * 1999.5), rel=1e-4)
    # What is kept is not touched by what is lost: nothing is folded back.
    assert short.chances == pytest.approx(long.chances[:2000], abs=1e-8)
    assert short.tvar(0.95) == pytest.approx(long.tvar(0.95), rel=1e-6)


def test_a_coarse_grid_is_refused_with_one_that_does() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(1, 20), rate=0.4)])
    with pytest.raises(GridTooCoarse) as refused:
        exact(p, grid=5.0)
    better = float(str(refused.value).split("grid=")[1].split()[0])
    assert exact(p, grid=better).tvar(0.95) == pytest.approx(24.469, rel=2e-3)


def test_a_grid_that_would_be_endless_is_refused_with_a_wider_one() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(1, 20), rate=0.4)])
    with pytest.raises(GridTooShort) as refused:
        exact(p, grid=1e-6)
    wider = float(str(refused.value).split("grid=")[1].split()[0])
    assert exact(p, grid=wider).var(0.95) == pytest.approx(14.276, rel=1e-3)


def test_a_level_beyond_the_grid_is_refused() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(1, 20), rate=0.4)])
    d = exact(p, grid=0.02, points=2000, lost=0.5)
    with pytest.raises(GridTooShort, match="level"):
        d.var(0.9999)


def test_shared_drivers_are_refused() -> None:
    p = Portfolio(
        [Exposure("R", Constant(1), rate=1, links=(Link("d"),))], [Driver("d", Pert(1, 2, 3))]
    )
    with pytest.raises(NotIndependent, match="use simulate"):
        exact(p)


def test_nothing_at_stake() -> None:
    d = exact(Portfolio([Exposure("R", Constant(0.0), rate=3), Exposure("S", Constant(1), rate=0)]))
    assert (d.mean, d.sd, d.var(0.99), d.tvar(0.99), d.exceedance(0)) == (0, 0, 0, 0, 0)
    assert d.contributions(0.9) == {"R": 0.0, "S": 0.0}


def test_opportunities_mirror_threats() -> None:
    severity = Lognormal.from_interval(1, 20)
    loss = exact(Portfolio([Exposure("R", severity, rate=0.4)]), grid=0.01)
    gain = exact(Portfolio([Exposure("R", severity, rate=0.4, kind="opportunity")]), grid=0.01)
    assert gain.mean == -loss.mean
    assert gain.exceedance(-10.0) == pytest.approx(1 - loss.exceedance(10.0), abs=1e-9)


def test_fifty_risks_by_both_ways() -> None:
    p = portfolio(50, 27.0)
    d, r = exact(p), simulate(p, 300_000, seed=2)
    for level in (0.5, 0.95, 0.99):
        interval = r.var_interval(level, 1 - 1e-5)
        assert interval.low - d.grid <= d.var(level) <= interval.high + d.grid
    assert abs(d.tvar(0.95) - r.tvar(0.95)) < 4.5 * r.tvar_standard_error(0.95)
    curve = d.exceedance_curve()
    assert (np.diff(curve.probability) <= 0).all()


def test_when_no_grid_can_do_the_remedy_says_so() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(0.01, 1000), rate=0.4)])
    for grid in (None, 1e-3, 1.0, 100.0, 1e5):
        with pytest.raises((GridTooShort, GridTooCoarse), match="use simulate"):
            exact(p, grid=grid)


def test_a_tight_grid_is_found_for_any_tail() -> None:
    for reach in (1.2, 5, 50, 500):
        p = Portfolio([Exposure("R", Lognormal.from_interval(1, reach), rate=0.4)])
        d = exact(p)
        assert d.chance_beyond_grid <= 1e-6
        # Not much longer than it must be, which would waste steps.
        assert d.exceedance(0.4 * float(d.losses[-1])) > 1e-7
        assert float(d.losses @ d.chances) == pytest.approx(p.mean, rel=3e-3)


@pytest.mark.parametrize("step", [0.05, 0.02, 0.01])
def test_the_chance_of_passing_an_amount_errs_by_the_square_of_the_step(step: float) -> None:
    severity = Lognormal.from_interval(1, 20)
    d = exact(Portfolio([Exposure("R", severity, probability=0.2)]), grid=step)
    for x in (1 / 3, 1.0, 5.0, 10.007):
        truth = 0.2 * (1 - float(severity.cdf(x)))
        assert d.exceedance(x) == pytest.approx(truth, rel=0.06 * step**2 + 1e-9)
    assert d.exceedance(0) == pytest.approx(0.2, rel=1e-9)


def test_a_severity_on_the_grid_is_exact_on_it() -> None:
    p = Portfolio([Exposure("R", Discrete([1, 2, 3], [0.5, 0.3, 0.2]), rate=2)])
    d = exact(p, grid=1)
    # Panjer's recursion by hand: p(0) = e^-2, p(1) = 2 f(1) p(0), p(2) = f(1) p(1) + 2 f(2) p(0).
    none = math.exp(-2)
    one = 2 * 0.5 * none
    two = 0.5 * one + 2 * 0.3 * none
    assert [d.cdf(x) for x in (0, 1, 2)] == pytest.approx([none, none + one, none + one + two])
    assert d.cdf(1.5) == d.cdf(1)
    assert d.mean == pytest.approx(float(d.losses @ d.chances))
    with pytest.raises(GridTooCoarse):
        exact(Portfolio([Exposure("R", Discrete([1, 2, 3.5], [0.5, 0.3, 0.2]), rate=2)]), grid=1)


def test_single_values_keep_their_jump_beside_what_is_continuous() -> None:
    severity = Lognormal.from_interval(1, 20)
    p = Portfolio(
        [
            Exposure("lognormal", severity, probability=0.2),
            Exposure(
                "sure",
                Mixture([Constant(5.0), Discrete([0, 1], [0.5, 0.5])], [0.5, 0.5]),
                probability=0.3,
            ),
            Exposure("capped", Capped(severity, 4.0), probability=0.1),
        ]
    )
    d = exact(p, grid=0.01)
    at_cap = 1 - float(severity.cdf(4.0))
    # 5 by itself, or 1 and the cap together.
    jump = 0.8 * (0.9 * 0.3 * 0.5 + 0.1 * at_cap * 0.3 * 0.25)
    assert d.cdf(5.0) - d.cdf(4.999) == pytest.approx(jump, abs=2e-4)
    assert d.cdf(0) == pytest.approx(0.8 * 0.9 * (0.7 + 0.3 * 0.25), abs=1e-9)
    assert d.cdf(4.0) - d.cdf(3.999) == pytest.approx(0.8 * 0.775 * 0.1 * at_cap, abs=2e-4)
