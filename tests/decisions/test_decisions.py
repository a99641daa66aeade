"""Decisions: each state and act, who may, what is refused, and what is frozen."""

import hashlib
import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from riskreg.decisions.models import (
    Argument,
    Decision,
    DecisionState,
    Obligation,
    Option,
    Revisit,
    Vote,
)
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.decisions import Act, Block, Situation, ViewerRelation
from riskreg.decisions.queries.decisions import acts_open_to, decision_for, stale_because
from riskreg.decisions.services import (
    add_argument,
    add_option,
    close_decision_condition,
    close_revisited_decision,
    create_decision,
    decide,
    edit_decision,
    edit_option,
    lapse_decision,
    propose_decision,
    reject_decision,
    release_argument,
    remove_option,
    retract_decision,
    revisit_decision,
    vote_on_decision,
)
from riskreg.duties.queries import agenda
from riskreg.events.models import Event
from riskreg.handover.services import change_member_role, end_member
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.models import Membership
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, chosen, condition, drafted, proposed
from tests.dump import nothing_changes

STATES = DecisionState.values
YES: dict[str, Any] = {"version": None}


# The tables ------------------------------------------------------------------------------------
STEPS = {
    ("draft", "propose"): "proposed",
    ("draft", "lapse"): "lapsed",
    ("proposed", "retract"): "draft",
    ("proposed", "decide"): "decided",
    ("proposed", "agree"): "decided",
    ("proposed", "object"): "draft",
    ("proposed", "reject"): "rejected",
    ("proposed", "lapse"): "lapsed",
    ("decided", "start"): "in_force",
    ("in_force", "revisit"): "revisited",
    ("revisited", "revisit"): "revisited",
    ("revisited", "close"): "closed",
    ("decided", "supersede"): "superseded",
    ("in_force", "supersede"): "superseded",
    ("revisited", "supersede"): "superseded",
}
ANYBODY = ViewerRelation(
    edits=True, requested_it=False, decides=True, has_authority=True, reviews=True
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", list(Act))
def test_every_step_that_is_not_written_out_is_refused(state: str, act: Act) -> None:
    assert policy.NEXT.get((state, act)) == STEPS.get((state, act))
    situation = Situation(state, ruled=act in (Act.AGREE, Act.OBJECT), overdue=True)
    found = policy.reason_blocked(act, situation, ANYBODY)
    by_itself = act in (Act.START, Act.SUPERSEDE)
    assert (found is None) is ((state, act) in STEPS and not by_itself)


def asker(**more: bool) -> ViewerRelation:
    nobody = dict.fromkeys(("edits", "requested_it", "decides", "has_authority", "reviews"), False)
    return ViewerRelation(**{**nobody, **more})


WHO_MAY: list[tuple[Any, ...]] = [
    ("propose", "draft", asker(edits=True, requested_it=True), None),
    ("propose", "draft", asker(decides=True, has_authority=True), Block.EDITOR),
    ("decide", "proposed", asker(decides=True, has_authority=True), None),
    ("decide", "proposed", asker(decides=True), Block.AUTHORITY),
    ("decide", "proposed", asker(has_authority=True), Block.DECIDER),
    (
        "decide", "proposed",
        asker(decides=True, has_authority=True, requested_it=True), Block.REQUESTER,
    ),
    ("reject", "proposed", asker(edits=True), Block.DECIDER),
    ("lapse", "proposed", asker(edits=True), Block.NOT_DUE),
    ("lapse", "draft", asker(reviews=True), Block.EDITOR),
    ("agree", "proposed", asker(decides=True, has_authority=True), Block.NO_RULING),
    ("revisit", "in_force", asker(reviews=True), None),
    ("revisit", "in_force", asker(reviews=True, requested_it=True), Block.REQUESTER),
    ("close", "revisited", asker(edits=True), Block.REVIEWER),
]  # fmt: skip


@pytest.mark.parametrize("act, state, who, found", WHO_MAY)
def test_who_may(act: str, state: str, who: ViewerRelation, found: Block | None) -> None:
    assert policy.reason_blocked(act, Situation(state), who) == found


def test_a_choice_waits_for_every_party_that_is_asked() -> None:
    assert policy.state_after("proposed", Act.DECIDE, {1}, {1, 2}) == "proposed"
    assert policy.state_after("proposed", Act.AGREE, {1, 2}, {1, 2}) == "decided"
    ruled = Situation("proposed", ruled=True)
    assert policy.reason_blocked(Act.DECIDE, ruled, ANYBODY) == Block.RULED
    mine = Situation("proposed", ruled=True, party_agreed=True)
    assert policy.reason_blocked(Act.AGREE, mine, ANYBODY) == Block.VOTED


# A life ----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_asked_decided_met_revisited_closed(world: World) -> None:
    risk = builders.risk(world)
    row = proposed(world, risk)
    assert (row.ref, row.state) == ("X-001", "proposed")
    leader, owner = world.viewer("leader"), world.viewer("owner")
    assert "decision.answer" in duties(world, leader)
    term = {**condition(world), "before": True}
    row = chosen(world, row, conditions=[term])
    # It waits for the condition that comes before it.
    assert (row.state, row.chosen, row.in_force_on) == ("decided", "B", None)
    assert "decision.answer" not in duties(world, leader)
    assert "decision.review" in duties(world, leader)
    assert "decision.condition" in duties(world, owner)
    owed = Obligation.objects.get(kind="decision.condition")
    close_decision_condition(
        actor=owner, ref=row.ref, condition=owed.uuid, state="met", words="Signed", at=world.at
    )
    row.refresh_from_db()
    assert (row.state, row.in_force_on) == ("in_force", world.today)
    revisit = {"happened": "The pilot ran", "lessons": "Ask earlier", "at": world.at, **YES}
    with pytest.raises(Forbidden, match="You asked for it"):
        revisit_decision(
            actor=world.viewer("manager"), ref=row.ref,
            review_on=str(world.today + 200 * DAY), **revisit,
        )  # fmt: skip
    revisit_decision(actor=leader, ref=row.ref, review_on=str(world.today + 200 * DAY), **revisit)
    review = Obligation.objects.get(kind="decision.review", state="open")
    assert review.due_on == world.today + 200 * DAY
    closed = close_revisited_decision(actor=leader, ref=row.ref, words="Done", at=world.at, **YES)
    assert closed.state == "closed"
    assert not Obligation.objects.filter(decision=row, state__in=["open", "proposed"]).exists()


@pytest.mark.django_db
def test_the_record_is_frozen_and_its_hash_is_in_the_chain(world: World) -> None:
    risk = builders.risk(world)
    row = proposed(world, risk)
    add_argument(
        actor=world.viewer("leader"), ref=row.ref, at=world.at,
        given={"option": "B", "stance": "for", "text": "Kept to ourselves"},
    )  # fmt: skip
    row = chosen(world, row, conditions=[condition(world)])
    row = Decision.objects.get(pk=row.pk)
    assert row.digest == hashlib.sha256(row.record.encode()).hexdigest()
    record = json.loads(row.record)
    assert [option["key"] for option in record["options"]] == ["A", "B", "C"]
    assert record["chosen"] == "B"
    assert record["risks"][0]["rating"] == row.basis[str(risk.uuid)]
    assert record["conditions"][0]["text"] == "A second supplier is named"
    assert "Kept to ourselves" not in row.record
    event = Event.objects.get(verb="decision.decided")
    assert json.loads(event.changes)["digest"][1] == row.digest
    for change in ({"record": "{}"}, {"digest": "0"}, {"chosen": "A"}, {"title": "Another"}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Decision.objects.filter(pk=row.pk).update(**change)
    for model in (Vote, Argument):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            model.objects.all().delete()
    Decision.objects.filter(pk=row.pk).update(state="superseded")


@pytest.mark.django_db
def test_a_joint_decision_takes_a_yes_of_each_party(world: World) -> None:
    risk = builders.risk(world)
    people = [world.leader.email, world.partner_leader.email]
    row = proposed(world, risk, deciders=people)
    row = chosen(world, row)
    assert (row.state, row.chosen) == ("proposed", "B")
    partner = world.viewer("partner_leader")
    with pytest.raises(Invalid, match="has chosen B"):
        chosen(world, row, by="partner_leader", option="C")
    assert acts_open_to(partner, decision_for(partner, row.ref, world.today), world.today) == [
        "agree", "object",
    ]  # fmt: skip
    row = vote_on_decision(actor=partner, ref=row.ref, answer="yes", at=world.at, **YES)
    assert row.state == "in_force"
    assert [vote["party"] for vote in json.loads(row.record)["votes"]] == ["foton", "catl"]


@pytest.mark.django_db
def test_a_no_takes_it_back_to_a_draft_with_words(world: World) -> None:
    people = [world.leader.email, world.partner_leader.email]
    row = chosen(
        world, proposed(world, builders.risk(world), deciders=people),
        conditions=[condition(world)],
    )  # fmt: skip
    partner = world.viewer("partner_leader")
    with pytest.raises(Invalid), nothing_changes():
        vote_on_decision(actor=partner, ref=row.ref, answer="no", at=world.at, **YES)
    row = vote_on_decision(
        actor=partner, ref=row.ref, answer="no", words="Too dear", at=world.at, **YES
    )
    assert (row.state, row.chosen, row.words) == ("draft", "", "Too dear")
    assert not Obligation.objects.filter(state__in=["open", "proposed"]).exists()
    # Put forward again, an older yes counts no more.
    row = propose_decision(actor=world.viewer("manager"), ref=row.ref, at=world.at, **YES)
    row = chosen(world, row)
    assert row.state == "proposed"


@pytest.mark.django_db
def test_the_yes_of_who_has_left_counts_no_more(world: World) -> None:
    people = [world.leader.email, world.partner_leader.email, world.partner_manager.email]
    builders_risk = builders.risk(world, rated=(2, 2))
    row = proposed(world, builders_risk, deciders=people)
    row = chosen(world, row, by="partner_leader")
    gone = Membership.objects.get(user=world.partner_leader)
    Membership.objects.filter(pk=gone.pk).update(ended_at=world.at)
    row = vote_on_decision(
        actor=world.viewer("leader"), ref=row.ref, answer="yes", at=world.at, **YES
    )
    assert row.state == "proposed"
    row = vote_on_decision(
        actor=world.viewer("partner_manager"), ref=row.ref, answer="yes", at=world.at, **YES
    )
    assert row.state == "in_force"


def asked_anew(row: Decision) -> set[str]:
    """Whose answer is open."""
    rows = Obligation.objects.filter(decision=row, kind="decision.answer", state="open")
    return set(rows.values_list("owner__email", flat=True))


def leave(world: World, who: str) -> None:
    end_member(
        actor=world.viewer("partner_manager"), user=getattr(world, who).uuid, version=None,
        nobody_yet=True, at=world.at,
    )  # fmt: skip


@pytest.mark.django_db
def test_who_said_yes_and_leaves_leaves_the_answer_to_those_beside_them(world: World) -> None:
    people = [world.leader.email, world.partner_leader.email, world.partner_manager.email]
    row = proposed(world, builders.risk(world, rated=(2, 2)), deciders=people)
    chosen(world, row, by="partner_leader")
    assert asked_anew(row) == {world.leader.email}
    version = Decision.objects.get(pk=row.pk).version
    leave(world, "partner_leader")
    assert asked_anew(row) == {world.leader.email, world.partner_manager.email}
    told = Event.objects.get(verb="decision.answer_reopened")
    assert json.loads(told.changes) == {"answer_needed": [None, "catl"]}
    assert Decision.objects.get(pk=row.pk).version == version + 1
    for who in ("partner_manager", "leader"):
        vote_on_decision(actor=world.viewer(who), ref=row.ref, answer="yes", at=world.at, **YES)
    assert Decision.objects.get(pk=row.pk).state == "in_force"
    assert asked_anew(row) == set()


@pytest.mark.django_db
def test_with_nobody_beside_them_it_is_nobodys_and_is_told_as_that(world: World) -> None:
    people = [world.leader.email, world.partner_leader.email]
    row = proposed(world, builders.risk(world, rated=(2, 2)), deciders=people)
    chosen(world, row, by="partner_leader")
    leave(world, "partner_leader")
    assert asked_anew(row) == {world.leader.email, world.partner_leader.email}
    # Of what is decided, nothing is opened again.
    other = proposed(world, builders.risk(world, rated=(2, 2)), by="manager")
    chosen(world, other)
    change_member_role(
        actor=world.viewer("manager"), user=world.leader.uuid, role="viewer", version=None,
        nobody_yet=True, at=world.at,
    )  # fmt: skip
    assert asked_anew(other) == set()
    assert Event.objects.filter(verb="decision.answer_reopened").count() == 1


@pytest.mark.django_db
def test_a_later_decision_takes_the_place_of_an_earlier(world: World) -> None:
    risk = builders.risk(world)
    first = chosen(world, proposed(world, risk))
    second = proposed(world, risk, replaces=first.ref)
    second = chosen(world, second)
    first.refresh_from_db()
    assert (first.state, first.words, second.state) == ("superseded", "X-002", "in_force")
    open_ones = Obligation.objects.filter(state="open").values_list("decision__ref", flat=True)
    assert set(open_ones) == {"X-002"}


@pytest.mark.django_db
def test_it_lapses_when_its_day_has_passed_and_somebody_says_so(world: World) -> None:
    row = proposed(world, builders.risk(world))
    manager = world.viewer("manager")
    with pytest.raises(Invalid, match="It can lapse when its day"):
        lapse_decision(actor=manager, ref=row.ref, words="Nobody came", at=world.at, **YES)
    later = world.at + 11 * DAY
    # Nothing is forgiven by itself: until then it is overdue.
    assert "decision.answer" in duties(world, world.viewer("leader"))
    row = lapse_decision(actor=manager, ref=row.ref, words="Nobody came", at=later, **YES)
    assert row.state == "lapsed"


@pytest.mark.django_db
def test_rescored_it_is_stale_and_is_not_decided_without_words(world: World) -> None:
    risk = builders.risk(world, rated=(3, 4))
    row = proposed(world, risk)
    builders.assess(world, risk, (5, 5))
    for who in ("leader", "partner_leader"):
        viewer = world.viewer(who)
        found = stale_because(viewer, decision_for(viewer, row.ref, world.today))
        assert [each.value for each in found] == ["rating_moved"]
    with pytest.raises(Invalid) as refused, nothing_changes():
        chosen(world, row)
    assert refused.value.fields["despite"][0].code == "stale"
    row = chosen(world, row, despite="The gate is cheap whatever the rating")
    assert row.state == "in_force"
    assert json.loads(row.record)["despite"].startswith("The gate")


@pytest.mark.django_db
def test_a_condition_that_is_missed_makes_it_stale(world: World) -> None:
    row = chosen(world, proposed(world, builders.risk(world)), conditions=[condition(world, 3)])
    viewer = world.viewer("leader")
    today = world.today
    assert stale_because(viewer, decision_for(viewer, row.ref, today + 3 * DAY)) == []
    found = stale_because(viewer, decision_for(viewer, row.ref, today + 4 * DAY))
    assert [each.value for each in found] == ["condition_missed"]


# What is refused -------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"deciders": []}, "deciders", "required"),
        ({"deciders": ["partner_leader"]}, "deciders", "party_missing"),
        ({"deciders": ["owner"]}, "deciders", "no_authority"),
        ({"risks": []}, "risks", "required"),
    ],
)
def test_an_incomplete_draft_is_not_put_forward(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    if "deciders" in given:
        given = {"deciders": [getattr(world, name).email for name in given["deciders"]]}
    row = drafted(world, builders.risk(world), **given)
    with pytest.raises(Invalid) as refused, nothing_changes():
        propose_decision(actor=world.viewer("manager"), ref=row.ref, at=world.at, **YES)
    assert code in [error.code for error in refused.value.fields[field]]
    if code in ("no_authority", "required") and field == "deciders":
        assert str(world.leader) in refused.value.fields[field][0].detail


@pytest.mark.django_db
def test_doing_nothing_alone_is_no_choice(world: World) -> None:
    manager = world.viewer("manager")
    row = drafted(world, builders.risk(world))
    for key in ("B", "C"):
        remove_option(actor=manager, ref=row.ref, key=key, at=world.at, **YES)
    with pytest.raises(Invalid, match="Doing nothing alone is no choice"):
        propose_decision(actor=manager, ref=row.ref, at=world.at, **YES)
    with pytest.raises(Invalid, match="always an option"):
        remove_option(actor=manager, ref=row.ref, key="A", at=world.at, **YES)
    with pytest.raises(Invalid, match="costs nothing"):
        edit_option(
            actor=manager, ref=row.ref, key="A", at=world.at, **YES,
            fields={"costs": [{"amount": "1", "year": 2027, "party": "foton"}]},
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change, field, code",
    [
        ({"due_on": "2020-01-01"}, "due_on", "in_the_past"),
        ({"deciders": ["manager"]}, "deciders", "same_person"),
        ({"deciders": ["auditor"]}, "deciders", "cannot_own"),
        ({"deciders": ["nobody@example.com"]}, "deciders", "unknown_member"),
        ({"risks": ["R-999"]}, "risks", "unknown_risk"),
        ({"recommended": "Z"}, "recommended", "unknown"),
        ({"replaces": "X-999"}, "replaces", "unknown"),
        ({"title": ""}, "title", "required"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"context": "x" * 204_800}, "context", "too_long"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(
    world: World, change: dict[str, Any], field: str, code: str
) -> None:
    if "deciders" in change:
        names = change["deciders"]
        change = {"deciders": [n if "@" in n else getattr(world, n).email for n in names]}
    fields = {"title": "What now?", "due_on": str(world.today + DAY), **change}
    with pytest.raises(Invalid) as refused, nothing_changes():
        create_decision(actor=world.viewer("manager"), fields=fields, at=world.at)
    assert code in [error.code for error in refused.value.fields[field]]


@pytest.mark.django_db
def test_an_option_is_not_taken_out_while_it_is_voted_on(world: World) -> None:
    row = proposed(world, builders.risk(world))
    manager = world.viewer("manager")
    act: dict[str, Any] = {"actor": manager, "ref": row.ref, "at": world.at, **YES}
    with nothing_changes():
        for call in (
            lambda: remove_option(key="B", **act),
            lambda: edit_option(key="B", fields={"title": "Another"}, **act),
            lambda: add_option(fields={"title": "Another"}, **act),
            lambda: edit_decision(fields={"title": "Another"}, **act),
        ):
            with pytest.raises(Invalid, match="is put forward"):
                call()
    retract_decision(words="To change it", **act)
    remove_option(key="C", **act)
    add_option(fields={"title": "Another", "costs": []}, **act)
    # What was said of C is not of another.
    assert list(Option.objects.values_list("key", flat=True).order_by("key")) == ["A", "B", "D"]


@pytest.mark.django_db
def test_at_most_twelve_options(world: World) -> None:
    row = drafted(world, builders.risk(world))
    act: dict[str, Any] = {"actor": world.viewer("manager"), "ref": row.ref, "at": world.at, **YES}
    for n in range(9):
        add_option(fields={"title": f"Option {n}"}, **act)
    with pytest.raises(Invalid, match="At most 12 options"), nothing_changes():
        add_option(fields={"title": "One too many"}, **act)


@pytest.mark.django_db
def test_who_asks_does_not_decide_and_reads_who_could(world: World) -> None:
    row = proposed(world, builders.risk(world, rated=(2, 2)), by="owner")
    for who, text in (
        ("owner", "You asked for it"),
        ("manager", "You were not asked"),
        ("partner_leader", "You were not asked"),
        ("auditor", "You were not asked"),
    ):
        with pytest.raises(Forbidden, match=text) as refused, nothing_changes():
            chosen(world, row, by=who)
        assert str(world.leader) in refused.value.detail
    with pytest.raises(IntegrityError, match="decision_four_eyes"), transaction.atomic():
        Decision.objects.filter(pk=row.pk).update(ruled_by=world.owner)


@pytest.mark.django_db
def test_of_two_who_decide_at_once_the_second_is_told(world: World) -> None:
    second = world.manager
    row = proposed(
        world, builders.risk(world, rated=(2, 2)), by="owner",
        deciders=[world.leader.email, second.email],
    )  # fmt: skip
    seen = row.version
    answer = {"rationale": "Why", "review_on": str(world.today + 90 * DAY), "at": world.at}
    decide(actor=world.viewer("leader"), ref=row.ref, version=seen, option="B", **answer)
    with pytest.raises(Conflict, match="X-001 was changed meanwhile"), nothing_changes():
        decide(actor=world.viewer("manager"), ref=row.ref, version=seen, option="C", **answer)


@pytest.mark.django_db
def test_who_has_lost_the_role_has_lost_the_decision(world: World) -> None:
    row = proposed(world, builders.risk(world, rated=(5, 5)))
    Membership.objects.filter(user=world.leader).update(role="owner")
    with pytest.raises(Forbidden, match="another role"), nothing_changes():
        chosen(world, row)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"option": "Z"}, "option", "unknown"),
        ({"option": None}, "option", "unknown"),
        ({"rationale": " "}, "rationale", "required"),
        ({"review_on": "2020-01-01"}, "review_on", "in_the_past"),
        ({"conditions": [{"text": "x"}]}, "conditions.0.due_on", "required"),
        ({"conditions": "none"}, "conditions", "too_many"),
        ({"conditions": ["partner_owner"]}, "conditions.0.owner", "other_party"),
    ],
)
def test_what_is_wrong_with_an_answer_is_named(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    if given.get("conditions") == ["partner_owner"]:
        given = {"conditions": [condition(world, owner="partner_owner")]}
    row = proposed(world, builders.risk(world))
    with pytest.raises(Invalid) as refused, nothing_changes():
        chosen(world, row, **given)
    assert code in [error.code for error in refused.value.fields[field]]


@pytest.mark.django_db
def test_rejected_with_words(world: World) -> None:
    row = proposed(world, builders.risk(world))
    leader = world.viewer("leader")
    with pytest.raises(Invalid), nothing_changes():
        reject_decision(actor=leader, ref=row.ref, words=" ", at=world.at, **YES)
    row = reject_decision(actor=leader, ref=row.ref, words="Not now", at=world.at, **YES)
    assert (row.state, row.words) == ("rejected", "Not now")


@pytest.mark.django_db
def test_nobody_waives_what_they_owe_themselves(world: World) -> None:
    row = chosen(
        world, proposed(world, builders.risk(world)), conditions=[condition(world, owner="leader")]
    )
    owed = Obligation.objects.get(kind="decision.condition")
    act: dict[str, Any] = {"ref": row.ref, "condition": owed.uuid, "words": "x", "at": world.at}
    for who in ("leader", "manager"):
        with pytest.raises(Forbidden, match="A condition is waived by"), nothing_changes():
            close_decision_condition(actor=world.viewer(who), state="waived", **act)
    with pytest.raises(Invalid), nothing_changes():
        close_decision_condition(actor=world.viewer("leader"), state="open", **act)
    close_decision_condition(actor=world.viewer("leader"), state="met", **act)
    with pytest.raises(Invalid, match="nothing to be done"):
        close_decision_condition(actor=world.viewer("leader"), state="met", **act)


# The boundary ----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_about_a_private_risk_it_is_private(world: World) -> None:
    own = builders.risk(world, visibility="party")
    row = drafted(world, own)
    assert (row.ref, row.visibility) == ("FX-001", "party")
    with pytest.raises(NotFound):
        decision_for(world.viewer("partner_leader"), row.ref, world.today)
    with pytest.raises(Invalid):
        edit_decision(
            actor=world.viewer("manager"), ref=row.ref, at=world.at, **YES,
            fields={"deciders": [world.partner_leader.email]},
        )  # fmt: skip
    shared = drafted(world, builders.risk(world))
    assert shared.ref == "X-001"
    with pytest.raises(Invalid) as refused:
        edit_decision(
            actor=world.viewer("manager"), ref=shared.ref, at=world.at, **YES,
            fields={"risks": [own.ref]},
        )  # fmt: skip
    assert refused.value.fields["risks"][0].code == "narrower"
    hidden = builders.mitigation(world, own, visibility="party")
    with pytest.raises(Invalid) as refused:
        edit_option(
            actor=world.viewer("manager"), ref=shared.ref, key="B", at=world.at, **YES,
            fields={"mitigations": [hidden.ref]},
        )  # fmt: skip
    assert refused.value.fields["mitigations"][0].code == "narrower"


@pytest.mark.django_db
def test_an_argument_is_its_partys_own_until_it_is_released(world: World) -> None:
    row = drafted(world, builders.risk(world))
    given = {"option": "B", "stance": "against", "text": "It tells our price"}
    made = add_argument(actor=world.viewer("owner"), ref=row.ref, given=given, at=world.at)
    partner = world.viewer("partner_leader")

    def read() -> list[str]:
        return [a.text for a in decision_for(partner, row.ref, world.today).argued]  # type: ignore[attr-defined]

    assert read() == []
    act: dict[str, Any] = {"ref": row.ref, "argument": made.uuid, "at": world.at + DAY}
    with pytest.raises(NotFound):
        release_argument(actor=partner, **act)
    before = Decision.objects.get(pk=row.pk).version
    release_argument(actor=world.viewer("owner"), **act)
    assert read() == ["It tells our price"]
    assert Decision.objects.get(pk=row.pk).version == before
    made.refresh_from_db()
    assert made.at == world.at + DAY
    # Of what the other party says in private, taking the option out tells nothing.
    add_argument(
        actor=partner, ref=row.ref, at=world.at,
        given={"option": "C", "stance": "for", "text": "Ours"},
    )  # fmt: skip
    remove_option(actor=world.viewer("manager"), ref=row.ref, key="C", at=world.at, **YES)


@pytest.mark.django_db
def test_what_became_of_it_is_kept_for_good(world: World) -> None:
    row = chosen(world, proposed(world, builders.risk(world)))
    revisit_decision(
        actor=world.viewer("leader"), ref=row.ref, happened="It went well",
        review_on=str(world.today + 30 * DAY), at=world.at, **YES,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Revisit.objects.update(happened="It went badly")


def duties(world: World, viewer: Any) -> set[str]:
    """The kinds of what the viewer owes."""
    wanted = agenda.Wanted(today=world.today, people=agenda.ids_of_self_and_stood_in_for(viewer))
    return {duty.kind for duty in agenda.duties_for(viewer, wanted, 99).duties}
