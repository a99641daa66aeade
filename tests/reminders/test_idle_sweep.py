"""A sweep in which nothing has moved costs the same, however much there is that was told."""

import datetime as dt
import uuid
import zoneinfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.notify.services import deliver_due
from riskreg.register.models import Membership, Register
from riskreg.reminders.models import Addressee, AddresseeState, Reminder
from riskreg.reminders.queries import LastLook, members_whose_digest_may_be_due, registers_behind
from riskreg.reminders.services import recorded, sweep
from riskreg.reminders.services.recorded import sweep_and_record
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
MOST = 20


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers is of another test's database."""
    monkeypatch.setattr(recorded, "_last", LastLook())


def statements(at: dt.datetime) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        sweep_and_record(lambda: at)
    return [query["sql"] for query in seen.captured_queries]


def tell(at: dt.datetime) -> None:
    """Everybody is told of everything."""
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=10_000)
    assert not Addressee.objects.filter(state=AddresseeState.WAITING).exists()


def copies(row: Risk, count: int) -> list[Risk]:
    """So many rows like ``row``, which is due."""
    made = []
    for n in range(count):
        copy = Risk.objects.get(pk=row.pk)
        copy.pk, copy.uuid, copy.ref, copy.external_id = None, uuid.uuid4(), f"R-9{n:03d}", None
        made.append(copy)
    return Risk.objects.bulk_create(made)


def registers_like(register: Register, count: int) -> None:
    rows = []
    for n in range(count):
        copy = Register.objects.get(pk=register.pk)
        copy.pk, copy.uuid, copy.slug = None, uuid.uuid4(), f"another-{n}"
        rows.append(copy)
    Register.objects.bulk_create(rows)


def test_an_idle_sweep_costs_by_what_is_new(world: World) -> None:
    row = builders.risk(world)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(12), tzinfo=dt.UTC)
    tell(at)
    few = statements(at + HOUR)
    copies(row, 40)
    registers_like(world.register, 300)
    sweep(at + 2 * HOUR)
    # The digest of the next day has what was new.
    tell(at + 24 * HOUR)
    told = Reminder.objects.count()
    assert told > 40
    many = statements(at + 25 * HOUR)
    assert Reminder.objects.count() == told
    assert len(many) <= MOST, "\n".join(many)
    assert len(many) <= len(few) + 1, "\n".join(many)


def test_registers_that_were_told_cost_no_statement(world: World) -> None:
    row = builders.risk(world)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(12), tzinfo=dt.UTC)
    tell(at)
    one = statements(at + HOUR)
    for slug in ("second", "third", "fourth"):
        another = builders.build_world(slug=slug)
        copies(builders.risk(another), 3)
    tell(at + 2 * HOUR)
    # The digest of the next day has what was new.
    tell(at + 24 * HOUR)
    registers = Reminder.objects.order_by().values("register_id").distinct()
    assert registers.count() == 4
    several = statements(at + 25 * HOUR)
    assert len(several) == len(one) <= MOST, "\n".join(several)


def test_a_register_is_looked_at_when_something_is_to_be_done_in_it(world: World) -> None:
    row = builders.risk(world)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(12), tzinfo=dt.UTC)
    early = at - dt.timedelta(days=60)
    registers_like(world.register, 3)
    assert registers_behind(early) == []
    assert registers_behind(at) == [world.register]
    tell(at)
    assert registers_behind(at + HOUR) == []
    # Somebody who was to be told has left.
    Addressee.objects.update(state=AddresseeState.WAITING, message=None)
    Reminder.objects.exclude(state="skipped").update(state="due")
    assert registers_behind(at + HOUR) == []
    world.owner.memberships.update(ended_at=at)
    assert registers_behind(at + HOUR) == [world.register]
    # Nobody is to be told.
    Addressee.objects.all().delete()
    assert registers_behind(at + HOUR) == [world.register]
    Register.objects.update(archived_at=at)
    assert registers_behind(at + HOUR) == []


def test_where_it_cannot_be_said_all_registers_are_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = builders.risk(world)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(12), tzinfo=dt.UTC)

    def breaks(_at: dt.datetime, _last: LastLook | None) -> list[Register]:
        raise ZeroDivisionError

    monkeypatch.setitem(sweep.__globals__, "registers_behind", breaks)
    assert sweep(at).moved == 1


def asked_for_rungs(at: dt.datetime, last: LastLook) -> tuple[list[str], bool]:
    """The registers that are behind, and whether duties were looked through for it."""
    with CaptureQueriesContext(connection) as seen:
        found = registers_behind(at, last)
    looked = any('"risks_risk"' in query["sql"] for query in seen.captured_queries)
    return [register.slug for register in found], looked


def test_told_duties_are_not_looked_through_again_until_something_has_moved(
    world: World,
) -> None:
    """Whatever moves a due date is an event; else only another day or another ladder asks for more,
    and an hour later all is looked at whatever is remembered."""
    row, last = builders.risk(world), LastLook()
    slug = world.register.slug
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(8), tzinfo=dt.UTC)
    assert asked_for_rungs(at, last) == ([slug], True)
    # What is behind is never taken for done.
    assert asked_for_rungs(at + MINUTE, last) == ([slug], True)
    tell(at + MINUTE)
    assert asked_for_rungs(at + 2 * MINUTE, last) == ([], True)
    assert asked_for_rungs(at + 3 * MINUTE, last) == ([], False)
    # Another process, and whoever asks by hand, look at all.
    assert asked_for_rungs(at + 3 * MINUTE, LastLook()) == ([], True)
    builders.mitigation(world, row, due_on=row.next_review_on)
    assert asked_for_rungs(at + 4 * MINUTE, last) == ([slug], True)
    sweep(at + 5 * MINUTE)
    assert asked_for_rungs(at + 6 * MINUTE, last) == ([], True)
    assert asked_for_rungs(at + 7 * MINUTE, last) == ([], False)
    # Nobody does anything, and it is another day.
    later = at + 14 * 24 * HOUR
    last.at = later - MINUTE
    assert asked_for_rungs(later, last) == ([slug], True)
    sweep(later)
    assert asked_for_rungs(later + MINUTE, last)[0] == []
    assert asked_for_rungs(later + 2 * MINUTE, last) == ([], False)
    # A ladder with a rung that the one before did not have.
    steps = [(-14, ["owner"]), (0, ["owner"]), (3, ["owner"]), (14, ["owner", "managers"])]
    builders.ladder(world, [{"offset_days": days, "tells": tells} for days, tells in steps])
    assert asked_for_rungs(later + 3 * MINUTE, last)[1]
    sweep(later + 4 * MINUTE)
    asked_for_rungs(later + 5 * MINUTE, last)
    # Past every service, without an event; and a clock that was ahead.
    Risk.objects.update(next_review_on=later.date() - dt.timedelta(days=1))
    assert asked_for_rungs(later + 6 * MINUTE, last) == ([], False)
    assert asked_for_rungs(later + 66 * MINUTE, last) == ([slug], True)
    sweep(later + 66 * MINUTE)
    asked_for_rungs(later + 67 * MINUTE, last)
    assert asked_for_rungs(later - HOUR, last)[1]


def test_the_sweep_of_a_worker_remembers(world: World) -> None:
    row = builders.risk(world)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(8), tzinfo=dt.UTC)
    tell(at)

    def looked(at: dt.datetime) -> bool:
        return any('"risks_risk"' in sql for sql in statements(at))

    assert [looked(at + n * MINUTE) for n in (1, 2, 3)] == [True, False, False]
    builders.mitigation(world, row, due_on=row.next_review_on)
    assert looked(at + 4 * MINUTE)
    assert Reminder.objects.filter(kind="mitigation.due").exists()


def test_no_register_is_asked_for_its_day_before_one_can_begin(world: World) -> None:
    """What an idle sweep reads does not grow with registers; the next day is seen where it begins
    first, though nobody has done anything."""
    row, last = builders.risk(world), LastLook()
    assert row.next_review_on is not None
    registers_like(world.register, 3)
    Register.objects.filter(slug="another-1").update(time_zone="Pacific/Kiritimati")
    # Two hours before the due day begins in the register; it has begun long ago in another one.
    begins = clock.start_of_day(row.next_review_on, world.register.time_zone)
    before = begins - 3 * HOUR
    tell(before)

    def asked(at: dt.datetime) -> tuple[list[str], bool]:
        with CaptureQueriesContext(connection) as seen:
            found = registers_behind(at, last)
        asks = any('"register_register"' in query["sql"] for query in seen.captured_queries)
        return [register.slug for register in found], asks

    for at, found in ((before, ([], True)), (before + MINUTE, ([], False))):
        assert asked(at) == found
    last.at = begins - 2 * MINUTE
    assert asked(begins - MINUTE) == ([], False)
    assert asked(begins) == ([world.register.slug], True)
    # As long as it is not done it is looked at again.
    assert asked(begins + MINUTE) == ([world.register.slug], True)


@pytest.mark.parametrize("hours", [24 + 1, 48 + 12], ids=["a night", "a weekend"])
def test_people_whose_hour_has_not_come_are_not_read(world: World, hours: int) -> None:
    """In a night before a day of work, and on a weekend, no sweep reads those who are to be told
    nothing before the next hour of digests."""
    zone, thursday = world.owner.time_zone, dt.date(2026, 10, 1)
    assert thursday.isoweekday() == 4
    for n in range(30):
        person = builders.user(f"many{n}@example.org", time_zone=zone)
        Membership.objects.create(
            register=world.register, user=person, party=world.foton, role="viewer",
            created_at=world.at,
        )  # fmt: skip
    User.objects.update(digest_hour=7, working_days=[1, 2, 3, 4, 5], holiday_calendar="")
    begins = clock.start_of_day(thursday, zone)
    for hour in (8, 24 + 8, 48 + 8):
        if hour < hours:
            sweep(begins + hour * HOUR)
    at = begins + hours * HOUR
    statements(at)
    with CaptureQueriesContext(connection) as seen:
        local = at.astimezone(zoneinfo.ZoneInfo(zone))
        asked = members_whose_digest_may_be_due(zone, local.date(), local.hour)
        assert [entry.user for batch in asked for entry in batch] == []
    assert len(seen) == 1
    assert len(statements(at + MINUTE)) <= MOST
    # At the next hour of digests of a day of work all of them are looked after.
    monday = begins + (4 * 24 + 7) * HOUR if hours > 48 else begins + (24 + 7) * HOUR
    local = monday.astimezone(zoneinfo.ZoneInfo(zone))
    asked = members_whose_digest_may_be_due(zone, local.date(), local.hour)
    assert sum(len(batch) for batch in asked) > 30
