from __future__ import annotations

import itertools
import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bench.quant import portfolio
from riskreg.quant import (
    Constant,
    Driver,
    Effect,
    Exposure,
    Link,
    Lognormal,
    Mitigation,
    Pert,
    Portfolio,
    Simulation,
    combine,
    compare,
    euler_contributions,
    losses_by_exposure,
    simulate,
    simulate_chunk,
    simulate_with_contributions,
    tvar,
)
from riskreg.quant.errors import MismatchedRuns

from .builders import portfolios

LIGHT = settings(max_examples=25, deadline=None, derandomize=True)


def with_drivers() -> Portfolio:
    return Portfolio(
        [
            Exposure("tariff", Lognormal.from_interval(1, 20), 0.6, links=(Link("policy"),)),
            Exposure(
                "price",
                Pert(1, 2, 9),
                probability=0.4,
                links=(Link("lithium", "frequency", 1.5), Link("policy", "severity", 0.5)),
            ),
            Exposure("gain", Lognormal(0, 0.5), rate=1.2, kind="opportunity"),
            Exposure("certain", Constant(2.0), probability=1.0),
            Exposure("often", Lognormal(-1, 1), rate=5.0, links=(Link("lithium", "frequency"),)),
        ],
        drivers=[Driver("policy", Lognormal(0, 0.3)), Driver("lithium", Pert(60, 120, 200))],
        correlation=[[1, 0.5], [0.5, 1]],
    )


@LIGHT
@given(portfolios(), st.integers(0, 2**32))
def test_simulation_agrees_with_closed_forms(p: Portfolio, seed: int) -> None:
    years = 20_000
    r = simulate(p, years, seed)
    assert abs(r.mean - p.mean) <= 5 * p.sd / math.sqrt(years) + 1e-9
    centred = (r.losses - r.mean) ** 2
    error = float(centred.std()) / math.sqrt(years)
    assert abs(r.sd**2 - p.sd**2) <= 6 * error + 0.02 * p.sd**2


@LIGHT
@given(portfolios(), st.integers(0, 2**32), st.floats(0.5, 0.995))
def test_contributions_sum_to_the_total(p: Portfolio, seed: int, level: float) -> None:
    r = simulate(p, 5_000, seed)
    scale = max(1.0, abs(r.tvar(level)), r.sd)
    assert math.fsum(r.contributions(level).values()) == pytest.approx(
        r.tvar(level), abs=1e-9 * scale
    )
    assert math.fsum(r.sd_contributions().values()) == pytest.approx(r.sd, abs=1e-9 * scale)
    assert math.fsum(r.mean_by_exposure().values()) == pytest.approx(r.mean, abs=1e-9 * scale)
    table = losses_by_exposure(p, 5_000, seed)
    assert table.sum(axis=0) == pytest.approx(r.losses, abs=1e-9 * scale)
    assert euler_contributions(table, level) == pytest.approx(
        list(r.contributions(level).values()), abs=1e-9 * scale
    )


def test_chunks_in_any_order_give_the_same_bytes() -> None:
    p, years = with_drivers(), 7 * 65_536 + 123
    whole = simulate(p, years, seed=9)
    for chunks in (1, 2, 7):
        assert simulate(p, years, seed=9, chunks=chunks).digest == whole.digest
        parts = [simulate_chunk(p, years, 9, k, chunks) for k in range(chunks)]
        orders = [parts, parts[::-1], sorted(parts, key=lambda c: (c.index * 5) % 7)]
        for order in orders:
            assert combine(order).losses.tobytes() == whole.losses.tobytes()
    # Computed in another order too, not only put together in another.
    late_first = [simulate_chunk(p, years, 9, k, 7) for k in (6, 2, 0, 5, 1, 4, 3)]
    assert combine(late_first).digest == whole.digest
    assert simulate(p, years, seed=10).digest != whole.digest


def test_other_processes_give_the_same_bytes() -> None:
    p, years = with_drivers(), 3 * 65_536
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(simulate_chunk, p, years, 9, k, 3) for k in (2, 1, 0)]
        assert combine([part.result() for part in parts]).digest == simulate(p, years, 9).digest


def test_more_chunks_than_work_is_fine() -> None:
    p = with_drivers()
    parts = [simulate_chunk(p, 1000, 1, k, 7) for k in range(7)]
    assert combine(parts).digest == simulate(p, 1000, 1).digest


def test_combine_refuses_parts_that_do_not_belong_together() -> None:
    p = with_drivers()
    a, b = (simulate_chunk(p, 1000, 1, k, 2) for k in range(2))
    with pytest.raises(MismatchedRuns, match="once"):
        combine([a])
    with pytest.raises(MismatchedRuns, match="once"):
        combine([a, a])
    with pytest.raises(MismatchedRuns, match="another run"):
        combine([a, simulate_chunk(p, 1000, 2, 1, 2)])
    other = Portfolio(p.exposures[:2], p.drivers, p.correlation)
    with pytest.raises(MismatchedRuns, match="another run"):
        combine([a, simulate_chunk(other, 1000, 1, 1, 2)])
    assert combine([b, a]).years == 1000


def test_the_order_and_company_of_exposures_leave_draws_alone() -> None:
    p = with_drivers()
    rows = dict(zip(p.names, losses_by_exposure(p, 70_000, 4), strict=True))
    more = Portfolio(
        [Exposure("new", Lognormal(1, 1), rate=3.0), *p.exposures[::-1]], p.drivers, p.correlation
    )
    again = dict(zip(more.names, losses_by_exposure(more, 70_000, 4), strict=True))
    for name, row in rows.items():
        assert row.tobytes() == again[name].tobytes(), name
    fewer = Portfolio(p.exposures[:1], p.drivers, p.correlation)
    assert losses_by_exposure(fewer, 70_000, 4)[0].tobytes() == rows["tariff"].tobytes()


def test_a_new_driver_leaves_draws_alone() -> None:
    p = with_drivers()
    more = Portfolio(
        p.exposures,
        [*p.drivers, Driver("new", Pert(0, 1, 2))],
        [[1, 0.5, 0.2], [0.5, 1, 0.1], [0.2, 0.1, 1]],
    )
    assert simulate(more, 5000, 2).digest == simulate(p, 5000, 2).digest


def test_different_exposures_are_independent() -> None:
    p = Portfolio([Exposure(f"R{k}", Lognormal(0, 0.5), rate=2.0) for k in range(6)])
    table = losses_by_exposure(p, 100_000, 1)
    correlation = np.corrcoef(table)
    for i, j in itertools.combinations(range(6), 2):
        assert abs(correlation[i, j]) < 5 / math.sqrt(100_000)
    # Neither do blocks or seeds repeat one another.
    assert not np.isin(table[0][:65_536][table[0][:65_536] > 0], table[0][65_536:]).any()


def test_blocks_of_a_stream_are_independent() -> None:
    from riskreg.quant.sampling import Stream

    stream = Stream(1, (1, 2, 3))
    blocks = [0, 1, 2, 3, 4, 8, 64, 1024, 1025]
    n = 50_000
    draws = np.array([stream.generator_at(b).standard_normal(n) for b in blocks])
    places = np.array([stream.generator_at(b).integers(0, 65_536, n) for b in blocks])
    for table in (draws, np.abs(draws), places & 1, places & 255, places >> 12):
        correlation = np.corrcoef(table)
        np.fill_diagonal(correlation, 0)
        assert np.abs(correlation).max() < 4.5 / math.sqrt(n)
    for i, j in itertools.combinations(range(len(blocks)), 2):
        assert not np.intersect1d(draws[i], draws[j]).size
    assert (stream.generator_at(64).standard_normal(n) == draws[6]).all()


MITIGATIONS = [
    Mitigation("severities", 1, (Effect.severity("tariff", 0.7), Effect.severity("price", 0.5))),
    Mitigation("cap", 1, (Effect.cap("tariff", 6.0), Effect.cap("certain", 1.0))),
    Mitigation("rarer", 1, (Effect.frequency("tariff", 0.5), Effect.frequency("often", 0.3))),
    Mitigation("chance", 1, (Effect.frequency("price", 0.6), Effect.frequency("certain", 0.9))),
    Mitigation("driver", 1, (Effect.driver("lithium", 0.8),)),
    Mitigation("gone", 1, (Effect.frequency("often", 0.0), Effect.severity("price", 0.0))),
]


@pytest.mark.parametrize("mitigation", MITIGATIONS, ids=lambda m: m.name)
def test_what_lowers_the_risk_never_raises_a_year(mitigation: Mitigation) -> None:
    p = with_drivers()
    before, after = simulate(p, 150_000, 3), simulate(p.mitigated([mitigation]), 150_000, 3)
    assert (after.losses <= before.losses).all()
    assert (np.sort(after.losses) <= np.sort(before.losses)).all()
    assert after.mean < before.mean


@LIGHT
@given(portfolios(), st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1))
def test_lower_severities_and_rates_never_raise_any_quantile(
    p: Portfolio, seed: int, severity: float, frequency: float
) -> None:
    threats = [e for e in p.exposures if e.kind == "threat"]
    assume(threats)
    effects = [Effect.severity(e.name, severity) for e in threats]
    effects += [Effect.frequency(e.name, frequency) for e in threats]
    before = simulate(p, 2000, seed)
    after = simulate(p.mitigated([Mitigation("M", 0, tuple(effects))]), 2000, seed)
    assert (np.sort(after.losses) <= np.sort(before.losses)).all()


def test_comparison_under_common_random_numbers_is_sharper() -> None:
    p = portfolio(10, 5.0)
    q = p.mitigated([Mitigation("M", 1, (Effect.severity(p.names[0], 0.5),))])
    before, after = simulate(p, 20_000, 1), simulate(q, 20_000, 1)
    c = compare(before, after)
    assert c.mean == pytest.approx(after.mean - before.mean)
    assert abs(c.mean - (q.mean - p.mean)) < 5 * c.standard_error
    apart = math.hypot(before.standard_error, after.standard_error)
    assert c.standard_error < 0.5 * apart
    assert c.years_worse == 0
    with pytest.raises(MismatchedRuns):
        compare(before, simulate(q, 20_000, 2))


def test_drivers_have_the_correlation_asked_for() -> None:
    from riskreg.quant.sampling import Sampler

    drivers = [Driver(x, Lognormal(0, 0.3)) for x in "abc"]
    matrix = [[1, 0.8, -0.3], [0.8, 1, 0.1], [-0.3, 0.1, 1]]
    p = Portfolio([Exposure("R", Constant(1), rate=1)], drivers, matrix)
    values = Sampler(p, 1).driver_values(0, 65_536)
    scores = np.array([values.normal_scores(x) for x in "abc"])
    assert np.corrcoef(scores) == pytest.approx(np.array(matrix), abs=0.02)
    assert scores.mean(axis=1) == pytest.approx([0, 0, 0], abs=0.02)
    assert scores.std(axis=1) == pytest.approx([1, 1, 1], abs=0.02)


def test_a_singular_correlation_is_allowed_and_kept() -> None:
    from riskreg.quant.sampling import Sampler

    drivers = [Driver(x, Lognormal(0, 0.3)) for x in "abc"]
    matrix = [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]
    p = Portfolio([Exposure("R", Constant(1), rate=1)], drivers, matrix)
    values = Sampler(p, 1).driver_values(0, 100)
    scores = np.array([values.normal_scores(x) for x in "abc"])
    assert (scores[0] == scores[1]).all()
    assert (scores[0] == -scores[2]).all()


def test_a_shared_driver_makes_bad_years_come_together() -> None:
    link = (Link("d", "severity", 2.0),)
    exposures = [Exposure(f"R{k}", Constant(1), rate=5, links=link) for k in range(2)]
    p = Portfolio(exposures, [Driver("d", Lognormal(0, 0.5))])
    table = losses_by_exposure(p, 50_000, 1)
    # X_k = M N_k with M = d² lognormal: the covariance is 25 Var M.
    covariance = 25 * math.expm1(1.0) * math.exp(1.0)
    assert np.cov(table)[0, 1] == pytest.approx(covariance, rel=0.25)
    assert np.corrcoef(table)[0, 1] > 0.7


def test_linked_frequency_has_the_rate_of_its_year() -> None:
    d = Driver("d", Lognormal(0, 0.4))
    p = Portfolio(
        [
            Exposure("poisson", Constant(1), rate=0.5, links=(Link("d", "frequency", 1.5),)),
            Exposure("once", Constant(1), probability=0.3, links=(Link("d", "frequency"),)),
        ],
        [d],
    )
    table = losses_by_exposure(p, 400_000, 6)
    assert table[0].mean() == pytest.approx(0.5 * math.exp(0.36 / 2), rel=0.01)
    assert set(np.unique(table[1])) == {0.0, 1.0}
    z = np.linspace(-8, 8, 4001)
    weight = np.exp(-z * z / 2)
    chance = 1 - 0.7 ** np.exp(0.4 * z)
    assert table[1].mean() == pytest.approx(float(chance @ weight / weight.sum()), rel=0.01)


def test_a_high_rate_stays_within_batches() -> None:
    p = Portfolio([Exposure("busy", Constant(1.0), rate=20_000.0)])
    r = simulate(p, 100, seed=1)
    assert abs(r.mean - 20_000) < 5 * math.sqrt(20_000 / 100)
    linked = replace(p.exposures[0], links=(Link("d", "frequency"),))
    q = Portfolio([linked], [Driver("d", Constant(2.0), reference=1.0)])
    assert abs(simulate(q, 100, 1).mean - 40_000) < 5 * math.sqrt(40_000 / 100)


def test_metrics_of_a_simulation_are_those_of_its_losses() -> None:
    r = simulate(with_drivers(), 10_007, 5)
    ordered = np.sort(r.losses)
    assert r.var(0.95) == ordered[math.ceil(0.95 * 10_007) - 1]
    assert r.tvar(0.95) == pytest.approx(tvar(r.losses, 0.95))
    chances = np.full(10_007, 1 / 10_007)
    assert r.tvar(0.95) == pytest.approx(tvar(r.losses, 0.95, chances))
    assert r.mean == pytest.approx(r.losses.mean())
    assert r.sd == pytest.approx(r.losses.std(ddof=1))
    assert r.exceedance(r.var(0.95)) <= 0.05
    curve = r.exceedance_curve([0.0, 5.0, 20.0])
    assert (curve.low <= curve.probability).all()
    assert (curve.probability <= curve.high).all()
    assert curve.probability.tolist() == [r.exceedance(x) for x in (0.0, 5.0, 20.0)]


def test_confidence_statements_hold_as_often_as_they_promise() -> None:
    p = Portfolio([Exposure("R", Lognormal.from_interval(1, 20), rate=0.4)])
    truth_var, truth_tvar, truth_above = 14.276, 24.469190977, 0.08584998616
    inside = {"var": 0, "tvar": 0, "curve": 0}
    runs = 200
    for seed in range(runs):
        r = simulate(p, 4000, seed)
        interval = r.var_interval(0.95, 0.9)
        inside["var"] += interval.low <= truth_var <= interval.high
        inside["tvar"] += abs(r.tvar(0.95) - truth_tvar) < 1.645 * r.tvar_standard_error(0.95)
        curve = r.exceedance_curve([10.0], 0.9)
        inside["curve"] += bool(curve.low[0] <= truth_above <= curve.high[0])
    for name, hits in inside.items():
        # 0.9 of 200, four binomial standard deviations down; TVaR's is asymptotic and a bit short.
        assert hits >= 0.9 * runs - 4 * math.sqrt(runs * 0.09), (name, hits)


def test_the_band_holds_for_the_whole_curve_at_once() -> None:
    severity = Lognormal.from_interval(1, 20)
    p = Portfolio([Exposure("R", severity, probability=1.0)])
    cuts = severity.quantile(np.linspace(0.001, 0.999, 500))
    truth = 1 - severity.cdf(cuts)
    held = 0
    for seed in range(200):
        curve = simulate(p, 500, seed).exceedance_curve(cuts.tolist(), 0.9)
        held += bool((np.abs(curve.probability - truth) <= curve.band).all())
    assert held >= 0.9 * 200 - 4 * math.sqrt(200 * 0.09)


def test_one_year_is_enough_to_ask() -> None:
    r = simulate(Portfolio([Exposure("R", Constant(2), probability=1)]), 1, 0)
    assert isinstance(r, Simulation)
    assert (r.mean, r.sd, r.var(0.95), r.tvar(0.95)) == (2.0, 0.0, 2.0, pytest.approx(2.0))
    assert r.contributions(0.5) == {"R": pytest.approx(2.0)}


def test_losses_are_read_only() -> None:
    r = simulate(Portfolio([Exposure("R", Constant(2), probability=1)]), 5, 0)
    with pytest.raises(ValueError, match="read-only"):
        r.losses[0] = 1.0


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("years", [1, 1_000, 150_000])
def test_contributions_of_events_at_hand_are_those_drawn_once_more(
    years: int, level: float
) -> None:
    run, shares = simulate_with_contributions(with_drivers(), years, 7, level)
    whole = simulate(with_drivers(), years, 7)
    assert run.digest == whole.digest
    assert shares == whole.contributions(level)
    assert math.fsum(shares.values()) == pytest.approx(run.tvar(level), rel=1e-9)
