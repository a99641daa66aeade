"""Meetings: which set, who is there, what becomes of each item, and minutes that stand."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from riskreg.events import queries as events
from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.models import Membership, Role
from riskreg.reviews.models import Attendance, ItemOutcome, Meeting, MeetingItem, Review
from riskreg.reviews.queries.meetings import agenda, attendees, meetings_for
from riskreg.reviews.services import (
    end_meeting,
    record_item,
    set_attendance,
    start_meeting,
    take_chair,
)
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)


def start(world: World, by: str = "manager", **given: Any) -> Meeting:
    """A meeting of foton's manager over everything open."""
    given = {"title": "Monthly review", "recipe": {"state": "open"}, "at": world.at, **given}
    return start_meeting(actor=world.viewer(by), **given)


def record(world: World, meeting: Meeting, number: int = 1, by: str = "manager", **given: Any):
    """What became of an item; reviewed, unchanged, unless said otherwise."""
    given = {"outcome": "reviewed", "version": None, "at": world.at, **given}
    return record_item(actor=world.viewer(by), meeting=meeting.uuid, number=number, **given)


def end(world: World, meeting: Meeting, by: str = "manager", **given: Any) -> Meeting:
    given = {"version": None, "at": world.at + 60 * MINUTE, **given}
    return end_meeting(actor=world.viewer(by), meeting=meeting.uuid, **given)


def refs(meeting: Meeting) -> list[str]:
    return [item.risk.ref for item in agenda(meeting)]


def three(world: World) -> list[Risk]:
    """Two of foton's, the second one late; one of catl's."""
    return [
        builders.risk(world, at=world.at - 10 * DAY),
        builders.risk(world, at=world.at - 40 * DAY),
        builders.risk(world, by=world.partner_owner, at=world.at - 5 * DAY, rated=(1, 1)),
    ]


# The set -----------------------------------------------------------------------------------------
def test_the_set_is_picked_by_the_filters_of_the_list_most_urgent_first(world: World) -> None:
    builders.taxonomy(world, "workstream", {"rnd": "R&D"})
    three(world)
    builders.risk(world, at=world.at - 50 * DAY, rated=(2, 2), terms=["workstream:rnd"])
    builders.risk(world, opened=False)
    assert refs(start(world)) == ["R-002", "R-001", "R-004", "R-003"]
    assert refs(start(world, recipe={"overdue": "true"})) == ["R-002"]
    assert refs(start(world, recipe={"above_appetite": ["true"]})) == ["R-002", "R-001"]
    assert refs(start(world, recipe={"term": ["workstream:rnd"]})) == ["R-004"]
    kept = start(world, recipe={"party": ["catl"], "q": ""})
    assert refs(kept) == ["R-003"]
    assert kept.recipe == {"party": ["catl"]}


@pytest.mark.parametrize(
    "given, field",
    [
        ({"title": ""}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0"}, "title"),
        ({"recipe": {"weather": "bad"}}, "recipe.weather"),
        ({"recipe": {"party": "\0"}}, "recipe.party"),
        ({"recipe": ["overdue"]}, "recipe"),
        ({"recipe": {"q": "no such words"}}, "recipe"),
        ({"recipe": {"state": "draft"}}, "recipe"),
        ({"visibility": "everybody"}, "visibility"),
    ],
)
def test_what_cannot_be_started(world: World, given: dict[str, Any], field: str) -> None:
    builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start(world, **given)
    assert field in refused.value.fields


def test_not_more_than_one_can_go_through(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("riskreg.reviews.services.meetings.MAX_ITEMS", 2)
    three(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start(world)
    assert refused.value.fields["recipe"][0].code == "too_many"


# The audience ------------------------------------------------------------------------------------
def test_a_shared_meeting_leaves_private_risks_out(world: World) -> None:
    three(world)
    own = builders.risk(world, visibility="party", at=world.at - 60 * DAY)
    assert own.ref not in refs(start(world))
    private = start(world, visibility="party")
    assert refs(private)[0] == own.ref
    assert private.visibility == "party"
    for name in ("partner_manager", "auditor", "onlooker"):
        assert meetings_for(world.viewer(name)).count() == 1
        with pytest.raises(NotFound):
            take_chair(actor=world.viewer(name), meeting=private.uuid, version=None, at=world.at)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        attend(world, private, world.partner_owner)
    assert refused.value.fields["users"][0].code == "unknown_member"


def test_what_a_partys_own_meeting_does_is_in_its_own_chain(world: World) -> None:
    three(world)
    meeting = start(world, visibility="party")
    record(world, meeting, outcome="deferred", note="Wait for the figures")
    end(world, meeting)
    seen = events.visible_events(world.viewer("partner_manager").audience)
    assert not seen.filter(verb__startswith="meeting.").exists()
    own = events.visible_events(world.viewer("owner").audience)
    assert [e.verb for e in own.filter(verb__startswith="meeting.").order_by("id")] == [
        "meeting.started", "meeting.recorded", "meeting.ended",
    ]  # fmt: skip


def test_the_recipe_of_a_shared_meeting_names_nothing_private(world: World) -> None:
    objective = builders.objective(world, key="quiet-goal", visibility="party")
    row = builders.risk(world)
    row.objectives.add(objective)
    recipe = {"objective": ["quiet-goal"]}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start(world, recipe=recipe)
    assert "recipe.objective" in refused.value.fields
    assert refs(start(world, recipe=recipe, visibility="party")) == [row.ref]


@pytest.mark.parametrize("name, value", [("above_own", "true"), ("external_id", "sap-4711")])
def test_a_shared_meeting_is_picked_by_nothing_that_is_one_partys_own(
    world: World, name: str, value: str
) -> None:
    """Neither by its own appetite nor by what its systems call its risks: who reads the recipe
    would read from the agenda which risks those are."""
    builders.own_appetite(world, "low")
    row = builders.risk(world, rated=(3, 3), external_id="sap-4711")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start(world, recipe={name: value})
    assert refused.value.fields[f"recipe.{name}"][0].code == "private_filter"
    assert refs(start(world, recipe={name: value}, visibility="party")) == [row.ref]


# Going through it --------------------------------------------------------------------------------
def test_a_review_in_a_meeting_is_a_review(world: World) -> None:
    three(world)
    meeting = start(world)
    late = Risk.objects.get(ref="R-002")
    item = record(
        world, meeting, 1, version=late.version,
        review={"assessment": {"likelihood": 2, "impact": 2}, "comment": "Tariffs fell"},
    )  # fmt: skip
    late.refresh_from_db()
    review = Review.objects.get()
    assert item.review == review
    assert (review.outcome, review.reviewer) == ("rescored", world.manager)
    assert late.next_review_on == review.next_review_on == world.today + 180 * DAY
    assert (item.before["score"], item.after["score"]) == (20, 4)
    assert item.due_on == review.due_on == world.today - 10 * DAY
    plain = record(world, meeting, 2, review={"next_review_on": world.today + 3 * DAY})
    assert plain.review.outcome == "unchanged"
    assert plain.before == plain.after
    assert plain.review.next_review_on == world.today + 3 * DAY
    told = Event.objects.filter(verb="meeting.recorded").order_by("id")
    assert [json.loads(e.changes)["item"][1] for e in told] == ["R-002", "R-001"]


def test_deferred_moves_nothing_and_may_be_reviewed_later(world: World) -> None:
    three(world)
    meeting = start(world)
    before = Risk.objects.get(ref="R-002").next_review_on
    item = record(world, meeting, outcome="deferred", note="Wait for the figures")
    assert (item.outcome, item.review, item.note) == ("deferred", None, "Wait for the figures")
    assert Risk.objects.get(ref="R-002").next_review_on == before
    assert record(world, meeting).outcome == "reviewed"
    with nothing_changes(), pytest.raises(Conflict):
        record(world, meeting)
    with nothing_changes(), pytest.raises(Conflict):
        record(world, meeting, outcome="deferred")


def test_who_may_record(world: World) -> None:
    three(world)
    meeting = start(world)
    allowed: dict[int, set[str]] = {1: set(), 3: set()}
    for number, found in allowed.items():
        for name in world.members:
            with transaction.atomic():
                try:
                    record(world, meeting, number, by=name)
                    found.add(name)
                except Forbidden:
                    pass
                transaction.set_rollback(True)
    assert allowed[1] == {"owner", "manager", "leader"}
    assert allowed[3] == {"partner_owner", "partner_manager", "partner_leader"}


@pytest.mark.parametrize(
    "given, field",
    [
        ({"outcome": "pending"}, "outcome"),
        ({"outcome": None}, "outcome"),
        ({"note": "a\0"}, "note"),
        ({"review": {"next_review_on": "2031-01-01"}}, "review.next_review_on"),
        (
            {"review": {"assessment": {"likelihood": 9, "impact": 1}}},
            "review.assessment.likelihood",
        ),
    ],
)
def test_what_is_refused_writes_nothing(world: World, given: dict[str, Any], field: str) -> None:
    three(world)
    meeting = start(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        record(world, meeting, **given)
    assert field in refused.value.fields


def test_on_a_risk_that_changed_or_was_closed_meanwhile(world: World) -> None:
    rows = three(world)
    meeting = start(world)
    with nothing_changes(), pytest.raises(Conflict):
        record(world, meeting, 1, version=rows[1].version - 1)
    close_risk(actor=world.viewer("manager"), ref="R-002", version=None, reason="x", at=world.at)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        record(world, meeting, 1)
    assert "review.state" in refused.value.fields
    assert record(world, meeting, 1, outcome="deferred").outcome == "deferred"
    with nothing_changes(), pytest.raises(NotFound):
        record(world, meeting, 9)


# Who is there ------------------------------------------------------------------------------------
def attend(world: World, meeting: Meeting, *users: Any, by: str = "manager", **given: Any) -> None:
    set_attendance(
        actor=world.viewer(by), meeting=meeting.uuid, users=[u.uuid for u in users],
        **{"version": None, "at": world.at, **given},
    )  # fmt: skip


def test_who_was_there_for_what(world: World) -> None:
    three(world)
    meeting = start(world)
    people = (world.manager, world.owner, world.partner_owner)
    attend(world, meeting, *people, at=world.at + MINUTE)
    record(world, meeting, 1, at=world.at + 2 * MINUTE)
    attend(world, meeting, world.manager, world.partner_owner, at=world.at + 3 * MINUTE)
    record(world, meeting, 2, at=world.at + 4 * MINUTE)
    attend(world, meeting, *people, at=world.at + 5 * MINUTE)
    record(world, meeting, 3, by="partner_manager", at=world.at + 6 * MINUTE)
    found = {a.user: a for a in attendees(world.viewer("auditor"), meeting, agenda(meeting))}
    assert found[world.manager].items == (1, 2, 3)
    assert found[world.owner].items == (1, 3)
    assert found[world.owner].joined_at == world.at + MINUTE
    assert found[world.partner_owner].party == world.catl
    assert world.partner_manager not in found
    with nothing_changes():
        attend(world, meeting, *people)


def test_who_leads_is_there(world: World) -> None:
    three(world)
    meeting = start(world)
    with nothing_changes():
        attend(world, meeting)
    attend(world, meeting, world.owner, at=world.at + MINUTE)
    here = Attendance.objects.filter(meeting=meeting, left_at=None)
    assert {row.user for row in here} == {world.manager, world.owner}
    taken = {"meeting": meeting.uuid, "version": None, "at": world.at + 2 * MINUTE}
    take_chair(actor=world.viewer("leader"), **taken)
    # Who led before may go.
    attend(world, meeting, by="leader", at=world.at + 3 * MINUTE)
    assert here.get().user == world.leader


def test_with_a_clock_that_stepped_back_nobody_leaves_before_they_came(world: World) -> None:
    three(world)
    meeting = start(world)
    attend(world, meeting, world.owner, at=world.at + 5 * MINUTE)
    attend(world, meeting, at=world.at + MINUTE)
    stay = Attendance.objects.get(meeting=meeting, user=world.owner)
    assert stay.left_at == stay.joined_at == world.at + 5 * MINUTE


def test_programs_do_not_attend(world: World) -> None:
    three(world)
    meeting = start(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        attend(world, meeting, world.integration)
    assert refused.value.fields["users"][0].code == "unknown_member"


def test_two_meetings_over_the_same_set_are_apart(world: World) -> None:
    three(world)
    first, second = start(world), start(world, by="leader")
    done = record(world, second, 2, by="owner", outcome="deferred", note="Not today")
    assert (done.meeting, done.recorded_by) == (second, world.owner)
    assert [i.outcome for i in agenda(first)] == ["pending"] * 3
    assert [i.outcome for i in agenda(second)] == ["pending", "deferred", "pending"]
    assert [(m.pk, m.count, m.done) for m in meetings_for(world.viewer("auditor"))] == [
        (second.pk, 3, 1), (first.pk, 3, 0),
    ]  # fmt: skip


def test_who_may_no_longer_hold_meetings_no_longer_leads_one(world: World) -> None:
    three(world)
    meeting = start(world)
    Membership.objects.filter(user=world.manager).update(role=Role.OWNER)
    for act in (end, attend):
        with nothing_changes(), pytest.raises(Forbidden):
            act(world, meeting)
    taken = take_chair(
        actor=world.viewer("leader"), meeting=meeting.uuid, version=None, at=world.at
    )
    assert end(world, taken, by="leader").ended_at


def test_another_takes_the_chair_and_only_who_has_it_ends_the_meeting(world: World) -> None:
    three(world)
    meeting = start(world)
    with nothing_changes(), pytest.raises(Forbidden, match="take the chair"):
        end(world, meeting, by="partner_leader")
    with nothing_changes(), pytest.raises(Forbidden):
        take_chair(actor=world.viewer("owner"), meeting=meeting.uuid, version=None, at=world.at)
    taken = take_chair(
        actor=world.viewer("partner_leader"), meeting=meeting.uuid, version=meeting.version,
        at=world.at + MINUTE,
    )  # fmt: skip
    assert taken.chair == world.partner_leader
    assert Attendance.objects.filter(user=world.partner_leader, left_at=None).exists()
    with nothing_changes(), pytest.raises(Forbidden):
        attend(world, meeting, world.manager)
    with nothing_changes(), pytest.raises(Conflict):
        end(world, meeting, by="partner_leader", version=1)
    assert end(world, meeting, by="partner_leader", version=2).ended_at


# The minutes -------------------------------------------------------------------------------------
def test_the_end_closes_everything(world: World) -> None:
    three(world)
    meeting = start(world)
    record(world, meeting, 1)
    end(world, meeting)
    items = agenda(meeting)
    assert [i.outcome for i in items] == ["reviewed", "pending", "pending"]
    assert items[1].before["score"] == 20
    assert items[1].due_on == Risk.objects.get(ref="R-001").next_review_on
    counts = json.loads(Event.objects.get(verb="meeting.ended").changes)["items"][1]
    assert counts == {"pending": 2, "reviewed": 1, "deferred": 0}
    for act in (
        lambda: record(world, meeting, 2),
        lambda: attend(world, meeting, world.manager),
        lambda: end(world, meeting),
        lambda: take_chair(
            actor=world.viewer("leader"), meeting=meeting.uuid, version=None, at=world.at
        ),
    ):
        with nothing_changes(), pytest.raises(Invalid, match="is over"):
            act()


def test_the_database_keeps_the_minutes_as_they_are(world: World) -> None:
    three(world)
    running, ended = start(world), start(world)
    record(world, ended, 1)
    end(world, ended)
    for model, column in ((Meeting, "id"), (MeetingItem, "meeting_id"), (Attendance, "meeting_id")):
        table = model._meta.db_table
        for sql in (f"UPDATE {table} SET id = id WHERE {column} = %s",
                    f"DELETE FROM {table} WHERE {column} = %s"):  # fmt: skip
            refused = pytest.raises(DatabaseError, match="append-only")
            with refused, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql, [ended.pk])
    MeetingItem.objects.filter(meeting=running).update(note="still open")


def test_a_clock_that_stepped_back_ends_no_meeting_before_it_began(world: World) -> None:
    three(world)
    meeting = start(world)
    assert end(world, meeting, at=world.at - DAY).ended_at == world.at


def test_who_may_hold_one(world: World) -> None:
    three(world)
    for name in ("owner", "deputy", "integration", "auditor", "onlooker"):
        with nothing_changes(), pytest.raises(Forbidden):
            start(world, by=name)
    assert start(world, by="partner_leader").party == world.catl
    assert ItemOutcome.PENDING == "pending"
