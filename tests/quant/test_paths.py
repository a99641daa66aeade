from __future__ import annotations

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
    Objective,
    Pert,
    Portfolio,
    discount_factors,
    grow,
    present_value,
    simulate_paths,
)
from riskreg.quant.errors import InvalidRange


def portfolio() -> Portfolio:
    return Portfolio(
        [
            Exposure("price", Lognormal.from_interval(1, 9), 0.6, links=(Link("lithium"),)),
            Exposure("policy", Constant(4.0), probability=0.3),
        ],
        [Driver("lithium", Pert(60, 120, 200))],
    )


def test_present_value_by_hand() -> None:
    assert present_value([110, 121], 0.1) == pytest.approx(200)
    assert present_value([[110, 121], [0, 0]], 0.1).tolist() == pytest.approx([200, 0])
    assert discount_factors(0.0, 3).tolist() == [1, 1, 1]
    annuity = (1 - 1.06**-10) / 0.06
    assert present_value([1.0] * 10, 0.06) == pytest.approx(annuity)


def test_what_is_paid_today_is_not_discounted() -> None:
    assert discount_factors(0.25, 3, first_at=0).tolist() == [1, 0.8, 0.64]
    assert present_value([100.0], 0.06, first_at=0) == 100
    # Paid today, then yields at the end of each year: the two are told apart, not moved together.
    value = -100 + present_value([60.0, 60.0], 0.1)
    assert value == pytest.approx(-100 + 60 / 1.1 + 60 / 1.21)
    assert value == pytest.approx(present_value([-100.0, 60.0, 60.0], 0.1, first_at=0))


def test_a_path_to_2035_has_the_mean_of_each_year() -> None:
    p = portfolio()
    r = simulate_paths(p, 2026, 2035, paths=40_000, seed=3, rate=0.06, persistence=0.8)
    assert r.years == tuple(range(2026, 2036))
    assert r.losses.shape == (40_000, 10)
    driver = p.drivers[0]
    scale = float((r.drivers["lithium"] / driver.reference_value).mean())
    expected = 0.6 * p.exposures[0].severity.mean * scale + 1.2
    assert r.losses.mean(axis=0) == pytest.approx([expected] * 10, rel=0.05)
    assert r.present_values.mean() == pytest.approx(expected * (1 - 1.06**-10) / 0.06, rel=0.03)
    fan = r.fan()
    assert (np.diff(fan, axis=0) >= 0).all()
    assert (np.diff(fan, axis=1) >= 0).all()
    assert fan[2, -1] == np.sort(r.cumulative[:, -1])[19_999]


@pytest.mark.parametrize("persistence", [0.0, 0.5, 0.9, 1.0])
def test_drivers_persist_and_keep_their_distribution(persistence: float) -> None:
    d = Driver("d", Lognormal(0, 0.3))
    p = Portfolio([Exposure("R", Constant(1), rate=1, links=(Link("d"),))], [d])
    r = simulate_paths(p, 2026, 2030, paths=40_000, seed=1, persistence=persistence)
    scores = np.log(r.drivers["d"]) / 0.3
    for k in range(5):
        assert scores[:, k].std() == pytest.approx(1, abs=0.02)
        assert scores[:, k].mean() == pytest.approx(0, abs=0.02)
    lag = np.corrcoef(scores[:, 2], scores[:, 3])[0, 1]
    assert lag == pytest.approx(persistence, abs=0.02)


def test_a_mitigation_works_from_its_year_on_and_leaves_the_rest_alone() -> None:
    p = portfolio()
    m = Mitigation("M", 1, (Effect.severity("price", 0.5),))
    before = simulate_paths(p, 2026, 2030, paths=2000, seed=3)
    after = simulate_paths(p, 2026, 2030, paths=2000, seed=3, mitigations=[(m, 2028)])
    assert (after.losses[:, :2] == before.losses[:, :2]).all()
    assert (after.losses[:, 2:] <= before.losses[:, 2:]).all()
    assert after.losses[:, 2:].sum() < before.losses[:, 2:].sum()


def test_a_trend_moves_the_frequency_of_its_year() -> None:
    p = portfolio()
    r = simulate_paths(
        p, 2026, 2028, paths=40_000, seed=3, trends={"policy": [0.0, 1.0, 2.0], "price": [0, 0, 0]}
    )
    assert r.losses.mean(axis=0) == pytest.approx([0, 1.2, 2.4], rel=0.04)


def test_years_are_the_same_whatever_year_the_path_begins_with() -> None:
    p = Portfolio(portfolio().exposures[1:])
    long = simulate_paths(p, 2026, 2030, paths=500, seed=3)
    short = simulate_paths(p, 2028, 2030, paths=500, seed=3)
    assert (long.losses[:, 2:] == short.losses).all()


def test_growth_steady_and_fresh() -> None:
    growth = Pert(0.0, 0.0727, 0.128)
    steady = grow(100, growth, 5, paths=20_000, seed=1)
    fresh = grow(100, growth, 5, paths=20_000, seed=1, steady=False)
    assert steady.shape == fresh.shape == (20_000, 5)
    assert steady[:, -1].std() > 1.8 * fresh[:, -1].std()
    assert fresh[:, -1].mean() == pytest.approx(100 * (1 + growth.mean) ** 5, rel=0.01)
    with pytest.raises(InvalidRange):
        grow(100, Pert(-2, 0, 1), 5, paths=10, seed=1)


def test_chance_of_an_objective() -> None:
    target = Objective("fleet", 300_000, 2030, "vehicles")
    outcomes = [290_000, 300_000, 310_000, 100_000]
    assert target.chance(outcomes).value == 0.5
    assert Objective("cost", 5, 2030, at_least=False).chance([4, 5, 6]).value == pytest.approx(
        2 / 3
    )
    chance = target.chance(np.linspace(200_000, 400_000, 1001))
    assert chance.low < chance.value < chance.high
    assert math.isclose(chance.value, 501 / 1001)
