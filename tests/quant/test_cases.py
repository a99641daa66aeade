"""The numeric cases of cases.json: closed forms and FFT within their tolerance, simulation within
four of its own standard errors."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskreg.quant import (
    Exposure,
    Lognormal,
    Pert,
    Portfolio,
    ZeroInflated,
    brier,
    choose,
    decide,
    evpi,
    exact,
    simulate,
    tvar,
    var,
)

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))[
        "cases"
    ]
}


def of_kind(kind: str) -> list[Any]:
    found = [pytest.param(c, id=c["id"]) for c in CASES.values() if c["kind"] == kind]
    assert found
    return found


def near(case: dict[str, Any], key: str, actual: float) -> None:
    expected = case["expected"][key]
    assert actual == pytest.approx(expected, rel=case["rel_tol"], abs=1e-12), key


def test_every_kind_of_case_is_tested() -> None:
    assert {c["kind"] for c in CASES.values()} == {
        "lognormal_from_p5_p95",
        "pert",
        "compound_poisson",
        "bernoulli_lognormal",
        "discrete_tvar",
        "brier_murphy",
        "evpi",
        "choose",
    }


@pytest.mark.parametrize("case", of_kind("lognormal_from_p5_p95"))
def test_lognormal(case: dict[str, Any]) -> None:
    d = Lognormal.from_interval(**case["inputs"])
    near(case, "mu", d.mu)
    near(case, "sigma", d.sigma)
    near(case, "median", d.median)
    near(case, "mean", d.mean)
    near(case, "p99", float(d.quantile(0.99)))


@pytest.mark.parametrize("case", of_kind("pert"))
def test_pert(case: dict[str, Any]) -> None:
    d = Pert(**case["inputs"])
    for key in ("mean", "alpha", "beta", "variance"):
        near(case, key, getattr(d, key))


def compound(case: dict[str, Any]) -> Portfolio:
    return Portfolio(
        [
            Exposure(f"{case['id']}-{k}", Lognormal.from_interval(e["p5"], e["p95"]), e["rate"])
            for k, e in enumerate(case["inputs"]["exposures"])
        ]
    )


@pytest.mark.parametrize("case", of_kind("compound_poisson"))
def test_compound_poisson_exact(case: dict[str, Any]) -> None:
    d = exact(compound(case), grid=0.002)
    for key in case["expected"]:
        if key in ("mean", "sd"):
            actual = getattr(d, key)
        elif key == "p_zero":
            actual = d.cdf(0)
        else:
            name, at = key.rsplit("_", 1)
            method = {"var": d.var, "tvar": d.tvar, "p_exceed": d.exceedance}[name]
            actual = method(float(at))
        near(case, key, actual)


@pytest.mark.parametrize("case", of_kind("compound_poisson"))
def test_compound_poisson_simulated(case: dict[str, Any]) -> None:
    years = 400_000
    r = simulate(compound(case), years=years, seed=20260101)
    expected = case["expected"]
    assert abs(r.mean - expected["mean"]) < 4 * r.standard_error
    for key, value in expected.items():
        name, _, at = key.rpartition("_")
        if name == "var":
            interval = r.var_interval(float(at), 0.9999)
            assert interval.low <= value <= interval.high, key
        elif name == "tvar":
            error = r.tvar_standard_error(float(at))
            assert abs(r.tvar(float(at)) - value) < 4 * error, key
        elif name == "p_exceed":
            assert abs(r.exceedance(float(at)) - value) < 4 * math.sqrt(value / years), key
    p_zero = float((r.losses == 0).mean())
    assert abs(p_zero - expected["p_zero"]) < 4 * math.sqrt(p_zero * (1 - p_zero) / years)


@pytest.mark.parametrize("case", of_kind("bernoulli_lognormal"))
def test_bernoulli_lognormal(case: dict[str, Any]) -> None:
    given = case["inputs"]
    severity = Lognormal.from_interval(given["p5"], given["p95"])
    year = ZeroInflated(given["probability"], severity)
    near(case, "mean", year.mean)
    near(case, "p90", float(year.quantile(0.9)))
    near(case, "p80", float(year.quantile(0.8)))
    p = Portfolio([Exposure("b", severity, probability=given["probability"])])
    assert p.mean == pytest.approx(case["expected"]["mean"], rel=1e-9)
    d = exact(p, grid=0.001)
    assert d.var(0.9) == pytest.approx(case["expected"]["p90"], rel=1e-3)
    assert d.var(0.8) == 0.0
    r = simulate(p, years=200_000, seed=3)
    interval = r.var_interval(0.9, 0.9999)
    assert interval.low <= case["expected"]["p90"] <= interval.high


@pytest.mark.parametrize("case", of_kind("discrete_tvar"))
def test_discrete_tvar(case: dict[str, Any]) -> None:
    losses, chances, level = (case["inputs"][k] for k in ("losses", "probabilities", "level"))
    near(case, "var", var(losses, level, chances))
    near(case, "tvar", tvar(losses, level, chances))
    # The same distribution as a hundred equally likely years: the atom is split by rank instead.
    years = np.repeat(losses, np.rint(np.array(chances) * 100).astype(int))
    near(case, "var", var(years, level))
    near(case, "tvar", tvar(years, level))


@pytest.mark.parametrize("case", of_kind("brier_murphy"))
def test_brier(case: dict[str, Any]) -> None:
    b = brier(**case["inputs"])
    for key in case["expected"]:
        near(case, key, getattr(b, key))
    assert b.brier == pytest.approx(b.reliability - b.resolution + b.uncertainty, abs=1e-15)


@pytest.mark.parametrize("case", of_kind("evpi"))
def test_evpi(case: dict[str, Any]) -> None:
    payoffs, chances = case["inputs"]["payoffs"], case["inputs"]["probabilities"]
    d = decide(payoffs, chances)
    expected = case["expected"]
    assert d.expected == pytest.approx(expected["expected"], rel=1e-12)
    assert d.best == expected["best"]
    assert d.max_regret == pytest.approx(expected["max_regret"])
    near(case, "evpi", evpi(payoffs, chances))


@pytest.mark.parametrize("case", of_kind("choose"))
def test_choose(case: dict[str, Any]) -> None:
    given = case["inputs"]
    s = choose(
        [item["cost"] for item in given["items"]],
        [item["benefit"] for item in given["items"]],
        given["budget"],
        exclusive=given.get("exclusive", ()),
        requires=[tuple(pair) for pair in given.get("requires", ())],
    )
    assert list(s.chosen) == case["expected"]["chosen"]
    assert s.value == case["expected"]["value"]
    assert s.gap == 0
    assert s.optimal
