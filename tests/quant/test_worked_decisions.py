"""Four decisions worked out twice: by scipy.stats alone, and by riskreg.quant.

Inputs: see the comments; S from a source, D derived, I illustrative.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from riskreg.quant import (
    Pert,
    Scaled,
    evppi,
    present_value,
    roll_back,
    screening_likelihood,
    study_tree,
    study_value,
)


def pert(low: float, mode: float, high: float):  # type: ignore[no-untyped-def]
    """The beta-PERT of scipy.stats."""
    width = high - low
    return stats.beta(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, low, width)


class TestBrazil:
    """Export, kits, or local content: duty 35 % (S), truck 470,000 CNY (S), kit share 70 %, extra
    cost 25,000, plant 86 m, trucks a year PERT(300, 1,200, 3,000), 6 %, four years (I)."""

    duty = 0.35 * 470_000
    saved = duty - 0.7 * duty - 25_000
    capex = 86e6

    def test_by_scipy_alone(self) -> None:
        assert (self.duty, 0.7 * self.duty, self.saved) == pytest.approx((164_500, 115_150, 24_350))
        annuity = (1 - 1.06**-4) / 0.06
        assert annuity == pytest.approx(3.4651, abs=5e-5)
        trucks, each = pert(300, 1200, 3000), self.saved * annuity
        even = self.capex / each
        assert round(even) == 1019
        assert trucks.sf(even) == pytest.approx(0.713, abs=5e-4)
        value = each * trucks.mean() - self.capex
        assert value / 1e6 == pytest.approx(27.9, abs=0.05)
        ends = (each * trucks.ppf([0.05, 0.95]) - self.capex) / 1e6
        assert ends == pytest.approx([-35.7, 101.8], abs=0.05)
        # Knowing the volume saves the loss below break-even.
        lost = integrate.quad(lambda v: (self.capex - each * v) * trucks.pdf(v), 300, even)[0]
        assert lost / 1e6 == pytest.approx(6.0, abs=0.05)

    def test_by_quant(self) -> None:
        # What is paid today is not discounted, what is saved comes at the ends of four years.
        each = float(present_value([self.saved] * 4, 0.06))
        trucks = Pert(300, 1200, 3000)
        even = self.capex / each
        assert 1 - float(trucks.cdf(even)) == pytest.approx(0.713, abs=5e-4)
        value = float(present_value([-self.capex], 0.06, first_at=0)) + each * trucks.mean
        assert value / 1e6 == pytest.approx(27.9, abs=0.05)
        net = Scaled(trucks, each).quantile([0.05, 0.95]) - self.capex
        assert net / 1e6 == pytest.approx([-35.7, 101.8], abs=0.05)
        # E[(capex - V each)+] = capex - each E[min(V, even)].
        exact = self.capex - each * float(trucks.limited_mean(even))
        assert exact / 1e6 == pytest.approx(6.0, abs=0.05)
        volume = trucks.sample(np.random.default_rng(1), 200_000)
        found = evppi([np.zeros(volume.size), each * volume - self.capex], volume)
        assert abs(found.value - exact) < 4 * found.standard_error + 0.01e6


class TestHydrogen:
    """Stop, gate or all in: price of 2030 PERT(15, 25, 35), viable at 25 or less; +1,100 or -900,
    pilot 120, which says go to 80 % of the viable and to 25 % of the others (I)."""

    def test_by_scipy_alone(self) -> None:
        price = pert(15, 25, 35)
        p = float(price.cdf(25))
        assert p == pytest.approx(0.5)
        assert price.cdf(20) == pytest.approx(0.1035, abs=5e-5)
        all_in = 1100 * p - 900 * (1 - p)
        gate = 0.8 * p * 1100 - 0.25 * (1 - p) * 900 - 120
        assert (all_in, gate) == pytest.approx((100, 207.5))
        assert 1100 * p - all_in == pytest.approx(450)
        assert gate + 120 - all_in == pytest.approx(227.5)
        assert [round(100 * x, 1) for x in (345 / 1105, 555 / 895)] == [31.2, 62.0]

    def test_by_quant(self) -> None:
        p = float(Pert(15, 25, 35).cdf(25))
        payoffs, model = [[0, 0], [1100, -900]], screening_likelihood(0.8, 0.75)
        v = study_value(payoffs, [p, 1 - p], model, 120)
        assert (v.perfect, v.sample, v.with_study) == pytest.approx((450, 227.5, 207.5))
        tree = study_tree("ab", "xy", payoffs, [p, 1 - p], "+-", model, 120, study="gate")
        assert roll_back(tree).options == pytest.approx({"a": 0, "b": 100, "gate": 207.5})


class TestLithium:
    """Spot, hedge or index: PERT(58,400, 120,000, 200,000) CNY/t, 0.6 kg/kWh, 400 kWh, 164,500 ×
    6.4 % vehicles (S, D), forward 156,060 (S), hedge 60 %, pass-through 70 % (I)."""

    need = 164_500 * 0.064 * 400 * 0.6 / 1000
    forward = 156_060

    def test_by_scipy_alone(self) -> None:
        price = pert(58_400, 120_000, 200_000)
        assert round(self.need) == 2527
        assert self.need * 10_000 / 1e6 == pytest.approx(25.3, abs=0.05)
        m = self.need / 1e6
        spot = (m * price.mean(), m * price.std(), m * price.ppf(0.95))
        assert spot == pytest.approx((311.0, 67.4, 424.8), abs=0.06)
        fixed = 0.6 * m * self.forward
        hedged = (0.4 * spot[0] + fixed, 0.4 * spot[1], 0.4 * spot[2] + fixed)
        assert hedged == pytest.approx((361.0, 26.9, 406.5), abs=0.06)
        assert hedged[0] - spot[0] == pytest.approx(50.0, abs=0.05)
        assert price.cdf(self.forward) == pytest.approx(0.876, abs=5e-4)
        assert [0.3 * x for x in spot] == pytest.approx([93.3, 20.2, 127.4], abs=0.06)

    def test_by_quant(self) -> None:
        price, m = Pert(58_400, 120_000, 200_000), self.need / 1e6
        for share, fixed, expected in (
            (1.0, 0.0, (311.0, 67.4, 424.8)),
            (0.4, 0.6 * m * self.forward, (361.0, 26.9, 406.5)),
            (0.3, 0.0, (93.3, 20.2, 127.4)),
        ):
            bill = Scaled(price, share * m)
            found = (
                bill.mean + fixed,
                math.sqrt(bill.variance),
                float(bill.quantile(0.95)) + fixed,
            )
            assert found == pytest.approx(expected, abs=0.06)
        assert float(price.cdf(self.forward)) == pytest.approx(0.876, abs=5e-4)


class TestRecycling:
    """10,000 t a year of our own: margin PERT(-6, 0, 6 %), use PERT(20, 30, 60 %) (S), 160,000 CNY
    a tonne = 48 bn / 300,000 t (D), fixed cost 20 m (I)."""

    turnover = 10_000 * 48e9 / 300_000

    def test_by_scipy_alone(self) -> None:
        margin, use = pert(-0.06, 0, 0.06), pert(0.2, 0.3, 0.6)
        assert use.mean() == pytest.approx(1 / 3)
        even = 20e6 / (self.turnover * use.mean())
        assert even == pytest.approx(0.0375)
        assert margin.sf(even) == pytest.approx(0.049, abs=5e-4)
        both = integrate.quad(
            lambda u: margin.sf(20e6 / (self.turnover * u)) * use.pdf(u), 0.2, 0.6
        )
        assert both[0] == pytest.approx(0.052, abs=5e-4)
        assert self.turnover * use.mean() * margin.mean() - 20e6 == pytest.approx(-20e6)

    def test_by_quant(self) -> None:
        margin, use = Pert(-0.06, 0, 0.06), Pert(0.2, 0.3, 0.6)
        assert 1 - float(margin.cdf(20e6 / (self.turnover * use.mean))) == pytest.approx(
            0.049, abs=5e-4
        )
        rng = np.random.default_rng(1)
        n = 400_000
        profit = self.turnover * margin.sample(rng, n) * use.sample(rng, n) - 20e6
        assert float((profit > 0).mean()) == pytest.approx(
            0.052, abs=4 * math.sqrt(0.05 / n) + 5e-4
        )
        assert float(profit.mean()) == pytest.approx(-20e6, abs=4 * float(profit.std()) / n**0.5)
