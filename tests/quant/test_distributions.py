from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from riskreg.quant import (
    Bernoulli,
    Beta,
    Capped,
    Constant,
    Discrete,
    Distribution,
    Driver,
    Lognormal,
    Mixture,
    Pert,
    Poisson,
    Scaled,
    Triangular,
    ZeroInflated,
)
from riskreg.quant.discrete import poisson_quantile

ALL: list[Distribution] = [
    Constant(3.0),
    Lognormal.from_interval(1, 20),
    Lognormal.from_interval(100, 120),
    Beta(0.7, 2.5),
    Beta(2, 3, -1, 4),
    Pert(10, 14, 30),
    Pert(0, 0, 5),
    Triangular(0, 3, 6),
    Triangular(2, 2, 7),
    Triangular(2, 7, 7),
    Discrete([0, 10, 100], [0.9, 0.07, 0.03]),
    Scaled(Pert(10, 14, 30), 0.3),
    Capped(Lognormal.from_interval(1, 20), 8.0),
    Capped(Triangular(2, 4, 9), 5.0),
    ZeroInflated(0.2, Lognormal.from_interval(1, 20)),
    Mixture([Pert(0, 5, 10), Lognormal.from_interval(4, 9)], [0.3, 0.7]),
]
IDS = [f"{k}-{type(d).__name__}" for k, d in enumerate(ALL)]


@pytest.mark.parametrize("d", ALL, ids=IDS)
def test_limited_mean_is_the_integral_of_the_survival_function(d: Distribution) -> None:
    low = d.support[0]
    top = float(d.quantile(0.999))
    for cut in np.linspace(low, top, 7)[1:]:
        # By panels with ends at the atoms, where the integrand jumps.
        atoms = [a for a in (0.0, 3.0, 5.0, 8.0, 10.0, 100.0) if low < a < cut]
        ends = [low, *atoms, cut]
        area = sum(
            integrate.quad(lambda x: 1 - float(d.cdf(x)), a, b, limit=200)[0]
            for a, b in itertools.pairwise(ends)
            if b > a
        )
        assert float(d.limited_mean(cut)) == pytest.approx(low + area, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("d", ALL, ids=IDS)
def test_limited_mean_ends_at_the_mean(d: Distribution) -> None:
    assert float(d.limited_mean(1e12)) == pytest.approx(d.mean, rel=1e-9)
    assert float(d.limited_mean(d.support[0] - 1)) == d.support[0] - 1


@pytest.mark.parametrize("d", ALL, ids=IDS)
def test_quantile_is_the_inverse_of_cdf(d: Distribution) -> None:
    q = np.linspace(0.001, 0.999, 97)
    x = d.quantile(q)
    assert (np.diff(x) >= 0).all()
    assert (d.cdf(x) >= q - 1e-9).all()
    gap = 1e-6 * (1 + np.abs(x))
    assert (d.cdf(x - gap) <= q + 1e-9).all()
    assert (x >= d.support[0]).all()
    assert (x <= d.support[1]).all()


@pytest.mark.parametrize("d", ALL, ids=IDS)
def test_samples_have_the_moments(d: Distribution) -> None:
    n = 200_000
    draws = d.sample(np.random.default_rng(11), n)
    assert abs(draws.mean() - d.mean) <= 4.5 * math.sqrt(d.variance / n) + 1e-12
    fourth = float(((draws - draws.mean()) ** 4).mean())
    error = math.sqrt(max(fourth - d.variance**2, 0) / n)
    assert abs(draws.var() - d.variance) <= 5 * error + 1e-9


@pytest.mark.parametrize("d", ALL, ids=IDS)
def test_samples_follow_the_cdf(d: Distribution) -> None:
    n = 100_000
    draws = np.sort(d.sample(np.random.default_rng(12), n))
    for q in (0.05, 0.3, 0.5, 0.8, 0.95):
        x = float(d.quantile(q))
        share = np.searchsorted(draws, x, side="right") / n
        assert abs(share - float(d.cdf(x))) < 5 * math.sqrt(0.25 / n)


@pytest.mark.parametrize("d", ALL, ids=IDS)
def test_fewer_draws_are_the_first_of_more(d: Distribution) -> None:
    many = d.sample(np.random.default_rng(5), 1000)
    few = d.sample(np.random.default_rng(5), 377)
    assert (many[:377] == few).all()
    rng = np.random.default_rng(5)
    assert (np.concatenate([d.sample(rng, 400), d.sample(rng, 600)]) == many).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(1e-6, 1e6), st.floats(1.0001, 1e4))
def test_lognormal_interval_round_trip(p5: float, reach: float) -> None:
    d = Lognormal.from_interval(p5, p5 * reach)
    assert float(d.quantile(0.05)) == pytest.approx(p5, rel=1e-9)
    assert float(d.quantile(0.95)) == pytest.approx(p5 * reach, rel=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0, 0.999999), st.floats(1e-9, 1e6), st.floats(0, 1))
def test_poisson_quantile_never_rises_when_the_mean_falls(q: float, mean: float, f: float) -> None:
    assert poisson_quantile(q, mean * f) <= poisson_quantile(q, mean)


def test_poisson_quantile_is_exact() -> None:
    for mean in (0.001, 0.4, 3.0, 35.0, 1e5):
        for q in (0.0, 0.01, 0.5, 0.9, 0.999999):
            n = poisson_quantile(q, mean)
            assert special.pdtr(n, mean) >= q
            assert n == 0 or special.pdtr(n - 1, mean) < q


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        (Lognormal.from_interval(1, 20), Lognormal.from_interval(2, 40)),
        (Pert(10, 14, 30), Pert(10, 20, 31)),
        (Triangular(0, 1, 6), Triangular(0, 4, 7)),
        (Discrete([0, 10], [0.7, 0.3]), Discrete([0, 12], [0.6, 0.4])),
        (ZeroInflated(0.2, Pert(1, 2, 3)), ZeroInflated(0.3, Pert(1, 2, 4))),
    ],
    ids=lambda d: type(d).__name__,
)
def test_larger_distributions_of_a_family_give_larger_draws(
    smaller: Distribution, larger: Distribution
) -> None:
    a = smaller.sample(np.random.default_rng(5), 20_000)
    b = larger.sample(np.random.default_rng(5), 20_000)
    assert (a <= b + 1e-9).all()


def test_frequencies() -> None:
    assert Bernoulli(0.2).quantile(0.8) == 0
    assert Bernoulli(0.2).quantile(0.81) == 1
    assert Bernoulli(1.0).hazard == math.inf
    assert 1 - math.exp(-Bernoulli(0.3).hazard) == pytest.approx(0.3)
    assert Poisson(2.0).more_often(0.5) == Poisson(1.0)


@pytest.mark.parametrize(
    "d", [Pert(58_400, 120_000, 200_000), Pert(0, 0, 1), Beta(0.6, 3), Beta(40, 2, -3, 5)], ids=str
)
def test_interpolated_driver_values_are_the_quantiles(d: Pert | Beta) -> None:
    z = np.random.default_rng(1).standard_normal(20_000)
    z[:2] = [-9.5, 9.5]
    width = d.support[1] - d.support[0]
    values = Driver("d", d).values(z)
    assert np.abs(values - d.quantile(special.ndtr(z))).max() < 1e-10 * width
    assert (np.diff(Driver("d", d).values(np.sort(z))) >= 0).all()
