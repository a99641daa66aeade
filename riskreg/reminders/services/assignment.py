"""How reminders come to an end: sent or skipped, each with its entry in the log."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from riskreg.duties.base import DutyKey
from riskreg.duties.sources import Duty
from riskreg.events.services import Entry, append_all
from riskreg.register.models import Register
from riskreg.reminders.digest import DigestContents
from riskreg.reminders.models import (
    Addressee,
    AddresseeState,
    Announcement,
    AnnouncementState,
    Reminder,
    ReminderState,
    SkipReason,
)
from riskreg.reminders.policy import Recipient
from riskreg.reminders.queries import RegisterSnapshots

DutiesByKey = Mapping[DutyKey, Duty]


def skip_and_build_entries(
    register: Register,
    reminders: Iterable[Reminder],
    duties: DutiesByKey,
    reason: str,
    at: dt.datetime,
) -> list[Entry]:
    """Record ``reminders`` as skipped, drop who waits for them; the entries to be logged."""
    rows = list(reminders)
    keys = [r.pk for r in rows]
    if not keys:
        return []
    Reminder.objects.filter(pk__in=keys).update(
        state=ReminderState.SKIPPED, reason=reason, settled_at=at, to_announce=False
    )
    Addressee.objects.filter(reminder__in=keys, state=AddresseeState.WAITING).update(
        state=AddresseeState.DROPPED
    )
    Announcement.objects.filter(reminder__in=keys, state=AnnouncementState.WAITING).update(
        state=AnnouncementState.DROPPED
    )
    for row in rows:
        row.reason = reason
    return [build_entry(register, duties[row.duty_key], row, at) for row in rows]


def mark_sent(reminders: Iterable[int], duties: DutiesByKey, at: dt.datetime) -> None:
    """Record that a message tells of ``reminders`` (database ids), those not settled before."""
    rows = list(
        Reminder.objects.select_for_update(of=("self",))
        .filter(pk__in=list(reminders), state=ReminderState.DUE)
        .select_related("register")
        .prefetch_related("addressees")
        .order_by("pk")
    )
    if not rows:
        return
    Reminder.objects.filter(pk__in=[r.pk for r in rows]).update(
        state=ReminderState.SENT, settled_at=at
    )
    entries = []
    for row in rows:
        parts = sorted({a.part for a in row.addressees.all() if a.state != AddresseeState.DROPPED})
        entries.append(
            build_entry(
                row.register, duties[row.duty_key], row, at, "reminder.sent", to=[None, parts]
            )
        )
    append_all(entries)


def drop_gone_and_readdress_moved(
    gone: Collection[Addressee],
    moved: Collection[Addressee],
    duties: DutiesByKey,
    snapshots: RegisterSnapshots,
) -> None:
    """Addressees who need not (``gone``), or must not (``moved``), be told any more.

    A reminder that is then for nobody is skipped when its duty was done. Otherwise it goes to those
    who are to be told now, and is as good as unsaid while nobody else was told.
    """
    if not gone and not moved:
        return
    Addressee.objects.filter(pk__in=[a.pk for a in [*gone, *moved]]).update(
        state=AddresseeState.DROPPED, message=None
    )
    if gone:
        unheard = _locked_reminders_of(gone).exclude(
            addressees__state__in=[AddresseeState.WAITING, AddresseeState.TOLD]
        )
        entries = []
        for row in unheard:
            entries += skip_and_build_entries(
                row.register, [row], duties, SkipReason.DISCHARGED, snapshots.at
            )
        append_all(entries)
    if moved:
        rows = list(_locked_reminders_of(moved))
        assign_recipients(rows, duties, snapshots)
        untold = [row.pk for row in rows if not _is_anybody_notified(row)]
        Reminder.objects.filter(pk__in=untold).update(state=ReminderState.DUE, settled_at=None)


def settle_older_addressees(older: Collection[Addressee], seen: DigestContents) -> None:
    """``drop_gone_and_readdress_moved`` for those of ``older``, whom a message that was taken back
    told of something."""
    keys = {a.pk for a in older}
    drop_gone_and_readdress_moved(
        [a for a in seen.gone if a.pk in keys],
        [a for a in seen.moved if a.pk in keys],
        seen.duties,
        seen.snapshots,
    )


def reset_to_waiting(held: Collection[Addressee]) -> None:
    """What stood in a message that is not sent, of a register that was archived since: told when it
    is restored, as if it had never been written."""
    if not held:
        return
    Addressee.objects.filter(pk__in=[a.pk for a in held]).update(
        state=AddresseeState.WAITING, message=None
    )
    untold = [row.pk for row in _locked_reminders_of(held) if not _is_anybody_notified(row)]
    Reminder.objects.filter(pk__in=untold).update(state=ReminderState.DUE, settled_at=None)


def _is_anybody_notified(reminder: Reminder) -> bool:
    return reminder.addressees.filter(state=AddresseeState.TOLD).exists()


def _locked_reminders_of(addressees: Collection[Addressee]) -> QuerySet[Reminder]:
    """Their reminders, except what was skipped."""
    return (
        Reminder.objects.select_for_update(of=("self",))
        .filter(pk__in={a.reminder_id for a in addressees})
        .exclude(state=ReminderState.SKIPPED)
        .select_related("register", "ladder")
        .order_by("pk")
    )


def assign_recipients(
    reminders: Collection[Reminder], duties: DutiesByKey, snapshots: RegisterSnapshots
) -> dict[int, list[Recipient]]:
    """Note whom each reminder is for at this moment, beside those it was for already.

    Returns those people, by the reminder's database id.
    """
    notified = {
        r.pk: snapshots.snapshot(r.register).recipients_or_fallback(
            duties[r.duty_key], snapshots.rung(r)
        )
        for r in reminders
    }
    known = {
        (reminder, user): state
        for reminder, user, state in Addressee.objects.filter(
            reminder__in=list(notified)
        ).values_list("reminder_id", "user_id", "state")
    }
    Addressee.objects.bulk_create(
        [
            Addressee(
                reminder=reminder,
                user_id=recipient.user_id,
                part=recipient.part,
                state=AddresseeState.WAITING,
                urgent=snapshots.rung(reminder).interrupts,
            )
            for reminder in reminders
            for recipient in notified[reminder.pk]
            if known.get((reminder.pk, recipient.user_id)) in (None, AddresseeState.DROPPED)
        ],
        update_conflicts=True,
        unique_fields=["reminder", "user"],
        update_fields=["part", "state", "urgent"],
        batch_size=100,
    )
    return notified


def build_entry(
    register: Register,
    duty: Duty,
    reminder: Reminder,
    at: dt.datetime,
    verb: str = "reminder.skipped",
    **changes: Any,
) -> Entry:
    """An entry in the history of the duty's subject, for whoever may know of it."""
    if verb == "reminder.skipped":
        changes["why"] = [None, str(reminder.reason)]
    return Entry(
        audience=duty.audience(register.uuid),
        verb=verb,
        subject_type=duty.subject_type,
        subject_uuid=duty.subject,
        subject_ref=duty.ref,
        at=at,
        changes={"rung": [None, reminder.rung], "due_on": [None, reminder.due_on], **changes},
    )
