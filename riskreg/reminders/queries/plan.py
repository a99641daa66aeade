"""What a sweep would do, without doing it."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from riskreg.duties.sources import SOURCES, Duty, Source
from riskreg.kernel import clock
from riskreg.register.models import Register
from riskreg.register.queries import stand_ins_by_absent_user
from riskreg.reminders.models import Addressee, AddresseeState, ReminderState
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries.behind import live_registers
from riskreg.reminders.queries.ladders import DEFAULT, own_ladders_by_register
from riskreg.reminders.queries.people import roster_of, users_named_on
from riskreg.reminders.queries.selection import (
    BATCH,
    Found,
    pending_steps,
    rows_below_rung_in_batches,
)
from riskreg.reminders.queries.snapshots import RegisterSnapshot


@dataclass(frozen=True)
class Planned:
    """One line of what a sweep would do: ``user_id`` None when there is nobody to tell."""

    register: Register
    today: dt.date
    user_id: int | None
    part: str
    rung: int
    duty: Duty
    skipped_lower_offsets: tuple[int, ...] = ()
    interrupts: bool = False


def plan(at: dt.datetime, on: dt.date | None = None) -> Iterator[Planned]:
    """What a sweep at ``at`` would set going, register by register; nothing is written.

    ``on`` asks about another day of each register's calendar, with everything else as it is now.
    """
    own = own_ladders_by_register()
    for register in live_registers().order_by("slug").iterator():
        today = on or clock.local_date(at, register.time_zone)
        ladder = own.get(register.pk, DEFAULT)
        away = stand_ins_by_absent_user(register.pk, today)
        roster = roster_of(register.pk, away, named=users_named_on(ladder.rungs))
        snapshot = RegisterSnapshot(register, today, ladder, roster)
        for source in SOURCES.values():
            yield from _planned_for_waiting(source, snapshot)
            for batch in rows_below_rung_in_batches(source, register, today, ladder.rungs):
                yield from _planned(source, snapshot, batch)


def _planned(
    source: Source, snapshot: RegisterSnapshot, batch: Collection[Found]
) -> Iterator[Planned]:
    for step in pending_steps(source, snapshot, [row.pk for row in batch]):
        skipped = tuple(lower.offset_days for lower in step.skipped)
        yield from _planned_for_each_recipient_or_nobody(snapshot, step.rung, step.duty, skipped)


def _planned_for_each_recipient_or_nobody(
    snapshot: RegisterSnapshot, rung: Rung, duty: Duty, skipped_lower_offsets: tuple[int, ...]
) -> Iterator[Planned]:
    recipients = snapshot.recipients_or_fallback(duty, rung)
    pairs: list[tuple[int | None, str]] = [(r.user_id, r.part) for r in recipients]
    for user_id, part in pairs or [(None, "")]:
        yield Planned(
            register=snapshot.register,
            today=snapshot.today,
            user_id=user_id,
            part=part,
            rung=rung.offset_days,
            duty=duty,
            skipped_lower_offsets=skipped_lower_offsets,
            interrupts=rung.interrupts,
        )


def _planned_for_waiting(source: Source, snapshot: RegisterSnapshot) -> Iterator[Planned]:
    rows = (
        Addressee.objects.filter(
            state=AddresseeState.WAITING,
            reminder__state=ReminderState.DUE,
            reminder__register=snapshot.register,
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
                    register=snapshot.register,
                    today=snapshot.today,
                    user_id=addressee.user_id,
                    part=addressee.part,
                    rung=addressee.reminder.rung,
                    duty=duty,
                    interrupts=addressee.urgent,
                )
        last = batch[-1].pk
