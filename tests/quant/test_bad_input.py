"""Every refusal is a ValueError that names the argument, shows the value and says what would do."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from riskreg.quant import (
    Bernoulli,
    Beta,
    Capped,
    Constant,
    Discrete,
    Driver,
    Effect,
    Exposure,
    Link,
    Lognormal,
    Mitigation,
    Mixture,
    Pert,
    Poisson,
    Portfolio,
    QuantError,
    Scaled,
    Triangular,
    ZeroInflated,
    brier,
    choose,
    choose_mitigations,
    dominates,
    driver_tornado,
    evpi,
    evsi,
    exact,
    expert_weights,
    grow,
    interval_hits,
    present_value,
    simulate,
    simulate_chunk,
    simulate_paths,
    tornado,
    tvar,
    var,
    variance_shares,
)
from riskreg.quant import errors as e

NAN, INF = math.nan, math.inf
SEVERITY = Lognormal.from_interval(1, 20)
P = Portfolio([Exposure("R", SEVERITY, rate=0.4)])
D = [Driver("d", Pert(1, 2, 3)), Driver("f", Pert(1, 2, 3))]
M = [Mitigation("M", 1, (Effect.severity("R", 0.5),))]


def drivers(correlation: Any) -> Callable[[], Portfolio]:
    return lambda: Portfolio(P.exposures, D, correlation)


def linked(driver: Driver, link: Link) -> Callable[[], Portfolio]:
    return lambda: Portfolio([Exposure("R", SEVERITY, rate=1, links=(link,))], [driver])


THREE = [Driver(x, Pert(1, 2, 3)) for x in "abc"]
IMPOSSIBLE = [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]

REFUSED: list[tuple[str, type[QuantError], str, Callable[[], Any]]] = [
    ("p5 = p95", e.InvalidRange, "p5", lambda: Lognormal.from_interval(3, 3)),
    ("p5 > p95", e.InvalidRange, "p5", lambda: Lognormal.from_interval(4, 3)),
    ("p5 zero", e.InvalidNumber, "p5", lambda: Lognormal.from_interval(0, 3)),
    ("p95 NaN", e.InvalidNumber, "p95", lambda: Lognormal.from_interval(1, NAN)),
    ("p5 text", e.InvalidNumber, "p5", lambda: Lognormal.from_interval("1", 3)),  # type: ignore[arg-type]
    ("p5 missing", e.InvalidNumber, "p5", lambda: Lognormal.from_interval(None, 3)),  # type: ignore[arg-type]
    ("p5 yes", e.InvalidNumber, "p5", lambda: Lognormal.from_interval(True, 3)),
    ("p5 denormal", e.InvalidRange, "p5", lambda: Lognormal.from_interval(1.0, 1.0)),
    ("sigma zero", e.InvalidNumber, "sigma", lambda: Lognormal(0, 0)),
    ("mean overflows", e.SeverityOverflow, "Lognormal", lambda: Lognormal(800, 1)),
    ("too wide", e.TooWide, "severity", lambda: Exposure("R", Lognormal(0, 5), rate=1)),
    ("variance overflows", e.SeverityOverflow, "Lognormal", lambda: Lognormal(0, 30)),
    ("range overflows", e.SeverityOverflow, "Lognormal", lambda: Lognormal.from_interval(1, 1e200)),
    ("pert order", e.InvalidRange, "low", lambda: Pert(5, 5, 5)),
    ("pert mode", e.InvalidRange, "mode", lambda: Pert(1, 9, 5)),
    ("pert infinite", e.InvalidNumber, "high", lambda: Pert(1, 2, INF)),
    ("triangle order", e.InvalidRange, "low", lambda: Triangular(5, 4, 3)),
    ("triangle overflows", e.SeverityOverflow, "Triangular", lambda: Triangular(0, 1, 1e200)),
    ("beta shape", e.InvalidNumber, "alpha", lambda: Beta(0, 1)),
    ("beta ends", e.InvalidRange, "low", lambda: Beta(1, 1, 2, 1)),
    ("constant NaN", e.InvalidNumber, "value", lambda: Constant(NAN)),
    ("discrete sum", e.InvalidProbability, "probabilities", lambda: Discrete([1, 2], [0.5, 0.6])),
    ("discrete above 1", e.InvalidProbability, "probabilities", lambda: Discrete([1], [1.5])),
    ("discrete sizes", e.InvalidShape, "probabilities", lambda: Discrete([1, 2], [1])),
    ("discrete twice", e.InvalidShape, "values", lambda: Discrete([1, 1], [0.5, 0.5])),
    ("scaled", e.InvalidNumber, "factor", lambda: Scaled(SEVERITY, 0)),
    ("capped", e.InvalidRange, "cap", lambda: Capped(Pert(3, 4, 5), 1)),
    ("zero-inflated", e.InvalidProbability, "probability", lambda: ZeroInflated(1.1, SEVERITY)),
    ("zero-inflated gain", e.InvalidRange, "of", lambda: ZeroInflated(0.1, Pert(-3, 1, 2))),
    ("mixture empty", e.InvalidPortfolio, "parts", lambda: Mixture([], [])),
    ("mixture weights", e.InvalidProbability, "weights", lambda: Mixture([SEVERITY], [0.9])),
    ("poisson", e.InvalidRate, "rate", lambda: Poisson(-1)),
    ("bernoulli", e.InvalidProbability, "probability", lambda: Bernoulli(1.0001)),
    ("rate negative", e.InvalidRate, "rate", lambda: Exposure("R", SEVERITY, rate=-0.1)),
    ("rate NaN", e.InvalidRate, "rate", lambda: Exposure("R", SEVERITY, rate=NAN)),
    ("rate infinite", e.InvalidRate, "rate", lambda: Exposure("R", SEVERITY, rate=INF)),
    ("rate huge", e.InvalidRate, "rate", lambda: Exposure("R", SEVERITY, rate=1e9)),
    ("neither", e.InvalidRate, "rate", lambda: Exposure("R", SEVERITY)),
    ("both", e.InvalidRate, "rate", lambda: Exposure("R", SEVERITY, rate=1, probability=0.1)),
    (
        "probability",
        e.InvalidProbability,
        "probability",
        lambda: Exposure("R", SEVERITY, probability=1.2),
    ),
    ("kind", e.InvalidChoice, "kind", lambda: Exposure("R", SEVERITY, rate=1, kind="hazard")),
    ("name", e.InvalidChoice, "name", lambda: Exposure(" ", SEVERITY, rate=1)),
    ("severity negative", e.InvalidRange, "severity", lambda: Exposure("R", Pert(-1, 0, 1), 1)),
    ("severity plain", e.InvalidChoice, "severity", lambda: Exposure("R", 3.0, rate=1)),  # type: ignore[arg-type]
    ("empty portfolio", e.InvalidPortfolio, "exposures", lambda: Portfolio([])),
    ("name repeats", e.DuplicateName, "exposures", lambda: Portfolio([*P.exposures] * 2)),
    ("driver repeats", e.DuplicateName, "drivers", lambda: Portfolio(P.exposures, [D[0]] * 2)),
    (
        "unknown driver",
        e.InvalidPortfolio,
        "links",
        lambda: Portfolio([Exposure("R", SEVERITY, rate=1, links=(Link("x"),))], D),
    ),
    ("asymmetric", e.InvalidCorrelation, "correlation", drivers([[1, 0.2], [0.3, 1]])),
    ("diagonal", e.InvalidCorrelation, "correlation", drivers([[1, 0.2], [0.2, 0.9]])),
    ("above 1", e.InvalidCorrelation, "correlation", drivers([[1, 1.2], [1.2, 1]])),
    ("wrong size", e.InvalidCorrelation, "correlation", drivers([[1]])),
    ("correlation NaN", e.InvalidNumber, "correlation", drivers([[1, NAN], [NAN, 1]])),
    ("ragged", e.InvalidShape, "correlation", drivers([[1, 0.1], [0.1]])),
    (
        "not PSD",
        e.InvalidCorrelation,
        "correlation",
        lambda: Portfolio(P.exposures, THREE, IMPOSSIBLE),
    ),
    ("no drivers", e.InvalidPortfolio, "correlation", lambda: Portfolio(P.exposures, (), [[1]])),
    ("power of a negative", e.InvalidRange, "link", linked(Driver("d", Pert(-1, 2, 3)), Link("d"))),
    (
        "negative multiplier",
        e.InvalidRange,
        "link",
        linked(Driver("d", Pert(-1, 0, 1)), Link("d", sensitivity=2, form="linear")),
    ),
    (
        "unbounded linear",
        e.InvalidRange,
        "link",
        linked(Driver("d", Lognormal(0, 1)), Link("d", sensitivity=-0.1, form="linear")),
    ),
    ("link on", e.InvalidChoice, "on", lambda: Link("d", on="colour")),
    (
        "certain and linked",
        e.InvalidProbability,
        "probability",
        lambda: Exposure("R", SEVERITY, probability=1, links=(Link("d", "frequency"),)),
    ),
    ("effect negative", e.InvalidNumber, "value", lambda: Effect.severity("R", -1)),
    ("cost negative", e.InvalidNumber, "cost", lambda: Mitigation("M", -1, ())),
    (
        "effect on nothing",
        e.InvalidPortfolio,
        "target",
        lambda: P.mitigated([Mitigation("M", 1, (Effect.severity("X", 0.5),))]),
    ),
    (
        "probability raised above 1",
        e.InvalidProbability,
        "probability",
        lambda: Portfolio([Exposure("R", SEVERITY, probability=0.6)]).mitigated(
            [Mitigation("M", 1, (Effect.frequency("R", 2),))]
        ),
    ),
    ("mitigation twice", e.DuplicateName, "mitigations", lambda: P.mitigated(M * 2)),
    ("no years", e.InvalidYears, "years", lambda: simulate(P, 0, 1)),
    ("10^12 years", e.InvalidYears, "years", lambda: simulate(P, 10**12, 1)),
    ("half a year", e.InvalidYears, "years", lambda: simulate(P, 0.5, 1)),  # type: ignore[arg-type]
    ("seed", e.InvalidNumber, "seed", lambda: simulate(P, 10, -1)),
    ("seed missing", e.InvalidNumber, "seed", lambda: simulate(P, 10, None)),  # type: ignore[arg-type]
    ("chunks", e.InvalidNumber, "chunks", lambda: simulate(P, 10, 1, chunks=0)),
    ("chunk index", e.InvalidNumber, "index", lambda: simulate_chunk(P, 10, 1, 2, 2)),
    (
        "total overflows",
        e.SeverityOverflow,
        "portfolio",
        lambda: simulate(
            Portfolio(
                [Exposure("R", Constant(1e308), probability=1), Exposure("S", Constant(1e308), 5)]
            ),
            50,
            1,
        ),
    ),
    ("level 0", e.InvalidProbability, "level", lambda: simulate(P, 10, 1).var(0)),
    ("level 1", e.InvalidProbability, "level", lambda: simulate(P, 10, 1).tvar(1)),
    ("level 95", e.InvalidProbability, "level", lambda: exact(P, 0.1).contributions(95)),
    ("threshold", e.InvalidNumber, "threshold", lambda: simulate(P, 10, 1).exceedance(NAN)),
    ("grid zero", e.InvalidNumber, "grid", lambda: exact(P, grid=0)),
    ("grid coarse", e.GridTooCoarse, "grid", lambda: exact(P, grid=3)),
    ("grid short", e.GridTooShort, "points", lambda: exact(P, grid=0.01, points=500)),
    ("grid endless", e.GridTooShort, "points", lambda: exact(P, grid=1e-7)),
    ("losses empty", e.InvalidShape, "losses", lambda: tvar([], 0.9)),
    ("losses NaN", e.InvalidNumber, "losses", lambda: var([1, NAN], 0.9)),
    ("weights", e.InvalidProbability, "probabilities", lambda: tvar([1, 2], 0.9, [0.5, 0.4])),
    ("budget", e.InvalidBudget, "budget", lambda: choose([1], [1], -1)),
    ("budget NaN", e.InvalidBudget, "budget", lambda: choose([1], [1], NAN)),
    ("cost", e.InvalidBudget, "costs", lambda: choose([-1], [1], 1)),
    ("benefits", e.InvalidShape, "benefits", lambda: choose([1, 2], [1], 1)),
    ("benefit NaN", e.InvalidNumber, "benefits", lambda: choose([1], [NAN], 1)),
    (
        "circle of two",
        e.CyclicRequirement,
        "requires",
        lambda: choose([1, 1], [1, 1], 1, requires=[(0, 1), (1, 0)]),
    ),
    (
        "circle of three",
        e.CyclicRequirement,
        "requires",
        lambda: choose([1] * 4, [1] * 4, 1, requires=[(3, 0), (0, 1), (1, 2), (2, 0)]),
    ),
    ("self", e.CyclicRequirement, "requires", lambda: choose([1], [1], 1, requires=[(0, 0)])),
    (
        "groups overlap",
        e.OverlappingGroups,
        "exclusive",
        lambda: choose([1] * 3, [1] * 3, 1, exclusive=[[0, 1], [1, 2]]),
    ),
    (
        "twice in a group",
        e.OverlappingGroups,
        "exclusive",
        lambda: choose([1] * 3, [1] * 3, 1, exclusive=[[0, 0]]),
    ),
    (
        "position unknown",
        e.InvalidShape,
        "exclusive",
        lambda: choose([1] * 3, [1] * 3, 1, exclusive=[[0, 3]]),
    ),
    ("ceilings", e.InvalidShape, "ceilings", lambda: choose([1], [[1, 2]], 1, ceilings=[1])),
    (
        "objective",
        e.InvalidChoice,
        "objective",
        lambda: choose_mitigations(P, M, 1, 1, objective="x"),
    ),
    ("limit", e.InvalidNumber, "limit", lambda: choose_mitigations(P, M, 1, 1, objective="chance")),
    ("none to choose", e.InvalidShape, "mitigations", lambda: choose_mitigations(P, [], 1, 1)),
    ("payoffs", e.InvalidShape, "payoffs", lambda: evpi([1, 2], [0.5, 0.5])),
    ("states", e.InvalidShape, "probabilities", lambda: evpi([[1, 2]], [1])),
    ("likelihood", e.InvalidShape, "likelihood", lambda: evsi([[1, 2]], [0.5, 0.5], [[1]])),
    (
        "likelihood rows",
        e.InvalidProbability,
        "likelihood",
        lambda: evsi([[1, 2]], [0.5, 0.5], [[0.5, 0.6], [0.5, 0.5]]),
    ),
    ("order", e.InvalidNumber, "order", lambda: dominates([1], [2], order=3)),
    ("forecasts", e.InvalidProbability, "forecasts", lambda: brier([1.2], [1])),
    ("outcomes", e.InvalidProbability, "outcomes", lambda: brier([0.2], [2])),
    ("outcome sizes", e.InvalidShape, "outcomes", lambda: brier([0.2], [1, 0])),
    ("ranges", e.InvalidRange, "lows", lambda: interval_hits([2], [1], [1])),
    ("truths", e.InvalidShape, "truths", lambda: interval_hits([1], [2], [1, 2])),
    (
        "quantiles",
        e.InvalidRange,
        "quantiles",
        lambda: expert_weights([[[1, 3, 2]] * 10], [1] * 10),
    ),
    (
        "quantile sizes",
        e.InvalidShape,
        "quantiles",
        lambda: expert_weights([[[1, 2, 3]]], [1] * 10),
    ),
    ("discount", e.InvalidRange, "rate", lambda: present_value([1], -1)),
    ("flows", e.InvalidShape, "flows", lambda: present_value([], 0.1)),
    ("end before start", e.InvalidYears, "end", lambda: simulate_paths(P, 2030, 2029, 10, 1)),
    ("no paths", e.InvalidYears, "paths", lambda: simulate_paths(P, 2026, 2030, 0, 1)),
    ("too many paths", e.InvalidYears, "paths", lambda: simulate_paths(P, 2026, 2030, 10**9, 1)),
    (
        "persistence",
        e.InvalidProbability,
        "persistence",
        lambda: simulate_paths(P, 2026, 2030, 10, 1, persistence=1.1),
    ),
    (
        "trend of nothing",
        e.InvalidPortfolio,
        "trends",
        lambda: simulate_paths(P, 2026, 2027, 10, 1, trends={"X": [1, 1]}),
    ),
    (
        "trend too short",
        e.InvalidShape,
        "trends",
        lambda: simulate_paths(P, 2026, 2027, 10, 1, trends={"R": [1]}),
    ),
    ("growth", e.InvalidRange, "growth", lambda: grow(1, Pert(-2, 0, 1), 2, 10, 1)),
    ("tornado", e.InvalidRange, "inputs[x]", lambda: tornado(lambda v: 0.0, {"x": (3, 2, 1)})),
    ("tornado empty", e.InvalidShape, "inputs", lambda: tornado(lambda v: 0.0, {})),
    ("driver tornado", e.InvalidPortfolio, "portfolio", lambda: driver_tornado(P, 10, 1)),
    ("samples", e.InvalidNumber, "samples", lambda: variance_shares(np.sum, {"x": SEVERITY}, 1, 1)),
]


@pytest.mark.parametrize(
    "error, argument, call", [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused_by_name(
    error: type[QuantError],
    argument: str,
    call: Callable[[], Any],
    recwarn: pytest.WarningsRecorder,
) -> None:
    with pytest.raises(error) as refused:
        call()
    found = refused.value
    assert isinstance(found, ValueError)
    assert found.argument == argument
    assert found.remedy
    text = str(found)
    assert text.startswith(f"{argument} = ")
    assert found.remedy in text
    assert repr(found.value)[:40] in text
    assert not recwarn.list


def test_ids_are_unique() -> None:
    names = [r[0] for r in REFUSED]
    assert len(set(names)) == len(names)


def test_every_kind_of_refusal_is_tried() -> None:
    every = {c for c in vars(e).values() if isinstance(c, type) and issubclass(c, QuantError)}
    tried = {r[1] for r in REFUSED}
    # The first two are tried where their subject is: chunks, drivers; the last can't be provoked,
    # for choosing nothing is always allowed.
    elsewhere = {QuantError, e.MismatchedRuns, e.NotIndependent, e.Infeasible}
    assert every == tried | elsewhere


def test_the_remedy_for_an_impossible_correlation_works() -> None:
    with pytest.raises(e.InvalidCorrelation) as refused:
        Portfolio(P.exposures, THREE, IMPOSSIBLE)
    factor = float(str(refused.value).split("all of them by ")[1].split()[0]) - 1e-3
    eased = [
        [1 if i == j else factor * x for j, x in enumerate(r)] for i, r in enumerate(IMPOSSIBLE)
    ]
    assert Portfolio(P.exposures, THREE, eased).correlation is not None


def test_a_refusal_survives_pickling() -> None:
    found = e.InvalidRate("rate", -1.0, "is negative", "give 0 or more")
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is e.InvalidRate
    assert str(again) == str(found)
