"""Ladders: each open duty's rung is recorded once, with whom it is for."""

import datetime as dt
from collections.abc import Collection

import structlog
from django.db import transaction

from riskreg.duties.sources import SOURCES, Duty, Source, load_duties_of_reminders
from riskreg.events.services import Entry, append_all
from riskreg.register.models import Register
from riskreg.reminders.models import (
    Addressee,
    AddresseeState,
    Reminder,
    ReminderState,
    SkipReason,
)
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries import (
    Found,
    RegisterSnapshot,
    RegisterSnapshots,
    ids_of_users_with_waiting_reminders,
    ladder_in_force_of,
    pending_steps,
    rows_below_rung_in_batches,
    unaddressed_in_batches,
)
from riskreg.reminders.services.alarms import UnassignedDuties
from riskreg.reminders.services.assignment import (
    DutiesByKey,
    assign_recipients,
    build_entry,
    drop_gone_and_readdress_moved,
    skip_and_build_entries,
)

log = structlog.get_logger(__name__)


def advance_and_readdress(
    register: Register, at: dt.datetime, unheard: UnassignedDuties | None = None
) -> int:
    """Steps 1 to 3 of the sweep in ``register``. Returns how many duties reached a higher rung.

    What nobody can be told of is noted in ``unheard``, if one is given.
    """
    snapshots, moved = RegisterSnapshots(at), 0
    unheard = UnassignedDuties() if unheard is None else unheard
    _readdress_from_absent_recipients(snapshots.snapshot(register), snapshots)  # 1
    for source in SOURCES.values():
        snapshot = snapshots.snapshot(register)
        for batch in rows_below_rung_in_batches(
            source, register, snapshot.today, snapshot.ladder.rungs
        ):
            moved += _record_steps(source, snapshots, snapshot, batch)  # 2
        for reminders in unaddressed_in_batches(source, register):
            _address_unaddressed_or_skip_discharged(
                source, snapshots, register, reminders, unheard
            )  # 3
    return moved


@transaction.atomic
def _record_steps(
    source: Source,
    snapshots: RegisterSnapshots,
    snapshot: RegisterSnapshot,
    batch: Collection[Found],
) -> int:
    """Record each row's rung as due, the lower ones as skipped, and whom to tell.

    ``batch`` was found without a lock, so it may be out of date: another sweep may have taken the
    same rungs, a review may have moved a due date, a manager may have changed the ladder.
    """
    register, at = snapshot.register, snapshots.at
    # From here on only one sweep is at work in this register. What is still to be done is asked
    # again now; with another ladder than the one read before, all of it is left to the next sweep.
    Register.objects.select_for_update(no_key=True).get(pk=register.pk)
    if ladder_in_force_of(register).number != snapshot.ladder.number:
        return 0
    taken = {
        step.duty.subject: step
        for step in pending_steps(source, snapshot, [row.pk for row in batch])
    }
    duties = {step.duty.key: step.duty for step in taken.values()}
    wanted = []
    for step in taken.values():
        wanted.append(_build_reminder(snapshot, step.duty, step.rung, at))
        wanted += [
            _build_reminder(snapshot, step.duty, lower, at, SkipReason.OVERTAKEN)
            for lower in step.skipped
        ]
    # In one order, or two processes would each wait for a row that the other holds.
    wanted.sort(key=lambda r: (r.subject, r.due_on, r.rung))
    Reminder.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=100)
    # A rung that was there already was ignored: only those with our ids are ours to tell of.
    made = list(
        Reminder.objects.filter(uuid__in=[r.uuid for r in wanted])
        .select_related("ladder")
        .order_by("pk")
    )
    for reminder in made:
        reminder.register = register
    fresh = [r for r in made if r.state == ReminderState.DUE]
    entries = [
        build_entry(register, duties[r.duty_key], r, at)
        for r in made
        if r.state != ReminderState.DUE
    ]
    earlier = (
        Reminder.objects.select_for_update()
        .filter(kind=source.kind, subject__in=[r.subject for r in fresh], state=ReminderState.DUE)
        .exclude(pk__in=[r.pk for r in fresh])
        .order_by("pk")
    )
    overtaken: list[Reminder] = []
    done: list[Reminder] = []
    for reminder in earlier:
        of_this_date = duties[reminder.duty_key].due_on == reminder.due_on
        (overtaken if of_this_date else done).append(reminder)
    entries += skip_and_build_entries(register, overtaken, duties, SkipReason.OVERTAKEN, at)
    entries += skip_and_build_entries(register, done, duties, SkipReason.DISCHARGED, at)
    notified = assign_recipients(fresh, duties, snapshots)
    entries += _build_unaddressed_entries(
        register, [r for r in fresh if not notified[r.pk]], duties, at
    )
    append_all(entries)
    return len(fresh)


def _readdress_from_absent_recipients(
    snapshot: RegisterSnapshot, snapshots: RegisterSnapshots
) -> None:
    """What waits for somebody who has left, or is away, goes to who is to be told instead."""
    absent = {
        user
        for user in ids_of_users_with_waiting_reminders(snapshot.register)
        if user not in snapshot.roster.members or user in snapshot.roster.away
    }
    if not absent:
        return
    with transaction.atomic():
        waiting = list(
            Addressee.objects.select_for_update(of=("self",))
            .filter(
                user__in=absent, state=AddresseeState.WAITING, reminder__register=snapshot.register
            )
            .select_related("reminder")
            .order_by("pk")
        )
        duties = load_duties_of_reminders(a.reminder for a in waiting)
        gone = [a for a in waiting if duties[a.reminder.duty_key].due_on != a.reminder.due_on]
        drop_gone_and_readdress_moved(
            gone, [a for a in waiting if a not in gone], duties, snapshots
        )


@transaction.atomic
def _address_unaddressed_or_skip_discharged(
    source: Source,
    snapshots: RegisterSnapshots,
    register: Register,
    reminders: list[Reminder],
    unheard: UnassignedDuties,
) -> None:
    """Find somebody for reminders that nobody waits for: people left, or have joined since."""
    reminders = list(
        Reminder.objects.select_for_update(of=("self",))
        .filter(pk__in=[r.pk for r in reminders], state=ReminderState.DUE)
        .select_related("register", "ladder")
        .order_by("pk")
    )
    duties = load_duties_of_reminders(reminders)
    gone = [r for r in reminders if duties[r.duty_key].due_on != r.due_on]
    append_all(skip_and_build_entries(register, gone, duties, SkipReason.DISCHARGED, snapshots.at))
    left = [r for r in reminders if duties[r.duty_key].due_on == r.due_on]
    notified = assign_recipients(left, duties, snapshots)
    for reminder in left:
        if not notified[reminder.pk]:
            unheard.note(duties[reminder.duty_key])


def _build_unaddressed_entries(
    register: Register,
    reminders: Collection[Reminder],
    duties: DutiesByKey,
    at: dt.datetime,
) -> list[Entry]:
    """Entries for reminders that there is nobody for."""
    for reminder in reminders:
        log.error(
            "nobody_to_tell",
            register=register.slug, ref=duties[reminder.duty_key].ref, rung=reminder.rung,
        )  # fmt: skip
    return [
        build_entry(register, duties[r.duty_key], r, at, "reminder.unaddressed") for r in reminders
    ]


def _build_reminder(
    snapshot: RegisterSnapshot, duty: Duty, rung: Rung, at: dt.datetime, reason: str = ""
) -> Reminder:
    assert duty.due_on is not None  # noqa: S101 - only what is open has a rung
    return Reminder(
        created_at=at,
        register=snapshot.register,
        kind=duty.kind,
        subject=duty.subject,
        due_on=duty.due_on,
        rung=rung.offset_days,
        ladder_id=snapshot.ladder.ladder_id,
        to_announce=rung.is_announced and not reason,
        state=ReminderState.SKIPPED if reason else ReminderState.DUE,
        reason=reason,
        settled_at=at if reason else None,
    )
