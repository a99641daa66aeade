"""Which registers a sweep has anything to do in: asked of all of them at once.

A sweep in which nothing has moved then costs a handful of statements, however many registers there
are and however many duties have been told.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from riskreg.duties.sources import SOURCES
from riskreg.events.queries import LogExtent, log_extent
from riskreg.kernel import clock
from riskreg.kernel.many_ids import is_among
from riskreg.register.models import Register
from riskreg.reminders.models import Addressee, AddresseeState, Reminder, ReminderState
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries.selection import open_below_rung
from riskreg.reminders.queries.snapshots import RegisterSnapshots

# After so long all is looked at once more, whatever is remembered.
REMEMBERED = dt.timedelta(hours=1)


class RungsOfDay(NamedTuple):
    """What a register's duties are held to: its day, and the ladder that is in force."""

    register: int
    today: dt.date
    rungs: tuple[Rung, ...]


@dataclass
class LastLook:
    """What the last look found done, of this process alone: as long as nobody has done anything
    anywhere (``log``), and it is the same day there and the same ladder, it still is.

    Due dates, ladders and registers move with an event, and only by one; what does not hold to
    that is found an hour later (``REMEMBERED``).
    """

    log: LogExtent | None = None
    at: dt.datetime | None = None
    done: frozenset[RungsOfDay] = frozenset()
    # Where all were found done: when a day begins in any of them.
    all_done_until: dt.datetime | None = None

    def forget_unless_as_before(self, log: LogExtent, at: dt.datetime) -> None:
        """Keep what is remembered if the log is as it was, and not long ago."""
        as_before = self.at is not None and self.at <= at < self.at + REMEMBERED
        if log != self.log or not as_before:
            self.log, self.at, self.done, self.all_done_until = log, at, frozenset(), None

    def is_all_done(self, at: dt.datetime) -> bool:
        """Whether no register need even be asked what day it is there."""
        return self.all_done_until is not None and at < self.all_done_until


def registers_behind(at: dt.datetime, last: LastLook | None = None) -> list[Register]:
    """Registers in which a duty has come to a new rung, a reminder has nobody to be told of it, or
    something waits for somebody who has left or is away; in order of their ids.

    What ``last`` remembers as done is not looked at again for rungs, and it is told what is.
    """
    last = LastLook() if last is None else last
    # Before the look: what is done meanwhile makes the next one look anew.
    last.forget_unless_as_before(log_extent(), at)
    snapshots = RegisterSnapshots(at)
    found = set()
    if not last.is_all_done(at):
        # Of each register no more than decides it: of a thousand, whole rows cost more than the
        # rest.
        live = list(live_registers().only("time_zone").order_by("pk"))
        found = _ids_of_registers_with_due_rungs(live, snapshots, last)
        last.all_done_until = None if found else _start_of_next_day_anywhere(live, at)
    found |= set(_ids_of_registers_with_unaddressed_reminders())
    found |= _ids_of_registers_waiting_for_absent(snapshots)
    return list(live_registers().filter(pk__in=sorted(found)).order_by("pk")) if found else []


def live_registers() -> QuerySet[Register]:
    """Registers that are not archived: nobody is reminded in the others."""
    return Register.objects.filter(archived_at=None)


def _start_of_next_day_anywhere(
    registers: Iterable[Register], at: dt.datetime
) -> dt.datetime | None:
    zones = {register.time_zone for register in registers}
    starts = [clock.start_of_next_day(clock.local_date(at, zone), zone) for zone in zones]
    return min(starts, default=None)


def _ids_of_registers_with_due_rungs(
    registers: Collection[Register], snapshots: RegisterSnapshots, last: LastLook
) -> set[int]:
    """Ids of registers with a row that is open and due, and whose rung is not recorded.

    One statement, of all kinds, for the registers of one day and one ladder together.
    """
    asked = {
        RungsOfDay(register.pk, snapshots.today(register), snapshots.ladder(register.pk).rungs)
        for register in registers
    } - last.done
    alike: dict[tuple[dt.date, tuple[Rung, ...]], list[int]] = defaultdict(list)
    for one in sorted(asked, key=attrgetter("register")):
        alike[one.today, one.rungs].append(one.register)
    found = {
        pk
        for (today, rungs), keys in alike.items()
        for pk in _ids_of_registers_with_open_rungs(keys, today, rungs)
    }
    last.done |= {one for one in asked if one.register not in found}
    return found


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


def _ids_of_registers_waiting_for_absent(snapshots: RegisterSnapshots) -> set[int]:
    pairs = set(
        Addressee.objects.filter(state=AddresseeState.WAITING)
        # In the order of the index of what waits, or SQLite goes through all reminders.
        .order_by("user_id")
        .values_list("reminder__register_id", "user_id")
        .distinct()
    )
    if not pairs:
        return set()
    live = live_registers().only("time_zone").in_bulk({register for register, _user in pairs})
    snapshots.set_registers_read_together(live.values())
    found = set()
    for register, user in pairs:
        if register not in live:
            continue
        roster = snapshots.snapshot(live[register]).roster
        if user not in roster.members or user in roster.away:
            found.add(register)
    return found
