"""Days are days of the register; digests belong to days of their reader."""

import datetime as dt
import zoneinfo

import pytest
from django.core import mail

from riskreg.accounts.models import User
from riskreg.notify.models import Message
from riskreg.notify.services import deliver_due
from riskreg.register.models import Register
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
from tests import builders
from tests.amounts import THOROUGH
from tests.builders import World

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def run(at: dt.datetime) -> None:
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=100)


def local(day: dt.date, hour: int, zone: str, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(
        day, dt.time(hour, minute), tzinfo=zoneinfo.ZoneInfo(zone)
    ).astimezone(dt.UTC)


def rungs(row: Risk) -> list[int]:
    return sorted(Reminder.objects.filter(subject=row.uuid).values_list("rung", flat=True))


def zone_is(world: World, zone: str) -> None:
    Register.objects.filter(pk=world.register.pk).update(time_zone=zone)


def readers_zone(zone: str) -> None:
    User.objects.update(time_zone=zone)


def test_a_rung_comes_with_the_registers_day_not_the_readers(world: World) -> None:
    readers_zone("America/Los_Angeles")
    row = builders.risk(world)
    first_day = row.next_review_on - 14 * DAY
    run(local(first_day, 0, "Asia/Shanghai") - HOUR)
    assert rungs(row) == []
    run(local(first_day, 0, "Asia/Shanghai", 1) + DAY)
    assert rungs(row) == [-14]
    # In the words of the mail the distance is that of the register's calendar.
    assert "due in 13 days" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("Europe/Berlin", dt.date(2026, 10, 25)),  # 03:00 comes twice
        ("Europe/Berlin", dt.date(2027, 3, 28)),  # 02:00 does not come
        ("America/Sao_Paulo", dt.date(2018, 11, 4)),  # midnight did not come
        ("Pacific/Apia", dt.date(2011, 12, 31)),  # the day before did not come at all
    ],
)
def test_nothing_is_lost_or_doubled_when_the_clocks_change(
    world: World, zone: str, night: dt.date
) -> None:
    readers_zone(zone)
    zone_is(world, zone)
    row = builders.risk(world)
    Risk.objects.filter(pk=row.pk).update(next_review_on=night)
    start = local(night - 15 * DAY, 12, zone)
    # Every three hours about that night, and noon and midnight of the other days.
    near = range(24 * 14, 24 * 17)
    for hours in (h for h in range(0, 24 * 24, 3) if THOROUGH or h in near or h % 12 == 0):
        run(start + hours * HOUR)
    states = Reminder.objects.filter(subject=row.uuid).order_by("id").values_list("rung", "state")
    assert list(states) == [(n, "sent") for n in (-14, -3, 0, 7)]
    owners = Message.objects.filter(recipient=world.owner.uuid).values_list("local_day", flat=True)
    assert list(owners.order_by("local_day")) == [night + n * DAY for n in (-14, -3, 0, 7)]


@pytest.mark.parametrize(
    ("old", "new"),
    [("Asia/Shanghai", "Pacific/Pago_Pago"), ("Pacific/Pago_Pago", "Pacific/Kiritimati")],
)
def test_a_register_that_moves_to_another_zone_doubles_nothing(
    world: World, old: str, new: str
) -> None:
    zone_is(world, old)
    row = builders.risk(world)
    at = local(row.next_review_on, 1, old)
    run(at)
    zone_is(world, new)
    for hours in range(0, 72, 6):
        run(at + hours * HOUR)
    assert Reminder.objects.filter(subject=row.uuid, rung=0).count() == 1
    assert len(mail.outbox) == 1
    run(at + 9 * DAY)
    assert rungs(row) == [-14, -3, 0, 7]


def test_a_reader_who_moves_gets_no_second_digest_for_the_same_day(world: World) -> None:
    row = builders.risk(world)
    at = local(row.next_review_on - 14 * DAY, 9, "Asia/Shanghai")
    run(at)
    readers_zone("Europe/Berlin")
    second = builders.risk(world, title="Later", at=at - 20 * DAY)
    run(at + HOUR)
    assert len(mail.outbox) == 1
    run(at + DAY)
    assert len(mail.outbox) == 2
    assert second.title in mail.outbox[1].body


def test_a_clock_that_jumped_ahead_and_back_tells_nothing_twice(world: World) -> None:
    row = builders.risk(world)
    true = local(row.next_review_on - 20 * DAY, 9, "Asia/Shanghai")
    run(true + 30 * DAY)
    told = len(mail.outbox)
    for days in range(41):
        run(true + days * DAY)
    assert len(mail.outbox) == told == 2
    assert rungs(row) == [-14, -3, 0, 7]
