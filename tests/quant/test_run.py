"""A run of a register: steps in any order, digests of the inputs alone, figures with bands."""

from __future__ import annotations

import itertools
import json
import math
import random
import uuid
from dataclasses import replace

import pytest
from scipy import stats

from riskreg.quant import (
    BudgetInput,
    ChoiceInput,
    DriverInput,
    EffectInput,
    ElasticityInput,
    ExposureInput,
    HitInput,
    LiftInput,
    LinkInput,
    MitigationInput,
    ObjectiveInput,
    PaymentInput,
    QuantError,
    Quantity,
    RunInputs,
    RunResult,
    choice_step,
    contribution_step,
    driver_step,
    inputs_from_json,
    loss_step,
    merge,
    pack,
    path_step,
    run_register,
    tail_step,
    unpack,
)
from riskreg.quant.errors import InvalidChoice, MismatchedRuns
from riskreg.quant.run_steps import LossPart, PathPart


def ident(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def sure(x: float) -> Quantity:
    return Quantity("constant", likely=x)


POLICY, KITS, PRICE, LITHIUM = (ident(x) for x in ("policy", "kits", "price", "lithium"))
CONTRACT, PLANT, GOAL = (ident(x) for x in ("contract", "plant", "30·30"))


def inputs(**changes: object) -> RunInputs:
    """The first two risks and the objective of 30·30, and a price that a driver moves."""
    goal = ObjectiveInput(
        GOAL,
        300_000,
        2030,
        164_500,
        2025,
        Quantity("pert", low=0, likely=0.0727, high=0.18),
        hits=(HitInput(POLICY, sure(0.85)), HitInput(KITS, sure(0.95))),
        lifts=(LiftInput(PLANT, sure(1.1)),),
    )
    price = ExposureInput(
        PRICE,
        Quantity("lognormal", low=10, high=120, cap=2000),
        rate=Quantity("pert", low=0.8, likely=1.2, high=2),
        links=(LinkInput(LITHIUM, "severity", 1.5),),
    )
    base = RunInputs(
        exposures=(
            ExposureInput(
                POLICY, Quantity("lognormal", low=20, high=300), probability=sure(1 - 0.65**0.2)
            ),
            ExposureInput(
                KITS, Quantity("pert", low=5, likely=10, high=40), probability=sure(1 - 0.7**0.2)
            ),
            price,
        ),
        drivers=(DriverInput(LITHIUM, Quantity("pert", low=58_400, likely=120_000, high=200_000)),),
        mitigations=(
            MitigationInput(
                CONTRACT,
                (EffectInput(PRICE, "severity", Quantity("pert", low=0.5, likely=0.7, high=0.9)),),
                (PaymentInput(sure(12)),),
                2027,
            ),
            MitigationInput(
                PLANT, (EffectInput(KITS, "frequency", sure(0.5)),), (PaymentInput(sure(9)),)
            ),
        ),
        planned=(CONTRACT, PLANT),
        objectives=(goal,),
        seed=1,
        years=140_000,
        paths=70_000,
        start=2026,
        end=2030,
        rate=0.06,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole() -> RunResult:
    return run_register(inputs())


def test_every_figure_has_its_method_and_its_band(whole: RunResult) -> None:
    keys = {(f.key, f.stage) for f in whole.figures}
    assert len(keys) == len(whole.figures)
    for stage in ("before", "after"):
        for key in ("loss.mean", "loss.p50", "loss.p95", "loss.p99", "loss.tvar95"):
            assert (key, stage) in keys
        for risk in (POLICY, KITS, PRICE):
            assert (f"contribution.{risk}", stage) in keys
        assert (f"objective.{GOAL}.chance", stage) in keys
        assert (f"objective.{GOAL}.cost.{POLICY}", stage) in keys
    for figure in whole.figures:
        assert figure.low <= figure.value <= figure.high, figure
        assert figure.method
    mean = whole.figure("loss.mean")
    assert mean.range_low is not None
    assert mean.range_high is not None
    # What the experts leave open is far wider than what sampling does.
    assert mean.range_high - mean.range_low > 50 * (mean.high - mean.low)
    assert whole.figure("loss.mean", "difference").value < 0
    assert whole.comparison is not None
    assert whole.comparison.years_worse == 0
    with pytest.raises(MismatchedRuns, match="no figure"):
        whole.figure("loss.mode")


def test_contributions_sum_to_the_tail_and_means_to_the_mean(whole: RunResult) -> None:
    for stage in ("before", "after"):
        parts = [
            f.value for f in whole.figures if f.key.startswith("contribution.") and f.stage == stage
        ]
        assert sum(parts) == pytest.approx(whole.figure("loss.tvar95", stage).value, rel=1e-9)
        known = whole.expected[stage]
        assert sum(known[x].value for x in (POLICY, KITS, PRICE)) == pytest.approx(known[""].value)


def test_the_chance_of_thirty_thirty_is_matched_within_the_band(whole: RunResult) -> None:
    growth = stats.beta(1 + 4 * 0.0727 / 0.18, 1 + 4 * (0.18 - 0.0727) / 0.18, 0, 0.18)

    def chance(p: tuple[float, float], step: float) -> float:
        total = 0.0
        for policy, kits in itertools.product((False, True), repeat=2):
            share = (p[0] if policy else 1 - p[0]) * (p[1] if kits else 1 - p[1])
            level = 164_500 * step * (0.85 if policy else 1) * (0.95 if kits else 1)
            total += share * growth.sf((300_000 / level) ** 0.2 - 1)
        return total

    before = whole.figure(f"objective.{GOAL}.chance")
    truth = chance((0.35, 0.30), 1.0)
    assert round(truth, 3) == 0.047
    # The band holds 95 %; four errors of sampling around it hold for any seed.
    assert abs(before.value - truth) < 2 * (before.high - before.low)
    halved = 1 - (1 - 0.5 * (1 - 0.7**0.2)) ** 5
    after = whole.figure(f"objective.{GOAL}.chance", "after")
    assert abs(after.value - chance((0.35, halved), 1.1)) < 2 * (after.high - after.low)
    gain = whole.figure(f"objective.{GOAL}.chance", "difference")
    assert gain.value == pytest.approx(after.value - before.value)
    needed = whole.figure(f"objective.{GOAL}.required_growth")
    assert needed.value == pytest.approx(0.1277, abs=5e-5)


@pytest.mark.parametrize(("chunks", "shuffle"), [(1, 1), (2, 2), (7, 3)])
def test_any_workers_in_any_order_give_the_same_bytes(
    whole: RunResult, chunks: int, shuffle: int
) -> None:
    """Each step by itself, its result through bytes, in an order of its own."""
    text = inputs().to_json()
    order = random.Random(shuffle)

    def fresh() -> RunInputs:
        return inputs_from_json(json.loads(text))

    losses: list[LossPart] = []
    paths: list[PathPart] = []
    jobs = [(kind, k) for kind in ("losses", "paths") for k in range(chunks)]
    order.shuffle(jobs)
    for kind, k in jobs:
        one = fresh()
        done = loss_step(one, k, chunks) if kind == "losses" else path_step(one, k, chunks)
        data = pack(done)
        assert pack(unpack(one, data)) == data
        back = unpack(one, data)
        if isinstance(back, LossPart):
            losses.append(back)
        else:
            paths.append(back)
    tails = tail_step(fresh(), losses)
    contributions = [
        contribution_step(fresh(), part.losses, tails, part.index, chunks) for part in losses
    ]
    r = merge(fresh(), losses, paths, contributions, driver_step(fresh()))
    assert r.digest == whole.digest
    assert r.figures == whole.figures
    with pytest.raises(MismatchedRuns):
        merge(fresh(), losses[1:], paths, contributions, None)
    with pytest.raises(MismatchedRuns):
        merge(fresh(), losses, [*paths, paths[0]], contributions, None)


def test_the_order_in_which_rows_were_read_changes_nothing() -> None:
    one = inputs()
    other = replace(
        one,
        exposures=one.exposures[::-1],
        mitigations=one.mitigations[::-1],
        planned=one.planned[::-1],
    )
    assert other == one
    assert other.digest == one.digest
    assert inputs_from_json(json.loads(one.to_json())) == one
    assert inputs_from_json(json.loads(one.to_json())).digest == one.digest
    assert replace(one, seed=2).digest != one.digest


def test_parts_of_other_inputs_are_refused() -> None:
    small, other = (inputs(years=100, paths=100, seed=s) for s in (1, 2))
    data = pack(loss_step(small, 0, 1))
    with pytest.raises(MismatchedRuns, match="other inputs"):
        unpack(other, data)
    with pytest.raises(MismatchedRuns, match="other inputs"):
        tail_step(other, [loss_step(small, 0, 1)])


def test_a_plan_that_changes_nothing_differs_by_nothing() -> None:
    idle = MitigationInput(ident("idle"), (EffectInput(PRICE, "severity", sure(1.0)),))
    r = run_register(
        inputs(mitigations=(idle,), planned=(idle.id,), objectives=(), years=5000, paths=500)
    )
    change = r.figure("loss.mean", "difference")
    assert (change.value, change.low, change.high) == (0, 0, 0)
    assert r.comparison is not None
    assert (r.comparison.mean, r.comparison.standard_error, r.comparison.tvar) == (0, 0, 0)
    for figure in r.figures:
        if figure.stage == "before":
            after = r.figure(figure.key, "after")
            assert (after.value, after.low, after.high) == (figure.value, figure.low, figure.high)


def test_without_a_plan_there_is_no_after() -> None:
    r = run_register(inputs(planned=(), years=5000, paths=500))
    assert {f.stage for f in r.figures} == {"before"}
    assert r.comparison is None


def test_a_range_of_how_often_keeps_the_mean_and_shows_in_the_tornado() -> None:
    often = Quantity("pert", low=0.1, likely=0.2, high=0.6)
    risk = ExposureInput(POLICY, sure(10), probability=often)
    r = run_register(
        RunInputs(exposures=(risk,), seed=1, years=100_000, paths=50_000, start=2026, end=2027)
    )
    mean = r.figure("loss.mean")
    assert mean.value == pytest.approx(10 * (0.1 + 0.8 + 0.6) / 6)
    assert mean.low == mean.value == mean.high
    assert mean.method == "closed form"
    belief = stats.beta(1 + 4 * 0.1 / 0.5, 1 + 4 * 0.4 / 0.5, 0.1, 0.5)
    expected = [10 * float(belief.ppf(q)) for q in (0.05, 0.95)]
    assert [mean.range_low, mean.range_high] == pytest.approx(expected, rel=0.02)
    assert r.drivers is not None
    (bar,) = r.drivers.tornado
    assert [bar.low, bar.high] == pytest.approx(expected, rel=1e-9)
    # The same chance in both years of a path: two years with an event come as often as E[p²].
    twice = r.figure("value.p95")
    assert twice.value == 20.0
    second = belief.var() + belief.mean() ** 2
    assert second > 0.05 > belief.mean() ** 2 - 0.02


def test_the_choice_is_made_on_other_draws_than_those_that_tell_of_it() -> None:
    budgets = (BudgetInput(15.0), BudgetInput(party="theirs"))
    wanted = ChoiceInput(budgets, frontier=(0.0, 10.0, 30.0), objective="tvar", scenarios=200)
    one = inputs(choice=wanted, years=20_000)
    step = choice_step(one)
    assert step.choice.chosen == (CONTRACT,)
    assert step.choice.seed != one.seed
    after = run_register(replace(one, planned=step.choice.chosen, paths=100))
    # The run's own years: the figure of the set is the figure of the run with that plan.
    assert step.report.chosen.value == pytest.approx(after.figure("loss.tvar95", "after").value)
    assert step.report.nothing.value == pytest.approx(after.figure("loss.tvar95").value)
    assert [p.budget for p in step.frontier] == [0.0, 10.0, 30.0]
    assert step.frontier[0].choice.chosen == ()
    values = [p.report.chosen.value for p in step.frontier]
    assert values == sorted(values, reverse=True)
    assert choice_step(inputs_from_json(json.loads(one.to_json()))) == step
    with pytest.raises(QuantError, match="not asked for"):
        choice_step(inputs())


def test_correlation_goes_by_pairs_whatever_their_order() -> None:
    carbon = DriverInput(ident("carbon"), Quantity("lognormal", low=70, high=160))
    one = inputs()
    pairs = [(LITHIUM, carbon.id, 0.4), (carbon.id, LITHIUM, 0.4)]
    runs = [replace(one, drivers=(*one.drivers, carbon), correlation=(p,)) for p in pairs]
    assert runs[0].digest == runs[1].digest
    matrix = runs[0].correlation_matrix()
    assert matrix is not None
    assert sorted(matrix[0]) == [0.4, 1.0]
    with pytest.raises(InvalidChoice, match="pair"):
        replace(one, correlation=((LITHIUM, LITHIUM, 1.0),))


REFUSED = {
    "a reference instead of a UUID": (
        lambda d: d["exposures"][0].update(id="R-001"),
        "is not a UUID",
    ),
    "an unknown key": (lambda d: d.update(colour="red"), "colour"),
    "a missing key": (lambda d: d.pop("seed"), "seed"),
    "years beyond memory": (lambda d: d.update(years=10**9), "years"),
    "paths beyond memory": (lambda d: d.update(paths=2**24), "paths"),
    "ends the wrong way": (lambda d: d["drivers"][0]["belief"].update(low=300_000), "low"),
    "rate and probability": (
        lambda d: d["exposures"][0].update(
            rate={"family": "constant", "likely": 1},
            probability={"family": "constant", "likely": 0.5},
        ),
        "give one",
    ),
    "a chance above 1": (
        lambda d: d["exposures"][0].update(
            rate=None, probability={"family": "constant", "likely": 1.5}
        ),
        "probability",
    ),
    "text for a number": (lambda d: d.update(seed="1"), "seed"),
    "yes for a number": (lambda d: d.update(seed=True), "seed"),
    "a plan that is not there": (lambda d: d.update(planned=[ident("x")]), "planned"),
    "an unknown driver": (lambda d: d.update(drivers=[]), "driver"),
    "no exposure": (lambda d: d.update(exposures=[]), "exposures"),
    "a range for a constant": (
        lambda d: d["objectives"][0]["growth"].update(family="constant"),
        "no meaning",
    ),
    "too wide": (
        lambda d: d["exposures"][0].update(severity={"family": "lognormal", "low": 1, "high": 1e9}),
        "name a cap",
    ),
    "another engine": (lambda d: d.update(engine=2), "engine"),
    "a list for an object": (lambda d: d.update(exposures=[[]]), "exposures"),
    "an object for a list": (lambda d: d.update(exposures={}), "exposures"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_inputs_that_are_none_are_refused_before_any_step(name: str) -> None:
    spoil, word = REFUSED[name]
    data = json.loads(inputs().to_json())
    spoil(data)
    with pytest.raises(QuantError, match=word):
        inputs_from_json(data)


def test_elasticities_and_pools_reach_the_model() -> None:
    pool = Quantity(
        "pool",
        parts=(
            Quantity("lognormal", low=10, high=90),
            Quantity("pert", low=20, likely=40, high=60),
        ),
        weights=(0.5, 0.5),
    )
    one = inputs()
    (goal,) = one.objectives
    goal = replace(goal, drivers=(ElasticityInput(LITHIUM, -0.1),))
    changed = replace(one.exposures[0], severity=pool)
    r = run_register(
        replace(
            one,
            exposures=(changed, *one.exposures[1:]),
            objectives=(goal,),
            years=20_000,
            paths=5_000,
        )
    )
    assert math.isfinite(r.figure("loss.tvar95").value)
    assert r.fans["before", GOAL].shape == (5, 5)
    assert r.fans["before", ""].shape == (5, 5)
