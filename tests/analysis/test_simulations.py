"""Runs: frozen, in steps, of one audience; the same bits whoever does them, whatever dies."""

import json
import math
import random
import tracemalloc
from typing import Any

import pytest
from scipy import stats

from riskreg import quant
from riskreg.analysis import steps
from riskreg.analysis.modelled import portfolio
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.queries.simulations import (
    results_of_done_run,
    simulation_for,
    stale_because,
)
from riskreg.analysis.services import cancel_simulation, request_simulation
from riskreg.jobs import services as jobs
from riskreg.jobs.kinds import step_function_of_kind
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import newest_job_of, progress_of_newest_job_of_each, steps_to_begin
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk, share_risk
from tests import builders
from tests.analysis.making import estimate
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
CHANCE = {"frequency_kind": "probability", "frequency_low": "0.1", "frequency_mode": "0.2",
          "frequency_high": "0.3"}  # fmt: skip


@builders.shared_world
def two(world: World) -> World:
    first, second = builders.risk(world), builders.risk(world, by=world.partner_owner)
    estimate(world, first, released=True)
    estimate(world, first, by="partner_owner", released=True, severity_low="20000000")
    estimate(world, second, by="partner_owner", released=True, **CHANCE)
    estimate(world, second, by="partner_owner", released=True, stage="target", **CHANCE,
             severity_low="1000000", severity_high="12000000")  # fmt: skip
    return world


def ask(world: World, who: str = "owner", **given: Any) -> Simulation:
    row, _new = request_simulation(
        actor=world.viewer(who), given={"years": 10_000, **given}, at=world.at
    )
    return row


def run(world: World, row: Simulation, dice: random.Random | None = None) -> dict[str, Any]:
    job = newest_job_of(row.uuid)
    assert job is not None
    while found := steps_to_begin(job, world.at):
        if dice:
            dice.shuffle(found)
        for step in found:
            jobs.run_step(step.pk, lambda: world.at)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.failure
    return results_of_done_run(row)


def values(results: dict[str, Any]) -> dict[str, float]:
    return {figure["key"]: figure["value"] for figure in results["figures"]}


def test_a_run_has_its_figures_under_stable_keys(two: World) -> None:
    results = run(two, ask(two, years=100_000))
    found = values(results)
    ids = [str(u) for u in Risk.objects.order_by("id").values_list("uuid", flat=True)]
    wanted = {
        f"{name}.{side}"
        for side in ("before", "after")
        for name in (
            "loss.mean", "loss.p50", "loss.p95", "loss.p99", "loss.tvar95",
            *(f"contribution.{i}" for i in ids),
        )
    }  # fmt: skip
    assert set(found) == wanted
    for side in ("before", "after"):
        parts = [found[f"contribution.{i}.{side}"] for i in ids]
        assert sum(parts) == pytest.approx(found[f"loss.tvar95.{side}"], rel=1e-9)
    assert found["loss.tvar95.after"] < found["loss.tvar95.before"]
    assert {f["label"] for f in results["figures"]} == {"judgement"}
    assert {f["unit"] for f in results["figures"]} == {"CNY"}


def test_the_expected_year_is_how_often_times_how_much(two: World) -> None:
    """Recomputed with scipy alone: E[N] of a beta-PERT, E[X] of a lognormal, pools averaged."""

    def lognormal(low: float, high: float) -> float:
        sigma = math.log(high / low) / (2 * stats.norm.ppf(0.95))
        return float(stats.lognorm.mean(sigma, scale=(low * high) ** 0.5))

    rate, chance = (0.8 + 4 * 1.2 + 2) / 6, (0.1 + 4 * 0.2 + 0.3) / 6
    first = rate * (lognormal(10e6, 120e6) + lognormal(20e6, 120e6)) / 2
    found = values(run(two, ask(two, years=100_000)))
    assert found["loss.mean.before"] == pytest.approx(first + chance * lognormal(10e6, 120e6))
    assert found["loss.mean.after"] == pytest.approx(first + chance * lognormal(1e6, 12e6))


def test_the_curve_agrees_with_the_exact_law_of_one_risk(two: World) -> None:
    """One risk that can happen once: P(loss > x) = p · (1 - F(x))."""
    close_risk(actor=two.viewer("owner"), ref="R-001", version=None, reason="x", at=two.at)
    results = run(two, ask(two, years=100_000))
    sigma = math.log(12) / (2 * stats.norm.ppf(0.95))
    law = stats.lognorm(sigma, scale=(10e6 * 120e6) ** 0.5)
    curve = results["curves"]["before"][1:]
    # Draws hang on the risk's id, which each run of the tests makes anew, and the intervals of one
    # curve miss together: what holds in every run is three times their width, six standard errors.
    wrong = [
        x
        for x, p, low, high in curve
        if not p - 3 * (p - low) <= 0.2 * law.sf(x) <= p + 3 * (high - p)
    ]
    assert len(curve) > 100
    assert wrong == []
    # And they are narrow enough for that to say something.
    assert max(high - low for _x, _p, low, high in curve) < 0.01


def test_equal_stages_differ_by_exactly_nothing(two: World) -> None:
    second = Risk.objects.get(ref="R-002")
    estimate(two, second, by="partner_owner", released=True, stage="target", **CHANCE)
    estimate(two, Risk.objects.get(ref="R-001"), released=True, stage="target")
    estimate(two, Risk.objects.get(ref="R-001"), by="partner_owner", released=True,
             stage="target", severity_low="20000000")  # fmt: skip
    found = values(run(two, ask(two)))
    for key, value in found.items():
        if key.endswith(".before"):
            assert found[key.removesuffix("before") + "after"] == value


def test_an_effect_is_only_what_an_expert_has_said(two: World) -> None:
    """Who has given no estimate for after stays with theirs of today, in the same pool."""
    first = Risk.objects.get(ref="R-001")
    estimate(two, first, released=True, stage="target", severity_low="1000000",
             severity_high="12000000")  # fmt: skip
    row = ask(two)
    one = next(e for e in json.loads(row.inputs)["exposures"] if e["risk"] == str(first.uuid))
    before, after = (policy.estimates_on(one, side) for side in policy.SIDES)
    assert [e["expert"] for e in before] == [e["expert"] for e in after]
    changed = [e["expert"] for e, f in zip(before, after, strict=True) if e != f]
    assert changed == [str(two.owner.uuid)]


def undone(row: Simulation) -> Simulation:
    """The same run with everything still to do."""
    job = newest_job_of(row.uuid)
    assert job is not None
    job.steps.exclude(key="freeze").update(state="waiting", claimed_until=None, result=None)
    job.state, job.ended_at = JobState.RUNNING, None
    job.save()
    return row


def test_any_order_of_steps_comes_to_the_same_bits(two: World) -> None:
    row = ask(two, years=600_000)
    first = run(two, row)
    again = run(two, undone(row), random.Random(7))
    assert again == first
    assert len(again["digests"]) == 2


def test_any_number_of_workers_each_killed_once_at_every_step_comes_to_the_same_bits(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers begin side by side; the first who is at a step dies with it, every second of them
    with its work done and not kept."""
    monkeypatch.setattr(policy, "_BLOCKS_A_STEP", 1)
    row = ask(two, years=70_000)
    first = run(two, row)
    for workers in (1, 2, 7):
        job = newest_job_of(undone(row).uuid)
        assert job is not None
        dice, at, dead, kept = random.Random(workers), two.at, set[str](), list[str]()
        while found := steps_to_begin(job, at):
            dice.shuffle(found)
            begun = [jobs.begin_step(step.pk, at) for step in found[:workers]]
            for step in begun:
                assert step is not None
                outcome = (
                    step_function_of_kind(step.kind)(step, lambda: None) if len(dead) % 2 else None
                )
                if step.key not in dead:
                    dead.add(step.key)
                    continue
                outcome = outcome or step_function_of_kind(step.kind)(step, lambda: None)
                assert jobs.finish_step(step, outcome, at)
                assert not jobs.finish_step(step, outcome, at), "twice is as once"
                kept.append(step.key)
            at += jobs.CLAIM
        assert progress_of_newest_job_of_each([row.uuid])[row.uuid].percent == 100
        assert sorted(kept) == sorted(dead) == sorted(set(kept))
        assert len(kept) == job.steps.exclude(key="freeze").count()
        assert results_of_done_run(row) == first


def test_events_that_are_kept_and_drawn_once_more_come_to_the_same_bits(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ask(two, years=70_000)
    job = newest_job_of(row.uuid)
    assert job is not None
    kept = run(two, row)
    assert "tail" in job.steps.get(key="simulate:before:0").result
    monkeypatch.setattr(steps, "_KEPT_EVENTS", 0)
    assert run(two, undone(row)) == kept
    assert "tail" not in job.steps.get(key="simulate:before:0").result


def test_a_worker_holds_the_losses_once_and_comes_to_what_quant_does(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten million years one array of losses is 80 MB. What is kept in small pieces here is more
    than the numbers that a block of years is worked out with."""
    monkeypatch.setattr(policy, "_BLOCKS_A_STEP", 1)
    row = ask(two, years=500_000)
    peaks: dict[str, int] = {}
    job = newest_job_of(row.uuid)
    assert job is not None
    while found := steps_to_begin(job, two.at):
        for step in found:
            if tracing := step.key.endswith(":before") and step.kind != "analysis.simulate":
                tracemalloc.start()
            jobs.run_step(step.pk, lambda: two.at)
            if tracing:
                peaks[step.key] = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
    losses = 8 * row.years
    assert losses < peaks["measure:before"] < 1.5 * losses
    assert losses < peaks["contribute:before"] < 2.9 * losses
    results = results_of_done_run(row)
    inputs = json.loads(row.inputs)
    for side in policy.SIDES:
        whole = quant.simulate(portfolio(inputs, side), row.years, row.seed)
        assert results["digests"][side] == whole.digest
        figures = {f["key"]: [f["value"], f["low"], f["high"]] for f in results["figures"]}
        for name, level in steps.LEVELS:
            at = whole.var_interval(level)
            assert figures[f"loss.{name}.{side}"] == [at.value, at.low, at.high]
        assert figures[f"loss.tvar95.{side}"][0] == whole.tvar(steps.TAIL)
        assert results["contributions"][side]["tail"] == whole.contributions(steps.TAIL)
        points = results["curves"][side]
        curve = whole.exceedance_curve([point[0] for point in points])
        assert [point[1] for point in points] == curve.probability.tolist()


def test_equal_inputs_are_given_the_old_run(two: World) -> None:
    row = ask(two)
    run(two, row)
    with nothing_changes():
        again, new = request_simulation(
            actor=two.viewer("partner_owner"), given={"years": 10_000}, at=two.at
        )
    assert (again, new) == (row, False)
    assert ask(two, years=20_000) != row
    estimate(two, Risk.objects.get(ref="R-001"), released=True, severity_high="130000000")
    assert ask(two) != row


def test_a_shared_run_reads_nothing_of_one_party_and_a_partys_run_stays_with_it(
    two: World,
) -> None:
    before = ask(two)
    private = builders.risk(two, visibility="party")
    estimate(two, private, by="owner")
    estimate(two, Risk.objects.get(ref="R-002"), by="owner", **CHANCE)
    assert ask(two) == before, "what is unreleased moves no byte of the shared inputs"
    assert stale_because(two.viewer("auditor"), before, two.today) == []
    own = ask(two, audience="party")
    inputs = json.loads(own.inputs)
    assert str(private.uuid) in [one["risk"] for one in inputs["exposures"]]
    for who in ("partner_owner", "auditor"):
        with pytest.raises(NotFound):
            simulation_for(two.viewer(who), own.uuid)
        with pytest.raises(NotFound):
            cancel_simulation(actor=two.viewer(who), simulation=own.uuid, at=two.at)


def test_sharing_a_risk_changes_no_figure_of_it(two: World) -> None:
    private = builders.risk(two, visibility="party")
    estimate(two, private)
    key = f"contribution.{private.uuid}.before"
    first = values(run(two, ask(two, audience="party")))
    share_risk(actor=two.viewer("manager"), ref=private.ref, version=None, at=two.at)
    row = ask(two, audience="party")
    assert row == Simulation.objects.earliest("id"), "its inputs are the same to the bit"
    again = values(run(two, ask(two, audience="party", years=10_001)))
    assert key in again
    assert key in first


def test_stale_names_what_moved(two: World) -> None:
    row = ask(two)
    viewer = two.viewer("partner_owner")
    assert stale_because(viewer, row, two.today) == []
    estimate(two, Risk.objects.get(ref="R-001"), released=True)
    assert stale_because(viewer, row, two.today) == [{"ref": "R-001", "what": "changed"}]
    close_risk(actor=two.viewer("owner"), ref="R-001", version=None, reason="x", at=two.at)
    assert stale_because(viewer, row, two.today) == [{"ref": "R-001", "what": "gone"}]
    third = builders.risk(two)
    estimate(two, third, released=True)
    assert {"ref": third.ref, "what": "new"} in stale_because(viewer, row, two.today)


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"years": 10**9}, "years", "out_of_range"),
        ({"years": 10}, "years", "out_of_range"),
        ({"years": "many"}, "years", "out_of_range"),
        ({"years": True}, "years", "out_of_range"),
        ({"seed": -1}, "seed", "out_of_range"),
        ({"audience": "all"}, "audience", "unknown"),
        ({"paths": 5}, "paths", "unknown_field"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_reason(
    two: World, given: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(two, **given)
    assert [e.code for e in refused.value.fields[field]] == [code]


def test_an_empty_register_is_not_simulated(world: World) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(world)
    assert "nothing to simulate" in refused.value.detail


def test_money_of_two_years_and_two_kinds_are_named(two: World) -> None:
    estimate(two, Risk.objects.get(ref="R-001"), released=True, base_year=2025)
    estimate(two, Risk.objects.get(ref="R-002"), by="owner", released=True)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(two)
    assert "2025: R-001" in refused.value.fields["base_year"][0].detail
    assert "R-002" in refused.value.fields["frequency_kind"][0].detail


def test_three_open_runs_a_person(two: World) -> None:
    for n in range(policy.MOST_OPEN):
        ask(two, seed=n)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(two, seed=99)
    assert "3 runs that are not over" in refused.value.detail
    assert ask(two, who="manager", seed=99)


def test_cancelled_once_and_for_all(two: World) -> None:
    row = ask(two)
    for _n in range(2):
        cancel_simulation(actor=two.viewer("owner"), simulation=row.uuid, at=two.at)
    assert progress_of_newest_job_of_each([row.uuid])[row.uuid].state == "cancelled"
    assert ask(two) != row, "a cancelled run is no answer"
    done = ask(two, seed=5)
    run(two, done)
    with pytest.raises(Conflict):
        cancel_simulation(actor=two.viewer("owner"), simulation=done.uuid, at=two.at)
    with pytest.raises(Forbidden):
        cancel_simulation(actor=two.viewer("partner_owner"), simulation=done.uuid, at=two.at)


@pytest.mark.parametrize("who", ["auditor", "onlooker"])
def test_who_acts_for_no_party_runs_nothing(two: World, who: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        ask(two, who=who)


def test_the_tornado_ranks_what_moves_the_expected_year_most(two: World) -> None:
    results = run(two, ask(two))
    bars = results["tornado"]["bars"]
    assert len(bars) == 4
    swings = [abs(bar["high"] - bar["low"]) for bar in bars]
    assert swings == sorted(swings, reverse=True)
    for bar in bars:
        assert bar["low"] < results["tornado"]["base"] < bar["high"]


def test_long_runs_are_cut_into_short_steps() -> None:
    assert policy.chunk_count(100_000, 4) == 1
    assert policy.chunk_count(10_000_000, 4) == 20
    assert policy.chunk_count(100_000, 500) == 2
    assert policy.BLOCK == steps.quant.sampling.BLOCK  # type: ignore[attr-defined]
