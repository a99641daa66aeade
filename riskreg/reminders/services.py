"""The sweep: brings every ladder to where it should be, and writes the digests of the day.

May run twice, at once, late, or after days of outage. The ladder only ever reads due dates; what
moves them is a review (I1).
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.services import Entry, append_all
from riskreg.kernel import clock
from riskreg.notify import queries as outbox
from riskreg.notify.renewal import Content
from riskreg.notify.services import Draft, post, withdraw
from riskreg.register.models import Register
from riskreg.reminders import links
from riskreg.reminders.digest import KIND, picture, render
from riskreg.reminders.duties import SOURCES, Duty, Source
from riskreg.reminders.models import (
    Addressee,
    AddresseeState,
    DigestRun,
    Reminder,
    ReminderState,
    SkipReason,
)
from riskreg.reminders.policy import below
from riskreg.reminders.queries import (
    RUNGS,
    addressees_of,
    behind,
    members_among,
    unaddressed,
    users_waiting,
    who_is_told,
    zones_to_write,
)

log = structlog.get_logger(__name__)


@dataclass
class Swept:
    """What a sweep did: ladders moved, digests written, and people whose digest broke."""

    moved: int = 0
    digests: int = 0
    broken: int = 0


def sweep(at: dt.datetime) -> Swept:
    """Move all ladders to where they should be at ``at``, then write the digests that are to be.

    A fault in one register or one person's digest is logged and does not keep the others waiting;
    the next sweep tries it again.
    """
    swept = Swept()
    for register in Register.objects.order_by("pk").iterator():
        try:
            swept.moved += move_ladders(register, at)
        except Exception:
            swept.broken += 1
            log.exception("ladder_broke", register=register.slug)
    for zone, day in zones_to_write(at):
        _write_zone(zone, day, at, swept)
    return swept


def move_ladders(register: Register, at: dt.datetime) -> int:
    """Record the rung that each open duty of ``register`` has reached. Returns how many moved."""
    today = clock.local_date(at, register.time_zone)
    moved = 0
    for source in SOURCES.values():
        for batch in behind(source, register, today):
            moved += _take_rungs(source, register, batch, at)
        for reminders in unaddressed(source, register):
            _address_again(source, register, reminders, at)
    return moved


@transaction.atomic
def _take_rungs(source: Source, register: Register, batch: list[Any], at: dt.datetime) -> int:
    """Record each row's rung as due, the lower ones as skipped, and whom to tell.

    Whoever else does the same at this moment waits at the unique key and then finds it done.
    """
    duties = {row.uuid: source.duty(row) for row in batch}
    wanted = []
    for row in batch:
        rung = RUNGS[row.rung_now]
        wanted.append(_reminder(register, duties[row.uuid], rung.key, at))
        wanted += [
            _reminder(register, duties[row.uuid], lower.key, at, SkipReason.OVERTAKEN)
            for lower in below(source.ladder, rung)
        ]
    wanted.sort(key=lambda r: (r.subject, r.due_on, r.rung))
    Reminder.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=100)
    made = list(Reminder.objects.filter(uuid__in=[r.uuid for r in wanted]).order_by("pk"))
    fresh = [r for r in made if r.state == ReminderState.DUE]
    entries = [
        _entry(register, duties[r.subject], r, at) for r in made if r.state != ReminderState.DUE
    ]
    earlier = (
        Reminder.objects.select_for_update()
        .filter(kind=source.kind, subject__in=[r.subject for r in fresh], state=ReminderState.DUE)
        .exclude(pk__in=[r.pk for r in fresh])
        .order_by("pk")
    )
    entries += _skip(register, earlier, duties, SkipReason.OVERTAKEN, at)
    entries += _address(register, fresh, duties, at)
    append_all(entries)
    return len(fresh)


@transaction.atomic
def _address_again(
    source: Source, register: Register, reminders: list[Reminder], at: dt.datetime
) -> None:
    """Find somebody for reminders that nobody waits for: people left, or have joined since."""
    reminders = list(
        Reminder.objects.select_for_update()
        .filter(pk__in=[r.pk for r in reminders], state=ReminderState.DUE)
        .order_by("pk")
    )
    duties = source.load([r.subject for r in reminders])
    gone = [r for r in reminders if duties[r.subject].due_on != r.due_on]
    entries = _skip(register, gone, duties, SkipReason.DISCHARGED, at)
    _address(register, [r for r in reminders if r not in gone], duties, at)
    append_all(entries)


def _address(
    register: Register,
    reminders: list[Reminder],
    duties: dict[uuid.UUID, Duty],
    at: dt.datetime,
) -> list[Entry]:
    """Note whom each reminder is for. Returns entries for those that there is nobody for."""
    people = {
        u for r in reminders for u in (duties[r.subject].owner_id, duties[r.subject].deputy_id)
    }
    members = members_among(register.pk, people)
    rows, entries = [], []
    for reminder in reminders:
        duty = duties[reminder.subject]
        told = who_is_told(RUNGS[reminder.rung], [duty], members)[duty.subject]
        if not told:
            log.error("nobody_to_tell", register=register.slug, ref=duty.ref, rung=reminder.rung)
            entries.append(_entry(register, duty, reminder, at, "reminder.unaddressed"))
        rows += [
            Addressee(
                reminder=reminder,
                user_id=recipient.user_id,
                part=recipient.part,
                state=AddresseeState.WAITING,
            )
            for recipient in told
        ]
    Addressee.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["reminder", "user"],
        update_fields=["part", "state"],
        batch_size=100,
    )
    return entries


# Digests -----------------------------------------------------------------------------------------


def _write_zone(zone: str, day: dt.date, at: dt.datetime, swept: Swept) -> None:
    run, _made = DigestRun.objects.get_or_create(
        zone=zone, local_day=day, defaults={"started_at": at}
    )
    broken = 0
    for user in users_waiting(zone):
        try:
            swept.digests += write_digest(user, day, at)
        except Exception:
            broken += 1
            log.exception("digest_broke", recipient=str(user.uuid))
    swept.broken += broken
    if not broken:
        DigestRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=at)


class _Taken(Exception):
    """Another sweep wrote this person's digest of the day."""


def write_digest(user: User, day: dt.date, at: dt.datetime) -> bool:
    """Write ``user``'s digest of their local ``day`` into the outbox, with all that is due.

    Message, delivery and the reminders it tells of become so in one transaction. False when there
    is one already, or nothing left to tell.
    """
    key = f"{KIND}:{user.uuid}:{day.isoformat()}"
    if outbox.message_exists(key):
        return False
    try:
        with transaction.atomic():
            return _write(user, day, key, at)
    except _Taken:
        return False


def _write(user: User, day: dt.date, key: str, at: dt.datetime) -> bool:
    waiting = list(addressees_of(user))
    seen = picture(user, waiting, at)
    _let_go(seen.gone, seen.moved, seen.duties, at)
    if not seen.valid:
        return False
    with translation.override(user.language):
        reason = _("A newer digest says the same and more.")
    replaced = withdraw(kind=KIND, recipient=user.uuid, reason=reason)
    if replaced:
        older = Addressee.objects.filter(message__in=replaced, state=AddresseeState.TOLD)
        older = older.select_related("reminder__register")
        seen = picture(user, [*seen.valid, *older], at)
    message = post(
        Draft(
            key=key,
            kind=KIND,
            recipient=user.uuid,
            address=user.email,
            language=user.language,
            local_day=day,
            content=render(user, seen.items),
            audiences=seen.audiences,
            unsubscribe_url=links.preferences(),
        ),
        at,
    )
    if message is None:
        raise _Taken
    Addressee.objects.filter(pk__in=[a.pk for a in seen.valid]).update(
        state=AddresseeState.TOLD, message=message.uuid
    )
    _mark_sent([a.reminder_id for a in seen.valid], seen.duties, at)
    return True


def renew_digest(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What a digest should say now, just before it is sent; None when nothing in it is due still.

    Asked by the room that delivers. What was discharged since is left out of the new text, and
    its Reminder is put right if no one was told.
    """
    with transaction.atomic():
        told = list(
            Addressee.objects.filter(message=message, state=AddresseeState.TOLD).select_related(
                "reminder__register", "user"
            )
        )
        if not told:
            return None
        user = told[0].user
        seen = picture(user, told, at)
        if not outbox.may_have_arrived(message):
            _let_go(seen.gone, seen.moved, seen.duties, at)
        return render(user, seen.items) if seen.valid else None


def _let_go(
    gone: Collection[Addressee],
    moved: Collection[Addressee],
    duties: dict[uuid.UUID, Duty],
    at: dt.datetime,
) -> None:
    """Addressees who need not, or must not, be told. A reminder that is then for nobody is skipped
    when its duty was done, and otherwise goes to whoever is to be told instead."""
    Addressee.objects.filter(pk__in=[a.pk for a in [*gone, *moved]]).update(
        state=AddresseeState.DROPPED, message=None
    )
    for addressees, done in ((gone, True), (moved, False)):
        if not addressees:
            continue
        unheard = (
            Reminder.objects.select_for_update(of=("self",))
            .filter(pk__in={a.reminder_id for a in addressees})
            .exclude(state=ReminderState.SKIPPED)
            .exclude(addressees__state__in=[AddresseeState.WAITING, AddresseeState.TOLD])
            .select_related("register")
            .order_by("pk")
        )
        rows = list(unheard)
        if done:
            entries = []
            for row in rows:
                entries += _skip(row.register, [row], duties, SkipReason.DISCHARGED, at)
            append_all(entries)
        else:
            Reminder.objects.filter(pk__in=[r.pk for r in rows]).update(
                state=ReminderState.DUE, settled_at=None
            )


def _mark_sent(reminders: Iterable[int], duties: dict[uuid.UUID, Duty], at: dt.datetime) -> None:
    rows = list(
        Reminder.objects.select_for_update(of=("self",))
        .filter(pk__in=list(reminders), state=ReminderState.DUE)
        .select_related("register")
        .prefetch_related("addressees")
        .order_by("pk")
    )
    Reminder.objects.filter(pk__in=[r.pk for r in rows]).update(
        state=ReminderState.SENT, settled_at=at
    )
    entries = []
    for row in rows:
        parts = sorted({a.part for a in row.addressees.all() if a.state != AddresseeState.DROPPED})
        entries.append(
            _entry(row.register, duties[row.subject], row, at, "reminder.sent", to=[None, parts])
        )
    append_all(entries)


def _skip(
    register: Register,
    reminders: Iterable[Reminder],
    duties: dict[uuid.UUID, Duty],
    reason: str,
    at: dt.datetime,
) -> list[Entry]:
    """Record ``reminders`` as skipped, drop who waits for them; the entries to be logged."""
    rows = list(reminders)
    keys = [r.pk for r in rows]
    Reminder.objects.filter(pk__in=keys).update(
        state=ReminderState.SKIPPED, reason=reason, settled_at=at
    )
    Addressee.objects.filter(reminder__in=keys, state=AddresseeState.WAITING).update(
        state=AddresseeState.DROPPED
    )
    for row in rows:
        row.reason = reason
    return [_entry(register, duties[row.subject], row, at) for row in rows]


def _reminder(
    register: Register, duty: Duty, rung: str, at: dt.datetime, reason: str = ""
) -> Reminder:
    assert duty.due_on is not None  # noqa: S101 - only what is open has a rung
    return Reminder(
        created_at=at,
        register=register,
        kind=duty.kind,
        subject=duty.subject,
        due_on=duty.due_on,
        rung=rung,
        state=ReminderState.SKIPPED if reason else ReminderState.DUE,
        reason=reason,
        settled_at=at if reason else None,
    )


def _entry(
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
