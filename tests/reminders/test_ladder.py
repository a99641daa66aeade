"""A register's own ladder: changing it, climbing it, and seeing beforehand what it does."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from riskreg.accounts.models import User
from riskreg.duties.queries import agenda
from riskreg.duties.sources import SOURCES
from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.notify.services import deliver_due
from riskreg.reminders.models import Addressee, Ladder, Reminder
from riskreg.reminders.policy import DEFAULT_LADDER, Rung
from riskreg.reminders.queries import (
    LadderInForce,
    ladder_in_force_of,
    own_ladders_by_register,
    plan,
    preview_reminders_of_risk,
)
from riskreg.reminders.queries.preview import forecast_for_duty
from riskreg.reminders.services import sweep
from riskreg.reviews.services import grant_extension
from riskreg.risks.models import Risk
from tests import builders
from tests.amounts import sample
from tests.builders import World
from tests.indicators import making

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def due(row: Risk, days: int) -> dt.datetime:
    assert row.next_review_on is not None
    return dt.datetime.combine(row.next_review_on + days * DAY, dt.time(4), tzinfo=dt.UTC)


def run(at: dt.datetime) -> list[str]:
    already = len(mail.outbox)
    assert sweep(at).broken == 0
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox[already:])


def change(
    world: World, rungs: Any, *, at: dt.datetime | None = None, **given: Any
) -> LadderInForce:
    return builders.ladder(world, rungs, at=at or world.at, **given)


def rungs(row: Risk) -> list[tuple[int, str]]:
    return list(
        Reminder.objects.filter(subject=row.uuid).order_by("rung").values_list("rung", "state")
    )


# Changing it --------------------------------------------------------------------------------------
def test_a_change_is_a_new_version_with_its_entry(world: World) -> None:
    assert (ladder_in_force_of(world.register).number, own_ladders_by_register()) == (0, {})
    first = change(world, [Rung(0, ("owner",))], expected_number=0)
    second = change(world, [Rung(0, ("owner",)), Rung(5, ("managers",))], expected_number=1)
    assert [first.number, second.number] == [1, 2]
    now = ladder_in_force_of(world.register)
    assert (now.number, [r.offset_days for r in now.rungs]) == (2, [0, 5])
    assert own_ladders_by_register() == {world.register.pk: now}
    events = list(Event.objects.filter(verb="ladder.changed").order_by("seq"))
    changes = [json.loads(event.changes) for event in events]
    assert [c["number"] for c in changes] == [[0, 1], [1, 2]]
    assert changes[0]["rungs"][0] == [r.as_json() for r in DEFAULT_LADDER]
    with pytest.raises(IntegrityError), transaction.atomic():
        Ladder.objects.filter(pk=first.ladder_id).update(number=9)


@pytest.mark.parametrize("expected", [None, 0])
def test_the_ladder_in_force_is_not_made_again(world: World, expected: int | None) -> None:
    row = builders.risk(world)
    run(due(row, -1))
    before = Event.objects.count()
    # What is behind is not moved either: nothing changes for it.
    same = change(world, DEFAULT_LADDER, expected_number=expected, at=due(row, 1))
    assert same == ladder_in_force_of(world.register)
    assert same.ladder_id is None
    assert (Ladder.objects.count(), Event.objects.count()) == (0, before)
    assert (0, "due") not in rungs(row)
    # In another order and as JSON it is the same.
    asked = [Rung(0, ("owner",)), Rung(5, ("managers",))]
    made = change(world, asked)
    before = Event.objects.count()
    again = change(world, [rung.as_json() for rung in reversed(asked)])
    assert (again, again.number) == (made, 1)
    assert (Ladder.objects.count(), Event.objects.count()) == (1, before)


def test_who_has_not_seen_the_ladder_in_force_is_told_so_even_if_it_is_the_same(
    world: World,
) -> None:
    change(world, [Rung(0, ("owner",))])
    with pytest.raises(Conflict):
        change(world, [Rung(0, ("owner",))], expected_number=0)


def test_a_change_that_was_made_meanwhile_is_not_overwritten(world: World) -> None:
    change(world, [Rung(0, ("owner",))], expected_number=0)
    with pytest.raises(Conflict) as refused:
        change(world, [Rung(0, ("deputy",))], expected_number=0)
    assert refused.value.current.number == 1
    assert Ladder.objects.count() == 1


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "integration", "onlooker"])
def test_managers_alone_change_it(world: World, who: str) -> None:
    with pytest.raises(Forbidden):
        change(world, [Rung(0, ("owner",))], actor=world.viewer(who))
    assert not Ladder.objects.exists()


@pytest.mark.parametrize("who", ["outsider", "nobody", "auditor", "left", "unreachable"])
def test_whom_it_names_must_be_there_and_have_an_address(world: World, who: str) -> None:
    named = {
        "outsider": world.outsider, "auditor": world.auditor, "left": world.deputy,
        "unreachable": world.leader,
    }.get(who)  # fmt: skip
    world.deputy.memberships.update(ended_at=world.at)
    User.objects.filter(pk=world.leader.pk).update(email="")
    user = named.uuid if named else uuid.uuid4()
    with pytest.raises(Invalid) as refused:
        change(
            world,
            [
                {"offset_days": 7, "tells": [], "users": [str(user)]},
                {"offset_days": 0, "tells": ["owner"]},
            ],
        )
    assert list(refused.value.fields) == ["rungs.0.users"]
    code = "no_address" if who == "unreachable" else "unknown_member"
    assert [e.code for e in refused.value.fields["rungs.0.users"]] == [code]
    assert not Ladder.objects.exists()


# Climbing it --------------------------------------------------------------------------------------
def test_a_rung_lower_than_one_recorded_is_never_told(world: World) -> None:
    row = builders.risk(world)
    assert run(due(row, 8)) == ["manager", "owner"]
    change(world, [Rung(0, ("owner",)), Rung(5, ("leaders",)), Rung(9, ("leaders",))])
    assert run(due(row, 8) + HOUR) == []
    assert run(due(row, 9)) == ["leader"]
    assert (5, "skipped") in rungs(row)
    reminder = Reminder.objects.get(subject=row.uuid, rung=9)
    assert reminder.ladder is not None
    assert reminder.ladder.number == 1


def test_what_the_ladder_before_asked_for_is_recorded_before_it_changes(world: World) -> None:
    """Or a sweep that did not run would lose a rung to a ladder that has it no more."""
    row = builders.risk(world)
    run(due(row, 0))
    change(world, [Rung(0, ("owner",)), Rung(60, ("managers",))], at=due(row, 8))
    assert rungs(row)[-1] == (7, "due")
    assert run(due(row, 9)) == ["manager", "owner"]
    assert rungs(row)[-1] == (7, "sent")


def test_readings_take_the_rungs_from_the_due_date_on(world: World) -> None:
    change(world, [Rung(-5, ("owner",)), Rung(0, ("owner",)), Rung(2, ("managers",))])
    making.indicator(world, frequency_days=7, grace_days=2)
    assert run(world.at + 8 * DAY) == []
    assert run(world.at + 9 * DAY) == ["owner"]
    assert run(world.at + 11 * DAY) == ["manager"]


@pytest.mark.parametrize("kind", ["indicator.reading", "mitigation.update"])
def test_a_gap_waits_for_the_digest_however_late(world: World, kind: str) -> None:
    if kind == "indicator.reading":
        subject = making.indicator(world, frequency_days=7, grace_days=2).uuid
    else:
        row = builders.risk(world, rated=(1, 1))
        day = world.today + 300 * DAY
        subject = builders.mitigation(world, row, status="in_progress", due_on=day).uuid
    duty = SOURCES[kind].load([subject])[subject]
    assert duty.due_on is not None
    User.objects.update(digest_hour=9, digest_by_mail=False)
    late = dt.datetime.combine(duty.due_on + 21 * DAY, dt.time(17), tzinfo=dt.UTC)
    found = forecast_for_duty(
        world.viewer("manager"), duty, SOURCES[kind].rungs_of_kind(DEFAULT_LADDER), late
    )
    assert [(f.rung.offset_days, f.interrupts) for f in found] == [
        (0, False),
        (7, False),
        (21, False),
    ]
    assert {r.channels for f in found for r in f.recipients} == {("inbox",)}
    assert {p.interrupts for p in plan(late) if p.duty.kind == kind} == {False}
    swept = sweep(late)  # one in the morning: before anybody's hour
    assert (swept.interrupts, swept.broken) == (0, 0)
    addressees = Addressee.objects.filter(reminder__subject=subject)
    assert {a.reminder.rung for a in addressees} == {21}
    assert {(a.state, a.urgent) for a in addressees} == {("waiting", False)}
    # At their hour it is in the digest, which for these people is in the inbox alone.
    assert run(late + 8 * HOUR) == []
    assert {a.state for a in addressees.all()} == {"told"}


def test_an_interrupting_rung_does_not_wait_for_the_digest(world: World) -> None:
    row = builders.risk(world)
    User.objects.update(digest_hour=9, working_days=[1, 2, 3, 4, 5], digest_by_mail=False)
    change(world, [Rung(0, ("owner",)), Rung(1, ("owner", "managers"), interrupts=True)])
    # 16 October 2026, the due date, is a Friday.
    assert run(due(row, 0)) == []  # in the inbox alone
    saturday = due(row, 1) - 11 * HOUR  # one in the morning
    assert run(saturday) == ["manager", "owner"]
    sent = mail.outbox[0]
    assert sent.subject == "Now: R-001 Overseas policy barriers, 1 day overdue"
    assert "This did not wait for your daily digest." in str(sent.body)
    # It does not ask the preferences, so it does not lead to them.
    assert "List-Unsubscribe" not in sent.extra_headers
    # The digest of the next day has nothing new to say.
    assert run(due(row, 3)) == []


def test_the_digest_of_the_day_carries_what_interrupted(world: World) -> None:
    change(world, [Rung(0, ("owner",)), Rung(1, ("managers",), interrupts=True)])
    first = builders.risk(world)
    second = builders.risk(world, title="Another", by=world.manager, at=world.at + DAY)
    User.objects.filter(pk=world.manager.pk).update(digest_hour=14)
    at = due(first, 1)
    assert second.next_review_on == at.date()
    assert run(at) == ["manager"]
    assert run(at + 5 * HOUR) == ["manager"]
    digest = str(mail.outbox[-1].body)
    assert mail.outbox[-1].subject == "Waiting for you: 1 overdue, 1 due today"
    assert digest.index(first.title) < digest.index("Another")
    assert run(at + DAY) == ["manager"]  # the second one interrupts in its turn
    assert first.title not in str(mail.outbox[-1].body)


def test_an_interruption_is_dropped_when_its_duty_was_done(world: World) -> None:
    row = builders.risk(world)
    at = due(row, 21)
    sweep(at)
    builders.review(world, row, at=at)
    deliver_due(lambda: at, seconds=60, limit=10)
    assert mail.outbox == []
    assert (21, "skipped") in rungs(row)


# More time ----------------------------------------------------------------------------------------
def extend(world: World, row: Risk, until: dt.date, at: dt.datetime) -> None:
    grant_extension(
        actor=world.viewer("manager"), ref=row.ref, version=None, until=until, reason="Audit",
        at=at,
    )  # fmt: skip


def test_an_extension_defers_the_rungs_to_come_and_the_digest_says_so(world: World) -> None:
    row, other = builders.risk(world), builders.risk(world, title="Another")
    day = row.next_review_on
    assert day is not None
    assert run(due(row, 0)) == ["owner"]
    until = day + 10 * DAY
    extend(world, row, until, due(row, 1))
    row.refresh_from_db()
    assert row.next_review_on == day
    assert run(due(row, 7)) == ["manager", "owner"]  # of the other one
    assert (7, "sent") not in rungs(row)
    body = next(str(m.body) for m in mail.outbox[-2:] if m.to == [world.owner.email])
    assert "7 days overdue, extended until 26 October 2026" in body
    # What may wait comes after what may not.
    assert body.index(other.title) < body.index(row.title)
    # Three days before it ends, and on the day it does, once each.
    assert "due in 3 days" in body
    for days in range(8, 17):
        assert run(due(row, days)) == (["owner"] if days == 10 else [])
    assert run(due(row, 17)) == ["manager", "owner"]
    assert rungs(row) == [(-14, "skipped"), (-3, "skipped"), (0, "sent"), (7, "sent")]


def test_an_extension_does_not_undo_what_had_come_when_it_was_granted(world: World) -> None:
    """Nothing ran on the seventh day; more time was granted on the eighth."""
    row = builders.risk(world)
    run(due(row, 0))
    assert row.next_review_on is not None
    extend(world, row, row.next_review_on + 15 * DAY, due(row, 8))
    assert run(due(row, 9)) == ["manager", "owner"]
    assert rungs(row)[-1] == (7, "sent")


@pytest.mark.parametrize("granted", sample([-6, -3, -1, 0, 2, 9], 0))
def test_the_end_of_an_extension_is_told_before_and_on_its_day_once_each(
    world: World, granted: int
) -> None:
    row = builders.risk(world, deputy=world.deputy.email)
    day = row.next_review_on
    assert day is not None
    for days in (-14, -3, 0, 7):
        if days <= granted:
            run(due(row, days))
    end = granted + 25
    extend(world, row, day + end * DAY, due(row, granted))
    wanted = {end - 3: ["owner"], end: ["deputy", "owner"]}
    for days in range(granted + 1, end + 7):
        told = run(due(row, days))
        assert set(told) - {"manager"} == set(wanted.get(days, [])), days
    sent = Reminder.objects.filter(state="sent", kind="risk.extension")
    on = set(sent.values_list("rung", flat=True))
    # What the review had told of already, the extension tells of; what it had not, itself.
    assert on == {rung for rung in (-3, 0) if rung <= granted}


def test_the_end_of_an_extension_is_told_after_an_outage_and_not_when_it_was_reviewed(
    world: World,
) -> None:
    row, other = builders.risk(world), builders.risk(world, title="Another")
    day = row.next_review_on
    assert day is not None
    run(due(row, 1))
    for one in (row, other):
        extend(world, one, day + 20 * DAY, due(row, 2))
    builders.review(world, other, at=due(row, 3))
    assert run(due(row, 16)) == []
    assert run(due(row, 22)) == ["owner"]
    body = str(mail.outbox[-1].body)
    assert body.count("the extension of its review ends; the review was due on") == 1
    told = Reminder.objects.filter(kind="risk.extension").order_by("rung")
    assert [(r.rung, r.state) for r in told] == [(-3, "skipped"), (0, "sent")]
    assert run(due(row, 23)) == []


def test_a_ladder_without_a_rung_before_the_day_still_tells_of_it_before(world: World) -> None:
    change(world, [Rung(0, ("owner",)), Rung(9, ("managers",))])
    row = builders.risk(world)
    run(due(row, 1))
    assert row.next_review_on is not None
    extend(world, row, row.next_review_on + 20 * DAY, due(row, 2))
    told = {days: run(due(row, days)) for days in range(3, 24)}
    assert {days for days, people in told.items() if people} == {17, 20}


def test_the_end_of_an_extension_is_in_no_list_and_no_count(world: World) -> None:
    row = builders.risk(world)
    assert row.next_review_on is not None
    run(due(row, 1))
    extend(world, row, row.next_review_on + 20 * DAY, due(row, 2))
    viewer = world.viewer("owner")
    wanted = agenda.Wanted(today=viewer.today(due(row, 18)))
    assert [d.kind for d in agenda.duties_for(viewer, wanted, 9).duties] == ["risk.review"]
    assert agenda.summed_duty_counts(viewer, wanted) == 1


# Foretelling it -----------------------------------------------------------------------------------
def told(forecast: Any) -> list[tuple[str, str]]:
    return [
        (last_due_dates.name.split("(")[-1].rstrip(")"), last_due_dates.part)
        for last_due_dates in forecast
    ]


def test_a_preview_says_who_gets_what_when(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy.email)
    day = row.next_review_on
    assert day is not None
    User.objects.filter(pk=world.owner.pk).update(working_days=[1, 2, 3, 4, 5], digest_hour=7)
    User.objects.filter(pk=world.deputy.pk).update(digest_by_mail=False)
    run(due(row, -14))
    found = preview_reminders_of_risk(world.viewer("manager"), row.ref, None, due(row, -5))
    assert [(f.rung.offset_days, f.state) for f in found] == [
        (-14, "sent"), (-3, "to_come"), (0, "to_come"), (7, "to_come"), (21, "to_come"),
    ]  # fmt: skip
    assert [(f.on - day).days for f in found] == [-14, -3, 0, 7, 21]
    assert told(found[2].recipients) == [("owner", "owner"), ("deputy", "deputy")]
    assert found[2].recipients[1].channels == ("inbox",)
    assert told(found[4].recipients)[-1] == ("leader", "leader")
    assert found[4].interrupts
    assert all(not f.nobody for f in found)
    # 6 November, 21 days later, is a Friday; 23 October as well; 13 October is a Tuesday.
    assert found[1].recipients[0].digest_on == dt.date(2026, 10, 13)


def test_a_preview_of_a_ladder_that_is_not_saved(world: World) -> None:
    row = builders.risk(world)
    run(due(row, 0))
    asked = [Rung(-20, ("owner",)), Rung(0, ("owner",)), Rung(3, ("leaders",)), Rung(4, ("owner",))]
    found = preview_reminders_of_risk(world.viewer("manager"), row.ref, asked, due(row, 3))
    assert [(f.rung.offset_days, f.state) for f in found] == [
        (-20, "skipped"), (0, "sent"), (3, "due"), (4, "to_come"),
    ]  # fmt: skip
    assert not Ladder.objects.exists()
    with pytest.raises(Invalid, match="at 0"):
        preview_reminders_of_risk(world.viewer("manager"), row.ref, [Rung(3, ("owner",))], world.at)


def test_a_preview_knows_weekends_extensions_and_that_there_is_nobody(world: World) -> None:
    row = builders.risk(world)
    day = row.next_review_on
    assert day is not None
    User.objects.update(working_days=[1, 2, 3, 4, 5], digest_hour=7)
    extend(world, row, day + 9 * DAY, due(row, -1))  # a Sunday
    found = preview_reminders_of_risk(world.viewer("manager"), row.ref, None, due(row, 1))
    states = {f.rung.offset_days: (f.state, (f.on - day).days) for f in found}
    assert states == {
        -14: ("skipped", -14), -3: ("due", -3), 0: ("deferred", 9), 7: ("deferred", 16),
        21: ("deferred", 30),
    }  # fmt: skip
    on_zero = next(f for f in found if f.rung.offset_days == 0)
    assert on_zero.recipients[0].digest_on == dt.date(2026, 10, 26)  # the Monday after
    world.register.memberships.filter(party=world.foton).exclude(user=world.manager).update(
        ended_at=world.at
    )
    viewer = world.viewer("manager")
    world.register.memberships.filter(user=world.manager).update(ended_at=world.at)
    assert all(
        f.nobody
        for f in preview_reminders_of_risk(viewer, row.ref, None, due(row, 1))
        if f.state != "skipped"
    )
