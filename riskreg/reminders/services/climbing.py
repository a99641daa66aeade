"""Ladders: each open duty's rung is recorded once, with whom it is for."""

import datetime as dt
from collections.abc import Collection

import structlog
from django.db import transaction

from riskreg.duties.sources import SOURCES, Duty, Source, load
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
    Place,
    Scene,
    behind,
    ladder_of,
    steps,
    unaddressed,
    users_waiting,
)
from riskreg.reminders.services.alarms import Unheard
from riskreg.reminders.services.settling import Duties, address, entry, let_go, skip

log = structlog.get_logger(__name__)


def move_ladders(register: Register, at: dt.datetime, unheard: Unheard | None = None) -> int:
    """Record the rung that each open duty of ``register`` has reached. Returns how many moved.

    What nobody can be told of is noted in ``unheard``, if one is given.
    """
    scene, moved = Scene(at), 0
    unheard = Unheard() if unheard is None else unheard
    _let_strays_go(scene.place(register), scene)
    for source in SOURCES.values():
        place = scene.place(register)
        for batch in behind(source, register, place.today, place.ladder.rungs):
            moved += _take_rungs(source, scene, place, batch)
        for reminders in unaddressed(source, register):
            _address_again(source, scene, register, reminders, unheard)
    return moved


@transaction.atomic
def _take_rungs(source: Source, scene: Scene, place: Place, batch: Collection[Found]) -> int:
    """Record each row's rung as due, the lower ones as skipped, and whom to tell.

    One sweep at a time does this in a register; what it then finds is what is still to be done,
    also where another with a later clock, or another ladder, was faster.
    """
    register, at = place.register, scene.at
    Register.objects.select_for_update(no_key=True).get(pk=register.pk)
    if ladder_of(register).number != place.ladder.number:
        return 0
    taken = {step.duty.subject: step for step in steps(source, place, [row.pk for row in batch])}
    duties = {step.duty.key: step.duty for step in taken.values()}
    wanted = []
    for step in taken.values():
        wanted.append(_reminder(place, step.duty, step.rung, at))
        wanted += [
            _reminder(place, step.duty, lower, at, SkipReason.OVERTAKEN) for lower in step.skipped
        ]
    wanted.sort(key=lambda r: (r.subject, r.due_on, r.rung))
    Reminder.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=100)
    made = list(
        Reminder.objects.filter(uuid__in=[r.uuid for r in wanted])
        .select_related("ladder")
        .order_by("pk")
    )
    for reminder in made:
        reminder.register = register
    fresh = [r for r in made if r.state == ReminderState.DUE]
    entries = [
        entry(register, duties[r.duty_key], r, at) for r in made if r.state != ReminderState.DUE
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
    entries += skip(register, overtaken, duties, SkipReason.OVERTAKEN, at)
    entries += skip(register, done, duties, SkipReason.DISCHARGED, at)
    told = address(fresh, duties, scene)
    entries += _unaddressed(register, [r for r in fresh if not told[r.pk]], duties, at)
    append_all(entries)
    return len(fresh)


def _let_strays_go(place: Place, scene: Scene) -> None:
    """What waits for somebody who has left, or is away, goes to who is to be told instead."""
    strays = {
        user
        for user in users_waiting(place.register)
        if user not in place.circle.members or user in place.circle.away
    }
    if not strays:
        return
    with transaction.atomic():
        waiting = list(
            Addressee.objects.select_for_update(of=("self",))
            .filter(
                user__in=strays, state=AddresseeState.WAITING, reminder__register=place.register
            )
            .select_related("reminder")
            .order_by("pk")
        )
        duties = load(a.reminder for a in waiting)
        gone = [a for a in waiting if duties[a.reminder.duty_key].due_on != a.reminder.due_on]
        let_go(gone, [a for a in waiting if a not in gone], duties, scene)


@transaction.atomic
def _address_again(
    source: Source,
    scene: Scene,
    register: Register,
    reminders: list[Reminder],
    unheard: Unheard,
) -> None:
    """Find somebody for reminders that nobody waits for: people left, or have joined since."""
    reminders = list(
        Reminder.objects.select_for_update(of=("self",))
        .filter(pk__in=[r.pk for r in reminders], state=ReminderState.DUE)
        .select_related("register", "ladder")
        .order_by("pk")
    )
    duties = load(reminders)
    gone = [r for r in reminders if duties[r.duty_key].due_on != r.due_on]
    append_all(skip(register, gone, duties, SkipReason.DISCHARGED, scene.at))
    left = [r for r in reminders if duties[r.duty_key].due_on == r.due_on]
    told = address(left, duties, scene)
    for reminder in left:
        if not told[reminder.pk]:
            unheard.note(duties[reminder.duty_key])


def _unaddressed(
    register: Register,
    reminders: Collection[Reminder],
    duties: Duties,
    at: dt.datetime,
) -> list[Entry]:
    """Entries for reminders that there is nobody for."""
    for reminder in reminders:
        log.error(
            "nobody_to_tell",
            register=register.slug, ref=duties[reminder.duty_key].ref, rung=reminder.rung,
        )  # fmt: skip
    return [entry(register, duties[r.duty_key], r, at, "reminder.unaddressed") for r in reminders]


def _reminder(place: Place, duty: Duty, rung: Rung, at: dt.datetime, reason: str = "") -> Reminder:
    assert duty.due_on is not None  # noqa: S101 - only what is open has a rung
    return Reminder(
        created_at=at,
        register=place.register,
        kind=duty.kind,
        subject=duty.subject,
        due_on=duty.due_on,
        rung=rung.offset_days,
        ladder_id=place.ladder.ladder_id,
        to_announce=rung.announced and not reason,
        state=ReminderState.SKIPPED if reason else ReminderState.DUE,
        reason=reason,
        settled_at=at if reason else None,
    )
