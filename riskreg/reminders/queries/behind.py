"""Which registers a sweep has anything to do in: asked of all of them at once.

A sweep in which nothing has moved then costs a handful of statements, however many registers there
are and however many duties have been told.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from riskreg.duties.sources import SOURCES
from riskreg.kernel.many_ids import is_among
from riskreg.register.models import Register
from riskreg.reminders.models import Addressee, AddresseeState, Reminder, ReminderState
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries.selection import open_below_rung
from riskreg.reminders.queries.snapshots import RegisterSnapshots


def registers_behind(at: dt.datetime) -> list[Register]:
    """Registers in which a duty has come to a new rung, a reminder has nobody to be told of it, or
    something waits for somebody who has left or is away; in order of their ids."""
    snapshots = RegisterSnapshots(at)
    # Of each register no more than decides it: of a thousand, whole rows cost more than the rest.
    rows = Register.objects.filter(archived_at=None).only("time_zone").order_by("pk")
    live = {register.pk: register for register in rows}
    found = {pk for pk in _ids_of_registers_with_due_rungs(live.values(), snapshots) if pk in live}
    found |= {pk for pk in _ids_of_registers_with_unaddressed_reminders() if pk in live}
    found |= _ids_of_registers_waiting_for_absent(live, snapshots)
    return list(Register.objects.filter(pk__in=sorted(found)).order_by("pk")) if found else []


def _ids_of_registers_with_due_rungs(
    registers: Collection[Register], snapshots: RegisterSnapshots
) -> Iterator[int]:
    """Ids of registers with a row that is open and due, and whose rung is not recorded.

    One statement, of all kinds, for the registers of one day and one ladder together.
    """
    alike: dict[tuple[dt.date, tuple[Rung, ...]], list[int]] = defaultdict(list)
    for register in registers:
        key = (snapshots.today(register), snapshots.ladder(register.pk).rungs)
        alike[key].append(register.pk)
    for (today, rungs), keys in alike.items():
        yield from _ids_of_registers_with_open_rungs(keys, today, rungs)


def _ids_of_registers_with_open_rungs(
    keys: Sequence[int], today: dt.date, rungs: Sequence[Rung]
) -> Iterator[int]:
    kinds: list[QuerySet[Any, tuple[int]]] = [
        open_below_rung(source, today, rungs)
        .filter(is_among("register_id", keys))
        .order_by()
        .values_list("register_id")
        for source in SOURCES.values()
    ]
    for (register,) in kinds[0].union(*kinds[1:]):
        yield register


def _ids_of_registers_with_unaddressed_reminders() -> Iterator[int]:
    waiting = Addressee.objects.filter(reminder=OuterRef("pk"), state=AddresseeState.WAITING)
    rows = Reminder.objects.filter(~Exists(waiting), state=ReminderState.DUE)
    yield from rows.order_by().values_list("register_id", flat=True).distinct()


def _ids_of_registers_waiting_for_absent(
    live: dict[int, Register], snapshots: RegisterSnapshots
) -> set[int]:
    pairs = (
        Addressee.objects.filter(state=AddresseeState.WAITING)
        .order_by()
        .values_list("reminder__register_id", "user_id")
        .distinct()
    )
    waiting = [(register, user) for register, user in pairs if register in live]
    snapshots.prefetch(live[register] for register, _user in waiting)
    found = set()
    for register, user in waiting:
        roster = snapshots.snapshot(live[register]).roster
        if user not in roster.members or user in roster.away:
            found.add(register)
    return found
