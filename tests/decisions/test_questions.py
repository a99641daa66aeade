"""Asking about a risk: a duty of whoever answers for it, until it is answered."""

import datetime as dt
from typing import Any

import pytest

from riskreg.decisions.models import Obligation
from riskreg.decisions.queries.questions import closed_at, is_open, question_for, questions_of
from riskreg.decisions.services import answer_question, ask_about_risk, withdraw_question
from riskreg.duties.queries import agenda
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.notify.models import Message
from riskreg.notify.refresh import refresher
from riskreg.register.services import end_membership
from riskreg.reminders.services import sweep
from riskreg.risks.services import share_risk, transfer_risk
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, question
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
SEND: dict[str, Any] = {"content_type": "application/json"}


def duties(world: World, who: str) -> set[str]:
    viewer = world.viewer(who)
    wanted = agenda.Wanted(today=world.today, people=agenda.ids_of_self_and_stood_in_for(viewer))
    return {duty.kind for duty in agenda.duties_for(viewer, wanted, 99).duties}


def test_a_question_goes_with_the_risk_until_it_is_answered(world: World) -> None:
    row = builders.risk(world)
    asked = question(world, row)
    assert "risk.question" in duties(world, "owner")
    assert "risk.question" not in duties(world, "leader")
    transfer_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, owner=world.deputy, at=world.at
    )
    assert "risk.question" in duties(world, "deputy")
    answer_question(
        actor=world.viewer("deputy"), ref=row.ref, question=asked.uuid, words="A tenth",
        at=world.at,
    )  # fmt: skip
    assert "risk.question" not in duties(world, "deputy")
    (shown,) = questions_of(world.viewer("partner_leader"), row)
    assert (shown.state, shown.words, shown.closed_by) == ("met", "A tenth", world.deputy)


def test_a_review_answers_what_asks_for_one_and_nothing_else(world: World) -> None:
    row = builders.risk(world)
    question(world, row, wants="review")
    question(world, row)
    builders.review(world, row, at=world.at + dt.timedelta(hours=1))
    found = {q.kind: is_open(q) for q in questions_of(world.viewer("leader"), row)}
    assert found == {"risk.review_asked": False, "risk.question": True}
    assert duties(world, "owner") & {"risk.question", "risk.review_asked"} == {"risk.question"}


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"text": ""}, "text", "required"),
        ({"text": "x" * 200_000}, "text", "too_long"),
        ({"due_on": None}, "due_on", "required"),
        ({"due_on": "2026-01-01"}, "due_on", "in_the_past"),
        ({"wants": "money"}, "wants", "unknown"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    row = builders.risk(world)
    fields = {"text": "Why?", "due_on": str(world.today + DAY), **given}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        ask_about_risk(actor=world.viewer("leader"), ref=row.ref, at=world.at, **fields)
    assert refused.value.fields[field][0].code == code


def test_who_may_ask_answer_and_take_back(world: World) -> None:
    row = builders.risk(world)
    asked = question(world, row, by="partner_owner")
    for who in ("auditor", "onlooker", "integration"):
        with nothing_changes(), pytest.raises(Forbidden):
            question(world, row, by=who)
    act: dict[str, Any] = {"ref": row.ref, "question": asked.uuid, "at": world.at}
    with nothing_changes(), pytest.raises(Forbidden):
        answer_question(actor=world.viewer("partner_owner"), words="x", **act)
    with nothing_changes(), pytest.raises(Forbidden):
        withdraw_question(actor=world.viewer("owner"), **act)
    withdraw_question(actor=world.viewer("partner_owner"), **act)
    with pytest.raises(Invalid) as refused:
        answer_question(actor=world.viewer("owner"), words="x", **act)
    assert refused.value.fields["state"][0].code == "wrong_state"


def test_the_same_is_not_asked_twice_while_it_waits(world: World) -> None:
    row = builders.risk(world)
    first = question(world, row, wants="review")
    question(world, row)
    for given in ({"wants": "review", "text": "In other words"}, {}):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            question(world, row, **given)
        assert refused.value.fields["text"][0].code == "already_asked"
    # Somebody else may, and so may they once it is over.
    question(world, row, by="partner_leader", wants="review", days=2)
    question(world, row, text="Another thing")
    withdraw_question(actor=world.viewer("leader"), ref=row.ref, question=first.uuid, at=world.at)
    again = question(world, row, wants="review")
    builders.review(world, row, at=world.at + dt.timedelta(hours=1))
    question(world, row, wants="review", at=world.at + dt.timedelta(hours=2))
    shown = {q.uuid: q for q in questions_of(world.viewer("owner"), row)}
    assert closed_at(shown[again.uuid]) == world.at + dt.timedelta(hours=1)


def test_a_review_of_before_that_is_entered_later_answers_nothing(world: World) -> None:
    row = builders.risk(world, at=world.at - 20 * DAY)
    question(world, row, wants="review")
    builders.review(world, row, at=world.at - DAY, recorded_at=world.at + DAY)
    assert "risk.review_asked" in duties(world, "owner")


def test_what_is_asked_of_somebody_who_left_reaches_the_managers_of_the_party(
    world: World,
) -> None:
    row = builders.risk(world, owner=world.deputy.email)
    end_membership(register=world.register, user=world.deputy, at=world.at, by=world.founder)
    question(world, row, text="What of March?", days=0)
    sweep(world.at + dt.timedelta(hours=1))
    mails = Message.objects.exclude(kind="unowned").filter(text__contains=f"about {row.ref}")
    assert {mail.recipient for mail in mails} >= {world.manager.uuid}
    assert world.deputy.uuid not in {mail.recipient for mail in mails}
    assert world.partner_manager.uuid not in {mail.recipient for mail in mails}


def test_the_feed_alone_says_how_it_stands_with_every_question(world: World) -> None:
    row = builders.risk(world)
    keep, back = question(world, row), question(world, row, wants="review")
    hidden = question(world, builders.risk(world, visibility="party"), text="Quietly")
    at = world.at + DAY
    act: dict[str, Any] = {"ref": row.ref, "at": at}
    answer_question(actor=world.viewer("owner"), question=keep.uuid, words="A tenth", **act)
    withdraw_question(actor=world.viewer("leader"), question=back.uuid, **act)
    client, here = builders.api(world.partner_leader), f"/api/v1/registers/{world.register.slug}"
    folded: dict[str, Any] = {}
    feed = client.get(f"{here}/changes/?limit=500").json()["results"]
    for event in feed:
        if "question" in event["changes"]:
            asked = event["changes"]["question"][1]
            folded[asked["id"]] = folded.get(asked["id"], {}) | asked
    states = {"met": "answered", "cancelled": "withdrawn"}
    listed = client.get(f"{here}/risks/{row.ref}/questions/").json()["results"]
    assert {q["id"] for q in listed} == set(folded) == {str(keep.uuid), str(back.uuid)}
    for shown in listed:
        told = folded[shown["id"]]
        for name in ("text", "wants", "due_on"):
            assert told[name] == shown[name]
        assert (states[told["state"]], told.get("words", "")) == (shown["state"], shown["words"])
    assert str(hidden.uuid) not in str(feed)


def test_nothing_is_asked_about_a_draft(world: World) -> None:
    row = builders.risk(world, opened=False)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        question(world, row)
    assert refused.value.fields["risk"][0].code == "not_open"


def test_what_was_asked_in_private_stays_so_when_the_risk_is_shared(world: World) -> None:
    row = builders.risk(world, visibility="party")
    asked = question(world, row)
    for who in ("partner_leader", "auditor"):
        with pytest.raises(NotFound):
            question(world, row, by=who)
    away = builders.web(world.partner_leader)
    there = f"/r/{world.register.slug}/risks/{row.ref}"
    sent = {"text": "x", "due_on": str(world.today + DAY)}
    assert away.get(f"{there}/ask/").status_code == 404
    assert away.post(f"{there}/ask/", sent).status_code == 404
    assert away.post(f"{there}/questions/{asked.uuid}/answer/", {"words": "x"}).status_code == 404
    program = builders.api(world.partner_leader)
    there = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/questions/"
    assert program.get(there).status_code == 404
    assert program.post(there, sent, **SEND).status_code == 404
    assert program.post(f"{there}{asked.uuid}/withdraw/", {}, **SEND).status_code == 404
    row = share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    partner = world.viewer("partner_leader")
    assert not questions_of(partner, row).exists()
    with pytest.raises(NotFound):
        question_for(partner, row, asked.uuid)
    assert questions_of(world.viewer("leader"), row).exists()


def test_over_the_api_and_on_the_page(world: World) -> None:
    row = builders.risk(world)
    here = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/questions/"
    leader, owner = builders.api(world.leader), builders.api(world.owner)
    body = {"text": "What of March?", "due_on": str(world.today + DAY)}
    made = leader.post(here, body, **SEND)
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["wants"]) == ("waiting", "answer")
    assert leader.post(here, {**body, "colour": "red"}, **SEND).status_code == 400
    key = made.json()["id"]
    page = f"/r/{world.register.slug}/risks/{row.ref}/"
    assert "Answer it" in builders.web(world.owner).get(page).content.decode()
    assert "Answer it" not in builders.web(world.leader).get(page).content.decode()
    done = owner.post(f"{here}{key}/answer/", {"words": "A tenth more"}, **SEND)
    assert (done.json()["state"], done.json()["words"]) == ("answered", "A tenth more")
    assert leader.post(f"{here}{key}/withdraw/", {}, **SEND).status_code == 400
    assert [q["id"] for q in leader.get(here).json()["results"]] == [key]
    browser = builders.web(world.leader)
    sent = {"text": "", "due_on": "2020-01-01", "wants": "review"}
    answer = browser.post(f"{page}ask/", sent)
    assert answer.status_code == 400
    assert "Name today, or a day to come." in answer.content.decode()
    sent = {**sent, "due_on": "2027-01-01"}
    answer = browser.post(f"{page}ask/", {**sent, "text": "Please look again"})
    assert answer.status_code == 302
    asked = Obligation.objects.get(kind="risk.review_asked")
    text = browser.get(page).content.decode()
    assert "Please look again" in text
    answer = browser.post(f"{page}questions/{asked.uuid}/withdraw/")
    assert answer.status_code == 302
    asked.refresh_from_db()
    assert asked.state == "cancelled"


# Mail ------------------------------------------------------------------------------------------
def test_whoever_asked_is_written_to_when_an_answer_came(world: World) -> None:
    row = builders.risk(world, title="Tariffs")
    asked = question(world, row, by="partner_leader", text="What does the tariff do to it?")
    act: dict[str, Any] = {"ref": row.ref, "question": asked.uuid, "at": world.at + DAY}
    answer_question(actor=world.viewer("owner"), words="It doubles the price", **act)
    message = Message.objects.get(kind="answer")
    assert message.recipient == world.partner_leader.uuid
    for words in ("Tariffs", "What does the tariff do to it?", "It doubles the price"):
        assert words in message.text, words
    assert "#questions" in message.text
    found = refresher("answer")
    assert found is not None
    assert found.content_now(message.uuid, world.at + DAY) is not None
    # Who left meanwhile is told nothing more.
    end_membership(
        register=world.register, user=world.partner_leader, at=world.at + DAY, by=world.leader
    )
    assert found.content_now(message.uuid, world.at + DAY) is None


def test_nobody_is_written_to_about_their_own_words_or_a_question_taken_back(world: World) -> None:
    row = builders.risk(world)
    own = question(world, row, by="owner")
    answer_question(
        actor=world.viewer("owner"), ref=row.ref, question=own.uuid, words="So", at=world.at
    )
    other = question(world, row, by="leader", text="And then?")
    withdraw_question(actor=world.viewer("leader"), ref=row.ref, question=other.uuid, at=world.at)
    assert not Message.objects.filter(kind="answer").exists()


def test_whoever_asked_for_a_review_is_written_to_once_when_it_was_held(world: World) -> None:
    row = builders.risk(world, title="Tariffs")
    question(world, row, by="partner_leader", wants="review", text="Please look at it again")
    question(world, row, by="leader", wants="review")
    question(world, row, by="owner", wants="review", text="A note to myself")
    question(world, row, by="leader", text="What does it cost?")
    back = question(world, row, by="manager", wants="review")
    withdraw_question(actor=world.viewer("manager"), ref=row.ref, question=back.uuid, at=world.at)
    at = world.at + dt.timedelta(hours=1)
    builders.review(world, row, at=at, comment="The duty stays until spring")
    messages = {m.recipient: m for m in Message.objects.filter(kind="answer")}
    assert set(messages) == {world.partner_leader.uuid, world.leader.uuid}
    told = messages[world.partner_leader.uuid]
    for words in ("Tariffs", "Please look at it again", "The duty stays until spring", "unchanged"):
        assert words in told.text, words
    found = refresher("answer")
    assert found is not None
    assert found.content_now(told.uuid, at) is not None
    # The next review answers nothing any more.
    builders.review(world, row, at=at + DAY)
    assert Message.objects.filter(kind="answer").count() == 2
    end_membership(register=world.register, user=world.partner_leader, at=at, by=world.leader)
    assert found.content_now(told.uuid, at) is None


def test_who_asked_in_private_is_told_and_what_is_no_answer_tells_nobody(world: World) -> None:
    own = builders.risk(world, visibility="party", at=world.at - 20 * DAY)
    question(world, own, wants="review")
    builders.review(world, own, at=world.at - DAY, recorded_at=world.at + DAY)
    assert not Message.objects.filter(kind="answer").exists()
    builders.review(world, own, at=world.at + DAY)
    message = Message.objects.get(kind="answer")
    assert message.recipient == world.leader.uuid
    audiences = set(message.audiences.values_list("party", flat=True))
    assert audiences == {world.foton.uuid}
