"""Duties as people and programs read them: those that the viewer may know of, soonest first."""

import datetime as dt
import functools
import operator
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from riskreg.accounts.models import User
from riskreg.duties.sources import LISTED, SOON_DAYS, SOURCES, Duty, Source, urgency
from riskreg.register.access import Viewer
from riskreg.register.models import Membership
from riskreg.register.queries import ANSWERABLE
from riskreg.register.visibility import Visibility
from riskreg.reviews.queries import extended_until_subquery


@dataclass(frozen=True)
class Wanted:
    """Which duties: of these ``kinds`` (empty: all), of these people (database ids, None:
    anybody's) or of anybody but ``others_than``, of a party (database id, None: any), due before a
    day, and ``overdue`` or not (None: either) on ``today``."""

    today: dt.date
    kinds: tuple[str, ...] = ()
    people: frozenset[int] | None = None
    others_than: frozenset[int] = frozenset()
    party: int | None = None
    due_before: dt.date | None = None
    overdue: bool | None = None

    def sources(self) -> list[Source]:
        """The sources asked, in the order of their kinds."""
        return [s for kind, s in sorted(LISTED.items()) if not self.kinds or kind in self.kinds]


@dataclass(frozen=True)
class Place:
    """A place in the order of duties: by due date, then kind, then public id of the subject."""

    due_on: dt.date
    kind: str
    subject: uuid.UUID

    @classmethod
    def of(cls, duty: Duty) -> "Place":
        """The place of ``duty``, which is due."""
        assert duty.due_on is not None  # noqa: S101 - open rows have a date
        return cls(duty.due_on, duty.kind, duty.subject)


@dataclass(frozen=True)
class Page:
    """``duties`` in order, and whether there is more before and behind them."""

    duties: list[Duty]
    has_previous: bool
    has_next: bool


def mine(viewer: Viewer) -> frozenset[int]:
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
    the people of each: see ``people_of``.
    """
    backward = before is not None
    place = before if backward else after
    picks = [
        _Pick(source, _which(source, wanted) & beyond(source, place, backward), limit + 1)
        for source in wanted.sources()
    ]
    found = [duty for some in _read(viewer, picks, backward) for duty in some]
    found.sort(key=due_order, reverse=backward)
    more, found = len(found) > limit, found[:limit]
    if backward:
        return Page(found[::-1], has_previous=more, has_next=True)
    return Page(found, has_previous=place is not None, has_next=more)


def lists_for(viewer: Viewer, asked: Sequence[tuple[Wanted, int]]) -> list[list[Duty]]:
    """Several lists at once, each of up to so many duties of every kind, the most urgent first.

    What is cut off is less urgent, or puts less at stake, than what is kept (``urgency``). Kinds
    that are read from the same rows share one query, in all lists together.
    """
    picks = [
        (place, _Pick(source, _which(source, wanted), most, wanted.today))
        for place, (wanted, most) in enumerate(asked)
        for source in wanted.sources()
    ]
    lists: list[list[Duty]] = [[] for _wanted in asked]
    read = _read(viewer, [pick for _place, pick in picks])
    for (place, _pick), duties in zip(picks, read, strict=True):
        lists[place] += duties
    return [
        sorted(duties, key=lambda duty: (*urgency(duty, wanted.today), *due_order(duty)[1:]))
        for duties, (wanted, _most) in zip(lists, asked, strict=True)
    ]


def count_for(viewer: Viewer, wanted: Wanted) -> int:
    """How many there are altogether, in one query."""
    bare: list[tuple[Any, Q]] = [(s.bare_rows(), _which(s, wanted)) for s in wanted.sources()]
    first, *others = (rows.visible_to(viewer).filter(which).values("pk") for rows, which in bare)
    count: int = first.union(*others, all=True).count()
    return count


def counts_by_day(viewer: Viewer, wanted: Wanted) -> dict[dt.date, int]:
    """How many fall due on each day, in one query: the true numbers where a list is cut."""
    bare: list[tuple[Any, Source]] = [(s.bare_rows(), s) for s in wanted.sources()]
    first, *others = (
        rows.visible_to(viewer)
        .filter(_which(source, wanted))
        .order_by()
        .annotate(due_day=F(source.due_field))
        .values_list("due_day")
        .annotate(n=Count("pk"))
        for rows, source in bare
    )
    counts: dict[dt.date, int] = {}
    for day, n in first.union(*others, all=True):
        counts[day] = counts.get(day, 0) + n
    return counts


def beyond(source: Source, place: Place | None, backward: bool) -> Q:
    """The rows of ``source`` behind ``place``, or before it; all for none."""
    if place is None:
        return Q()
    step, due = "lt" if backward else "gt", source.due_field
    past = Q(**{f"{due}__{step}": place.due_on})
    if source.kind == place.kind:
        return past | Q(**{due: place.due_on, f"uuid__{step}": place.subject})
    same_day_counts = (source.kind < place.kind) is backward
    return Q(**{f"{due}__{step}e": place.due_on}) if same_day_counts else past


def facts_of(duties: Iterable[Duty]) -> dict[tuple[str, uuid.UUID], str]:
    """How things stand with each, in the reader's language; no query for what was read here."""
    by_kind: dict[str, list[Duty]] = {}
    for duty in duties:
        by_kind.setdefault(duty.kind, []).append(duty)
    return {
        (kind, subject): text
        for kind, some in by_kind.items()
        for subject, text in SOURCES[kind].facts(some).items()
    }


def people_of(duty: Duty) -> tuple[User, User | None]:
    """The owner and the deputy of a duty that ``duties_for`` read; no query."""
    found: dict[int, User] = {}
    for way in SOURCES[duty.kind].people:
        person = attrgetter(way.replace("__", "."))(duty.thing)
        if person is not None:
            found[person.pk] = person
    return found[duty.owner_id], found[duty.deputy_id] if duty.deputy_id else None


def changed_at(duties: Collection[Duty]) -> dict[tuple[str, uuid.UUID], dt.datetime]:
    """When each was last changed, as far as its row or its extension says; a query for each kind.

    It never goes back, so that it tells one version of a duty from the next.
    """
    found: dict[tuple[str, uuid.UUID], dt.datetime] = {}
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
            found[(kind, duty.subject)] = max(known)
    return found


@dataclass(frozen=True)
class _Pick:
    """The ``most`` soonest (or last) rows of a source that meet a condition; the most urgent ones
    where it says for which day (``urgent_on``)."""

    source: Source
    condition: Q
    most: int
    urgent_on: dt.date | None = None


def _read(viewer: Viewer, picks: Sequence[_Pick], backward: bool = False) -> list[list[Duty]]:
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
        source = some[0].source
        rows: Any = source.notified_rows()
        if any(pick.source.extended for pick in some):
            rows = rows.annotate(told_until=extended_until_subquery(viewer=viewer))
        if any(pick.urgent_on is not None for pick in some):
            rows = rows.annotate(orphan=is_orphan(source))
        if len(some) == 1:
            listed = _chosen(rows, viewer, some[0], backward)
        else:
            first, *others = (_keys(viewer, pick, backward) for pick in some)
            wanted = {
                f"picked_{n}": ExpressionWrapper(pick.condition, BooleanField())
                for n, pick in zip(numbers, some, strict=True)
            }
            listed = rows.annotate(**wanted).filter(pk__in=first.union(*others, all=True))
        for row in listed:
            for n, pick in zip(numbers, some, strict=True):
                if len(some) == 1 or getattr(row, f"picked_{n}"):
                    found[n].append(_as_notified(pick.source.duty(row), row))
    return found


def _chosen(rows: Any, viewer: Viewer, pick: _Pick, backward: bool) -> QuerySet[Any]:
    minus = "-" if backward else ""
    order = (
        urgency_order(pick.source, pick.urgent_on)
        if pick.urgent_on is not None
        else [f"{minus}{pick.source.due_field}", f"{minus}uuid"]
    )
    chosen: QuerySet[Any] = rows.visible_to(viewer).filter(pick.condition).order_by(*order)
    return chosen[: pick.most]


def urgency_order(source: Source, today: dt.date | Mapping[int, dt.date]) -> list[Any]:
    """The order of ``duties.urgency`` for the database, as far as it lies in columns.

    ``today``: the day, or the day in each register (database id) that the rows are of.
    """
    when = Case(
        *(
            When(_due_within(source.due_field, today, days), then=Value(place))
            for place, days in enumerate((-1, 0, SOON_DAYS))
        ),
        default=Value(3),
        output_field=IntegerField(),
    )
    return [when, "-orphan", "-severity", source.due_field, "uuid"]


def _due_within(due: str, today: dt.date | Mapping[int, dt.date], days: int) -> Q:
    more = dt.timedelta(days=days)
    if not isinstance(today, Mapping):
        return Q(**{f"{due}__lte": today + more})
    each = [Q(register_id=key, **{f"{due}__lte": day + more}) for key, day in today.items()]
    return functools.reduce(operator.or_, each)


def is_orphan(source: Source) -> Q:
    """Whether nobody who answers for a row of ``source``, and may know of it, is there to do it."""
    seen_by = ExpressionWrapper(OuterRef("visibility"), output_field=CharField())
    here = [
        Exists(
            Membership.objects.alias(seen_by=seen_by).filter(
                Q(seen_by=Visibility.SHARED) | Q(party=OuterRef("party_id")),
                register=OuterRef("register_id"),
                user=OuterRef(f"{person}_id"),
                user__is_active=True,
                role__in=ANSWERABLE,
                ended_at=None,
            )
        )
        for person in source.people
    ]
    return ~functools.reduce(operator.or_, map(Q, here))


def _keys(viewer: Viewer, pick: _Pick, backward: bool) -> QuerySet[Any]:
    """The database ids of the rows of ``pick``, as what databases let stand in a union."""
    rows: Any = pick.source.rows() if pick.urgent_on is not None else pick.source.bare_rows()
    if pick.urgent_on is not None:
        rows = rows.annotate(orphan=is_orphan(pick.source))
    chosen = _chosen(rows, viewer, pick, backward).values("pk")
    keys: QuerySet[Any] = rows.model._default_manager.filter(pk__in=chosen)
    return keys.order_by().values("pk")


def _which(source: Source, wanted: Wanted) -> Q:
    due = source.due_field
    which = source.open & Q(**{f"{due}__isnull": False})
    if wanted.people is not None:
        which &= source.whose(sorted(wanted.people))
    if wanted.others_than:
        which &= ~source.whose(sorted(wanted.others_than))
    if wanted.party is not None:
        which &= Q(party_id=wanted.party)
    if wanted.due_before is not None:
        which &= Q(**{f"{due}__lt": wanted.due_before})
    if wanted.overdue is not None:
        late = Q(**{f"{due}__lt": wanted.today})
        which &= late if wanted.overdue else ~late
    return which


def _as_notified(duty: Duty, row: Any) -> Duty:
    """Without an extension that the viewer may not know of: its source tells the engine of all."""
    if duty.extended_until is None or row.told_until is not None:
        return duty
    return replace(duty, extended_until=None, extended_at=None)


def due_order(duty: Duty) -> tuple[dt.date | None, str, str]:
    """The place of ``duty`` among others, soonest due first."""
    return (duty.due_on, duty.kind, duty.subject.hex)
