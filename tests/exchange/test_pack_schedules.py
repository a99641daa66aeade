"""Board packs before meetings: made once, late rather than never, told to the right people."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from bench.counting import counting
from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.exchange.models import BoardPack, PackSchedule, PackSending
from riskreg.exchange.policy import (
    MeetingRecurrence,
    ToDo,
    day_to_make_pack,
    meeting_served_and_left_out,
)
from riskreg.exchange.queries.schedules import SHOWN, last_sendings_of
from riskreg.exchange.services import sendings
from riskreg.exchange.services.pack_mail import current_content_of_message
from riskreg.exchange.services.packs import cancel_pack
from riskreg.exchange.services.schedules import MOST, change_schedule, end_schedule
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.models import Membership, Register
from riskreg.register.services import start_absence
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.exchange.packing import made
from tests.exchange.scheduling import DAY, mails, schedule, states, tend
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# Days ---------------------------------------------------------------------------------------------
@pytest.mark.once
@pytest.mark.parametrize(
    ("first", "months", "by_weekday", "expected"),
    [
        ("2027-01-31", 1, False, ["2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-01-31", 1, False, ["2028-02-29", "2028-03-31", "2028-04-30"]),
        ("2026-10-13", 3, True, ["2027-01-12", "2027-04-13", "2027-07-13"]),
        # The fifth Friday of a month that has four is its last.
        ("2027-01-29", 1, True, ["2027-02-26", "2027-03-26", "2027-04-30"]),
        ("2026-12-31", None, False, []),
    ],
)
def test_further_meetings_are_on_the_same_day_or_weekday(
    first: str, months: int | None, by_weekday: bool, expected: list[str]
) -> None:
    rule = MeetingRecurrence(day(first), months, by_weekday)
    found = rule.meetings_on_or_after(day(first) + DAY)
    assert [one.isoformat() for one, _n in zip(found, range(3), strict=False)] == expected
    assert rule.next_on_or_after(day("2000-01-01")) == day(first)


@pytest.mark.once
@drawn(
    st.dates(day("2020-01-01"), day("2040-12-31")), st.integers(1, 24), st.booleans(),
    st.dates(day("2020-01-01"), day("2060-12-31")),
)  # fmt: skip
def test_no_meeting_is_passed_over(
    first: dt.date, months: int, by_weekday: bool, since: dt.date
) -> None:
    rule = MeetingRecurrence(first, months, by_weekday)
    every = [m for n in range(12 * 45) if (m := rule.date_of_meeting_at(n)) is not None]
    assert every == sorted(set(every))
    assert rule.next_on_or_after(since) == next((m for m in every if m >= since), None)
    if by_weekday:
        assert {m.weekday() for m in every} == {first.weekday()}


@pytest.mark.once
def test_of_meetings_that_passed_the_last_is_made_up_for() -> None:
    rule, start = MeetingRecurrence(day("2027-01-15"), 1), day("2027-01-15")
    assert meeting_served_and_left_out(rule, start, 7, day("2027-01-07")) == ToDo()
    assert meeting_served_and_left_out(rule, start, 7, day("2027-01-08")) == ToDo(start)
    late = meeting_served_and_left_out(rule, start, 7, day("2027-04-01"))
    assert late == ToDo(day("2027-03-15"), [start, day("2027-02-15")])
    # The next one is due as well: it is served, and nothing tells the same day twice.
    both = meeting_served_and_left_out(rule, start, 7, day("2027-04-10"))
    assert both.make == day("2027-04-15")
    assert len(both.skip) == 3
    assert day_to_make_pack(start, 7, day("2027-01-10")) == day("2027-01-10")


# Making and sending -------------------------------------------------------------------------------
def test_a_pack_is_made_and_told_of_once_whoever_comes_by(world: World) -> None:
    builders.risk(world, title="Ice on the ramp", rated=(5, 5))
    row = schedule(world)
    tend(world, 2)
    assert states() == []
    User.objects.filter(pk=world.leader.pk).update(language="zh-hans")
    for hours in (0, 0, 1, 24):
        tend(world, 3, hours=hours)
    (one,) = PackSending.objects.all()
    assert (one.meeting_on, one.state, one.left_out) == (row.first_on, "sent", [])
    (pack,) = BoardPack.objects.all()
    assert (pack.as_of, pack.audience, pack.sending, pack.made_by) == (
        row.first_on - 7 * DAY, "shared", one, world.manager,
    )  # fmt: skip
    assert pack.data is not None
    assert one.figures["open"] == 1
    first, second = mails()
    assert {first.recipient, second.recipient} == {world.manager.uuid, world.leader.uuid}
    assert (first.subject, second.subject) == (
        "Board pack for Steering committee, 26 Sep 2026",
        "董事会材料：Steering committee，2026年9月26日",
    )
    for text in ("Steering committee", "Open threats", f"/r/{world.register.slug}/board-packs/"):
        assert text in first.text
    assert "late" not in first.text
    row.refresh_from_db()
    assert (row.next_on, row.make_on) == (None, None)
    verbs = Event.objects.filter(subject_uuid=row.uuid).order_by("seq")
    names = ["pack_schedule.set", "pack_schedule.begun", "pack_schedule.sent"]
    assert [event.verb for event in verbs] == names
    assert {event.chain.key for event in verbs} == {f"{world.register.uuid}:{world.foton.uuid}"}


def test_what_was_missed_is_made_late_once_and_says_so(world: World) -> None:
    schedule(world, every_months=1, days_before=3)
    tend(world, 75)
    assert states() == [("2026-09-26", "skipped"), ("2026-10-26", "skipped"),
                        ("2026-11-26", "sent")]  # fmt: skip
    assert "It is late: it was to be made on" in mails()[0].text
    assert "after the meeting" in mails()[0].text
    tend(world, 76)
    assert len(mails()) == 2
    tend(world, 75 + 23)
    assert states()[-1] == ("2026-12-26", "sent")
    assert "late" not in mails()[-1].text


def test_a_worker_that_is_away_costs_a_delay_and_no_mail(world: World) -> None:
    schedule(world)
    tend(world, 3, work=False)
    assert (states(), mails()) == ([("2026-09-26", "making")], [])
    tend(world, 4)
    assert states() == [("2026-09-26", "sent")]
    assert BoardPack.objects.count() == 1


def test_a_sweep_that_dies_leaves_nothing_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = schedule(world)
    for name in ("create_permitted_pack_and_start_job", "post_message_about_sending"):
        with (
            monkeypatch.context() as broken,
            nothing_half_written(name != "post_message_about_sending"),
        ):
            broken.setattr(sendings, name, lambda *_args: 1 / 0)
            tend(world, 3)
        assert mails() == []
    tend(world, 3)
    assert states() == [(row.first_on.isoformat(), "sent")]
    assert len(mails()) == 2


def nothing_half_written(nothing: bool) -> Any:
    """No row at all may differ afterwards, where ``nothing`` was to be done."""
    from contextlib import nullcontext

    return nothing_changes() if nothing else nullcontext()


def test_who_left_or_may_not_see_is_left_out_and_the_maker_is_told(world: World) -> None:
    people = [world.manager.email, world.leader.email]
    schedule(world, recipients=people)
    Membership.objects.filter(user=world.leader).update(role="viewer")
    tend(world, 3)
    (one,) = PackSending.objects.all()
    assert one.left_out == [{"user": str(world.leader.uuid), "why": "may_not_see"}]
    assert [m.recipient for m in mails()] == [world.manager.uuid]
    (told,) = mails("partly")
    assert told.recipient == world.manager.uuid
    assert f"{world.leader} may not see board packs any more" in told.text


def test_where_nobody_is_left_to_be_told_it_has_failed(world: World) -> None:
    schedule(world, recipients=[world.leader.email])
    Membership.objects.filter(user=world.leader).update(ended_at=world.at)
    tend(world, 3)
    assert states() == [("2026-09-26", "failed")]
    (told,) = mails("failed")
    assert "no member of your party any more" in told.text


def test_it_is_made_in_the_name_of_another_when_whoever_set_it_has_left(world: World) -> None:
    schedule(world, recipients=[world.leader.email, world.manager.email])
    Membership.objects.filter(user=world.manager).update(ended_at=world.at)
    tend(world, 3)
    assert BoardPack.objects.get().made_by == world.leader
    assert [m.recipient for m in mails()] == [world.leader.uuid]
    Membership.objects.filter(user=world.leader).update(ended_at=world.at)
    schedule(world, by="partner_manager", title="Theirs")
    PackSchedule.objects.filter(title="Theirs").update(party=world.foton)
    tend(world, 3)
    failed = PackSending.objects.get(schedule__title="Theirs")
    assert (failed.state, failed.maker) == ("failed", None)


def test_whoever_is_away_is_told_through_their_stand_in(world: World) -> None:
    schedule(world, recipients=[world.leader.email])
    start_absence(
        actor=world.viewer("leader"), starts_on=world.today, until_on=world.today + 20 * DAY,
        stand_in=world.manager.email, at=world.at,
    )  # fmt: skip
    tend(world, 3)
    assert [m.recipient for m in mails()] == [world.manager.uuid]
    assert PackSending.objects.get().left_out == []


def test_both_files_are_made_and_one_that_fails_is_told(world: World) -> None:
    schedule(world, format="both", audience="party", language="both")
    at = tend(world, 3, work=False)
    assert {pack.format for pack in BoardPack.objects.all()} == {"pdf", "pptx"}
    pdf = BoardPack.objects.get(format="pdf")
    cancel_pack(actor=world.viewer("leader"), name=pdf.uuid, at=at)
    tend(world, 3)
    assert states() == [("2026-09-26", "sent")]
    assert "Foton's own" in mails()[0].text
    (told,) = mails("partly")
    assert "It was cancelled." in told.text


def test_in_an_archived_register_nothing_is_made(world: World) -> None:
    schedule(world)
    Register.objects.update(archived_at=world.at)
    with nothing_changes():
        tend(world, 3)


def test_who_may_not_see_packs_when_the_mail_goes_out_gets_none(world: World) -> None:
    schedule(world)
    at = tend(world, 3)
    message = next(m for m in mails() if m.recipient == world.leader.uuid)
    assert current_content_of_message(message.uuid, at) is not None
    Membership.objects.filter(user=world.leader).update(party=world.catl)
    assert current_content_of_message(message.uuid, at) is None


def test_at_night_the_day_has_not_begun(world: World) -> None:
    schedule(world)
    # 16:00 in Shanghai: nine hours later it is one in the night of the day.
    tend(world, 2, hours=9)
    assert states() == []
    tend(world, 2, hours=15)
    assert states() == [("2026-09-26", "sent")]
    assert "late" not in mails()[0].text


# Setting, changing, ending ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"first_on": "2026-09-15"}, "first_on"), ({"first_on": "31 Feb"}, "first_on"),
        ({"first_on": None}, "first_on"), ({"title": " "}, "title"), ({"title": 7}, "title"),
        ({"every_months": 0}, "every_months"), ({"every_months": 25}, "every_months"),
        ({"every_months": "3"}, "every_months"), ({"repeats": "moon"}, "repeats"),
        ({"days_before": -1}, "days_before"), ({"days_before": 61}, "days_before"),
        ({"audience": "all"}, "audience"), ({"language": "fr"}, "language"),
        ({"format": "docx"}, "format"), ({"recipients": []}, "recipients"),
        ({"recipients": "all"}, "recipients"), ({"recipients": [7]}, "recipients"),
        ({"recipients": ["owner@foton.example"]}, "recipients"), ({"pages": 3}, "pages"),
    ],
)  # fmt: skip
def test_what_cannot_be_scheduled_is_refused(world: World, given: Any, field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        schedule(world, **given)
    assert set(refused.value.fields) == {field}


def test_nobody_of_another_party_is_named_or_learns_of_it(world: World) -> None:
    row = schedule(world)
    with pytest.raises(Invalid, match="nobody of your party"):
        schedule(world, recipients=[world.partner_leader.email])
    act = {"schedule": row.uuid, "at": world.at}
    with nothing_changes():
        for who in ("partner_manager", "auditor"):
            with pytest.raises(NotFound):
                change_schedule(actor=world.viewer(who), fields={"title": "Mine"}, **act)
            with pytest.raises(NotFound):
                end_schedule(actor=world.viewer(who), **act)
        for who in ("owner", "onlooker", "auditor", "integration"):
            with pytest.raises(Forbidden):
                schedule(world, by=who, recipients=[world.manager.email])


def test_a_change_serves_the_meetings_to_come_and_none_twice(world: World) -> None:
    row = schedule(world, every_months=1)
    tend(world, 3)
    act: Any = {"actor": world.viewer("leader"), "schedule": row.uuid, "at": world.at + 4 * DAY}
    with pytest.raises(Conflict):
        change_schedule(**act, fields={"title": "New"}, version=7)
    same = change_schedule(**act, fields={"title": row.title}, version=1)
    assert same.version == 1
    changed = change_schedule(**act, fields={"repeats": "weekday"}, version=1)
    # The meeting that was served stays served; the next is the fourth Saturday of October.
    assert (changed.next_on, changed.version) == (day("2026-10-24"), 2)
    with pytest.raises(Invalid, match="a day to come"):
        change_schedule(**act, fields={"first_on": "2026-09-19"})
    sooner = change_schedule(**act, fields={"days_before": 60})
    assert sooner.make_on == world.today + 4 * DAY
    tend(world, 5)
    assert states() == [("2026-09-26", "sent"), ("2026-10-24", "sent")]
    assert PackSending.objects.latest("meeting_on").maker == world.leader


def test_what_has_ended_makes_nothing_more(world: World) -> None:
    row = schedule(world)
    end_schedule(actor=world.viewer("leader"), schedule=row.uuid, at=world.at)
    with pytest.raises(NotFound):
        end_schedule(actor=world.viewer("leader"), schedule=row.uuid, at=world.at)
    tend(world, 3)
    assert states() == []


def test_a_party_has_a_bounded_number_of_schedules(world: World) -> None:
    for _n in range(MOST):
        schedule(world)
    with pytest.raises(Invalid, match="end one first"):
        schedule(world)
    schedule(world, by="partner_leader")


@pytest.mark.django_db(transaction=True)
def test_four_sweeps_at_once_do_the_work_of_one() -> None:
    world = builders.build_world()
    schedule(world, audience="party")
    at = world.at + 3 * DAY
    assert at_once(4, lambda: sendings.begin_and_finish_sendings(at)) == [None] * 4
    (pack,) = BoardPack.objects.all()
    made(world, pack)
    assert at_once(4, lambda: sendings.begin_and_finish_sendings(at)) == [None] * 4
    assert states() == [("2026-09-26", "sent")]
    assert len(mails()) == 2
    verbs = Event.objects.filter(verb__startswith="pack_schedule").values_list("verb", flat=True)
    assert sorted(verbs) == ["pack_schedule.begun", "pack_schedule.sent", "pack_schedule.set"]


def test_of_what_was_sent_the_last_is_read_and_no_more_than_is_shown(world: World) -> None:
    rows = [schedule(world), schedule(world, title="Another meeting")]
    PackSending.objects.bulk_create(
        PackSending(schedule=row, meeting_on=world.today - n * DAY, due_on=world.today - n * DAY,
                    state="skipped", created_at=world.at, ended_at=world.at)
        for row in rows for n in range(SHOWN + 5)
    )  # fmt: skip
    found = last_sendings_of(rows)
    newest = [world.today - n * DAY for n in range(SHOWN)]
    assert [[one.meeting_on for one in found[row.pk]] for row in rows] == [newest, newest]
    with counting() as cost:
        last_sendings_of(rows)
    assert cost.rows == 2 * SHOWN
