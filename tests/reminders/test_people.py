"""Who is told instead of whom: absences, stand-ins, people named by the ladder, nobody at all."""

import datetime as dt

from django.core import mail

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.notify.models import Message
from riskreg.notify.services import deliver_due
from riskreg.register.models import Membership
from riskreg.register.services import end_absence, start_absence
from riskreg.reminders.models import Addressee, Reminder
from riskreg.reminders.policy import Rung
from riskreg.reminders.services import sweep
from riskreg.risks.services import transfer_risk
from tests import builders
from tests.builders import World

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def run(at: dt.datetime) -> list[str]:
    """A sweep and the worker that it wakes; the names of those who got mail by it."""
    already = len(mail.outbox)
    assert sweep(at).broken == 0
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox[already:])


def due(row: builders.Risk, days: int) -> dt.datetime:
    assert row.next_review_on is not None
    return dt.datetime.combine(row.next_review_on + days * DAY, dt.time(4), tzinfo=dt.UTC)


def away(world: World, who: str, at: dt.datetime, days: int, stand_in: str | None = None) -> None:
    today = world.viewer(who).today(at)
    start_absence(
        actor=world.viewer(who), starts_on=today, until_on=today + days * DAY,
        stand_in=getattr(world, stand_in).email if stand_in else None, at=at,
    )  # fmt: skip


def test_a_stand_in_is_told_for_whom_and_until_when(world: World) -> None:
    row = builders.risk(world, deputy=world.leader.email)
    at = due(row, -14)
    away(world, "owner", at, 5, "deputy")
    assert run(at) == ["deputy"]
    body = str(mail.outbox[0].body)
    assert f"for {world.owner.name}, who is away until 7 October 2026" in body
    assert "Owner:" not in body
    assert Addressee.objects.get().part == "for_away"


def test_an_owner_who_is_away_without_a_stand_in_is_replaced_but_not_given_up(
    world: World,
) -> None:
    row = builders.risk(world)
    at = due(row, -14)
    away(world, "owner", at, 5)
    assert run(at) == ["manager"]
    body = str(mail.outbox[0].body)
    assert f"for {world.owner.name}, who is away until" in body
    assert "name a new owner" not in body


def test_what_waits_for_one_who_goes_away_goes_to_the_stand_in(world: World) -> None:
    first = builders.risk(world)
    at = due(first, -14)
    run(at)
    builders.risk(world, title="Later", at=at - 20 * DAY, deputy=world.leader.email)
    run(at + HOUR)
    away(world, "owner", at + HOUR, 20, "deputy")
    # The stand-in's digest of the day was looked after already: theirs of tomorrow says it.
    assert run(at + 2 * HOUR) == []
    assert run(at + DAY) == ["deputy"]
    assert "Later" in str(mail.outbox[-1].body)
    # It lists what the one who is away was told before as well.
    assert first.title in str(mail.outbox[-1].body)


def test_who_comes_back_is_told_what_nobody_was(world: World) -> None:
    row = builders.risk(world)
    at = due(row, 0)
    for name in ("owner", "manager", "leader"):
        away(world, name, at, 3)
    assert run(at) == ["partner-manager"]  # the alarm
    assert "Nobody left to tell: 1 duty of Foton" in mail.outbox[0].subject
    absence = world.owner.absences.get()
    end_absence(actor=world.viewer("owner"), absence=absence.uuid, at=at + HOUR)
    assert run(at + 2 * HOUR) == []  # the digest of the day was looked after
    assert run(at + DAY) == ["owner"]
    assert Reminder.objects.get(subject=row.uuid, rung=0).state == "sent"


def test_what_waits_for_one_who_left_is_not_stuck(world: World) -> None:
    first = builders.risk(world)
    at = due(first, -14)
    run(at)
    late = builders.risk(world, title="Later", at=at - 20 * DAY)
    run(at + HOUR)
    Membership.objects.filter(user=world.owner).update(ended_at=at)
    assert run(at + DAY) == ["manager"]
    assert Reminder.objects.get(subject=late.uuid).state == "sent"


def test_a_new_owner_hears_of_a_rung_that_the_deputy_was_told_meanwhile(world: World) -> None:
    first = builders.risk(world)
    run(due(first, -14))
    row = builders.risk(world, title="Handed over", at=due(first, -44), deputy=world.deputy.email)
    at = due(row, 0)
    User.objects.filter(pk=world.owner.pk).update(digest_hour=20)
    sweep(at)
    transfer_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, owner=world.leader, at=at + HOUR
    )
    mail.outbox.clear()
    told = [name for days in range(1, 5) for name in run(at + days * DAY)]
    assert told == ["deputy", "leader"]
    assert [m.to[0] for m in mail.outbox if "Handed over" in str(m.body)] == [
        world.deputy.email, world.leader.email,
    ]  # fmt: skip


def test_the_ladder_can_name_somebody(world: World) -> None:
    rungs = [
        Rung(0, ("owner",)),
        Rung(7, ("leaders",), (world.deputy.uuid, world.partner_owner.uuid)),
    ]
    builders.ladder(world, rungs)
    row = builders.risk(world)
    private = builders.risk(world, title="CANARY", visibility="party")
    assert run(due(row, 7)) == ["deputy", "leader", "partner-owner"]
    told = {m.to[0].split("@")[0]: str(m.body) for m in mail.outbox}
    assert "the reminder ladder names you" in told["deputy"]
    assert "you lead its party" in told["leader"]
    assert row.ref in told["partner-owner"]
    assert "CANARY" not in told["partner-owner"]
    assert private.ref in told["deputy"]


def test_an_alarm_comes_once_a_day_and_party_while_it_lasts(world: World) -> None:
    row = builders.risk(world)
    builders.risk(world, title="Another")
    Membership.objects.filter(party=world.foton).update(ended_at=world.at)
    at = due(row, 0)
    assert run(at) == ["partner-manager"]
    message = mail.outbox[0]
    assert message.subject == "Nobody left to tell: 2 duties of Foton"
    assert "due today · 16 October 2026 · Critical 20" in str(message.body)
    assert run(at + HOUR) == []
    assert run(at + DAY) == ["partner-manager"]
    # Each is logged once.
    assert Event.objects.filter(verb="reminder.unaddressed").count() == 2
    alarm = Message.objects.filter(kind="alarm")[0]
    # Nobody can decline it, so it offers no way to.
    assert (alarm.urgent, alarm.unsubscribe_url) == (True, "")
    # What was mended before the alarm goes out is not cried about.
    sweep(at + 2 * DAY)
    Membership.objects.filter(user=world.manager).update(ended_at=None)
    sweep(at + 2 * DAY + HOUR)
    mail.outbox.clear()
    deliver_due(lambda: at + 2 * DAY + HOUR, seconds=60, limit=100)
    assert {m.to[0] for m in mail.outbox} == {world.manager.email}


def test_a_private_duty_with_nobody_left_is_not_told_to_the_other_party(world: World) -> None:
    row = builders.risk(world, visibility="party", title="CANARY")
    at = due(row, 0)
    for name in ("manager", "leader", "owner"):
        away(world, name, at, 3)
    # Its managers are away, all of them: it is for them when they are back.
    assert run(at) == ["manager"]
    assert "1 duty of Foton" in mail.outbox[0].subject
    Membership.objects.filter(party=world.foton).update(ended_at=at)
    assert run(at + DAY) == []
    assert not any("CANARY" in str(m.body) for m in mail.outbox if "partner" in m.to[0])
