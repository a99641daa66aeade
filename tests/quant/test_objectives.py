"""Objectives hit by the same events as the losses: sums over event subsets × a beta tail."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskreg.quant import (
    Constant,
    Driver,
    DriverTerm,
    Effect,
    Exposure,
    Hit,
    Lift,
    Link,
    Lognormal,
    Mitigation,
    Objective,
    ObjectiveModel,
    PathPlan,
    Pert,
    Portfolio,
    combine_paths,
    paired_chance_difference,
    path_contribution_chunk,
    simulate_path_chunk,
    simulate_paths,
    totals,
    tvar,
)
from riskreg.quant.errors import InvalidPortfolio, InvalidRange, InvalidYears, MismatchedRuns
from riskreg.quant.metrics import tail_weights

PATHS = 200_000
GOAL = Objective("overseas vehicles", 300_000, due=2030, unit="vehicles a year")
POLICY, KITS = (0.35, 0.85), (0.30, 0.95)


def tail(high: float, needed: float, low: float = 0.0, mode: float = 0.0727) -> float:
    """P(growth ≥ needed) for a beta-PERT, by scipy.stats alone."""
    a = 1 + 4 * (mode - low) / (high - low)
    b = 1 + 4 * (high - mode) / (high - low)
    return float(stats.beta(a, b, low, high - low).sf(needed))


def chance(high: float, events: list[tuple[float, float]], step: float = 1.0) -> float:
    """Σ over event subsets of P(subset) × P(the growth that is needed then)."""
    total = 0.0
    for happens in itertools.product((False, True), repeat=len(events)):
        pairs = list(zip(events, happens, strict=True))
        p = math.prod(e[0] if on else 1 - e[0] for e, on in pairs)
        factor = step * math.prod(e[1] for e, on in pairs if on)
        total += p * tail(high, (300_000 / (164_500 * factor)) ** (1 / 5) - 1)
    return total


def yearly(p: float, years: int = 5) -> float:
    """The chance a year that makes `p` over all of them."""
    return float(1 - (1 - p) ** (1 / years))


def portfolio() -> Portfolio:
    return Portfolio(
        [
            Exposure("policy", Constant(50.0), probability=yearly(POLICY[0])),
            Exposure("kits", Constant(20.0), probability=yearly(KITS[0])),
        ]
    )


def model(high: float, hits: tuple[Hit, ...] | None = None, **more: object) -> ObjectiveModel:
    both = (Hit("policy", POLICY[1]), Hit("kits", KITS[1]))
    used = both if hits is None else hits
    return ObjectiveModel(GOAL, 164_500, 2025, Pert(0.0, 0.0727, high), hits=used, **more)  # type: ignore[arg-type]


def test_the_figures_of_thirty_thirty_by_scipy_alone() -> None:
    pace, electric = (x ** (1 / 5) - 1 for x in (300_000 / 164_500, 90_000 / 10_528))
    assert pace == pytest.approx(0.1277, abs=5e-5)
    assert electric == pytest.approx(0.536, abs=5e-4)
    assert chance(0.128, []) == pytest.approx(8e-7, rel=0.1)
    assert [round(chance(h, []), 3) for h in (0.15, 0.18, 0.20)] == [0.023, 0.085, 0.126]
    both = [POLICY, KITS]
    assert [round(chance(h, both), 3) for h in (0.15, 0.18, 0.20)] == [0.011, 0.047, 0.075]
    assert round(chance(0.18, [KITS]) - chance(0.18, both), 3) == 0.025
    assert round(chance(0.18, [POLICY]) - chance(0.18, both), 3) == 0.009
    assert [round(chance(0.18, both, s), 3) for s in (1.1, 1.25)] == [0.136, 0.344]


@pytest.mark.parametrize("high", [0.15, 0.18, 0.20])
def test_the_chance_of_thirty_thirty_is_the_sum_over_event_subsets(high: float) -> None:
    r = simulate_paths(portfolio(), 2026, 2030, PATHS, seed=1, objectives=[model(high)])
    found = r.objectives["overseas vehicles"]
    truth = chance(high, [POLICY, KITS])
    limits = found.chance(1 - 1e-4)
    assert limits.low < truth < limits.high
    assert found.chance().high - found.chance().low < 0.003
    for name, others in (("policy", [KITS]), ("kits", [POLICY])):
        cost = found.chance_lost_to(name)
        expected = chance(high, others) - truth
        assert abs(cost.value - expected) < 4 * cost.standard_error
        # Paired: far narrower than the difference of two chances from separate runs would be.
        assert cost.standard_error < 0.75 * math.sqrt(2 * truth * (1 - truth) / PATHS)
    alone = chance(high, [])
    noise = 4 * math.sqrt(alone * (1 - alone) / PATHS)
    assert found.baseline_chance == pytest.approx(alone, abs=noise)


@pytest.mark.parametrize("step", [1.10, 1.25])
def test_a_lift_is_a_step_of_the_level(step: float) -> None:
    plant = Mitigation("plant", 86, ())
    goal = model(0.18, lifts=(Lift("plant", step),))
    runs = [
        simulate_paths(portfolio(), 2026, 2030, PATHS, 1, objectives=[goal], mitigations=active)
        for active in ([], [(plant, 2028)], [(plant, 2031)])
    ]
    without, lifted, late = (r.objectives["overseas vehicles"] for r in runs)
    limits = lifted.chance(1 - 1e-4)
    assert limits.low < chance(0.18, [POLICY, KITS], step) < limits.high
    assert (late.levels == without.levels).all()
    assert (lifted.levels[:, :2] == without.levels[:, :2]).all()
    assert lifted.levels[:, 2:] == pytest.approx(step * without.levels[:, 2:])
    assert (
        lifted.chance_lost_to("plant").value
        == -paired_chance_difference(without.met, lifted.met).value
        < 0
    )


def test_an_event_that_nobody_prevented_hits_losses_and_objective_in_one_path() -> None:
    r = simulate_paths(portfolio(), 2026, 2030, 20_000, 1, objectives=[model(0.18)])
    level = r.objectives["overseas vehicles"].levels
    free = simulate_paths(portfolio(), 2026, 2030, 20_000, 1, objectives=[model(0.18, hits=())])
    ratio = level / free.objectives["overseas vehicles"].levels
    for k in range(5):
        # 50 a year of a policy event, 20 of kits: the losses tell which of them came so far.
        policy = (np.isin(r.losses[:, : k + 1], (50, 70))).any(axis=1)
        kits = (np.isin(r.losses[:, : k + 1], (20, 70))).any(axis=1)
        expected = np.where(policy, 0.85, 1.0) * np.where(kits, 0.95, 1.0)
        assert ratio[:, k] == pytest.approx(expected, rel=1e-12)


def test_a_mitigation_that_prevents_events_frees_the_objective_of_them() -> None:
    stop = Mitigation("treaty", 5, (Effect.frequency("policy", 0.0),))
    r = simulate_paths(
        portfolio(), 2026, 2030, PATHS, 1, objectives=[model(0.18)], mitigations=[(stop, 2026)]
    )
    limits = r.objectives["overseas vehicles"].chance(1 - 1e-4)
    assert limits.low < chance(0.18, [KITS]) < limits.high
    assert r.objectives["overseas vehicles"].chance_lost_to("policy").value == 0


def test_a_hit_lasts_as_long_as_said_and_an_event_renews_it() -> None:
    p = Portfolio([Exposure("strike", Constant(1.0), probability=0.3)])
    goal = ObjectiveModel(
        Objective("output", 1, due=2031), 100.0, 2025, Constant(0.0), hits=(Hit("strike", 0.5, 2),)
    )
    r = simulate_paths(p, 2026, 2031, 5_000, seed=2, objectives=[goal])
    event = r.losses > 0
    lasting = event.copy()
    lasting[:, 1:] |= event[:, :-1]
    assert (r.objectives["output"].levels == np.where(lasting, 50.0, 100.0)).all()


def test_a_driver_moves_losses_and_objective_together() -> None:
    price = Driver("price", Lognormal(0, 0.4), reference=1.0)
    p = Portfolio([Exposure("R", Constant(1.0), probability=1, links=(Link("price"),))], [price])
    goal = ObjectiveModel(
        Objective("sales", 100, due=2027),
        100.0,
        2025,
        Constant(0.0),
        drivers=(DriverTerm("price", -0.5),),
    )
    r = simulate_paths(p, 2026, 2027, 50_000, seed=1, objectives=[goal], persistence=0.6)
    assert r.objectives["sales"].levels == pytest.approx(100 * r.losses**-0.5)
    # Sales stay above 100 while the price stays below its median: one half.
    assert r.objectives["sales"].chance().value == pytest.approx(0.5, abs=0.01)


def test_ranges_of_hits_are_drawn_once_a_path() -> None:
    p = Portfolio([Exposure("R", Constant(1.0), probability=1.0)])
    depth = Pert(0.7, 0.8, 0.95)
    goal = ObjectiveModel(
        Objective("x", 80, due=2028), 100.0, 2025, Constant(0.0), hits=(Hit("R", depth),)
    )
    r = simulate_paths(p, 2026, 2028, 50_000, seed=1, objectives=[goal])
    levels = r.objectives["x"].levels / 100
    assert (levels[:, 0] == levels[:, 2]).all()
    a, b = 1 + 4 * 0.1 / 0.25, 1 + 4 * 0.15 / 0.25
    assert stats.kstest(levels[:, 0], stats.beta(a, b, 0.7, 0.25).cdf).pvalue > 0.01


def test_growth_afresh_each_year_evens_out() -> None:
    p = Portfolio([Exposure("R", Constant(1.0), rate=0.0)])
    growth = Lognormal(math.log(0.1), 0.3)
    goals = [
        ObjectiveModel(Objective(n, 1, due=2030), 1.0, 2023, growth, steady=s)
        for n, s in (("steady", True), ("fresh", False))
    ]
    r = simulate_paths(p, 2026, 2030, 50_000, seed=1, objectives=goals)
    fresh, steady = r.objectives["fresh"].levels, r.objectives["steady"].levels
    # Seven years of growth since 2023: independent factors have the product of their means.
    assert fresh[:, -1].mean() == pytest.approx((1 + growth.mean) ** 7, rel=0.005)
    assert steady[:, -1].std() > 2 * fresh[:, -1].std()
    assert (r.objectives["fresh"].fan()[:, 0] > 1).all()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(1, 7), st.permutations(range(3)), st.integers(0, 9))
def test_paths_are_the_same_to_the_bit_however_they_are_cut(
    chunks: int, order: list[int], seed: int
) -> None:
    drivers = [Driver("d", Lognormal(0, 0.3)), Driver("own", Pert(0.5, 0.8, 1), persistence=1.0)]
    p = Portfolio(
        [
            Exposure("policy", Lognormal(0, 1), rate=0.3, links=(Link("d"),)),
            Exposure(
                "kits",
                Constant(2.0),
                probability=0.2,
                links=(Link("own", "frequency", form="factor"),),
            ),
        ],
        drivers,
        [[1, 0.5], [0.5, 1]],
    )
    goal = model(0.18, drivers=(DriverTerm("d", 0.3),))
    plan = PathPlan(p, 2026, 2030, 140_000, seed, 0.06, 0.7, objectives=(goal,))
    whole = combine_paths([simulate_path_chunk(plan, 0, 1)])
    parts = [simulate_path_chunk(plan, k, chunks) for k in range(chunks)]
    parts = [parts[k] for k in order] if chunks == 3 else parts[::-1]
    assert combine_paths(parts).digest == whole.digest
    values = whole.present_values
    weights = tail_weights(np.sort(values), 0.9)
    shares = [path_contribution_chunk(plan, values, weights, k, chunks) for k in range(chunks)]
    assert totals(shares[::-1]) == whole.contributions(0.9)
    assert sum(whole.contributions(0.9).values()) == pytest.approx(tvar(values, 0.9), rel=1e-9)


def test_chunks_of_other_plans_are_refused() -> None:
    plans = [PathPlan(portfolio(), 2026, 2030, 140_000, seed) for seed in (1, 2)]
    parts = [simulate_path_chunk(plan, k, 2) for k, plan in enumerate(plans)]
    with pytest.raises(MismatchedRuns, match="another run"):
        combine_paths(parts)
    with pytest.raises(MismatchedRuns, match="each of 0"):
        combine_paths(parts[:1])


def test_equal_ways_differ_by_nothing_at_all() -> None:
    """A mitigation that does nothing leaves every figure as it is, to the bit."""
    idle = Mitigation("idle", 1, (Effect.frequency("policy", 1.0), Effect.severity("kits", 1.0)))
    a, b = (
        simulate_paths(portfolio(), 2026, 2030, 70_000, 1, objectives=[model(0.18)], mitigations=m)
        for m in ([], [(idle, 2026)])
    )
    assert a.digest == b.digest
    nothing = paired_chance_difference(a.objectives[GOAL.name].met, b.objectives[GOAL.name].met)
    assert (nothing.value, nothing.standard_error) == (0, 0)


def test_what_the_paths_do_not_hold_is_refused() -> None:
    def run(goal: ObjectiveModel) -> None:
        simulate_paths(portfolio(), 2026, 2030, 10, 1, objectives=[goal])

    with pytest.raises(InvalidPortfolio, match="is not an exposure"):
        run(model(0.18, hits=(Hit("strike", 0.5),)))
    with pytest.raises(InvalidPortfolio, match="is not a driver"):
        run(model(0.18, drivers=(DriverTerm("price", 0.5),)))
    late = ObjectiveModel(Objective("x", 1, due=2031), 1.0, 2025, Constant(0.0))
    with pytest.raises(InvalidYears, match="be due within"):
        run(late)
    with pytest.raises(InvalidYears, match="start_year"):
        ObjectiveModel(Objective("x", 1, due=2030), 1.0, 2030, Constant(0.0))
    with pytest.raises(InvalidRange, match="-100 %"):
        ObjectiveModel(Objective("x", 1, due=2030), 1.0, 2025, Pert(-2, 0, 1))
    p = Portfolio([Exposure("R", Constant(1), rate=1)], [Driver("margin", Pert(-1, 0, 1))])
    goal = ObjectiveModel(GOAL, 1.0, 2025, Constant(0.0), drivers=(DriverTerm("margin", 1.0),))
    with pytest.raises(InvalidRange, match="above 0"):
        simulate_paths(p, 2026, 2030, 10, 1, objectives=[goal])
