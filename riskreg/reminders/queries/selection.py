"""What the ladder has still to do, found by how things stand and never by what day it is."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, SmallIntegerField, Value, When

from riskreg.duties.sources import SOURCES, Duty, Source
from riskreg.notify import queries as outbox
from riskreg.register.models import Register
from riskreg.reminders.models import Addressee, AddresseeState, Reminder, ReminderState
from riskreg.reminders.policy import (
    DIGEST,
    INTERRUPT,
    Rung,
    due_date_cutoffs,
    highest_rung_reached,
    rungs_below,
)
from riskreg.reminders.queries.snapshots import RegisterSnapshot

# How many rows are found by one query, and how many are worked on at once.
PAGE, BATCH = 5000, 200


class Found(NamedTuple):
    """A row that may be behind: its database id and due date."""

    pk: int
    due_on: dt.date


def ids_and_due_dates_below_rung(
    source: Source, register: Register, today: dt.date, ladder: Sequence[Rung]
) -> QuerySet[Any, tuple[int, dt.date]]:
    """(id, due date) of the rows of ``open_below_rung`` in ``register``, soonest first."""
    due = source.due_field
    rows: QuerySet[Any, tuple[int, dt.date]] = (
        open_below_rung(source, today, ladder)
        .filter(register=register)
        .order_by(due, "pk")
        .values_list("pk", due)
    )
    return rows


def open_below_rung(source: Source, today: dt.date, ladder: Sequence[Rung]) -> QuerySet[Any]:
    """Open rows, of any register, on which no rung is recorded that is as high as their due date
    asks for.

    An extension can only ask for less, and a duty may leave rungs out: that is for
    ``pending_steps``. The due dates are found by the index on them, each Reminder by its unique
    key; no row that is not yet on the ladder is read.
    """
    due = source.due_field
    reach = due_date_cutoffs(source.rungs_of_kind(ladder), today)
    rung_now = Case(
        *(When(**{f"{due}__lte": last}, then=Value(rung.offset_days)) for rung, last in reach),
        output_field=SmallIntegerField(),
    )
    recorded = Reminder.objects.filter(
        subject=OuterRef("uuid"),
        due_on=OuterRef(due),
        rung__gte=OuterRef("rung_now"),
        kind=source.kind,
    )
    rows: QuerySet[Any] = (
        source.open_bare_rows()
        .filter(**{f"{due}__lte": reach[-1][1]})
        .alias(rung_now=rung_now)
        .filter(~Exists(recorded))
    )
    return rows


def rows_below_rung_in_batches(
    source: Source, register: Register, today: dt.date, ladder: Sequence[Rung]
) -> Iterator[list[Found]]:
    """``ids_and_due_dates_below_rung`` in batches, a page of them read when it is asked for: memory
    stays bounded."""
    due, page = source.due_field, _first_page_below_rung(source, register, today, ladder)
    while page:
        for start in range(0, len(page), BATCH):
            yield page[start : start + BATCH]
        if len(page) < PAGE:
            break
        last = page[-1]
        # Both conditions on the date: databases enter the index by the first.
        after = Q(**{f"{due}__gte": last.due_on}) & (
            Q(**{f"{due}__gt": last.due_on}) | Q(**{due: last.due_on, "pk__gt": last.pk})
        )
        rows = ids_and_due_dates_below_rung(source, register, today, ladder).filter(after)
        page = list(map(Found._make, rows[:PAGE]))


# What stands for the register and for today in a statement that is prepared.
_A_REGISTER, _A_DAY = -(2**40), dt.date(4000, 1, 1)


@lru_cache(maxsize=64)
def _first_page_below_rung_sql(
    kind: str, offsets: tuple[int, ...], vendor: str
) -> tuple[str, tuple[Any, ...]]:
    """The first page of ``ids_and_due_dates_below_rung`` as SQL. Making it takes longer than the
    database does where little is due, and it is the same for all registers of one ladder."""
    rungs = [Rung(offset) for offset in offsets]
    # It stands for any register, so no id is drawn for it.
    register = Register(pk=_A_REGISTER, uuid=uuid.UUID(int=0))
    rows = ids_and_due_dates_below_rung(SOURCES[kind], register, _A_DAY, rungs)
    sql, params = rows[:PAGE].query.sql_with_params()
    return sql, tuple(params)


def _first_page_below_rung(
    source: Source, register: Register, today: dt.date, ladder: Sequence[Rung]
) -> list[Found]:
    rungs = source.rungs_of_kind(ladder)
    sql, params = _first_page_below_rung_sql(
        source.kind, tuple(r.offset_days for r in rungs), connection.vendor
    )
    adapted = connection.ops.adapt_datefield_value
    real: dict[Any, Any] = {
        adapted(stand_in): adapted(last)
        for (_rung, stand_in), (_same, last) in zip(
            due_date_cutoffs(rungs, _A_DAY), due_date_cutoffs(rungs, today), strict=True
        )
    }
    real[_A_REGISTER] = register.pk
    with connection.cursor() as cursor:
        cursor.execute(sql, [real.get(value, value) for value in params])
        rows = cursor.fetchall()
    return [
        Found(pk, dt.date.fromisoformat(due) if isinstance(due, str) else due) for pk, due in rows
    ]


@dataclass(frozen=True)
class Step:
    """A duty that goes up to ``rung``; ``skipped``: lower ones that were never recorded."""

    duty: Duty
    rung: Rung
    skipped: list[Rung]


def pending_steps(source: Source, snapshot: RegisterSnapshot, keys: Collection[int]) -> list[Step]:
    """Which of the rows with these database ids go up their ladder now, soonest due first."""
    zone = snapshot.register.time_zone
    duties = [duty for duty in source.duties_of_rows(keys) if duty.due_on is not None]
    recorded: dict[tuple[object, object], set[int]] = {}
    rows = Reminder.objects.filter(kind=source.kind, subject__in=[d.subject for d in duties])
    for subject, due_on, offset in rows.values_list("subject", "due_on", "rung"):
        recorded.setdefault((subject, due_on), set()).add(offset)
    found = []
    for duty in duties:
        assert duty.due_on is not None  # noqa: S101 - the others were left out
        rungs = source.rungs_of_duty(duty, snapshot.ladder.rungs, zone)
        extension = duty.extension(zone)
        rung = highest_rung_reached(rungs, duty.due_on, snapshot.today, extension)
        known = recorded.get((duty.subject, duty.due_on), set())
        if rung is not None and all(offset < rung.offset_days for offset in known):
            lower = [r for r in rungs_below(rungs, rung) if r.offset_days not in known]
            found.append(Step(duty, rung, lower))
    return found


def unaddressed_in_batches(source: Source, register: Register) -> Iterator[list[Reminder]]:
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


def waiting_addressees_of(users: Collection[int]) -> QuerySet[Addressee]:
    """What waits to be told to ``users`` (database ids)."""
    return (
        Addressee.objects.filter(
            user__in=users, state=AddresseeState.WAITING, reminder__register__archived_at=None
        )
        .select_related("reminder")
        .order_by("pk")
    )


def undelivered_in_batches() -> Iterator[list[Addressee]]:
    """What waits to be told to people, or stands in messages that are not sent yet; of some people
    at a time, and then all that is theirs."""
    unsent = outbox.unsent_and_unopened((DIGEST, INTERRUPT)).values("uuid")
    waiting = Addressee.objects.filter(
        state=AddresseeState.WAITING, reminder__register__archived_at=None
    )
    notified = Addressee.objects.filter(state=AddresseeState.TOLD, message__in=unsent)
    users = waiting.values("user_id").union(notified.values("user_id"))
    people = sorted(user for (user,) in users.values_list("user_id"))
    for start in range(0, len(people), BATCH):
        some = people[start : start + BATCH]
        yield [
            addressee
            for rows in (waiting, notified)
            for addressee in rows.filter(user__in=some).select_related("reminder")
        ]
