"""What the money buys: effects in runs, the best set for an amount, what knowing is worth."""

import itertools
import json
import math
import random
from typing import Any

import pytest
from scipy import stats

from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import buying
from riskreg.analysis.queries.simulations import results_of_done_run, stale_because
from riskreg.analysis.services import request_simulation
from riskreg.kernel.errors import Invalid
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.analysis.making import effect, estimate, simulation
from tests.analysis.test_simulations import ask, run, values
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db

SEVERITY = {"severity_low": "0.4", "severity_mode": "0.6", "severity_high": "0.9"}
NO_FREQUENCY = dict.fromkeys(("frequency_low", "frequency_mode", "frequency_high"))
CHANCE = {"frequency_kind": "probability", "frequency_low": "0.1", "frequency_mode": "0.2",
          "frequency_high": "0.3"}  # fmt: skip


@builders.shared_world
def bought(world: World) -> World:
    """Two risks; one mitigation of the first, one of both, one of the second."""
    first, second = builders.risk(world), builders.risk(world, by=world.partner_owner)
    estimate(world, first, released=True)
    estimate(world, second, by="partner_owner", released=True, **CHANCE)
    works = [
        builders.mitigation(world, first), builders.mitigation(world, first, second),
        builders.mitigation(world, second),
    ]  # fmt: skip
    effect(world, works[0], first, released=True)
    effect(world, works[1], first, released=True, **NO_FREQUENCY, **SEVERITY)
    effect(world, works[1], second, released=True, **SEVERITY)
    effect(world, works[2], second, released=True, cost_low="1000000", cost_mode="2000000",
           cost_high="3000000")  # fmt: skip
    return world


def pert(low: float, mode: float, high: float) -> float:
    return (low + 4 * mode + high) / 6


def one_event(low: float = 10e6, high: float = 120e6) -> float:
    sigma = math.log(high / low) / (2 * stats.norm.ppf(0.95))
    return float(stats.lognorm.mean(sigma, scale=(low * high) ** 0.5))


OFTEN, MUCH = pert(0.3, 0.5, 0.8), pert(0.4, 0.6, 0.9)
FIRST, SECOND = pert(0.8, 1.2, 2) * one_event(), pert(0.1, 0.2, 0.3) * one_event()
COSTS = (pert(8e6, 10e6, 15e6), pert(8e6, 10e6, 15e6), 2e6)
# What each of the three leaves of the expected loss of each of the two.
LEFT = ((OFTEN, 1.0), (MUCH, OFTEN * MUCH), (1.0, OFTEN))


def expected(chosen: tuple[int, ...]) -> float:
    first = FIRST * math.prod(LEFT[n][0] for n in chosen)
    return first + SECOND * math.prod(LEFT[n][1] for n in chosen)


def ids() -> list[str]:
    return [str(u) for u in Mitigation.objects.order_by("id").values_list("uuid", flat=True)]


def test_after_is_before_times_what_remains(bought: World) -> None:
    """Recomputed with scipy alone: means of PERTs and of a lognormal, products of what is
    independent."""
    found = values(run(bought, ask(bought)))
    assert found["loss.mean.before"] == pytest.approx(FIRST + SECOND)
    assert found["loss.mean.after"] == pytest.approx(expected((0, 1, 2)))
    assert found["loss.tvar95.after"] < found["loss.tvar95.before"]
    parts = [value for key, value in found.items()
             if key.startswith("contribution.") and key.endswith(".after")]  # fmt: skip
    assert math.fsum(parts) == pytest.approx(found["loss.tvar95.after"], rel=1e-9)


def test_the_frontier_is_that_of_all_sets(bought: World) -> None:
    """Every set tried by hand: eight of them, each with its closed mean."""
    results = run(bought, ask(bought))
    known, total = ids(), math.fsum(COSTS)
    sets = [s for k in range(4) for s in itertools.combinations(range(3), k)]
    points = results["frontier"]
    assert [one["percent"] for one in points] == list(buying.FRONTIER)
    for one in points:
        budget = total * one["percent"] / 100
        assert one["budgets"] == [{"amount": pytest.approx(budget), "party": None}]
        within = [s for s in sets if math.fsum(COSTS[n] for n in s) <= budget * (1 + 1e-9)]
        best = min(within, key=expected)
        chosen = one["chosen"]
        assert chosen["mitigations"] == sorted(known[n] for n in best), one["percent"]
        assert chosen["mean"][0] == pytest.approx(expected(best))
        assert chosen["cost"] == pytest.approx(math.fsum(COSTS[n] for n in best))
        assert chosen["difference"] == [0, 0, 0]
        assert one["is_exact"]
        if one["runner_up"]:
            second = min((s for s in within if s != best), key=expected)
            assert one["runner_up"]["mitigations"] == sorted(known[n] for n in second)
            gap = expected(second) - expected(best)
            assert one["runner_up"]["difference"][0] == pytest.approx(gap)
    found = values(results)
    assert found["frontier.100.loss.mean"] == found["loss.mean.after"]
    assert found["frontier.0.loss.mean"] == found["loss.mean.before"]
    assert found["frontier.50.budget"] == pytest.approx(total / 2)


def test_what_is_paid_by_one_party_leaves_the_others_budget(bought: World) -> None:
    budgets = [{"amount": 11_000_000, "party": "foton"}, {"amount": "0", "party": "catl"}]
    results = run(bought, ask(bought, budgets=budgets))
    frozen = [{"amount": "0", "party": "catl"}, {"amount": "11000000", "party": "foton"}]
    assert json.loads(Simulation.objects.get().inputs)["budgets"] == frozen
    payers = set(Mitigation.objects.values_list("party__key", flat=True))
    assert payers == {"foton"}
    chosen = results["choice"]["chosen"]["mitigations"]
    best = min(((0,), (1,), (2,), ()), key=expected)
    assert chosen == [ids()[n] for n in best]
    nothing = run(bought, ask(bought, budgets=[{"amount": 0, "party": "foton"}]))
    assert nothing["choice"]["chosen"]["mitigations"] == []


def test_two_equal_mitigations_differ_by_exactly_nothing(bought: World) -> None:
    twin = builders.mitigation(bought, Risk.objects.get(ref="R-001"))
    effect(bought, twin, Risk.objects.get(ref="R-001"), released=True)
    results = run(bought, ask(bought))
    equal = {str(twin.uuid), ids()[0]}
    seen = 0
    for one in results["frontier"]:
        chosen = set(one["chosen"]["mitigations"])
        for other in one["as_good"]:
            if chosen ^ set(other["mitigations"]) == equal:
                assert other["difference"] == [0, 0, 0]
                assert other["mean"] == one["chosen"]["mean"]
                seen += 1
    assert seen


def test_an_estimate_of_after_is_not_reckoned_with_twice(bought: World) -> None:
    risk = Risk.objects.get(ref="R-002")
    estimate(bought, risk, by="partner_owner", released=True, stage="target", **CHANCE,
             severity_low="1000000", severity_high="12000000")  # fmt: skip
    found = values(run(bought, ask(bought)))
    after = pert(0.1, 0.2, 0.3) * one_event(1e6, 12e6)
    assert found["loss.mean.after"] == pytest.approx(FIRST * OFTEN * MUCH + after)
    # What can be bought is reckoned from how it stands today.
    assert found["frontier.100.loss.mean"] == pytest.approx(expected((0, 1, 2)))


def test_the_same_bits_whoever_does_the_steps(bought: World) -> None:
    first = results_of_done_run(simulation(bought))
    other = simulation(bought, done=False, by="partner_owner", seed=1)
    assert results_of_done_run(other) == first
    # Another run of the same inputs, its steps in another order.
    budgets = [{"amount": 5_000_000}]
    row = ask(bought, budgets=budgets)
    again = run(bought, row, random.Random(5))
    assert again["frontier"] == first["frontier"]
    assert again["information"] == first["information"]


def test_what_is_not_released_changes_no_shared_run(bought: World) -> None:
    before = simulation(bought, done=False).digest
    first = Risk.objects.get(ref="R-001")
    effect(bought, Mitigation.objects.earliest("id"), first, frequency_mode="0.35")
    assert simulation(bought, done=False).digest == before
    own = simulation(bought, done=False, audience="party")
    said = json.loads(own.inputs)["mitigations"]
    assert json.loads(Simulation.objects.get(digest=before).inputs)["mitigations"] != said


def test_it_is_stale_once_something_else_is_said(bought: World) -> None:
    row = simulation(bought, done=False)
    viewer = bought.viewer("partner_owner")
    assert stale_because(viewer, row, bought.today) == []
    work = Mitigation.objects.earliest("id")
    effect(bought, work, Risk.objects.get(ref="R-001"), released=True, cost_high="16000000")
    assert stale_because(viewer, row, bought.today) == [{"ref": work.ref, "what": "mitigation"}]


def test_knowing_is_worth_something_where_it_changes_the_choice(bought: World) -> None:
    found = run(bought, ask(bought, horizon=1))["information"]
    assert found["horizon"] == 1
    assert all(one["on"] == "frequency" for one in found["values"])
    for one in found["values"]:
        value, low, high = one["value"]
        assert 0 <= low <= value <= high
    assert found["all"][0] >= max((one["value"][0] for one in found["values"]), default=0)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"horizon": 0}, "horizon"),
        ({"horizon": True}, "horizon"),
        ({"horizon": 41}, "horizon"),
        ({"budgets": 5}, "budgets"),
        ({"budgets": [5]}, "budgets.0"),
        ({"budgets": [{"amount": -1}]}, "budgets.0.amount"),
        ({"budgets": [{"amount": "NaN"}]}, "budgets.0.amount"),
        ({"budgets": [{"amount": True}]}, "budgets.0.amount"),
        ({"budgets": [{"amount": 1, "party": "nobody"}]}, "budgets.0.party"),
        ({"budgets": [{"amount": 1}, {"amount": 2}]}, "budgets.1.party"),
        ({"budgets": [{"amount": 1}] * 11}, "budgets"),
    ],
)
def test_what_cannot_be_asked_for(bought: World, given: dict[str, Any], field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        request_simulation(actor=bought.viewer("owner"), given=given, at=bought.at)
    assert list(refused.value.fields) == [field]


def test_a_budget_without_anything_to_choose_is_refused(world: World) -> None:
    estimate(world, builders.risk(world), released=True)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(world, budgets=[{"amount": 1}])
    assert list(refused.value.fields) == ["budgets"]


def test_money_of_another_year_is_refused(bought: World) -> None:
    work = Mitigation.objects.earliest("id")
    effect(bought, work, Risk.objects.get(ref="R-001"), released=True, base_year=2027)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(bought)
    assert list(refused.value.fields) == ["base_year"]
    assert work.ref in refused.value.detail


def test_an_opportunity_cannot_be_made_more_than_certain(world: World) -> None:
    risk = builders.risk(world, kind="opportunity", response="")
    estimate(world, risk, released=True, **CHANCE)
    work = builders.mitigation(world, risk)
    effect(world, work, risk, released=True, frequency_mode="3", frequency_high="4")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(world)
    assert list(refused.value.fields) == ["frequency_kind"]
