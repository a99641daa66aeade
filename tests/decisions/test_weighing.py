"""The options of a decision weighed against each other. Every number is illustrative."""

import json
import math
import random
from typing import Any

import numpy as np
import pytest
from scipy import stats

from riskreg import quant
from riskreg.analysis import modelled
from riskreg.analysis.amounts import chance_text
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy.estimates import round_significant
from riskreg.analysis.policy.weighing import best_option_of, change_that_flips_choice
from riskreg.analysis.queries.simulations import results_of_done_run
from riskreg.analysis.services import cancel_simulation
from riskreg.analysis.weighing_steps import chance_of_loss_and_regret, losses_by_span
from riskreg.decisions.models import Decision
from riskreg.decisions.queries.decisions import decision_for, decision_taken_for
from riskreg.decisions.queries.weighing import Weighing, newest_weighing_by_audience
from riskreg.decisions.services import (
    add_option,
    create_decision,
    decide,
    edit_option,
    propose_decision,
    remove_option,
    weigh_decision,
)
from riskreg.exchange.queries.decision_records import decision_record_for_pdf
from riskreg.exchange.writing.record_pdf import record_html
from riskreg.jobs.models import JobState
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.kernel.localised import number
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.analysis.making import belief, driver, effect, estimate, hit, link, model, run
from tests.analysis.test_buying import CHANCE, NO_FREQUENCY, SEVERITY, one_event, pert
from tests.analysis.test_simulations import run as run_in_order
from tests.builders import World
from tests.decisions.making import DAY
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db

MUCH_ALONE: dict[str, Any] = {**NO_FREQUENCY, **SEVERITY}
OFTEN, MUCH = pert(0.3, 0.5, 0.8), pert(0.4, 0.6, 0.9)
FIRST, SECOND = pert(0.8, 1.2, 2) * one_event(), pert(0.1, 0.2, 0.3) * one_event()
COST = pert(8e6, 10e6, 15e6)


@builders.shared_world
def weighed(world: World) -> World:
    """X-001 with A nothing, B one mitigation as its effect says, C both at a price of its own, D
    without any."""
    first, second = builders.risk(world), builders.risk(world, by=world.partner_owner)
    estimate(world, first, released=True)
    estimate(world, second, by="partner_owner", released=True, **CHANCE)
    works = [builders.mitigation(world, first), builders.mitigation(world, first, second)]
    effect(world, works[0], first, released=True)
    effect(world, works[1], first, released=True, **MUCH_ALONE)
    effect(world, works[1], second, released=True, **SEVERITY)
    decision(world, works, first)
    return world


def decision(world: World, works: list[Mitigation], *risks: Risk, **given: Any) -> Decision:
    visibility = given.pop("visibility", "shared")
    actor = world.viewer("manager")
    fields = {
        "title": "How much of it? (illustrative)",
        "due_on": (world.today + 10 * DAY).isoformat(),
        "risks": [row.ref for row in risks],
        "deciders": [world.leader.email],
        **given,
    }
    row = create_decision(actor=actor, fields=fields, visibility=visibility, at=world.at)
    cost = {"amount": "200000000", "year": 2027, "party": world.foton.key}
    for option in (
        {"title": "One", "mitigations": [works[0].ref]},
        {"title": "Both", "mitigations": [one.ref for one in works], "costs": [cost]},
        {"title": "Something else"},
    ):
        add_option(actor=actor, ref=row.ref, version=None, fields=option, at=world.at)
    return row


def put_forward(world: World) -> None:
    """Which takes that each option says what it costs."""
    for key in "BD":
        cost = {"amount": "10500000", "year": 2027, "party": world.foton.key}
        edit_option(actor=world.viewer("manager"), ref="X-001", key=key, version=None,
                    fields={"costs": [cost]}, at=world.at)  # fmt: skip
    propose_decision(actor=world.viewer("manager"), ref="X-001", version=None, at=world.at)


def taken(world: World) -> Decision:
    """Option B is chosen, and what was known is frozen."""
    review = (world.today + 90 * DAY).isoformat()
    return decide(actor=world.viewer("leader"), ref="X-001", version=None, at=world.at, option="B",
                  rationale="It pays", review_on=review)  # fmt: skip


def ask(world: World, *, by: str = "owner", ref: str = "X-001", **given: Any) -> Simulation:
    given = {"years": 10_000, **given}
    row, _new = weigh_decision(actor=world.viewer(by), ref=ref, given=given, at=world.at)
    return row


def shown(
    world: World, *, by: str = "owner", ref: str = "X-001", audience: str = "shared"
) -> Weighing:
    found = seen(world, by=by, ref=ref)[audience]
    assert found is not None
    return found


def seen(world: World, *, by: str = "owner", ref: str = "X-001") -> dict[str, Weighing | None]:
    viewer = world.viewer(by)
    return newest_weighing_by_audience(viewer, decision_for(viewer, ref, world.today), world.today)


def options(world: World, **of: Any) -> dict[str, dict[str, Any]]:
    results = shown(world, **of).results
    assert results is not None
    return {one["key"]: one for one in results["options"]}


def test_the_table_by_hand(weighed: World) -> None:
    """Recomputed with scipy alone: means of PERTs and of a lognormal, products of what is
    independent."""
    run(weighed, ask(weighed))
    found = options(weighed)
    left = {
        "A": FIRST + SECOND,
        "B": FIRST * OFTEN + SECOND,
        "C": FIRST * OFTEN * MUCH + SECOND * OFTEN * MUCH,
    }
    # Of the second mitigation the effect on the second risk says how often as well.
    cost = {"A": 0.0, "B": COST, "C": 200e6}
    assert sorted(found) == ["A", "B", "C"]
    for key, one in found.items():
        assert one["mean"][0] == pytest.approx(left[key])
        assert one["difference"][0] == pytest.approx(left[key] - left["A"])
        assert one["cost"][0] == pytest.approx(cost[key])
        assert one["net"] == pytest.approx(cost[key] + 5 * left[key])
    results = shown(weighed).results
    assert results is not None
    assert results["horizon"] == 5
    net = {key: cost[key] + 5 * left[key] for key in left}
    order = sorted(net, key=net.__getitem__)
    assert order == ["B", "C", "A"]
    assert results["best"] == "B"
    for key, one in found.items():
        assert one["behind"][0] == pytest.approx(net[key] - net["B"])
    gap = net["C"] - net["B"]
    saved = {key: 5 * (left["A"] - left[key]) for key in left}
    assert found["B"]["switch"] == {
        "against": "C",
        "gap": pytest.approx(gap),
        "cost": pytest.approx(COST + gap),
        "saving": pytest.approx((saved["B"] - gap) / saved["B"]),
    }
    assert found["C"]["switch"]["against"] == "B"
    assert found["C"]["switch"]["cost"] == pytest.approx(200e6 - gap)
    assert found["C"]["switch"]["saving"] == pytest.approx((saved["C"] + gap) / saved["C"])
    assert found["A"]["switch"]["cost"] is None
    assert found["A"]["switch"]["saving"] is None
    # A stated cost is one number; what is said of mitigations is a range.
    assert found["C"]["cost"][1:] == [None, None]
    assert found["A"]["cost"][1:] == [None, None]
    low, high = found["B"]["cost"][1:]
    assert 8e6 < low < COST < high < 15e6


def test_at_its_switching_value_the_choice_flips(weighed: World) -> None:
    run(weighed, ask(weighed))
    at = options(weighed)["C"]["switch"]["cost"]
    for more, best in ((-1, "C"), (1, "B")):
        cost = {"amount": f"{at + more:.2f}", "year": 2027, "party": "foton"}
        edit_option(actor=weighed.viewer("manager"), ref="X-001", key="C", version=None,
                    fields={"costs": [cost]}, at=weighed.at)  # fmt: skip
        run(weighed, ask(weighed))
        results = shown(weighed).results
        assert results is not None
        assert results["best"] == best


def test_doing_nothing_differs_from_itself_by_exactly_nothing(weighed: World) -> None:
    row = run(weighed, ask(weighed))
    results = results_of_done_run(row)
    nothing = options(weighed)["A"]
    assert nothing["difference"] == [0, 0, 0]
    assert nothing["cost"] == [0, None, None]
    figures = {one["key"]: one for one in results["figures"]}
    before = figures["loss.p95.before"]
    assert nothing["bad"] == [before["value"], before["low"], before["high"]]
    assert nothing["mean"][0] == figures["loss.mean.before"]["value"]
    assert figures["option.A.difference"]["value"] == 0
    best = options(weighed)["B"]
    assert best["behind"] == [0, 0, 0]
    assert figures["option.B.net"]["label"] == results["label"]


def test_chance_of_loss_and_regret_over_the_same_spans(weighed: World) -> None:
    """Recomputed span by span from the years of each option, on which all meet the same events."""
    row = run(weighed, ask(weighed))
    inputs, found = json.loads(row.inputs), options(weighed)
    base = modelled.portfolio(inputs, "before")
    risks = {one["risk"] for one in inputs["exposures"]}
    known = {one["mitigation"]: one for one in inputs["mitigations"]}
    nets: dict[str, list[float]] = {}
    for option in inputs["options"][:3]:
        works = [
            modelled.mitigation_from_frozen(known[one], risks) for one in option["mitigations"]
        ]
        years = quant.simulate(base.mitigated(works), row.years, row.seed).losses.tolist()
        cost = found[option["key"]]["cost"][0]
        nets[option["key"]] = [cost + sum(years[n : n + 5]) for n in range(0, row.years, 5)]
    assert sorted(nets) == ["A", "B", "C"]
    best = [min(span) for span in zip(*nets.values(), strict=True)]
    for key, own in nets.items():
        regrets = sorted(net - least for net, least in zip(own, best, strict=True))
        value, low, high = found[key]["regret"]
        assert value == pytest.approx(regrets[int(len(regrets) * 0.95) - 1])
        assert low <= value <= high
        lost = sum(net > nothing for net, nothing in zip(own, nets["A"], strict=True))
        if key == "A":
            assert found[key]["chance_of_loss"] is None
            continue
        chance, low, high = found[key]["chance_of_loss"]
        assert chance == lost / len(own)
        assert 0 < low < chance < high < 1
    figures = {one["key"]: one for one in results_of_done_run(row)["figures"]}
    lost = figures["option.C.chance_of_loss"]
    assert [lost["value"], lost["low"], lost["high"]] == found["C"]["chance_of_loss"]
    assert (lost["unit"], figures["option.C.regret.p95"]["unit"]) == ("chance", "CNY")
    assert "option.A.chance_of_loss" not in figures


def test_the_gate_by_hand() -> None:
    """Stop, gate or all in (illustrative): +1,100 or -900 at even chances, a pilot of 120 that says
    go to 80 % of what is viable and to 25 % of what is not."""
    viable, tried = (
        [True] * 20 + [False] * 20,
        [True] * 16 + [False] * 4 + [True] * 5 + [False] * 15,
    )
    all_in = [-1100.0 if good else 900.0 for good in viable]
    gate = [120 + (loss if go else 0.0) for loss, go in zip(all_in, tried, strict=True)]
    stop, gated, whole = chance_of_loss_and_regret(np.array([[0.0] * 40, gate, all_in]), 0)
    assert stop["chance_of_loss"] is None
    assert gated["chance_of_loss"][0] == pytest.approx(0.6)
    assert whole["chance_of_loss"][0] == pytest.approx(0.5)
    # Before it is known what the pilot says: what each is worth, viable and not.
    worth = [[0.0, 0.0], [0.8 * 1100 - 120, -0.25 * 900 - 120], [1100.0, -900.0]]
    seen = chance_of_loss_and_regret(-np.repeat(np.array(worth), 20, axis=1), 0)
    assert [one["regret"][0] for one in seen] == pytest.approx([1100, 345, 900])
    assert quant.decide(worth, [0.5, 0.5]).max_regret == pytest.approx((1100, 345, 900))


def test_few_spans_have_no_end_of_a_band_and_a_rest_is_left_out() -> None:
    spans = losses_by_span(np.arange(12.0), 5)
    assert spans.tolist() == [10, 35]
    (nothing, one) = chance_of_loss_and_regret(np.stack([spans, spans + 1]), 0)
    assert nothing["regret"][0] == 0
    assert one["regret"][2] is None
    json.dumps([nothing, one], allow_nan=False)


def test_drivers_leave_a_band_and_the_difference_is_paired(weighed: World) -> None:
    row = driver(weighed)
    belief(weighed, row)
    link(weighed, row, Risk.objects.get(ref="R-001"), sensitivity="1.5")
    run(weighed, ask(weighed))
    found = options(weighed)
    value, low, high = found["B"]["difference"]
    assert low < value < high
    assert found["A"]["difference"] == [0, 0, 0]
    # Alone, each of the two is less sure than their difference.
    alone = [one["mean"][2] - one["mean"][1] for one in (found["A"], found["B"])]
    assert high - low < math.hypot(*alone)
    low, high = found["A"]["behind"][1:]
    assert high - low == pytest.approx(5 * (found["B"]["difference"][2] - value) * 2)


def test_what_it_is_worth_to_know_first_is_that_of_an_integral(weighed: World) -> None:
    """Between nothing and one mitigation whose price is what it saves on average: to know how often
    the risk happens is worth what being on the right side of that is (scipy alone)."""
    saved = 5 * one_event() * (1 - OFTEN)
    cost = {"amount": f"{saved * pert(0.8, 1.2, 2):.0f}", "year": 2027, "party": "foton"}
    act: dict[str, Any] = {"actor": weighed.viewer("manager"), "ref": "X-001", "version": None}
    edit_option(**act, key="B", fields={"costs": [cost]}, at=weighed.at)
    remove_option(**act, key="C", at=weighed.at)
    run(weighed, ask(weighed, years=50_000))
    span = 2 - 0.8
    often = stats.beta(1 + 4 * (1.2 - 0.8) / span, 1 + 4 * (2 - 1.2) / span, loc=0.8, scale=span)
    right = often.expect(lambda x: max(0.0, saved * (x - often.mean())))
    one = shown(weighed)
    (asked,) = one.most_worth_knowing
    assert (asked["ref"], asked["on"]) == ("R-001", "frequency")
    assert asked["worth"][0] == pytest.approx(right, rel=0.03)
    assert one.results is not None
    most = one.results["information"]["all"]
    assert most[1] <= most[0] <= most[2]
    assert most[0] >= asked["worth"][0]
    (figure,) = [
        f for f in results_of_done_run(one.run)["figures"] if f["key"] == "option.information"
    ]
    assert figure["value"] == most[0]


def test_what_cannot_change_the_choice_is_worth_nothing(weighed: World) -> None:
    row = driver(weighed)
    belief(weighed, row)
    link(weighed, row, Risk.objects.get(ref="R-001"), sensitivity="0.1")
    cost = {"amount": "1", "year": 2027, "party": "foton"}
    act: dict[str, Any] = {"actor": weighed.viewer("manager"), "ref": "X-001", "version": None}
    edit_option(**act, key="B", fields={"costs": [cost]}, at=weighed.at)
    remove_option(**act, key="C", at=weighed.at)
    run(weighed, ask(weighed))
    one = shown(weighed)
    assert one.most_worth_knowing == []
    assert one.results is not None
    assert one.results["information"] == {"all": [0, 0, 0], "each": []}


def test_what_an_option_does_to_an_objective(weighed: World) -> None:
    first, _second = Risk.objects.order_by("id")
    builders.objective(weighed)
    model(weighed, hits=[hit(first)], growth_mode="13", growth_high="20")
    run(weighed, ask(weighed))
    found = options(weighed)
    chances = {key: one["objectives"][0]["chance"] for key, one in found.items()}
    assert chances["B"][0] > chances["A"][0]
    assert all(low <= value <= high for value, low, high in chances.values())
    # The second mitigation does nothing to how often the first risk happens.
    assert chances["C"] == chances["B"]


def test_the_same_bits_in_any_order(weighed: World) -> None:
    row = ask(weighed, seed=3)
    first = run_in_order(weighed, row, random.Random(1))["weighing"]
    again, new = weigh_decision(
        actor=weighed.viewer("partner_owner"), ref="X-001",
        given={"years": 10_000, "seed": 3}, at=weighed.at,
    )  # fmt: skip
    assert not new
    assert again == row
    other = ask(weighed, seed=3, horizon=5, years=10_000)
    assert other == row
    assert results_of_done_run(other)["weighing"] == first


def test_what_cannot_be_weighed_is_left_out_by_name(weighed: World) -> None:
    third = builders.mitigation(weighed, Risk.objects.get(ref="R-001"))
    add_option(actor=weighed.viewer("manager"), ref="X-001", version=None, at=weighed.at,
               fields={"title": "More", "mitigations": ["M-001", third.ref]})  # fmt: skip
    run(weighed, ask(weighed))
    assert shown(weighed).left_out == {"D": [], "E": [str(third.uuid)]}
    assert sorted(options(weighed)) == ["A", "B", "C"]


def test_it_is_stale_once_an_option_or_an_effect_moves(weighed: World) -> None:
    run(weighed, ask(weighed))
    assert shown(weighed, by="partner_owner").stale == []
    work = Mitigation.objects.earliest("id")
    effect(weighed, work, Risk.objects.get(ref="R-001"), released=True, cost_high="16000000")
    edit_option(actor=weighed.viewer("manager"), ref="X-001", key="D", version=None,
                fields={"mitigations": [work.ref]}, at=weighed.at)  # fmt: skip
    moved = [{"ref": work.ref, "what": "mitigation"}, {"ref": "D", "what": "option"}]
    assert shown(weighed, by="partner_owner").stale == moved


# The boundary ----------------------------------------------------------------------------------
def test_what_is_not_released_weighs_for_its_own_party_alone(weighed: World) -> None:
    digest = ask(weighed).digest
    work, first = Mitigation.objects.earliest("id"), Risk.objects.get(ref="R-001")
    effect(weighed, work, first, frequency_mode="0.35")
    assert ask(weighed).digest == digest
    own = run(weighed, ask(weighed, audience="party"))
    assert seen(weighed, by="partner_owner")["party"] is None
    assert shown(weighed, audience="party").run == own
    left = FIRST * pert(0.3, 0.35, 0.8) + SECOND
    assert options(weighed, audience="party")["B"]["mean"][0] == pytest.approx(left)


def test_an_effect_that_is_not_released_is_no_ground_for_everybody(world: World) -> None:
    risk = builders.risk(world)
    estimate(world, risk, released=True)
    works = [builders.mitigation(world, risk) for _ in range(2)]
    for work in works:
        effect(world, work, risk)
    decision(world, works, risk)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(world)
    assert list(refused.value.fields) == ["options"]
    assert "B: no effect of M-001 is known" in refused.value.detail
    assert "D: no mitigation" in refused.value.detail
    run(world, ask(world, audience="party"))
    assert sorted(options(world, audience="party")) == ["A", "B", "C"]
    with nothing_changes(), pytest.raises(Invalid):
        ask(world, by="partner_owner", audience="party")


def test_a_decision_of_a_party_is_weighed_by_that_party(weighed: World) -> None:
    works = list(Mitigation.objects.order_by("id"))
    row = decision(weighed, works, Risk.objects.get(ref="R-001"), visibility="party")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(weighed, ref=row.ref, audience="shared")
    assert list(refused.value.fields) == ["audience"]
    with nothing_changes(), pytest.raises(NotFound):
        ask(weighed, by="partner_owner", ref=row.ref)
    assert ask(weighed, ref=row.ref).visibility == "party"


# Bad input -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"budgets": []}, "budgets"),
        ({"surprise": 1}, "surprise"),
        ({"audience": "all"}, "audience"),
        ({"years": 10**9}, "years"),
        ({"horizon": 0}, "horizon"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_asked_for(weighed: World, given: dict[str, Any], field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(weighed, **given)
    assert list(refused.value.fields) == [field]


def test_nothing_is_weighed_without_estimates(world: World) -> None:
    risk = builders.risk(world)
    decision(world, [builders.mitigation(world, risk) for _ in range(2)], risk)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(world)
    assert list(refused.value.fields) == ["audience"]


@pytest.mark.parametrize("who", ["auditor", "onlooker"])
def test_who_may_not_run_a_simulation_weighs_nothing(weighed: World, who: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        ask(weighed, by=who)


def test_what_is_decided_is_weighed_no_more_and_its_record_keeps_it(weighed: World) -> None:
    put_forward(weighed)
    run(weighed, ask(weighed))
    found, one = options(weighed), shown(weighed)
    assert one.results is not None
    information, asked_first = one.results["information"], one.most_worth_knowing
    taken(weighed)
    kept = json.loads(Decision.objects.get().record)["weighing"]
    assert kept["best"] == "B"
    assert kept["horizon"] == 5
    assert kept["stale"] == []
    assert kept["label"] == "judgement"
    assert {one["key"]: one["net"] for one in kept["options"]} == {
        key: one["net"] for key, one in found.items()
    }
    assert kept["information"]["all"] == information["all"]
    assert kept["information"]["each"] == [
        {name: each[name] for name in ("ref", "on", "worth")} for each in asked_first
    ]
    # Page and paper say the same digits.
    viewer = weighed.viewer("leader")
    paper = record_html(decision_record_for_pdf(viewer, decision_taken_for(viewer, "X-001")))
    address = f"/r/{weighed.register.slug}/decisions/X-001/record/"
    page = builders.web(weighed.leader).get(address).content.decode()
    for one in found.values():
        chance = one["chance_of_loss"]
        for told in (
            number(round_significant(one["net"])),
            number(round_significant(one["bad"][0])),
            number(round_significant(one["regret"][0])),
            chance_text(chance[0]) if chance else "–",
        ):
            assert told in paper, told
            assert told in page, told
    assert "Judgement" in paper
    for said in (paper, page):
        assert "To know everything uncertain before choosing is worth at most" in said
        assert number(round_significant(information["all"][0])) in said
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask(weighed)
    assert list(refused.value.fields) == ["state"]


def test_the_record_of_everybody_keeps_nothing_of_a_partys_own(weighed: World) -> None:
    put_forward(weighed)
    run(weighed, ask(weighed, audience="party"))
    taken(weighed)
    assert "weighing" not in json.loads(Decision.objects.get().record)


# Switching values ------------------------------------------------------------------------------
def row_of(key: str, cost: float, difference: float) -> dict[str, Any]:
    return {"key": key, "is_nothing": key == "A", "cost": [cost], "difference": [difference]}


def test_switching_values_flip_the_choice_and_nothing_less_does() -> None:
    """Of many sets of options, made up."""
    rng = random.Random(14)
    for _ in range(300):
        rows = [row_of("A", 0, 0)]
        rows += [row_of(key, rng.uniform(0, 50), rng.uniform(-20, 2)) for key in "BCD"]
        horizon = rng.randint(1, 10)
        best = best_option_of(rows, horizon)["key"]
        for row in rows:
            found = change_that_flips_choice(rows, row, horizon)
            assert found is not None
            for name, at in (("cost", found["cost"]), ("difference", found["saving"])):
                if at is None:
                    continue
                to = at if name == "cost" else at * row["difference"][0]
                for step in (-1e-6, 1e-6):
                    moved = [one | {name: [to + step]} if one is row else one for one in rows]
                    is_best = best_option_of(moved, horizon)["key"] == row["key"]
                    assert is_best == (step < 0), (row["key"], best, name)


def test_a_tie_goes_to_the_first_and_one_alone_has_none() -> None:
    rows = [row_of("A", 0, 0), row_of("B", 10, -2)]
    assert best_option_of(rows, 5)["key"] == "A"
    assert change_that_flips_choice(rows[:1], rows[0], 5) is None
    even_free = change_that_flips_choice([*rows, row_of("C", 0, -9)], rows[1], 5)
    assert even_free is not None
    assert even_free["cost"] is None


def test_a_cancelled_weighing_is_not_shown(weighed: World) -> None:
    first = run(weighed, ask(weighed))
    second = ask(weighed, seed=9)
    assert shown(weighed).run == second
    assert shown(weighed).results is None
    cancel_simulation(actor=weighed.viewer("owner"), simulation=second.uuid, at=weighed.at)
    assert shown(weighed).run == first
    assert shown(weighed).progress.state == JobState.DONE
