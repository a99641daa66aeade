"""An option that is the gate of another: what it is worth, what is refused, and who is shown it."""

import json
import random
from typing import Any

import pytest

from riskreg import quant
from riskreg.decisions.models import Decision, Option
from riskreg.decisions.policy.gates import ALL_IN, GATE, STOP, Gate, evaluate_gate
from riskreg.decisions.queries.decisions import decision_for, decision_taken_for
from riskreg.decisions.services import edit_option, propose_decision, remove_option
from riskreg.events.models import Event
from riskreg.exchange.queries.decision_records import decision_record_for_pdf
from riskreg.exchange.writing.record_pdf import record_html
from riskreg.kernel.errors import Invalid
from tests import builders
from tests.builders import World
from tests.decisions.making import chosen, drafted
from tests.dump import nothing_changes

HYDROGEN = Gate(0.5, 1100, 900, 0.8, 0.25, 120)
GIVEN: dict[str, Any] = {
    "decides": "C",
    "chance": "50",
    "gain": "1100",
    "loss": "900",
    "hit": "80",
    "false_alarm": "25",
    "label": "illustrative",
}
SEND: dict[str, Any] = {"content_type": "application/json"}


# The arithmetic ----------------------------------------------------------------------------------
def tree_of(it: Gate, chance: float) -> quant.ChoiceNode:
    return quant.study_tree(
        [STOP, ALL_IN], ["succeeds", "not"], [[0, 0], [it.gain, -it.loss]],
        [chance, 1 - chance], ["go", "no"],
        [[it.hit, 1 - it.hit], [it.false_alarm, 1 - it.false_alarm]], it.cost, study=GATE,
    )  # fmt: skip


def test_hydrogen_by_hand() -> None:
    """The figures of the worked decision, each a line of arithmetic."""
    found = evaluate_gate(HYDROGEN)
    assert {way: each.value for way, each in found.ways.items()} == pytest.approx(
        {STOP: 0, ALL_IN: 0.5 * 1100 - 0.5 * 900, GATE: 0.4 * 1100 - 0.125 * 900 - 120}
    )
    assert found.ways[GATE].lost == pytest.approx(0.1 + 0.5)
    assert found.ways[ALL_IN].lost == 0.5
    regrets = [found.ways[way].regret for way in (STOP, GATE, ALL_IN)]
    assert regrets == pytest.approx([1100, 120 + 0.25 * 900, 900])
    assert (found.perfect, found.sample) == pytest.approx((450, 227.5))
    assert found.best == GATE
    assert found.says_go == pytest.approx(0.4 + 0.125)
    assert found.after_go == pytest.approx(0.4 / 0.525)
    assert [(flip.before, flip.after) for flip in found.flips] == [(STOP, GATE), (GATE, ALL_IN)]
    # 880 p − 225 (1 − p) − 120 = 0, and the same against 1100 p − 900 (1 − p).
    assert found.flips[0].at == pytest.approx(345 / 1105)
    assert found.flips[1].at == pytest.approx((900 - 345) / (2000 - 1105))


def test_any_gate_is_worth_what_its_tree_rolls_back_to() -> None:
    rng = random.Random(15)
    for _attempt in range(40):
        alarm = rng.choice([0.0, rng.uniform(0, 0.6)])
        it = Gate(
            rng.uniform(0.02, 0.98), rng.uniform(1, 2000), rng.uniform(1, 2000),
            rng.choice([1.0, rng.uniform(alarm + 0.01, 1)]), alarm,
            rng.choice([0.0, rng.uniform(0, 400)]),
        )  # fmt: skip
        found, tree = evaluate_gate(it), tree_of(it, it.chance)
        rolled = quant.roll_back(tree)
        assert {way: each.value for way, each in found.ways.items()} == pytest.approx(
            rolled.options, abs=1e-9
        )
        assert found.ways[GATE].lost == pytest.approx(
            quant.roll_back_option(tree, GATE).chance_below(0), abs=1e-9
        )
        study = quant.study_value(
            [[0, 0], [it.gain, -it.loss]], [it.chance, 1 - it.chance],
            [[it.hit, 1 - it.hit], [it.false_alarm, 1 - it.false_alarm]], it.cost,
        )  # fmt: skip
        assert (found.perfect, found.sample) == pytest.approx((study.perfect, study.sample))
        looked = quant.flips(lambda p, it=it: tree_of(it, p), steps=400)
        wide = [f for f in looked if not (it.cost == 0 and GATE in (f.before, f.after))]
        if it.cost > 0:
            assert [(f.at, f.before, f.after) for f in found.flips] == [
                (pytest.approx(f.at, abs=1e-9), f.before, f.after) for f in wide
            ]


# What is refused ---------------------------------------------------------------------------------
@pytest.fixture
def gated(world: World) -> World:
    row = drafted(world, builders.risk(world))
    edit(world, row, "B", GIVEN)
    return world


def edit(world: World, row: Decision, key: str, gate: Any) -> None:
    edit_option(
        actor=world.viewer("manager"), ref=row.ref, key=key, version=None,
        fields={"gate": gate}, at=world.at,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key, change, field, code",
    [
        ("B", {"decides": "B"}, "gate.decides", "unknown"),
        ("B", {"decides": "A"}, "gate.decides", "unknown"),
        ("B", {"decides": "Z"}, "gate.decides", "unknown"),
        ("B", {"chance": "0"}, "gate.chance", "out_of_range"),
        ("B", {"chance": "100"}, "gate.chance", "out_of_range"),
        ("B", {"chance": None}, "gate.chance", "required"),
        ("B", {"chance": "half"}, "gate.chance", "not_a_number"),
        ("B", {"hit": "101"}, "gate.hit", "out_of_range"),
        ("B", {"false_alarm": "-1"}, "gate.false_alarm", "out_of_range"),
        ("B", {"hit": "25"}, "gate.false_alarm", "out_of_range"),
        ("B", {"gain": "0"}, "gate.gain", "out_of_range"),
        ("B", {"loss": "-5"}, "gate.loss", "out_of_range"),
        ("B", {"label": "guess"}, "gate.label", "unknown"),
        ("B", {"colour": "red"}, "gate.colour", "unknown_field"),
        ("A", {}, "gate", "nothing_is_nothing"),
        ("C", {"decides": "B"}, "gate.decides", "unknown"),
    ],
)
def test_what_is_wrong_with_a_gate_is_named(
    gated: World, key: str, change: dict[str, Any], field: str, code: str
) -> None:
    row = Decision.objects.get()
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(gated, row, key, GIVEN | change)
    assert code in [error.code for error in refused.value.fields[field]]


@pytest.mark.django_db
def test_what_a_gate_decides_about_is_not_taken_out(gated: World) -> None:
    row = Decision.objects.get()
    act: dict[str, Any] = {"actor": gated.viewer("manager"), "ref": row.ref, "version": None}
    with nothing_changes(), pytest.raises(Invalid, match="Option B finds out about C"):
        remove_option(**act, key="C", at=gated.at)
    with nothing_changes(), pytest.raises(Invalid):
        edit(gated, row, "B", "a pilot")
    edit(gated, row, "B", None)
    assert Option.objects.get(key="B").gate is None
    remove_option(**act, key="C", at=gated.at)


# Who is shown it ---------------------------------------------------------------------------------
@pytest.mark.django_db
def test_page_program_record_and_paper_say_the_same(gated: World) -> None:
    row = Decision.objects.get()
    slug, leader = gated.register.slug, gated.viewer("leader")
    told = builders.api(gated.partner_leader).get(
        f"/api/v1/registers/{slug}/decisions/{row.ref}/"
    ).json()["options"][1]  # fmt: skip
    assert told["gate"] == GIVEN
    by_key = {one["key"]: one for one in told["gate_worth"]["options"]}
    assert by_key["B"]["value"] == pytest.approx(207.5)
    assert told["gate_worth"]["best"] == "B"
    assert [flip["after"] for flip in told["gate_worth"]["flips"]] == ["B", "C"]
    page = builders.web(gated.partner_leader).get(f"/r/{slug}/decisions/{row.ref}/")
    figures = ("207.5", "60 %", "345", "227.5", "450", "31.2 %", "62 %", "52.5 %", "76.2 %")
    for figure in figures:
        assert figure in page.content.decode(), figure
    assert "B is the gate of C" in page.content.decode()
    changes = json.loads(Event.objects.filter(verb="decision.edited").latest("id").changes)
    assert changes["options"][1][1]["gate"] == GIVEN
    propose_decision(actor=gated.viewer("manager"), ref=row.ref, version=None, at=gated.at)
    chosen(gated, decision_for(leader, row.ref, gated.today))
    record = json.loads(Decision.objects.get().record)
    assert record["options"][1]["gate"] == GIVEN
    paper = record_html(decision_record_for_pdf(leader, decision_taken_for(leader, row.ref)))
    kept = builders.web(gated.leader).get(f"/r/{slug}/decisions/{row.ref}/record/")
    for figure in figures:
        assert figure in paper, figure
        assert figure in kept.content.decode(), figure


@pytest.mark.django_db
def test_a_gate_is_said_in_the_form_and_over_the_api(world: World) -> None:
    row = drafted(world, builders.risk(world))
    slug = world.register.slug
    address = f"/r/{slug}/decisions/{row.ref}/options/B/"
    browser = builders.web(world.manager)
    form = {
        "version": row.version, "title": "A gate",
        "cost_0_amount": "120", "cost_0_year": "2027", "cost_0_party": world.foton.key,
        **{f"gate_{name}": value for name, value in GIVEN.items()},
    }  # fmt: skip
    wrong = browser.post(address, {**form, "gate_hit": "20"})
    assert wrong.status_code == 400
    assert set(wrong.context["form"].errors) == {"gate_false_alarm"}
    assert 'value="1100"' in wrong.content.decode()
    assert browser.post(address, form).status_code == 302
    assert Option.objects.get(key="B").gate == GIVEN
    shown = browser.get(address).content.decode()
    assert 'name="gate_gain" value="1100"' in shown
    # Saved as it is shown, nothing has changed; emptied, it is no gate.
    row.refresh_from_db()
    assert browser.post(address, {**form, "version": row.version}).status_code == 302
    again = Decision.objects.get()
    assert again.version == row.version
    bare = {name: "" if name.startswith("gate_") else value for name, value in form.items()}
    assert browser.post(address, {**bare, "version": again.version}).status_code == 302
    assert Option.objects.get(key="B").gate is None
    program = builders.api(world.manager)
    here = f"/api/v1/registers/{slug}/decisions/{row.ref}/options/B/"
    tag = f'"{Decision.objects.get().version}"'
    refused = program.patch(
        here, {"gate": {**GIVEN, "gain": "0"}}, headers={"If-Match": tag}, **SEND
    )
    assert refused.status_code == 400
    assert [e["pointer"] for e in refused.json()["errors"]] == ["#/gate/gain"]
    done = program.patch(here, {"gate": GIVEN}, headers={"If-Match": tag}, **SEND)
    assert done.status_code == 200, done.content
    assert done.json()["options"][1]["gate"] == GIVEN
