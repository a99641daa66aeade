"""Duties as people and programs read them: those that the viewer may know of, soonest first."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, NamedTuple

from riskreg.accounts.models import User
from riskreg.duties.base import DutyKey
from riskreg.duties.queries.counts import counts_by_day, summed_duty_counts
from riskreg.duties.queries.picks import Pick, Place, Wanted, rows_of_picks
from riskreg.duties.sources import SOURCES, Duty, urgency_sort_key
from riskreg.register.access import Viewer

__all__ = [
    "Page",
    "Place",
    "Wanted",
    "WantedList",
    "counts_by_day",
    "due_date_sort_key",
    "duties_for",
    "ids_of_self_and_stood_in_for",
    "last_change_by_duty",
    "most_urgent_duties_for",
    "owner_and_deputy_without_query",
    "status_texts",
    "summed_duty_counts",
]  # fmt: skip


@dataclass(frozen=True)
class Page:
    """``duties`` in order, and whether there is more before and behind them."""

    duties: list[Duty]
    has_previous: bool
    has_next: bool


class WantedList(NamedTuple):
    """Which duties a list has, and how many at most."""

    wanted: Wanted
    most: int


def ids_of_self_and_stood_in_for(viewer: Viewer) -> frozenset[int]:
    """The viewer, and for whom they stand in today."""
    return frozenset({viewer.user.pk}) | viewer.stands_in_for


def duties_for(
    viewer: Viewer,
    wanted: Wanted,
    limit: int,
    *,
    after: Place | None = None,
    before: Place | None = None,
) -> Page:
    """Up to ``limit`` duties from the start, or right ``after`` or right ``before`` a place.

    At most one query for each kind that is asked for, each of at most ``limit`` rows and one, with
    the people of each: see ``owner_and_deputy_without_query``.
    """
    backward = before is not None
    place = before if backward else after
    picks = [Pick(source, wanted, limit + 1, place=place) for source in wanted.sources()]
    found = [duty for some in _read_duties_of_picks(viewer, picks, backward) for duty in some]
    found.sort(key=due_date_sort_key, reverse=backward)
    more, found = len(found) > limit, found[:limit]
    if backward:
        return Page(found[::-1], has_previous=more, has_next=True)
    return Page(found, has_previous=place is not None, has_next=more)


def most_urgent_duties_for(viewer: Viewer, asked: Sequence[WantedList]) -> list[list[Duty]]:
    """Several lists at once, each of up to ``most`` duties of every kind, the most urgent first.

    What is cut off is less urgent, or puts less at stake, than what is kept (``urgency_sort_key``).
    Kinds that are read from the same rows share one query, in all lists together.
    """
    picks = [
        (place, Pick(source, wanted, most, urgent=True))
        for place, (wanted, most) in enumerate(asked)
        for source in wanted.sources()
    ]
    lists: list[list[Duty]] = [[] for _wanted in asked]
    read = _read_duties_of_picks(viewer, [pick for _place, pick in picks])
    for (place, pick), duties in zip(picks, read, strict=True):
        lists[place] += _most_urgent_first(duties, pick.wanted.today)[: pick.most]
    return [
        _most_urgent_first(duties, wanted.today)
        for duties, (wanted, _most) in zip(lists, asked, strict=True)
    ]


def _most_urgent_first(duties: Iterable[Duty], today: dt.date) -> list[Duty]:
    return sorted(
        duties, key=lambda duty: (*urgency_sort_key(duty, today), *due_date_sort_key(duty)[1:])
    )


def status_texts(duties: Iterable[Duty]) -> dict[DutyKey, str]:
    """How things stand with each, in the reader's language; no query for what was read here."""
    by_kind: dict[str, list[Duty]] = {}
    for duty in duties:
        by_kind.setdefault(duty.kind, []).append(duty)
    return {
        DutyKey(kind, subject): text
        for kind, some in by_kind.items()
        for subject, text in SOURCES[kind].facts(some).items()
    }


def owner_and_deputy_without_query(duty: Duty) -> tuple[User, User | None]:
    """The owner and the deputy of a duty that ``duties_for`` read; no query."""
    found: dict[int, User] = {}
    for way in SOURCES[duty.kind].people:
        person = attrgetter(way.replace("__", "."))(duty.thing)
        if person is not None:
            found[person.pk] = person
    return found[duty.owner_id], found[duty.deputy_id] if duty.deputy_id else None


def last_change_by_duty(duties: Collection[Duty]) -> dict[DutyKey, dt.datetime]:
    """When each was last changed, as far as its row or its extension says; a query for each kind.

    It never goes back, so that it tells one version of a duty from the next.
    """
    found: dict[DutyKey, dt.datetime] = {}
    for kind in sorted({duty.kind for duty in duties}):
        model = SOURCES[kind].rows().model
        columns = {field.name for field in model._meta.concrete_fields}
        column = "updated_at" if "updated_at" in columns else "created_at"
        some = [duty for duty in duties if duty.kind == kind]
        times = dict(
            model._default_manager.filter(uuid__in=[d.subject for d in some]).values_list(
                "uuid", column
            )
        )
        for duty in some:
            known = [t for t in (times[duty.subject], duty.extended_at) if t is not None]
            found[duty.key] = max(known)
    return found


def _read_duties_of_picks(
    viewer: Viewer, picks: Sequence[Pick], backward: bool = False
) -> list[list[Duty]]:
    """The duties of each of ``picks``; one query for all of those that take the same rows.

    A pick among several may come with more than it asks for, which are those beyond.
    """
    sharing: dict[Any, list[int]] = {}
    for n, pick in enumerate(picks):
        sharing.setdefault(
            (pick.source.rows, pick.source.people, pick.source.with_extras), []
        ).append(n)
    found: list[list[Duty]] = [[] for _pick in picks]
    for numbers in sharing.values():
        some = [picks[n] for n in numbers]
        for row in rows_of_picks(viewer, some, backward):
            for place, n in enumerate(numbers):
                if len(some) == 1 or getattr(row, f"picked_{place}"):
                    found[n].append(_without_private_extension(picks[n].source.duty(row), row))
    return found


def _without_private_extension(duty: Duty, row: Any) -> Duty:
    """Without an extension that the viewer may not know of: its source tells the engine of all."""
    if duty.extended_until is None or row.told_until is not None:
        return duty
    return replace(duty, extended_until=None, extended_at=None)


def due_date_sort_key(duty: Duty) -> tuple[Any, ...]:
    """The place of ``duty`` among others, soonest due first."""
    return (duty.due_on, duty.kind, duty.subject.hex)
