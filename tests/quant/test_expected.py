"""Means without the noise of events, and ranges of effects, frequencies and costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from riskreg.quant import (
    Constant,
    Cost,
    Driver,
    Effect,
    Exposure,
    Link,
    Lognormal,
    Mitigation,
    Pert,
    Portfolio,
    combine_expected,
    expected_chunk,
    expected_losses,
    simulate,
    simulate_paths,
)
from riskreg.quant.errors import (
    InvalidBudget,
    InvalidChoice,
    InvalidProbability,
    InvalidRange,
    MismatchedRuns,
)


def test_where_no_driver_acts_the_mean_is_known_however_wide_the_range() -> None:
    severity = Lognormal.from_interval(1, 10**5)
    p = Portfolio(
        [Exposure("wide", severity, rate=0.4), Exposure("chance", severity, probability=0.1)]
    )
    found = expected_losses(p, years=10, seed=1)
    mean = stats.lognorm(severity.sigma, scale=math.exp(severity.mu)).mean()
    assert found["wide"].value == pytest.approx(0.4 * mean)
    assert found[""].value == pytest.approx(0.5 * mean)
    assert {x.method for x in found.values()} == {"closed form"}
    assert found[""].standard_error == 0


def test_given_the_drivers_only_their_sampling_is_left() -> None:
    """Power links on a lognormal driver: E[(D / ref)^s] = exp(s² σ² / 2) at ref = median."""
    sigma, s = 0.4, 1.5
    severity = Lognormal.from_interval(1, 10**4)
    exposure = Exposure("R", severity, 0.2, links=(Link("d", "severity", s),))
    p = Portfolio([exposure], [Driver("d", Lognormal(2.0, sigma))])
    truth = 0.2 * severity.mean * math.exp((s * sigma) ** 2 / 2)
    found = expected_losses(p, 100_000, seed=3)["R"]
    assert abs(found.value - truth) < 4 * found.standard_error
    assert found.standard_error / truth < 0.003
    # The plain mean of simulated years is many times as uncertain.
    assert found.standard_error < simulate(p, 100_000, seed=3).standard_error / 10


def test_a_chance_moved_by_a_driver_by_quadrature() -> None:
    p, s = 0.3, 2.0
    exposure = Exposure("R", Constant(5.0), probability=p, links=(Link("d", "frequency", s),))
    portfolio = Portfolio([exposure], [Driver("d", Pert(15, 25, 35), reference=25.0)])
    price = stats.beta(3, 3, 15, 20)
    truth = 5 * integrate.quad(lambda x: (1 - (1 - p) ** ((x / 25) ** s)) * price.pdf(x), 15, 35)[0]
    found = expected_losses(portfolio, 200_000, seed=1)["R"]
    assert abs(found.value - truth) < 4 * found.standard_error
    r = simulate(portfolio, 200_000, seed=1)
    assert abs(r.mean - truth) < 4 * r.standard_error


def test_what_enters_in_proportion_has_a_closed_form() -> None:
    drivers = [
        Driver("a", Pert(1, 2, 6), reference=2.0),
        Driver("b", Pert(-1, 0, 2), reference=0.0),
    ]
    links = (Link("a"), Link("b", "frequency", 0.3, "linear"))
    p = Portfolio([Exposure("R", Pert(1, 2, 3), rate=0.5, links=links)], drivers)
    found = expected_losses(p, 10, seed=1)["R"]
    assert found.method == "closed form"
    assert found.value == pytest.approx(0.5 * 2 * (15 / 6 / 2) * (1 + 0.3 / 6))
    tied = Portfolio(p.exposures, drivers, [[1, 0.5], [0.5, 1]])
    sampled = expected_losses(tied, 200_000, seed=1)["R"]
    assert sampled.method != "closed form"
    assert sampled.value > found.value + 4 * sampled.standard_error


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.randoms(use_true_random=False))
def test_expected_losses_are_the_same_to_the_bit_however_they_are_cut(
    chunks: int, order: object
) -> None:
    drivers = [Driver(x, Lognormal(0, 0.4)) for x in "ab"]
    links = (Link("a"), Link("b", "frequency", 0.7))
    p = Portfolio(
        [Exposure("R", Constant(1), rate=1, links=links), Exposure("S", Constant(1), rate=1)],
        drivers,
    )
    whole = expected_losses(p, 150_000, seed=1)
    parts = [expected_chunk(p, 150_000, 1, k, chunks) for k in range(chunks)]
    order.shuffle(parts)  # type: ignore[attr-defined]
    assert combine_expected(p, 150_000, parts) == whole
    if chunks > 3:
        return
    with pytest.raises(MismatchedRuns):
        combine_expected(p, 150_000, parts[1:])


def test_the_range_of_an_effect_is_drawn_and_its_mean_is_exact() -> None:
    p = Portfolio(
        [Exposure("R", Constant(10.0), rate=2.0), Exposure("S", Constant(7.0), probability=0.4)]
    )
    works = Pert(0.3, 0.5, 1.0)
    m = Mitigation("M", 1, (Effect.severity("R", works), Effect.frequency("S", works)))
    after = p.mitigated([m])
    found = expected_losses(after, 10, seed=1)
    assert found["R"].value == pytest.approx(20 * works.mean)
    assert found["S"].value == pytest.approx(2.8 * works.mean)
    r = simulate(after, 200_000, seed=1)
    assert abs(r.mean - (20 * works.mean + 2.8 * works.mean)) < 4 * r.standard_error
    # Var = Var(N F) 100 for R: E[N²] E[F²] - (E N E F)², and for S a chance 0.4 F of 7.
    second = works.variance + works.mean**2
    chance = 0.4 * works.mean
    expected = 100 * (6 * second - 4 * works.mean**2) + 49 * chance * (1 - chance)
    assert r.sd**2 == pytest.approx(expected, rel=0.02)


def test_a_narrow_range_of_an_effect_is_near_its_number() -> None:
    """A chance is multiplied by the factor itself, range or not."""
    p = Portfolio([Exposure("S", Constant(1.0), probability=0.35)])
    number = p.mitigated([Mitigation("M", 1, (Effect.frequency("S", 0.6),))])
    narrow = p.mitigated([Mitigation("M", 1, (Effect.frequency("S", Pert(0.599, 0.6, 0.601)),))])
    a, b = simulate(number, 100_000, 1), simulate(narrow, 100_000, 1)
    assert a.mean == pytest.approx(0.21, abs=0.005)
    assert b.mean == pytest.approx(0.21, abs=0.005)
    sure = Portfolio([Exposure("S", Constant(1.0), probability=1.0)])
    half = sure.mitigated([Mitigation("M", 1, (Effect.frequency("S", Pert(0, 0.5, 1)),))])
    assert simulate(half, 100_000, 1).mean == pytest.approx(0.5, abs=0.007)
    same = Mitigation("M", 1, (Effect.frequency("S", Constant(0.6)),))
    assert simulate(p.mitigated([same]), 1000, 1).digest == simulate(number, 1000, 1).digest


def test_a_reducing_range_makes_no_year_worse_and_leaves_other_drivers_alone() -> None:
    drivers = [Driver(x, Lognormal(0, 0.4)) for x in "ab"]
    p = Portfolio(
        [Exposure(x, Lognormal(0, 1), 0.8, links=(Link(x),)) for x in "ab"],
        drivers,
        [[1, 0.6], [0.6, 1]],
    )
    m = Mitigation("M", 1, (Effect.severity("a", Pert(0.2, 0.5, 0.9)),))
    before, after = simulate(p, 100_000, 1), simulate(p.mitigated([m]), 100_000, 1)
    assert after.portfolio.correlation == ((1, 0.6, 0), (0.6, 1, 0), (0, 0, 1))
    assert (after.losses <= before.losses + 1e-12).all()
    assert after.mean_by_exposure()["b"] == before.mean_by_exposure()["b"]


@pytest.mark.parametrize("often", [{"rate": 0.8}, {"probability": 0.4}, {"probability": 1.0}])
def test_a_reducing_range_of_how_often_keeps_a_part_of_the_events(often: dict[str, float]) -> None:
    p = Portfolio([Exposure("a", Lognormal(0, 1), **often)])
    works = Pert(0.2, 0.5, 1.0)
    known = Mitigation("K", 1, (Effect.frequency("a", 0.7),))
    found = Mitigation("M", 1, (Effect.frequency("a", works),))
    runs = [simulate(p.mitigated(m), 100_000, 1) for m in ([], [found], [known, found])]
    for before, after, factor in zip(runs[:-1], runs[1:], (works.mean, 0.7), strict=True):
        kept = after.losses > 0
        assert (after.losses <= before.losses + 1e-12).all()
        assert kept.mean() < (before.losses > 0).mean()
        assert abs(after.mean - factor * before.mean) < 5 * after.standard_error
    unlike = Mitigation("U", 1, (Effect.severity("a", works),))
    assert simulate(p.mitigated([unlike]), 1000, 1).mean > 0
    with pytest.raises(InvalidRange, match="no upper end"):
        Effect.frequency("a", Lognormal(0, 0.1))


def test_along_a_path_an_unknown_effect_stays_what_it_is() -> None:
    p = Portfolio([Exposure("R", Constant(1.0), probability=1.0)])
    m = Mitigation("M", 1, (Effect.severity("R", Pert(0.2, 0.5, 0.9)),))
    r = simulate_paths(p, 2026, 2030, 2000, seed=1, mitigations=[(m, 2028)])
    assert (r.losses[:, :2] == 1).all()
    assert (r.losses[:, 2] == r.losses[:, 4]).all()
    assert np.unique(r.losses[:, 2]).size > 1000


def test_impossible_ranges_of_effects_and_costs_are_refused() -> None:
    with pytest.raises(InvalidChoice, match="range for cap"):
        Effect("R", "cap", 1.0, Pert(1, 2, 3))
    with pytest.raises(InvalidRange, match="can be negative"):
        Effect.severity("R", Pert(-1, 2, 3))
    p = Portfolio([Exposure("S", Constant(1.0), probability=0.6)])
    with pytest.raises(InvalidProbability, match="S"):
        p.mitigated([Mitigation("M", 1, (Effect.frequency("S", Pert(1, 1.5, 2)),))])
    with pytest.raises(InvalidBudget, match="negative"):
        Cost(Pert(-1, 2, 3))
    with pytest.raises(InvalidBudget, match="payments"):
        Mitigation("M", 5, (), (Cost(2.0), Cost(2.0)))


def test_what_a_mitigation_costs_is_the_mean_of_its_payments() -> None:
    m = Mitigation.paid("M", [Cost(Pert(20, 25, 60), "buyer", 2027), Cost(5.0, "seller")], [])
    assert m.cost == 35
    assert [c.amount_at(0.9) for c in m.costs] == pytest.approx(
        [float(stats.beta(1.5, 4.5, 20, 40).ppf(0.9)), 5.0]
    )
