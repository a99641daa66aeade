"""Objectives in runs: frozen only where there are any, followed beside the losses, of one audience.

The figures of 30·30 are recomputed here by ``scipy.stats`` alone: a sum over the subsets of events,
each with the tail of a beta distribution. The numbers are illustrative.
"""

import itertools
import json
import math
import random
from typing import Any

import pytest
from scipy import stats

from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.queries.simulations import results_of_done_run, stale_because
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk, share_risk
from tests import builders
from tests.analysis.making import belief, driver, estimate, hit, link, model, run, simulation
from tests.analysis.test_simulations import run as run_in_any_order
from tests.builders import World

pytestmark = pytest.mark.django_db
KEY = "overseas-units-2030"


def chance_of(mode: str, low: str, high: str) -> dict[str, str]:
    """A chance in a year, as experts give it."""
    return {"frequency_kind": "probability", "frequency_low": low, "frequency_mode": mode,
            "frequency_high": high}  # fmt: skip


@builders.shared_world
def aimed(world: World) -> World:
    """Policy barriers in 35 % of years and a tariff on kits in 30 %, and where the level starts."""
    builders.objective(world)
    policy_barriers, kits = builders.risk(world), builders.risk(world)
    estimate(world, policy_barriers, released=True, **chance_of("0.35", "0.25", "0.45"))
    estimate(world, kits, released=True, **chance_of("0.3", "0.2", "0.4"))
    return world


def risks() -> list[Risk]:
    return list(Risk.objects.order_by("id"))


def modelled(world: World, **given: Any) -> None:
    """As in the worked decision: both events count in the year in which they happen."""
    first, second = risks()[:2]
    hits = [hit(first, "-15", years=1), hit(second, "-5", years=1)]
    model(world, **{"hits": hits, **given})


def figures(row: Any) -> dict[str, dict[str, Any]]:
    return {figure["key"]: figure for figure in results_of_done_run(row)["figures"]}


def values(row: Any, side: str = "before") -> dict[str, float]:
    start, end = f"objective.{KEY}.", f".{side}"
    return {key.removeprefix(start).removesuffix(end): figure["value"]
            for key, figure in figures(row).items()
            if key.startswith(start) and key.endswith(end)}  # fmt: skip


# The reference: SciPy alone ------------------------------------------------------------------
EVENTS = [(0.35, 0.85), (0.30, 0.95)]


def tail(high: float, needed: float) -> float:
    """P(growth ≥ needed) of a beta-PERT from 0 with its mode at 7.27 %."""
    mode = 0.0727
    return float(stats.beta(1 + 4 * mode / high, 1 + 4 * (high - mode) / high, 0, high).sf(needed))


def expected(high: float, events: list[tuple[float, float]]) -> float:
    total = 0.0
    for happens in itertools.product((False, True), repeat=len(events)):
        pairs = list(zip(events, happens, strict=True))
        p = math.prod(e[0] if on else 1 - e[0] for e, on in pairs)
        factor = math.prod(e[1] for e, on in pairs if on)
        total += p * tail(high, (300_000 / (164_500 * factor)) ** (1 / 5) - 1)
    return total


@pytest.mark.parametrize(("high", "percent"), [("15", 1.1), ("18", 4.7), ("20", 7.5)])
def test_thirty_thirty_is_the_sum_over_event_subsets(
    aimed: World, high: str, percent: float
) -> None:
    modelled(aimed, growth_high=high)
    row = simulation(aimed, years=200_000)
    truth = expected(float(high) / 100, EVENTS)
    assert round(100 * truth, 1) == percent
    found, (first, second) = figures(row), risks()
    for name, wanted in (
        ("chance", truth),
        ("undisturbed", tail(float(high) / 100, (300_000 / 164_500) ** (1 / 5) - 1)),
        (f"cost.{first.uuid}", expected(float(high) / 100, EVENTS[1:]) - truth),
        (f"cost.{second.uuid}", expected(float(high) / 100, EVENTS[:1]) - truth),
    ):
        figure = found[f"objective.{KEY}.{name}.before"]
        # The band that is shown holds 95 of 100 runs: what is drawn is the same in each run of this
        # test (tests/same_ids.py), and twice as wide tells a fault from luck.
        half = figure["high"] - figure["low"]
        assert abs(figure["value"] - wanted) < half, name
        assert half < 0.003
    assert values(row)["required_growth"] == pytest.approx(0.1277, abs=5e-5)
    assert found[f"objective.{KEY}.chance.before"]["label"] == "illustrative"
    assert found["loss.mean.before"]["label"] == "judgement"


def test_without_events_a_narrow_range_never_gets_there(aimed: World) -> None:
    model(aimed, growth_high="12.8")
    row = simulation(aimed)
    assert values(row)["chance"] < 0.001
    (one,) = results_of_done_run(row)["objectives"]
    assert one["years"] == [2026, 2027, 2028, 2029, 2030]
    # The median of the growth, five times over; each year's quantiles are in order.
    a, b = 1 + 4 * 7.27 / 12.8, 1 + 4 * (12.8 - 7.27) / 12.8
    median = 164_500 * (1 + float(stats.beta(a, b, 0, 0.128).ppf(0.5))) ** 5
    fan = one["sides"]["before"]["fan"]
    assert fan[-1][2] == pytest.approx(median, rel=0.005)
    assert all(year == sorted(year) for year in fan)
    sure = 164_500 * (1 + float(stats.beta(a, b, 0, 0.128).ppf(0.2))) ** 5
    assert values(row)["sure"] == pytest.approx(sure, rel=0.005)


def test_inputs_have_objectives_only_where_there_is_one(aimed: World) -> None:
    plain = simulation(aimed)
    assert "objectives" not in json.loads(plain.inputs)
    assert results_of_done_run(plain)["objectives"] == []
    modelled(aimed)
    today = aimed.viewer("owner").today(aimed.at)
    objective = {"ref": KEY, "what": "objective"}
    assert stale_because(aimed.viewer("auditor"), plain, today) == [objective]
    row = simulation(aimed)
    assert policy.digest_of(json.loads(row.inputs)) == row.digest != plain.digest
    # What the losses come to does not depend on it.
    losses = [
        {key: figure for key, figure in figures(each).items() if not key.startswith("objective.")}
        for each in (plain, row)
    ]
    assert losses[0] == losses[1]
    assert stale_because(aimed.viewer("auditor"), row, today) == []
    model(aimed, follows=1)
    assert stale_because(aimed.viewer("auditor"), row, today) == [objective]


def test_any_order_of_steps_comes_to_the_same_bits(aimed: World) -> None:
    modelled(aimed)
    first = simulation(aimed, done=False)
    found = run_in_any_order(aimed, first, random.Random(3))
    digest = first.digest
    again = simulation(aimed, by="owner", seed=2)
    assert again.digest != digest
    assert results_of_done_run(first) == found
    assert values(again)["chance"] != values(first)["chance"]


def test_the_plan_is_seen_and_where_nothing_is_planned_the_difference_is_nothing(
    aimed: World,
) -> None:
    modelled(aimed)
    row = simulation(aimed)
    assert values(row) == values(row, "after")
    first = risks()[0]
    estimate(aimed, first, released=True, stage="target", **chance_of("0.1", "0.05", "0.15"))
    planned = simulation(aimed)
    before, after = values(planned), values(planned, "after")
    assert before == values(row)
    assert after["chance"] > before["chance"]
    assert 0 < after[f"cost.{first.uuid}"] < before[f"cost.{first.uuid}"]
    # What has no plan costs nearly what it did: a chance that is higher has a little more to lose.
    assert after["undisturbed"] == before["undisturbed"]


def test_an_event_that_lasts_costs_more(aimed: World) -> None:
    first = risks()[0]
    model(aimed, hits=[hit(first, "-15", years=1)])
    once = simulation(aimed)
    model(aimed, hits=[hit(first, "-15")], follows=1)
    for_good = simulation(aimed)
    assert values(for_good)["chance"] < values(once)["chance"]
    # In one of five years at least: 1 - 0.65^5, and a little less as the chance is not known.
    assert values(for_good)["undisturbed"] == values(once)["undisturbed"]
    model(aimed, hits=[hit(first, "-15", low="-30", high="0", years=1)], follows=2)
    ranged = simulation(aimed)
    assert values(ranged)["chance"] != values(once)["chance"]


def test_a_driver_moves_the_level_and_is_one_value_along_a_path(aimed: World) -> None:
    price = driver(aimed)
    belief(aimed, price, low="90000", mode="100000", high="110000")
    model(aimed, growth_low="10", growth_mode="10", growth_high="10", start="100000",
          elasticities=[{"driver": price.ref, "elasticity": "2"}])  # fmt: skip
    row = simulation(aimed)
    (one,) = results_of_done_run(row)["objectives"]
    for k, year in enumerate(one["sides"]["before"]["fan"], 1):
        # (value / median)², of a PERT that is symmetric about its median.
        ends = [stats.beta(3, 3, 0.9, 0.2).ppf(q) for q in (0.05, 0.5, 0.95)]
        for at, end in zip((0, 2, 4), ends, strict=True):
            assert year[at] == pytest.approx(100_000 * 1.1**k * end**2, rel=0.004)
    # It moves no loss, so that nothing of these has changed.
    assert "drivers" not in json.loads(row.inputs)
    link(aimed, price, risks()[1], on="frequency")
    assert "drivers" in json.loads(simulation(aimed).inputs)


def test_what_the_run_does_not_know_is_left_out_by_name(aimed: World) -> None:
    first, second = risks()
    third = builders.risk(aimed)
    model(aimed, hits=[hit(first), hit(second, "-5"), hit(third, "-5")])
    close_risk(
        actor=aimed.viewer("owner"), ref=second.ref, version=None, reason="Past", at=aimed.at
    )
    row = simulation(aimed)
    (one,) = results_of_done_run(row)["objectives"]
    assert one["left_out"] == sorted([str(second.uuid), str(third.uuid)])
    assert set(one["sides"]["before"]["costs"]) == {str(first.uuid)}


def test_an_objective_that_is_past_is_not_followed(aimed: World) -> None:
    model(aimed)
    late = builders.objective(aimed, key="late", due_on=aimed.at.date())
    model(aimed, key=late.key, start_year=2025)
    objectives = json.loads(simulation(aimed).inputs)["objectives"]
    assert {one["key"] for one in objectives} == {KEY, "late"}
    aimed.at = aimed.at.replace(day=aimed.at.day + 2)
    objectives = json.loads(simulation(aimed).inputs)["objectives"]
    assert {one["key"] for one in objectives} == {KEY}


def test_a_shared_run_reads_no_model_of_one_party(aimed: World) -> None:
    modelled(aimed)
    shared = simulation(aimed)
    own = builders.risk(aimed, visibility="party")
    estimate(aimed, own, **chance_of("0.5", "0.4", "0.6"))
    model(aimed, by="owner", visibility="party", hits=[hit(own, "-40")])
    mine = builders.objective(aimed, key="ours", visibility="party")
    model(aimed, key=mine.key, visibility="party", hits=[hit(own, "-40")])
    assert simulation(aimed) == shared
    private = simulation(aimed, audience="party")
    found = {one["key"]: one for one in results_of_done_run(private)["objectives"]}
    assert set(found) == {KEY, "ours"}
    assert set(found[KEY]["sides"]["before"]["costs"]) == {str(own.uuid)}
    # The partner's own run has the shared model.
    theirs = simulation(aimed, by="partner_owner", audience="party")
    (one,) = results_of_done_run(theirs)["objectives"]
    assert set(one["sides"]["before"]["costs"]) == {str(row.uuid) for row in risks()[:2]}


def test_sharing_a_risk_changes_no_figure(aimed: World) -> None:
    own = builders.risk(aimed, visibility="party")
    estimate(aimed, own, **chance_of("0.5", "0.4", "0.6"))
    model(aimed, by="owner", visibility="party", hits=[hit(own, "-40")])
    before = simulation(aimed, audience="party")
    share_risk(actor=aimed.viewer("manager"), ref=own.ref, version=None, at=aimed.at)
    assert simulation(aimed, audience="party") == before


def test_two_objectives_of_one_key_have_figures_of_their_own(aimed: World) -> None:
    modelled(aimed)
    ours = builders.objective(aimed, key="same", visibility="party")
    model(aimed, key="same", visibility="party")
    theirs = builders.objective(aimed, by=aimed.partner_manager, party=aimed.catl, key="same")
    model(aimed, key="same", by="partner_manager")
    row = simulation(aimed, audience="party")
    keys = set(figures(row))
    assert {f"objective.{one.uuid}.chance.before" for one in (ours, theirs)} <= keys
    assert "objective.same.chance.before" not in keys


def test_a_rate_of_events_is_followed_too(aimed: World) -> None:
    first = risks()[0]
    third = builders.risk(aimed)
    estimate(aimed, third, released=True, frequency_low="0.5", frequency_mode="1",
             frequency_high="1.5")  # fmt: skip
    model(aimed, hits=[hit(first), hit(third, "-1", years=1)])
    row = run(aimed, simulation(aimed, done=False))
    assert 0 < values(row)[f"cost.{third.uuid}"] < values(row)[f"cost.{first.uuid}"]
