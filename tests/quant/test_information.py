"""Value of information, against closed forms and quadrature by scipy alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

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
    driver_evppi,
    evpi,
    evppi,
)
from riskreg.quant.errors import InvalidPortfolio, InvalidShape

N = 100_000


def test_of_a_normal_gain_it_is_the_unit_normal_loss_integral() -> None:
    """Gain m + s X + t Y against 0; X known: E max(0, m + s X) - max(0, m)."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, N))
    for m, s in ((0.0, 1.0), (0.5, 1.0), (-1.0, 0.7), (2.0, 0.3)):
        gain = m + s * x + 3 * y
        found = evppi([np.zeros(N), gain], x)
        z = m / s
        truth = s * (stats.norm.pdf(z) + z * stats.norm.cdf(z)) - max(0.0, m)
        assert abs(found.value - truth) < 4 * found.standard_error + 0.01 * s


def test_what_has_no_bearing_is_worth_nothing() -> None:
    rng = np.random.default_rng(2)
    gain, other = rng.standard_normal((2, N))
    found = evppi([np.zeros(N), 0.1 + gain], other)
    assert found.value < 3 * found.standard_error
    assert found.standard_error < 0.005


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_it_is_never_worth_more_than_knowing_everything(seed: int, options: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random(400)
    table = rng.normal(size=(options, 400)) + np.outer(rng.normal(size=options), x)
    found = evppi(table, x)
    assert 0 <= found.value <= evpi(table, np.full(400, 1 / 400)) + 1e-12
    assert evppi(table + 7.0, x).value == pytest.approx(found.value, abs=1e-9)


def study() -> tuple[Portfolio, dict[str, list[Mitigation]]]:
    p = Portfolio(
        [
            Exposure("price", Lognormal.from_interval(10, 120), 1.2, links=(Link("lithium"),)),
            Exposure("policy", Constant(40.0), probability=0.3, links=(Link("mood", "frequency"),)),
        ],
        [Driver("lithium", Pert(58, 120, 200)), Driver("mood", Lognormal(0, 0.5))],
    )
    hedge = Mitigation("supply contract", 12, (Effect.severity("price", 0.8),))
    return p, {"nothing": [], "contract": [hedge]}


def test_per_driver_it_is_the_closed_form() -> None:
    """Gain of the contract: 0.2 × 1.2 × E[X] × lithium / reference - 12, linear in lithium."""
    p, options = study()
    found = driver_evppi(p, options, 200_000, seed=1)
    a, b = 1 + 4 * 62 / 142, 1 + 4 * 80 / 142
    price = stats.beta(a, b, 58, 142)
    slope = 0.2 * 1.2 * p.exposures[0].severity.mean / price.median()
    gain = slope * price.mean() - 12
    positive = integrate.quad(
        lambda x: max(0.0, slope * x - 12) * price.pdf(x), 58, 200, points=[12 / slope]
    )[0]
    truth = positive - max(0.0, gain)
    assert truth > 0.1
    value = found.each["lithium"]
    assert value.value == pytest.approx(truth, abs=4 * value.standard_error + 0.01)
    assert found.all_drivers.value == pytest.approx(truth, abs=4 * found.all_drivers.standard_error)
    # The mood moves both options alike: asking about it changes nothing.
    assert found.each["mood"].value <= 3 * found.each["mood"].standard_error
    assert found.expected["contract"] - found.expected["nothing"] == pytest.approx(gain, abs=0.02)
    assert found.best == ("contract" if gain > 0 else "nothing")


def test_rare_events_add_no_noise_for_nobody_can_ask_for_them() -> None:
    p, options = study()
    rare = Exposure("rare", Lognormal.from_interval(1, 10**4), rate=0.001)
    more = Portfolio([*p.exposures, rare], p.drivers)
    a, b = (driver_evppi(x, options, 50_000, seed=1) for x in (p, more))
    assert a.each["lithium"].value == pytest.approx(b.each["lithium"].value, rel=1e-9)


def test_what_cannot_be_asked_is_refused() -> None:
    p, options = study()
    with pytest.raises(InvalidShape, match="two sets"):
        driver_evppi(p, {"nothing": []}, 100, 1)
    with pytest.raises(InvalidPortfolio, match="no drivers"):
        driver_evppi(Portfolio([Exposure("R", Constant(1), rate=1)]), options, 100, 1)
    with pytest.raises(InvalidShape, match="has 3 entries"):
        evppi([[1.0] * 9, [2.0] * 9], [1, 2, 3])
    with pytest.raises(InvalidShape, match="8 or more"):
        evppi([[1.0], [2.0]], [1])
    assert math.isclose(evppi([[1.0] * 9, [2.0] * 9], range(9)).value, 0)
