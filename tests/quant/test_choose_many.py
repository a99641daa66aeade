"""Several budgets, ranges of cost, more mitigations than can be tried together, and fresh draws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskreg.quant import (
    Budget,
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
    chance_that_costs_fit,
    choose,
    choose_mitigations,
    expected_losses,
    interval_of_cost_in_all,
    losses_by_exposure,
    mitigation_frontier,
    report_choice,
    tvar,
)
from riskreg.quant.errors import InvalidBudget, InvalidShape, MismatchedRuns

FEW = settings(max_examples=5, deadline=None, derandomize=True)
LIGHT = settings(max_examples=25, deadline=None, derandomize=True)


@LIGHT
@given(st.integers(0, 10**6))
def test_several_budgets_equal_trying_every_set(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, budgets = int(rng.integers(1, 9)), int(rng.integers(1, 4))
    costs = rng.integers(0, 9, (n, budgets)).astype(float)
    benefits = rng.uniform(0, 20, n)
    limits = rng.integers(0, 15, budgets).astype(float)
    best = max(
        math.fsum(benefits[list(s)])
        for k in range(n + 1)
        for s in itertools.combinations(range(n), k)
        if (costs[list(s)].sum(axis=0) <= limits).all()
    )
    found = choose(costs, benefits, limits)
    assert found.value == pytest.approx(best)
    assert (np.array(found.spent) <= limits * (1 + 1e-9)).all()
    assert found.spent == pytest.approx(costs[list(found.chosen)].sum(axis=0))
    # One budget more can only forbid.
    assert choose(costs[:, :1], benefits, limits[:1]).value >= found.value - 1e-9


def crowd(count: int, seed: int = 0) -> tuple[Portfolio, list[Mitigation]]:
    """Three risks, `count` mitigations that all touch the first, some the others too."""
    rng = np.random.default_rng(seed)
    p = Portfolio(
        [
            Exposure("a", Lognormal.from_interval(5, 60), rate=0.8),
            Exposure("b", Lognormal.from_interval(2, 40), probability=0.4),
            Exposure("c", Constant(6.0), rate=0.5, links=(Link("d", "frequency"),)),
        ],
        [Driver("d", Lognormal(0, 0.5))],
    )

    def one(k: int) -> Mitigation:
        effects = [Effect.severity("a", float(rng.uniform(0.6, 0.95)))]
        if k % 2:
            effects.append(Effect.frequency("b", float(rng.uniform(0.5, 0.95))))
        if k % 3 == 0:
            effects.append(Effect.frequency("c", 0.7))
        return Mitigation(f"m{k}", float(rng.integers(1, 6)), tuple(effects))

    return p, [one(k) for k in range(count)]


def measure(p: Portfolio, chosen: tuple[Mitigation, ...], objective: str, scenarios: int) -> float:
    if objective == "mean":
        return expected_losses(p.mitigated(chosen), scenarios, 1)[""].value
    losses = losses_by_exposure(p.mitigated(chosen), scenarios, 1).sum(axis=0)
    return tvar(losses, 0.9) if objective == "tvar" else -float((losses <= 20).mean())


@pytest.mark.parametrize("objective", ["mean", "tvar", "chance"])
def test_eight_mitigations_of_one_risk_are_tried_or_searched(objective: str) -> None:
    p, mitigations = crowd(8)
    scenarios, budget = 200, 9
    options = {"objective": objective, "level": 0.9, "limit": 20.0, "scenarios": scenarios}
    every = [s for k in range(9) for s in itertools.combinations(mitigations, k)]
    paid = [s for s in every if sum(m.cost for m in s) <= budget]
    best = min(measure(p, s, objective, scenarios) for s in paid)
    sign = -1 if objective == "chance" else 1
    exact = choose_mitigations(p, mitigations, budget, 1, **options)  # type: ignore[arg-type]
    assert exact.value == pytest.approx(sign * best)
    assert exact.optimality_text.startswith("proven")
    found = choose_mitigations(p, mitigations, budget, 1, method="search", **options)  # type: ignore[arg-type]
    assert "proven" not in found.optimality_text
    assert not found.optimal
    # The bound holds against the best of all sets, and the set found is one of them.
    assert sign * found.bound <= best + 1e-6 * abs(best)
    assert sign * found.value >= best - 1e-9
    assert abs(found.value - sign * best) <= found.gap * abs(found.value) + 1e-6 * abs(best)
    if objective == "mean":
        assert found.gap < 0.01


@FEW
@given(st.integers(0, 10**6))
def test_the_bound_of_the_search_holds_for_any_kind_of_effect(seed: int) -> None:
    """Hedges, caps, ranges, effects for the worse and gains among them, with rules."""
    rng = np.random.default_rng(seed)
    p = Portfolio(
        [
            Exposure("a", Lognormal.from_interval(1, 20), 0.8, links=(Link("d"),)),
            Exposure("g", Constant(2.0), probability=0.5, kind="opportunity"),
        ],
        [Driver("d", Lognormal(0, 0.5))],
    )
    kinds = [
        lambda: Effect.severity("a", float(rng.uniform(0.5, 1.1))),
        lambda: Effect.frequency("a", float(rng.uniform(0.3, 1.0))),
        lambda: Effect.severity("a", Pert(0.4, 0.6, 0.9)),
        lambda: Effect.cap("a", float(rng.uniform(3, 20))),
        lambda: Effect.spread("d", float(rng.uniform(0, 1))),
        lambda: Effect.frequency("g", float(rng.uniform(0.8, 1.9))),
    ]
    mitigations = [
        Mitigation(f"m{k}", float(rng.integers(0, 5)), (kinds[int(rng.integers(6))](), kinds[0]()))
        for k in range(7)
    ]
    if sum(m.effects[0].target == "g" for m in mitigations) > 1:
        # A chance that two gains lift above 1 is refused elsewhere.
        mitigations = [
            Mitigation(m.name, m.cost, tuple(e for e in m.effects if e.target != "g"))
            for m in mitigations
        ]
    requires, exclusive = [("m1", "m0")], [["m2", "m3"]]
    for objective in ("mean", "tvar", "chance"):
        options = {
            "objective": objective,
            "level": 0.8,
            "limit": 5.0,
            "scenarios": 60,
            "requires": requires,
            "exclusive": exclusive,
        }
        exact = choose_mitigations(p, mitigations, 6, 1, **options)  # type: ignore[arg-type]
        found = choose_mitigations(p, mitigations, 6, 1, method="search", **options)  # type: ignore[arg-type]
        sign = exact.goal.sign
        tolerance = 1e-5 * max(1.0, abs(exact.value))
        assert sign * found.bound <= sign * exact.value + tolerance
        assert sign * found.value >= sign * exact.value - tolerance
        assert found.cost <= 6


def test_two_dozen_mitigations_of_one_risk_within_a_hair_of_the_best() -> None:
    p, mitigations = crowd(24, seed=3)
    found = choose_mitigations(p, mitigations, 20, 1, scenarios=100)
    assert found.method == "search"
    assert found.gap < 0.01
    assert found.optimality_text.startswith("within 0.") or found.optimality_text.startswith(
        "within 0 "
    )
    assert found.optimality_text.endswith("% of the best on these scenarios")
    assert found == choose_mitigations(p, mitigations, 20, 1, scenarios=100)
    with pytest.raises(InvalidShape, match="all touch a"):
        choose_mitigations(p, mitigations, 20, 1, method="exact")


def test_four_hedges_on_a_driver_and_three_on_the_risk() -> None:
    p = Portfolio(
        [
            Exposure(
                "price",
                Lognormal.from_interval(10, 120),
                1.2,
                links=(Link("lithium", sensitivity=1.5),),
            )
        ],
        [Driver("lithium", Pert(58, 120, 200))],
    )
    hedges = [
        Mitigation(f"hedge {k}", 2, (Effect.spread("lithium", 0.5 + k / 10),)) for k in range(4)
    ]
    plans = [
        Mitigation(f"plan {k}", 3, (Effect.severity("price", 0.6 + k / 10),)) for k in range(3)
    ]
    best = choose_mitigations(p, [*hedges, *plans], 7, 1, objective="tvar", scenarios=200)
    assert best.method == "exact"
    assert best.optimality_text.startswith("proven")


def test_budgets_of_parties_and_years_are_all_kept() -> None:
    p = Portfolio([Exposure(x, rate=1, severity=Constant(10)) for x in "ABC"])
    plans = [
        Mitigation.paid(
            f"halve {x}",
            [Cost(3.0, "ours", 2027), Cost(each, "theirs", year)],
            [Effect.severity(x, 0.5)],
        )
        for x, each, year in (("A", 1.0, 2027), ("B", 4.0, 2027), ("C", 1.0, 2028))
    ]
    alone = choose_mitigations(p, plans, 100, 1)
    assert (alone.value, alone.cost) == (15, 15)
    budgets = [Budget(6.0, "ours"), Budget(2.0, "theirs"), Budget(math.inf)]
    found = choose_mitigations(p, plans, budgets, 1)
    assert found.chosen == ("halve A", "halve C")
    assert found.spent == (6.0, 2.0, 8.0)
    yearly = choose_mitigations(p, plans, [Budget(7.0, year=2027), Budget(9.0, year=2028)], 1)
    assert yearly.spent[0] <= 7
    assert yearly.chosen == ("halve A", "halve C")
    assert choose_mitigations(p, plans, Budget(0.0, "theirs", 2028), 1).chosen == (
        "halve A",
        "halve B",
    )
    with pytest.raises(InvalidBudget):
        Budget(-1.0)
    with pytest.raises(InvalidShape, match="list of budgets"):
        choose_mitigations(p, plans, [], 1)
    steps = mitigation_frontier(
        p, plans, [[Budget(b, "ours"), Budget(2.0, "theirs")] for b in (0.0, 3.0, 6.0)], 1
    )
    assert [s.value for s in steps] == [30, 25, 20]


def test_a_range_of_cost_counts_with_its_mean_or_with_what_it_stays_within() -> None:
    p = Portfolio([Exposure("A", rate=1, severity=Constant(10))])
    plan = Mitigation.paid("halve", [Cost(Pert(4, 5, 12))], [Effect.severity("A", 0.5)])
    assert plan.cost == 6
    assert choose_mitigations(p, [plan], 6.5, 1).chosen == ("halve",)
    assert choose_mitigations(p, [plan], 6.5, 1, cost_level=0.9).chosen == ()
    told = report_choice(p, [plan], 6.5, choose_mitigations(p, [plan], 6.5, 1), seed=2, years=100)
    truth = float(Pert(4, 5, 12).cdf(6.5))
    assert told.chosen.within_budget == pytest.approx(truth, abs=0.015)
    assert told.nothing.within_budget == 1
    # Two that both pay from one budget: independent, so the sum strays less than its parts.
    both = [plan, Mitigation.paid("other", [Cost(Pert(4, 5, 12))], [])]
    assert chance_that_costs_fit(both, [Budget(16.0)], 1) > chance_that_costs_fit(
        [plan], [Budget(8.0)], 1
    )


def test_a_range_of_costs_is_that_of_their_sum() -> None:
    """One range against the beta distribution of SciPy; the sum of two strays less."""
    plans = [Mitigation.paid(name, [Cost(Pert(4, 5, 12))], []) for name in "AB"]
    low, high = interval_of_cost_in_all(plans[:1], seed=1)
    # Alpha and beta of PERT(4, 5, 12): 1 + 4 (5 - 4) / 8 and 1 + 4 (12 - 5) / 8.
    truth = stats.beta(1.5, 4.5, 4, 8).ppf([0.05, 0.95])
    assert [low, high] == pytest.approx(list(truth), abs=0.06)
    both = interval_of_cost_in_all(plans, seed=1)
    # Independent, so the sum strays less than twice its parts.
    assert 2 * low < both[0] < both[1] < 2 * high
    known = [*plans, Mitigation("C", 3, [])]
    assert interval_of_cost_in_all(known, seed=1) == pytest.approx([end + 3 for end in both])
    assert interval_of_cost_in_all([], seed=1) == (0, 0)


def test_the_winner_is_told_from_draws_that_did_not_choose_it() -> None:
    """Eight risks alike: whichever mitigation wins on 200 scenarios looks better than it is."""
    p = Portfolio([Exposure(f"r{k}", Lognormal.from_interval(1, 20), rate=0.5) for k in range(8)])
    plans = [Mitigation(f"m{k}", 1, (Effect.severity(f"r{k}", 0.2),)) for k in range(8)]
    flattered = told = 0.0
    for seed in range(4):
        best = choose_mitigations(p, plans, 3, seed, objective="tvar", level=0.95, scenarios=200)
        report = report_choice(p, plans, 3, best, seed=100 + seed, years=40_000, most=6)
        assert report.chosen.chosen == best.chosen
        assert (report.chosen.difference, report.chosen.difference_error) == (0, 0)
        assert report.nothing.difference > 4 * report.nothing.difference_error
        assert report.runner_up is not None
        # The risks are alike, so no set of three differs from another but by luck.
        assert abs(report.runner_up.difference) < 5 * report.runner_up.difference_error
        assert report.every
        assert report.considered == sum(math.comb(8, k) for k in range(4))
        flattered += best.value / 4
        told += report.chosen.value / 4
    assert told > 1.05 * flattered
    with pytest.raises(MismatchedRuns, match="too good"):
        report_choice(p, plans, 3, best, seed=best.seed)
    with pytest.raises(InvalidShape, match="not allowed"):
        report_choice(p, plans, 1, best, seed=9)


def test_sets_that_are_as_good_are_all_named() -> None:
    p = Portfolio([Exposure(x, rate=1, severity=Constant(10)) for x in "ABC"])
    plans = [Mitigation(f"halve {x}", 3, (Effect.severity(x, 0.5),)) for x in "ABC"]
    best = choose_mitigations(p, plans, 3, 1)
    report = report_choice(p, plans, 3, best, seed=2, years=1000)
    others = {("halve A",), ("halve B",), ("halve C",)} - {best.chosen}
    assert {s.chosen for s in report.as_good} == others
    assert report.nothing.difference == 5
    many = [Mitigation(f"m{k}", 1, (Effect.severity("A", 0.9),)) for k in range(14)]
    far = report_choice(p, many, 3, choose_mitigations(p, many, 3, 1), seed=2, years=1000)
    assert not far.every
    assert far.considered == 1 + 3 + 3 * 11
    # Any three of the fourteen do the same.
    assert all(s.difference == pytest.approx(0, abs=1e-9) for s in far.as_good)
    assert len(far.as_good) == 12


@pytest.mark.parametrize("objective", ["tvar", "chance"])
def test_the_errors_of_fresh_figures_are_those_of_the_measure(objective: str) -> None:
    p = Portfolio([Exposure("a", Lognormal.from_interval(1, 20), rate=0.5)])
    plan = [Mitigation("m", 1, (Effect.severity("a", 0.5),))]
    best = choose_mitigations(p, plan, 1, 1, objective=objective, limit=5.0, scenarios=200)
    reports = [report_choice(p, plan, 1, best, seed=s, years=5000) for s in range(10, 60)]
    values = np.array([r.chosen.value for r in reports])
    told = np.array([r.chosen.standard_error for r in reports])
    assert values.std(ddof=1) == pytest.approx(told.mean(), rel=0.35)
    changes = np.array([r.nothing.difference for r in reports])
    errors = np.array([r.nothing.difference_error for r in reports])
    assert changes.std(ddof=1) == pytest.approx(errors.mean(), rel=0.35)
