"""What falls due for one person in all registers that they are in."""

import datetime as dt
import functools
import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, Q

from riskreg.duties.queries.agenda import due_date_sort_key
from riskreg.duties.queries.picks import Place, is_beyond_place_if_any
from riskreg.duties.queries.urgency import is_orphan, order_by_urgency
from riskreg.duties.sources import LISTED, Duty, Source, urgency_sort_key
from riskreg.register.access import Viewer
from riskreg.register.queries import stand_ins_by_register_and_absent_user
from riskreg.register.visibility import Visibility


@dataclass(frozen=True)
class WantedWork:
    """Which of a person's duties: of these ``kinds`` (empty: all), due before a day, and
    ``overdue`` or not (None: either) on the day that it is in each register."""

    kinds: tuple[str, ...] = ()
    due_before: dt.date | None = None
    overdue: bool | None = None


class DutyAsSeen(NamedTuple):
    """A duty, with whom its reader acts as in its register."""

    viewer: Viewer
    duty: Duty


class MostUrgentWork(NamedTuple):
    """The duties that a list starts with, and how many there are in all."""

    found: list[DutyAsSeen]
    total: int


@dataclass(frozen=True)
class WorkPage:
    """Duties, soonest due first; whether there is more before and
    behind them; and how many there are in all, where that was asked."""

    found: list[DutyAsSeen]
    has_previous: bool
    has_next: bool
    count: int | None = None


def most_urgent_work_everywhere(
    viewers: Sequence[Viewer], at: dt.datetime, days: int, most: int
) -> MostUrgentWork:
    """The duties of one person up to ``days`` from today, most urgent first, at most ``most`` of
    what is read from the same rows; and how many there are.

    ``viewers``: the same person in each register. Theirs is what they answer for, and what somebody
    answers for whom they stand in for today. One query for each kind, or for all kinds that are
    read from the same rows, however many registers.
    """
    if not viewers:
        return MostUrgentWork([], 0)
    work = _Work(viewers, at)
    found: list[DutyAsSeen] = []
    total = 0
    for sources in _sources_grouped_by_rows_and_duty():
        source, owed = sources[0], Q(pk=None)
        for each in sources:
            owed |= each.open & work.responsibility_condition(each)
        near = work.on_today_of_each_register(
            functools.partial(_is_due_up_to, source.due_field, days)
        )
        rows: Any = source.rows_with_people_and_extras().filter(owed, near)
        ranked = rows.annotate(orphan=is_orphan(source)).order_by(
            *order_by_urgency(source, work.today)
        )
        listed = list(ranked[:most])
        total += len(listed) if len(listed) < most else rows.count()
        found += [work.as_seen(source.duty(row)) for row in listed]
    today = work.today
    found.sort(
        key=lambda seen: (
            *urgency_sort_key(seen.duty, today[seen.viewer.register.pk]),
            seen.duty.ref,
        )
    )
    return MostUrgentWork(found, total)


def work_everywhere(
    viewers: Sequence[Viewer],
    at: dt.datetime,
    wanted: WantedWork,
    limit: int,
    *,
    after: Place | None = None,
    before: Place | None = None,
    count: bool = False,
) -> WorkPage:
    """Up to ``limit`` duties of one person from the start, or right ``after`` or ``before`` a
    place. ``viewers`` as of ``most_urgent_work_everywhere``; one query for each kind, and one for
    the number."""
    if not viewers:
        return WorkPage([], False, False, 0 if count else None)
    work, backward = _Work(viewers, at), before is not None
    place, order_prefix = (before if backward else after), ("-" if backward else "")
    which = {
        source: source.open
        & work.responsibility_condition(source)
        & work.wanted_condition(source, wanted)
        for kind, source in sorted(LISTED.items())
        if not wanted.kinds or kind in wanted.kinds
    }
    found: list[DutyAsSeen] = []
    for sources in _sources_grouped_by_rows(which).values():
        picks = {s: which[s] & is_beyond_place_if_any(s, place, backward) for s in sources}
        keys = [_ids_for_union(s, pick, order_prefix, limit + 1) for s, pick in picks.items()]
        marks = {
            f"picked_{s.kind.replace('.', '_')}": ExpressionWrapper(pick, BooleanField())
            for s, pick in picks.items()
        }
        rows: Any = sources[0].rows_with_people_and_extras().annotate(**marks)
        for row in rows.filter(pk__in=keys[0].union(*keys[1:], all=True)):
            found += [
                work.as_seen(source.duty(row))
                for source, mark in zip(sources, marks, strict=True)
                if getattr(row, mark)
            ]
    found.sort(key=lambda seen: due_date_sort_key(seen.duty), reverse=backward)
    more, found = len(found) > limit, found[:limit]
    total = None
    if count:
        first, *others = (
            s.bare_rows().filter(own).order_by().values("pk") for s, own in which.items()
        )
        total = first.union(*others, all=True).count()
    if backward:
        return WorkPage(found[::-1], has_previous=more, has_next=True, count=total)
    return WorkPage(found, has_previous=place is not None, has_next=more, count=total)


def _is_due_up_to(due: str, days: int, day: dt.date) -> Q:
    """What is due at most so many days after ``day``."""
    return Q(**{f"{due}__lte": day + dt.timedelta(days=days)})


def _sources_grouped_by_rows_and_duty() -> list[list[Source]]:
    """The kinds of duties, those together that differ in nothing but which rows are in force."""
    groups: dict[Any, list[Source]] = {}
    for source in LISTED.values():
        alike = (source.rows, source.people, source.with_extras, source.due_field, source.duty)
        groups.setdefault(alike, []).append(source)
    return list(groups.values())


def _sources_grouped_by_rows(sources: Iterable[Source]) -> dict[Any, list[Source]]:
    """The sources that read the same rows, which one query can ask for."""
    found: dict[Any, list[Source]] = {}
    for source in sources:
        found.setdefault((source.rows, source.people, source.with_extras), []).append(source)
    return found


def _ids_for_union(source: Source, which: Q, order_prefix: str, most: int) -> Any:
    """The database ids of the first ``most`` rows, as what databases let stand in a union."""
    rows: Any = source.bare_rows().filter(which)
    chosen = rows.order_by(f"{order_prefix}{source.due_field}", f"{order_prefix}uuid")[
        :most
    ].values("pk")
    return rows.model._default_manager.filter(pk__in=chosen).order_by().values("pk")


class _Work:
    """One person in several registers: what is theirs there, and which day it is in each.

    Registers that are alike are asked together, so that no statement grows with their number.
    """

    def __init__(self, viewers: Sequence[Viewer], at: dt.datetime) -> None:
        self.viewers = {viewer.register.pk: viewer for viewer in viewers}
        self.today = {key: viewer.today(at) for key, viewer in self.viewers.items()}
        self._people = _user_ids_acted_for_by_register(self.viewers, self.today)

    def responsibility_condition(self, source: Source) -> Q:
        """What they may know of, and answer for or stand in for."""
        parties = {viewer.party_id for viewer in self.viewers.values()} - {None}
        visible = Q(visibility=Visibility.SHARED) | Q(party_id__in=sorted(parties))
        answers = (
            Q(register_id__in=keys) & source.is_answered_for_by(sorted(people))
            for people, keys in _keys_by_value(self._people).items()
        )
        return visible & functools.reduce(operator.or_, answers)

    def wanted_condition(self, source: Source, wanted: WantedWork) -> Q:
        """What is ``wanted`` of it."""
        due = source.due_field
        which = Q(**{f"{due}__isnull": False})
        if wanted.due_before is not None:
            which &= Q(**{f"{due}__lt": wanted.due_before})
        if wanted.overdue is not None:
            late = self.on_today_of_each_register(lambda day: Q(**{f"{due}__lt": day}))
            which &= late if wanted.overdue else ~late
        return which

    def on_today_of_each_register(self, condition: Callable[[dt.date], Q]) -> Q:
        """``condition`` of the day that it is in the register of a row."""
        days = _keys_by_value(self.today).items()
        return functools.reduce(
            operator.or_, (Q(register_id__in=keys) & condition(day) for day, keys in days)
        )

    def as_seen(self, duty: Duty) -> DutyAsSeen:
        """``duty`` as they may know of it, with whom they act as."""
        viewer = self.viewers[duty.register_id]
        return DutyAsSeen(viewer, duty.as_notified_to(viewer.party_id))


def _keys_by_value(values: Mapping[int, Hashable]) -> dict[Any, list[int]]:
    """The keys of each value."""
    found: dict[Any, list[int]] = {}
    for key, value in values.items():
        found.setdefault(value, []).append(key)
    return found


def _user_ids_acted_for_by_register(
    viewers: Mapping[int, Viewer], today: Mapping[int, dt.date]
) -> dict[int, frozenset[int]]:
    """In each register the person and those for whom they stand in, by database id: one query."""
    away = stand_ins_by_register_and_absent_user(today)
    return {
        key: frozenset(
            {viewer.user.pk}
            | {user for user, stand_in in away[key].items() if stand_in == viewer.user.pk}
        )
        for key, viewer in viewers.items()
    }
