from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from riskreg.quant import (
    Constant,
    Driver,
    Effect,
    Exposure,
    Link,
    Lognormal,
    Mitigation,
    Portfolio,
    choose,
    choose_mitigations,
    efficient_frontier,
    expected_losses,
    losses_by_exposure,
    mitigation_frontier,
    tvar,
)
from riskreg.quant.errors import InvalidShape

# Weights, profits, capacity and optimum of the public knapsack instances P01 … P08 (Florida State
# University, department of scientific computing, data set KNAPSACK_01).
PUBLISHED = {
    "p01": (
        [23, 31, 29, 44, 53, 38, 63, 85, 89, 82],
        [92, 57, 49, 68, 60, 43, 67, 84, 87, 72],
        165,
        309,
    ),
    "p02": ([12, 7, 11, 8, 9], [24, 13, 23, 15, 16], 26, 51),
    "p03": ([56, 59, 80, 64, 75, 17], [50, 50, 64, 46, 50, 5], 190, 150),
    "p04": ([31, 10, 20, 19, 4, 3, 6], [70, 20, 39, 37, 7, 5, 10], 50, 107),
    "p05": ([25, 35, 45, 5, 25, 3, 2, 2], [350, 400, 450, 20, 70, 8, 5, 5], 104, 900),
    "p06": ([41, 50, 49, 59, 55, 57, 60], [442, 525, 511, 593, 546, 564, 617], 170, 1735),
    "p07": (
        [70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120],
        [135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240],
        750,
        1458,
    ),
    "p08": (
        [
            *(382745, 799601, 909247, 729069, 467902, 44328, 34610, 698150),
            *(823460, 903959, 853665, 551830, 610856, 670702, 488960, 951111),
            *(323046, 446298, 931161, 31385, 496951, 264724, 224916, 169684),
        ],
        [
            *(825594, 1677009, 1676628, 1523970, 943972, 97426, 69666, 1296457),
            *(1679693, 1902996, 1844992, 1049289, 1252836, 1319836, 953277, 2067538),
            *(675367, 853655, 1826027, 65731, 901489, 577243, 466257, 369261),
        ],
        6404180,
        13549094,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_instances(name: str) -> None:
    weights, profits, capacity, optimum = PUBLISHED[name]
    s = choose(weights, profits, capacity)
    assert s.value == optimum
    assert s.cost <= capacity
    assert s.gap == 0


def brute_force(
    costs: np.ndarray,
    benefits: np.ndarray,
    budget: float,
    exclusive: list[list[int]],
    requires: list[tuple[int, int]],
    ceilings: np.ndarray | None = None,
) -> float:
    n = costs.size
    sets = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    allowed = sets @ costs <= budget * (1 + 1e-12)
    for group in exclusive:
        allowed &= sets[:, group].sum(axis=1) <= 1
    for a, b in requires:
        allowed &= sets[:, a] <= sets[:, b]
    worth = sets @ benefits
    if ceilings is not None:
        worth = np.minimum(worth, ceilings).sum(axis=1)
    elif worth.ndim == 2:
        worth = worth.sum(axis=1)
    return float(worth[allowed].max())


def instance(rng: np.random.Generator) -> tuple:
    n = int(rng.integers(1, 16))
    costs = rng.integers(0, 30, n).astype(float) if rng.random() < 0.5 else rng.uniform(0, 30, n)
    budget = float(rng.uniform(0, 1.1) * costs.sum())
    order = rng.permutation(n)
    exclusive, at = [], 0
    while at < n and rng.random() < 0.7:
        size = int(rng.integers(1, 4))
        exclusive.append([int(i) for i in order[at : at + size]])
        at += size
    # Pairs that go down a random order can't close a circle.
    rank = rng.permutation(n)
    requires = []
    for _ in range(int(rng.integers(0, n))):
        a, b = rng.choice(n, 2, replace=False) if n > 1 else (0, 0)
        if rank[a] < rank[b]:
            requires.append((int(a), int(b)))
    return n, costs, budget, exclusive, requires


def test_choose_equals_brute_force_on_200_random_instances() -> None:
    rng = np.random.default_rng(2024)
    for k in range(200):
        n, costs, budget, exclusive, requires = instance(rng)
        style = k % 4
        ceilings = None
        if style == 0:
            benefits = rng.integers(-5, 40, n).astype(float)
        elif style == 1:
            benefits = rng.uniform(0, 1e6, n)
        else:
            benefits = rng.uniform(0, 10, (n, 3)) * (rng.random((n, 3)) < 0.6)
            if style == 3:
                ceilings = rng.uniform(0, 25, 3)
        s = choose(costs, benefits, budget, exclusive, requires, ceilings=ceilings)
        best = brute_force(costs, benefits, budget, exclusive, requires, ceilings)
        assert s.value == pytest.approx(best, rel=1e-9, abs=1e-9), k
        assert s.gap == 0
        assert s.cost <= budget * (1 + 1e-9)
        assert all(len(set(group) & set(s.chosen)) <= 1 for group in exclusive)
        assert all(b in s.chosen for a, b in requires if a in s.chosen)


def test_two_thousand_mitigations_with_their_gap() -> None:
    """Stopped by its gap or its nodes, whichever comes first, never by the clock."""
    rng = np.random.default_rng(5)
    n = 2000
    costs = rng.uniform(1, 100, n)
    benefits = costs * rng.uniform(0.8, 1.2, n) + 10
    s = choose(
        costs,
        benefits,
        0.3 * costs.sum(),
        exclusive=[[k, k + 1, k + 2] for k in range(0, 300, 3)],
        requires=[(k, k + 1000) for k in range(500, 600)],
        gap=1e-4,
        node_limit=50,
    )
    assert 0 <= s.gap <= 1e-3
    assert s.bound >= s.value
    assert s.cost <= 0.3 * costs.sum()
    # Independent proof of the bound: the fractional knapsack without rules is worth no less.
    order = np.argsort(-benefits / costs)
    paid = np.minimum(
        np.maximum(0.3 * costs.sum() - (np.cumsum(costs[order]) - costs[order]), 0), costs[order]
    )
    fractional = float((benefits[order] * paid / costs[order]).sum())
    assert s.value <= fractional * (1 + 1e-9)
    assert s.bound <= fractional * (1 + 1e-6)


def test_running_out_of_nodes_is_told_and_gives_one_answer() -> None:
    """There is no limit of time: a slower machine would give another answer."""
    rng = np.random.default_rng(8)
    n = 300
    costs = rng.uniform(1000, 1010, n)
    benefits = costs + rng.uniform(0, 1e-3, n)
    found = [choose(costs, benefits, 0.5 * costs.sum(), node_limit=limit) for limit in (1, 1, 5)]
    assert found[0] == found[1]
    for s in found:
        assert s.bound >= s.value
        assert s.gap == 0 or s.gap == pytest.approx((s.bound - s.value) / s.value)
        assert s.cost <= 0.5 * costs.sum() * (1 + 1e-9)
        assert s.value == pytest.approx(s.cost, rel=1e-5)
    with pytest.raises(TypeError):
        choose(costs, benefits, 1.0, time_limit=1.0)  # type: ignore[call-arg]


def test_nothing_to_spend_takes_what_is_free() -> None:
    assert choose([0, 1], [5, 9], budget=0).chosen == (0,)
    assert choose([1, 1], [5, 9], budget=0).chosen == ()
    assert choose([1, 1], [5, 9], budget=math.inf).chosen == (0, 1)


def test_a_mitigation_that_serves_several_risks_is_paid_once() -> None:
    s = choose([10, 6, 6], [[5, 5], [6, 0], [0, 6]], budget=11)
    assert s.chosen == (0,)
    assert s.value == 10
    assert s.cost == 10


def test_a_risk_yields_no_more_than_its_ceiling() -> None:
    s = choose([1, 1, 1], [[8, 0], [8, 0], [0, 3]], budget=2, ceilings=[10, 10])
    assert s.chosen in ((0, 2), (1, 2))
    assert s.value == 11


def test_frontier_never_falls_as_the_budget_grows() -> None:
    rng = np.random.default_rng(4)
    costs, benefits = rng.uniform(1, 9, 20), rng.uniform(1, 9, 20)
    frontier = efficient_frontier(costs, benefits, np.linspace(0, costs.sum(), 12))
    values = [s.value for s in frontier]
    assert values == sorted(values)
    assert values[0] == 0
    assert values[-1] == pytest.approx(benefits.sum())
    assert all(s.gap == 0 for s in frontier)


def study() -> tuple[Portfolio, list[Mitigation]]:
    p = Portfolio(
        [
            Exposure("a", Lognormal.from_interval(1, 20), 0.8, links=(Link("d"),)),
            Exposure("b", Lognormal.from_interval(2, 9), probability=0.4),
            Exposure("c", Constant(6.0), rate=0.5, links=(Link("d", "frequency"),)),
            Exposure("g", Constant(2.0), probability=0.5, kind="opportunity"),
        ],
        [Driver("d", Lognormal(0, 0.5))],
    )
    mitigations = [
        Mitigation("halve a", 4, (Effect.severity("a", 0.5),)),
        Mitigation("rarer a and b", 5, (Effect.frequency("a", 0.6), Effect.frequency("b", 0.5))),
        Mitigation("cap a", 3, (Effect.cap("a", 8.0),)),
        Mitigation("hedge", 4, (Effect.spread("d", 0.3),)),
        Mitigation("c", 2, (Effect.frequency("c", 0.2),)),
        Mitigation("more gain", 2, (Effect.frequency("g", 1.8),)),
    ]
    return p, mitigations


@pytest.mark.parametrize("budget", [0, 3, 7, 12, 100])
@pytest.mark.parametrize("objective", ["mean", "tvar", "chance"])
def test_choosing_for_a_portfolio_equals_trying_every_set(objective: str, budget: float) -> None:
    p, mitigations = study()
    scenarios, seed, limit = 250, 3, 9.0
    exclusive, requires = [["halve a", "cap a"]], [("more gain", "c")]
    found = choose_mitigations(
        p,
        mitigations,
        budget,
        seed,
        objective=objective,
        level=0.9,
        limit=limit,
        scenarios=scenarios,
        exclusive=exclusive,
        requires=requires,
    )

    def measure(chosen: tuple[Mitigation, ...]) -> float:
        if objective == "mean":
            return expected_losses(p.mitigated(chosen), scenarios, seed)[""].value
        losses = losses_by_exposure(p.mitigated(chosen), scenarios, seed).sum(axis=0)
        return tvar(losses, 0.9) if objective == "tvar" else -float((losses <= limit).mean())

    best = math.inf
    for size in range(len(mitigations) + 1):
        for chosen in itertools.combinations(mitigations, size):
            names = {m.name for m in chosen}
            if sum(m.cost for m in chosen) > budget or {"halve a", "cap a"} <= names:
                continue
            if "more gain" in names and "c" not in names:
                continue
            best = min(best, measure(chosen))
    sign = -1 if objective == "chance" else 1
    assert found.value == pytest.approx(sign * best, rel=1e-6, abs=1e-9)
    picked = tuple(m for m in mitigations if m.name in found.chosen)
    assert found.value == pytest.approx(sign * measure(picked), rel=1e-9)
    assert found.before == pytest.approx(sign * measure(()), rel=1e-9)
    assert found.cost == sum(m.cost for m in picked) <= budget
    assert found.gap == 0


def test_the_frontier_of_a_portfolio_only_gets_better_with_money() -> None:
    p, mitigations = study()
    options = {"objective": "chance", "limit": 9.0, "scenarios": 200}
    frontier = mitigation_frontier(p, mitigations, [0, 4, 8, 12, 20], 3, **options)
    values = [c.value for c in frontier]
    assert values == sorted(values)
    assert values[-1] > values[0] == frontier[0].before
    assert all(c.gap == 0 for c in frontier)


def test_names_are_checked() -> None:
    p, mitigations = study()
    with pytest.raises(InvalidShape, match="not a mitigation"):
        choose_mitigations(p, mitigations, 5, 1, requires=[("hedge", "unknown")])
