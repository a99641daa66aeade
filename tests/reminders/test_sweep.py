"""The sweep as a whole: who is told what, once, and what is left behind."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import transaction

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.kernel import clock
from riskreg.notify.models import Delivery, DeliveryState, Message
from riskreg.notify.services import deliver, deliver_due
from riskreg.register.models import Membership
from riskreg.reminders.models import Addressee, DigestMark, Reminder
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk, share_risk, transfer_risk
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)


def run(at: dt.datetime) -> None:
    """A sweep, and the worker that it wakes."""
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=1000)


def due_at(row: Risk, days: int, hour: int = 4) -> dt.datetime:
    """``days`` after the due date of ``row``, at midday of the register's zone."""
    assert row.next_review_on is not None
    return dt.datetime.combine(row.next_review_on + days * DAY, dt.time(hour), tzinfo=dt.UTC)


def ladder(row: Risk) -> list[tuple[int, str, str]]:
    return list(
        Reminder.objects.filter(subject=row.uuid)
        .order_by("due_on", "id")
        .values_list("rung", "state", "reason")
    )


def told() -> list[tuple[str, str]]:
    return [(m.to[0].split("@")[0], m.subject) for m in mail.outbox]


def test_nothing_is_said_before_the_first_rung(world: World) -> None:
    row = builders.risk(world)
    run(due_at(row, -15))
    assert ladder(row) == []
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("days", "people", "rungs"),
    [
        (-14, ["owner"], [-14]),
        (-4, ["owner"], [-14]),
        (-3, ["owner"], [-3]),
        (-1, ["owner"], [-3]),
        (0, ["deputy", "owner"], [0]),
        (6, ["deputy", "owner"], [0]),
        (7, ["deputy", "manager", "owner"], [7]),
        (20, ["deputy", "manager", "owner"], [7]),
        (21, ["deputy", "leader", "manager", "owner"], [21]),
        (400, ["deputy", "leader", "manager", "owner"], [21]),
    ],
)
def test_each_rung_tells_its_people(
    world: World, days: int, people: list[str], rungs: list[int]
) -> None:
    row = builders.risk(world, deputy=world.deputy)
    run(due_at(row, days))
    assert sorted(name for name, _ in told()) == people
    assert [r for r, state, _ in ladder(row) if state == "sent"] == rungs


def test_a_ladder_climbed_day_by_day_sends_each_rung_once(world: World) -> None:
    row = builders.risk(world)
    for days in range(-20, 30):
        run(due_at(row, days))
    assert ladder(row) == [(days, "sent", "") for days in (-14, -3, 0, 7, 21)]
    assert [name for name, _ in told()].count("owner") == 5
    assert [name for name, _ in told()].count("manager") == 2
    assert [name for name, _ in told()].count("leader") == 1


def test_an_outage_of_three_days_over_the_due_date_costs_one_mail_each(world: World) -> None:
    rows = [builders.risk(world, title=f"Risk {n}", deputy=world.deputy) for n in range(3)]
    first = rows[0]
    run(due_at(first, -14))
    mail.outbox.clear()
    # Nothing runs from the day before the due date until two days after it.
    for _ in range(2):
        run(due_at(first, 2))
    assert sorted(name for name, _ in told()) == ["deputy", "owner"]
    assert all("3 overdue" in subject for _, subject in told())
    for row in rows:
        assert ladder(row) == [(-14, "sent", ""), (-3, "skipped", "overtaken"), (0, "sent", "")]


def test_what_was_overtaken_while_nothing_ran_is_recorded_as_skipped(world: World) -> None:
    row = builders.risk(world)
    run(due_at(row, 9))
    assert sorted(ladder(row)) == [
        (-14, "skipped", "overtaken"),
        (-3, "skipped", "overtaken"),
        (0, "skipped", "overtaken"),
        (7, "sent", ""),
    ]
    verbs = list(
        Event.objects.filter(subject_uuid=row.uuid, verb__startswith="reminder").values_list(
            "verb", flat=True
        )
    )
    assert sorted(verbs) == ["reminder.sent", *["reminder.skipped"] * 3]


def test_the_notifier_never_moves_a_review_date(world: World) -> None:
    row = builders.risk(world)
    before = (row.next_review_on, row.version, row.updated_at)
    for days in (-14, 0, 7, 50):
        run(due_at(row, days))
    row.refresh_from_db()
    assert (row.next_review_on, row.version, row.updated_at) == before


def test_a_second_sweep_changes_nothing(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy)
    at = due_at(row, 0)

    def everything() -> list[Any]:
        models = (Reminder, Addressee, Message, Delivery, DigestMark, Event)
        return [list(model.objects.order_by("pk").values()) for model in models]

    run(at)
    before = everything()
    run(at)
    run(at + dt.timedelta(minutes=5))
    assert everything() == before


def test_what_comes_up_after_todays_digest_goes_into_tomorrows(world: World) -> None:
    first = builders.risk(world)
    at = due_at(first, -14)
    run(at)
    second = builders.risk(world, title="A later one", at=at - 20 * DAY)
    run(at + dt.timedelta(hours=1))
    assert len(mail.outbox) == 1
    assert ladder(second) == [(-14, "due", "")]
    run(at + DAY)
    assert len(mail.outbox) == 2
    assert "A later one" in mail.outbox[1].body
    # All that is due is listed, also what was told before.
    assert first.title in mail.outbox[1].body
    assert ladder(second) == [(-14, "sent", "")]


def test_when_a_digest_is_written_tells_nothing_of_private_things(world: World) -> None:
    """Had the time of a shared risk's reminder depended on what else its owner was told that day,
    the other party could read from it that something private exists."""
    times = []
    for private in (False, True):
        with transaction.atomic():
            at = world.at + 30 * DAY
            if private:
                builders.risk(world, visibility="party", at=at - 20 * DAY)
            run(at)
            row = builders.risk(world, title="Shared, from noon on", at=at - 20 * DAY)
            for hours in range(0, 48, 2):
                run(at + hours * dt.timedelta(hours=1))
            times.append(Event.objects.get(subject_uuid=row.uuid, verb="reminder.sent").at)
            transaction.set_rollback(True)
    assert times[0] == times[1] > at


def test_what_is_discharged_before_sending_is_not_listed(world: World) -> None:
    kept, done = builders.risk(world, title="Still due"), builders.risk(world, title="Done now")
    at = due_at(kept, 0)
    sweep(at)
    builders.review(world, done, at=at)
    deliver_due(lambda: at, seconds=60, limit=10)
    assert len(mail.outbox) == 1
    assert "Still due" in mail.outbox[0].body
    assert "Done now" not in mail.outbox[0].body
    message = Message.objects.get()
    assert "Done now" not in message.text + message.html
    assert (0, "skipped", "discharged") in ladder(done)
    assert (0, "sent", "") in ladder(kept)


def test_a_digest_in_which_nothing_is_due_any_more_is_dropped(world: World) -> None:
    row = builders.risk(world)
    at = due_at(row, 0)
    sweep(at)
    builders.review(world, row, at=at)
    deliver_due(lambda: at, seconds=60, limit=10)
    assert mail.outbox == []
    assert Delivery.objects.get(channel="mail").state == DeliveryState.DROPPED
    assert (0, "skipped", "discharged") in ladder(row)


def test_what_is_discharged_between_two_digests_is_never_listed(world: World) -> None:
    first = builders.risk(world)
    at = due_at(first, -14)
    run(at)
    second = builders.risk(world, title="Over by then", at=at - 20 * DAY)
    sweep(at + dt.timedelta(hours=1))
    close_risk(
        actor=world.viewer("owner"), ref=second.ref, version=None, reason="over",
        at=at + dt.timedelta(hours=2),
    )  # fmt: skip
    run(at + DAY)
    assert len(mail.outbox) == 1
    assert ladder(second) == [(-14, "skipped", "discharged")]


def test_a_digest_that_could_not_be_sent_is_replaced_by_the_next(
    world: World, settings: Any
) -> None:
    """Three days without a mail server end in one mail, not in three."""
    early, late = builders.risk(world, title="First"), builders.risk(world, title="Second")
    at = due_at(early, -14)
    settings.EMAIL_BACKEND = "tests.notify.backends.Away"
    run(at)
    builders.assess(world, late, (5, 5), at=at)
    run(at + 14 * DAY)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    run(at + 15 * DAY)
    assert [name for name, _ in told()] == ["owner"]
    assert "First" in mail.outbox[0].body
    assert "Second" in mail.outbox[0].body
    states = Delivery.objects.filter(channel="mail").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["dropped", "sent"]


def test_the_deputy_stands_in_for_an_owner_who_left(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy)
    Membership.objects.filter(user=world.owner).update(ended_at=world.at)
    run(due_at(row, -14))
    assert [name for name, _ in told()] == ["deputy"]
    assert "you are its deputy" in mail.outbox[0].body


def test_an_owner_whose_account_is_closed_is_not_written_to(world: World) -> None:
    row = builders.risk(world)
    User.objects.filter(pk=world.owner.pk).update(is_active=False)
    run(due_at(row, -14))
    assert [name for name, _ in told()] == ["manager"]
    assert "nobody who answers for it is here any more" in mail.outbox[0].body
    assert "nobody left who answers for it" in mail.outbox[0].body


def test_leaders_are_alarmed_when_there_are_no_managers(world: World) -> None:
    row = builders.risk(world)
    gone = [world.owner, world.manager]
    Membership.objects.filter(user__in=gone).update(ended_at=world.at)
    run(due_at(row, 0))
    assert [name for name, _ in told()] == ["leader"]
    event = Event.objects.get(subject_uuid=row.uuid, verb="reminder.sent")
    assert "stand_in" in event.changes


def test_with_nobody_to_tell_the_duty_waits_and_the_log_says_so(world: World) -> None:
    row = builders.risk(world)
    Membership.objects.filter(party=world.foton).update(ended_at=world.at)
    at = due_at(row, 0)
    run(at)
    assert told() == [("partner-manager", "Nobody left to tell: 1 duty of Foton")]
    assert Event.objects.filter(subject_uuid=row.uuid, verb="reminder.unaddressed").count() == 1
    assert (0, "due", "") in ladder(row)
    Membership.objects.filter(user=world.manager).update(ended_at=None)
    mail.outbox.clear()
    run(at + DAY)
    assert [name for name, _ in told()] == ["manager"]
    assert Event.objects.filter(subject_uuid=row.uuid, verb="reminder.unaddressed").count() == 1


def test_a_rung_that_nobody_could_be_told_is_overtaken_by_the_next(world: World) -> None:
    row = builders.risk(world)
    Membership.objects.filter(party=world.foton).update(ended_at=world.at)
    run(due_at(row, -14))
    run(due_at(row, 0))
    overtaken = [(-14, "skipped", "overtaken"), (-3, "skipped", "overtaken")]
    assert ladder(row) == [*overtaken, (0, "due", "")]
    Membership.objects.filter(user=world.owner).update(ended_at=None)
    run(due_at(row, 1))
    assert ladder(row) == [*overtaken, (0, "sent", "")]
    assert [name for name, _ in told()] == ["partner-manager"] * 2 + ["owner"]


def test_who_took_over_before_the_digest_is_told_instead(world: World) -> None:
    first = builders.risk(world)
    at = due_at(first, -14)
    run(at)
    row = builders.risk(world, title="Handed over", at=at - 20 * DAY)
    sweep(at + dt.timedelta(hours=1))
    transfer_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, owner=world.deputy,
        at=at + dt.timedelta(hours=2),
    )  # fmt: skip
    mail.outbox.clear()
    run(at + DAY)
    run(at + 2 * DAY)
    assert [name for name, _ in told()] == ["deputy"]
    assert "Handed over" in mail.outbox[0].body


def test_a_private_risk_is_told_to_its_party_alone(world: World) -> None:
    row = builders.risk(world, visibility="party", title="CANARY", by=world.partner_owner)
    run(due_at(row, 8))
    assert sorted(name for name, _ in told()) == ["partner-manager", "partner-owner"]
    assert all("only your party sees it" in m.body for m in mail.outbox)
    own = f"{world.register.uuid}:{world.catl.uuid}"
    events = Event.objects.filter(subject_uuid=row.uuid, verb__startswith="reminder")
    assert {e.chain.key for e in events.select_related("chain")} == {own}


def test_a_risk_that_was_shared_meanwhile_is_named_by_its_new_ref(world: World) -> None:
    row = builders.risk(world, visibility="party", deputy=world.deputy)
    at = due_at(row, 0)
    sweep(at)
    share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=at)
    deliver_due(lambda: at, seconds=60, limit=10)
    row.refresh_from_db()
    assert len(mail.outbox) == 2
    assert all(row.ref in m.body and "F-001" not in m.body for m in mail.outbox)


def test_people_of_two_registers_get_one_mail(world: World) -> None:
    other = builders.build_world(world.at, slug="second-programme")
    from riskreg.register.services import add_member

    add_member(
        register=other.register, user=world.owner, role="owner", party=other.foton, at=world.at,
        by=other.founder,
    )  # fmt: skip
    here = builders.risk(world, title="Here")
    builders.risk(other, title="There", by=world.owner)
    run(due_at(here, -14))
    assert [name for name, _ in told()] == ["owner"]
    assert "Here" in mail.outbox[0].body
    assert "There" in mail.outbox[0].body
    audiences = Message.objects.get().audiences.all()
    assert [a.whole for a in audiences] == [False, False]


def test_reminder_message_and_delivery_stand_or_fall_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = builders.risk(world)
    at = due_at(row, -14)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the lights went out")

    with monkeypatch.context() as patch:
        patch.setattr("riskreg.reminders.services.digests.mark_sent", broken)
        assert sweep(at).broken == 1
    assert (Message.objects.count(), Delivery.objects.count()) == (0, 0)
    assert ladder(row) == [(-14, "due", "")]
    day = clock.local_date(at, world.owner.time_zone)
    assert not DigestMark.objects.filter(user=world.owner, local_day__gte=day)
    assert DigestMark.objects.filter(user=world.deputy, local_day=day)
    run(at)
    assert ladder(row) == [(-14, "sent", "")]
    assert len(mail.outbox) == 1


def test_one_broken_digest_keeps_nobody_else_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from riskreg.reminders.services import digests

    row = builders.risk(world, deputy=world.deputy)
    plain = digests.render_with_fingerprint

    def fragile(user: User, *rest: Any) -> Any:
        if user == world.owner:
            raise RuntimeError("cannot be rendered")
        return plain(user, *rest)

    monkeypatch.setattr(digests, "render_with_fingerprint", fragile)
    run(due_at(row, 0))
    assert [name for name, _ in told()] == ["deputy"]


def test_the_message_is_woken_after_the_commit(
    world: World, woken: list[tuple[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    row = builders.risk(world)
    with django_capture_on_commit_callbacks(execute=True):
        sweep(due_at(row, -14))
    delivery = Delivery.objects.get(channel="mail")
    assert woken == [("notify.deliver_due", ("mail",))]
    assert deliver(delivery.uuid, delivery.next_attempt_at) == "sent"


def test_a_closed_risk_is_nobodys_duty(world: World) -> None:
    draft = builders.risk(world, opened=False)
    close_risk(
        actor=world.viewer("owner"), ref=draft.ref, version=None, reason="no risk", at=world.at
    )
    closed = builders.risk(world)
    at = due_at(closed, 1)
    close_risk(
        actor=world.viewer("owner"), ref=closed.ref, version=None, reason="over", at=world.at
    )
    run(at)
    assert ladder(draft) == ladder(closed) == []
    assert mail.outbox == []


def test_a_reminder_is_written_by_the_real_clock_of_the_task(world: World) -> None:
    from riskreg.reminders.tasks import sweep as task

    row = builders.risk(world)
    with time_machine.travel(due_at(row, -14), tick=False):
        task()
    assert ladder(row) == [(-14, "sent", "")]


def test_the_selection_reads_by_indexes_alone(world: World) -> None:
    """A table scan would make each sweep cost what the whole register costs."""
    from riskreg.duties.sources import REVIEW
    from riskreg.reminders.policy import DEFAULT_LADDER
    from riskreg.reminders.queries import ids_and_due_dates_below_rung

    builders.risk(world)
    plan = ids_and_due_dates_below_rung(
        REVIEW, world.register, world.today, DEFAULT_LADDER
    ).explain()
    if "SCAN" in plan or "SEARCH" in plan:  # SQLite says how it reads each table
        assert "risk_due" in plan
        assert "reminder_once" in plan or "sqlite_autoindex_reminders_reminder" in plan
        assert "SCAN risks_risk" not in plan
    else:
        # With one row any way costs the same, and what other tests left in the statistics decides.
        # So the planner is asked for the order by an index: it must be able to, by these two.
        from django.db import connection

        with connection.cursor() as cursor:
            for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute("ANALYZE risks_risk")
        plan = ids_and_due_dates_below_rung(
            REVIEW, world.register, world.today, DEFAULT_LADDER
        ).explain()
        assert "risk_due" in plan
        assert "reminder_once" in plan
