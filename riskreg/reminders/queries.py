"""What the ladder has still to do, found by how things stand and never by what day it is."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.register.models import Membership, Register, Role
from riskreg.reminders.duties import SOURCES, Duty, Source
from riskreg.reminders.models import (
    Addressee,
    AddresseeState,
    DigestRun,
    Reminder,
    ReminderState,
)
from riskreg.reminders.policy import LADDER, Member, Recipient, Rung, below, reached, recipients

BATCH = 200
ANSWERABLE = (Role.OWNER, Role.MANAGER, Role.LEADER)
RUNGS: dict[str, Rung] = {rung.key: rung for rung in LADDER}


def selection(source: Source, register: Register, today: dt.date) -> QuerySet[Any]:
    """Open rows whose highest rung that has come has no Reminder yet, soonest due first.

    Each has the rung in ``rung_now``. The due dates are found by the index on them, each Reminder
    by its unique key; no row that is not yet on the ladder is read.
    """
    due, steps = source.due_field, reached(source.ladder, today)
    rung_now = Case(
        *(When(**{f"{due}__lte": last}, then=Value(rung.key)) for rung, last in steps),
        output_field=CharField(),
    )
    recorded = Reminder.objects.filter(
        subject=OuterRef("uuid"),
        due_on=OuterRef(due),
        rung=OuterRef("rung_now"),
        kind=source.kind,
    )
    return (
        source.open_rows()
        .filter(register=register, **{f"{due}__lte": steps[-1][1]})
        .annotate(rung_now=rung_now)
        .filter(~Exists(recorded))
        .order_by(due, "pk")
    )


def behind(source: Source, register: Register, today: dt.date) -> Iterator[list[Any]]:
    """``selection`` in batches, each read when it is asked for, so that memory stays bounded."""
    rows, due = selection(source, register, today), source.due_field
    after = Q()
    while batch := list(rows.filter(after)[:BATCH]):
        yield batch
        last = batch[-1]
        when = getattr(last, due)
        after = Q(**{f"{due}__gt": when}) | Q(**{due: when, "pk__gt": last.pk})


def unaddressed(source: Source, register: Register) -> Iterator[list[Reminder]]:
    """Reminders that wait for the next digests with nobody to be told by them, in batches."""
    waiting = Addressee.objects.filter(reminder=OuterRef("pk"), state=AddresseeState.WAITING)
    rows = (
        Reminder.objects.filter(register=register, kind=source.kind, state=ReminderState.DUE)
        .filter(~Exists(waiting))
        .order_by("pk")
    )
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


def members_among(register_id: int, users: Collection[int | None]) -> dict[int, Member]:
    """Managers and leaders of the register, and who of ``users`` can answer for things there."""
    rows = Membership.objects.filter(
        Q(role__in=[Role.MANAGER, Role.LEADER]) | Q(user_id__in={u for u in users if u}),
        register_id=register_id,
        ended_at=None,
        user__is_active=True,
        party__isnull=False,
        role__in=ANSWERABLE,
    ).values_list("user_id", "party_id", "role")
    return {user: Member(user, party, role) for user, party, role in rows}


def who_is_told(
    rung: Rung, duties: Collection[Duty], members: dict[int, Member]
) -> dict[Any, list[Recipient]]:
    """The recipients of ``rung`` for each duty, by subject."""
    return {
        duty.subject: recipients(
            rung.tells,
            owner=duty.owner_id,
            deputy=duty.deputy_id,
            party=duty.party_id,
            private=duty.private,
            members=members,
        )
        for duty in duties
    }


def users_waiting(zone: str) -> Iterator[User]:
    """People of ``zone`` whom a waiting reminder is for."""
    waiting = Addressee.objects.filter(user=OuterRef("pk"), state=AddresseeState.WAITING)
    rows = User.objects.filter(Exists(waiting), time_zone=zone).order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


def zones_to_write(at: dt.datetime) -> list[tuple[str, dt.date]]:
    """Time zones of members, with their present day, whose digests of that day are not written."""
    zones = (
        Membership.objects.filter(ended_at=None)
        .values_list("user__time_zone", flat=True)
        .order_by("user__time_zone")
        .distinct()
    )
    days = {zone: clock.local_date(at, zone) for zone in zones}
    done = set(
        DigestRun.objects.filter(
            zone__in=days, local_day__in=set(days.values()), finished_at__isnull=False
        ).values_list("zone", "local_day")
    )
    return [pair for pair in sorted(days.items()) if pair not in done]


def addressees_of(user: User) -> QuerySet[Addressee]:
    """What waits to be told to ``user``."""
    return Addressee.objects.filter(user=user, state=AddresseeState.WAITING).select_related(
        "reminder__register"
    )


@dataclass(frozen=True)
class Planned:
    """One line of what a sweep would do: ``user_id`` None when there is nobody to tell."""

    register: Register
    today: dt.date
    user_id: int | None
    part: str
    rung: str
    duty: Duty
    skipped: tuple[str, ...]


def plan(at: dt.datetime, on: dt.date | None = None) -> Iterator[Planned]:
    """What a sweep at ``at`` would set going, register by register; nothing is written.

    ``on`` asks about another day of each register's calendar, with everything else as it is now.
    """
    for register in Register.objects.order_by("slug").iterator():
        today = on or clock.local_date(at, register.time_zone)
        for source in SOURCES.values():
            yield from _waiting(source, register, today)
            for batch in behind(source, register, today):
                yield from _planned(source, register, today, batch)


def _planned(
    source: Source, register: Register, today: dt.date, batch: list[Any]
) -> Iterator[Planned]:
    duties = [source.duty(row) for row in batch]
    people = {user for duty in duties for user in (duty.owner_id, duty.deputy_id)}
    members = members_among(register.pk, people)
    recorded = set(
        Reminder.objects.filter(
            kind=source.kind, subject__in=[duty.subject for duty in duties]
        ).values_list("subject", "due_on", "rung")
    )
    for row, duty in zip(batch, duties, strict=True):
        rung = RUNGS[row.rung_now]
        skipped = tuple(
            lower.key
            for lower in below(source.ladder, rung)
            if (duty.subject, duty.due_on, lower.key) not in recorded
        )
        told = who_is_told(rung, [duty], members)[duty.subject]
        pairs: list[tuple[int | None, str]] = [(r.user_id, r.part) for r in told]
        pairs = pairs or [(None, "")]
        for user_id, part in pairs:
            yield Planned(
                register=register,
                today=today,
                user_id=user_id,
                part=part,
                rung=rung.key,
                duty=duty,
                skipped=skipped,
            )


def _waiting(source: Source, register: Register, today: dt.date) -> Iterator[Planned]:
    rows = (
        Addressee.objects.filter(
            state=AddresseeState.WAITING,
            reminder__state=ReminderState.DUE,
            reminder__register=register,
            reminder__kind=source.kind,
        )
        .select_related("reminder")
        .order_by("pk")
    )
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        duties = source.load([a.reminder.subject for a in batch])
        for addressee in batch:
            duty = duties[addressee.reminder.subject]
            if duty.due_on == addressee.reminder.due_on:
                yield Planned(
                    register=register,
                    today=today,
                    user_id=addressee.user_id,
                    part=addressee.part,
                    rung=addressee.reminder.rung,
                    duty=duty,
                    skipped=(),
                )
        last = batch[-1].pk
