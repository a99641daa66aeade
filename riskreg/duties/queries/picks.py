"""Which rows lists of duties read: picks of several kinds, in as few statements as can be.

The statements of pages' own lists, the most urgent first, are written once in each process for each
shape of what is asked: writing one takes longer than the database takes to answer it.
"""

import datetime as dt
import functools
import operator
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateField,
    Exists,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from riskreg.duties.sources import LISTED, SOON_DAYS, SOURCES, Duty, Source
from riskreg.kernel.compiled import Statement
from riskreg.kernel.compiled import Value as Given
from riskreg.register.models import Membership
from riskreg.register.queries import ANSWERABLE
from riskreg.register.visibility import Reader, Visibility
from riskreg.reviews.queries import current_review_extended_until_subquery

# Overdue, due today and due soon: until how many days after today.
_SOONER_DAYS = (-1, 0, SOON_DAYS)


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
class Pick:
    """The ``most`` soonest (or last) rows of a source that are ``wanted``, behind a ``place`` or
    before it; the most urgent ones where it is ``urgent``."""

    source: Source
    wanted: Wanted
    most: int
    urgent: bool = False
    place: Place | None = None

    def is_open_wanted_and_beyond_place(self, backward: bool) -> Q:
        """What its rows meet."""
        return is_open_and_wanted(self.source, self.wanted) & is_beyond_place_if_any(
            self.source, self.place, backward
        )


def rows_of_picks(viewer: Reader, picks: Sequence[Pick], backward: bool) -> QuerySet[Any]:
    """The rows of ``picks``, which take the same rows and extras. Each of several tells by
    ``picked_0``, ``picked_1`` … whose it is; a pick among several may come with more than it asks
    for, which are those beyond."""
    shape, values = _shape_and_values(viewer, picks, backward)
    if shape is None:
        return _rows_of_several_picks(viewer, picks, backward)
    return _statement(shape)(*values)


def _rows_of_several_picks(viewer: Reader, picks: Sequence[Pick], backward: bool) -> QuerySet[Any]:
    source = picks[0].source
    rows: Any = source.rows_with_people_and_extras()
    if any(pick.source.extended for pick in picks):
        rows = rows.annotate(told_until=current_review_extended_until_subquery(viewer=viewer))
    if any(pick.urgent for pick in picks):
        rows = rows.annotate(orphan=is_orphan(source))
    if len(picks) == 1:
        return _rows_of_pick(rows, viewer, picks[0], backward)
    first, *others = (_ids_for_union(viewer, pick, backward) for pick in picks)
    wanted = {
        f"picked_{n}": ExpressionWrapper(
            pick.is_open_wanted_and_beyond_place(backward), BooleanField()
        )
        for n, pick in enumerate(picks)
    }
    listed: QuerySet[Any] = rows.annotate(**wanted).filter(pk__in=first.union(*others, all=True))
    return listed


@dataclass(frozen=True)
class WantedShape:
    """All of a ``Wanted`` but its values: how many people, and which of the rest it names.
    ``dated``: what is asked goes by ``today``."""

    dated: bool
    people: int | None
    others: int
    party: bool
    due_before: bool
    overdue: bool | None

    @classmethod
    def of(cls, wanted: Wanted, *, dated: bool = True) -> "WantedShape":
        """The shape of ``wanted``."""
        return cls(
            dated=dated,
            people=None if wanted.people is None else len(wanted.people),
            others=len(wanted.others_than),
            party=wanted.party is not None,
            due_before=wanted.due_before is not None,
            overdue=wanted.overdue,
        )

    def values(self, wanted: Wanted) -> Iterator[Given]:
        """What fills it, in the order in which ``filled`` takes it."""
        if self.dated:
            yield wanted.today
        if wanted.due_before is not None:
            yield wanted.due_before
        if wanted.party is not None:
            yield wanted.party
        yield from sorted(wanted.people or ())
        yield from sorted(wanted.others_than)

    def filled(self, values: Iterator[Any], kinds: tuple[str, ...] = ()) -> Wanted:
        """The ``Wanted`` of this shape and of ``kinds`` with the next of ``values``."""
        return Wanted(
            today=next(values) if self.dated else dt.date.min,
            kinds=kinds,
            due_before=next(values) if self.due_before else None,
            party=next(values) if self.party else None,
            people=None if self.people is None else frozenset(_take_next(values, self.people)),
            others_than=frozenset(_take_next(values, self.others)),
            overdue=self.overdue,
        )


class _PickShape(NamedTuple):
    """The kind of a pick, which of the shapes of what is wanted it is about, and of how many."""

    kind: str
    wanted: int
    most: int


@dataclass(frozen=True)
class _Shape:
    """What a statement is written for: whether the reader has a party, the shapes of what is
    wanted, and the picks."""

    party: bool
    wanted: tuple[WantedShape, ...]
    picks: tuple[_PickShape, ...]
    backward: bool


def _shape_and_values(
    viewer: Reader, picks: Sequence[Pick], backward: bool
) -> tuple[_Shape | None, list[Given]]:
    """The shape of what is asked and the values that fill it. None for what is written anew: lists
    that programs ask for, of as many rows as they like, and people of whom there are none."""
    wanted = list(dict.fromkeys(pick.wanted for pick in picks))
    if not all(pick.urgent for pick in picks) or any(
        one.people is not None and not one.people for one in wanted
    ):
        return None, []
    shapes = tuple(WantedShape.of(one) for one in wanted)
    values: list[Given] = [viewer.register.pk]
    if viewer.party_id is not None:
        values.append(viewer.party_id)
    for shape, one in zip(shapes, wanted, strict=True):
        values += shape.values(one)
    kinds = tuple(
        _PickShape(pick.source.kind, wanted.index(pick.wanted), pick.most) for pick in picks
    )
    return _Shape(viewer.party_id is not None, shapes, kinds, backward), values


@functools.lru_cache(maxsize=64)
def _statement(shape: _Shape) -> Statement[Any]:
    values: list[type[Given]] = [int, *([int] if shape.party else ())]
    for one in shape.wanted:
        values += [dt.date] * (1 + one.due_before)
        values += [int] * (one.party + (one.people or 0) + one.others)
    return Statement(functools.partial(_rows_of_shape, shape), *values)


def _rows_of_shape(shape: _Shape, *values: Given) -> QuerySet[Any]:
    left = iter(values)
    register = SimpleNamespace(pk=next(left))
    reader: Any = SimpleNamespace(register=register, party_id=next(left) if shape.party else None)
    wanted = [one.filled(left) for one in shape.wanted]
    picks = [
        Pick(SOURCES[one.kind], wanted[one.wanted], one.most, urgent=True) for one in shape.picks
    ]
    return _rows_of_several_picks(reader, picks, shape.backward)


def _take_next(values: Iterator[Any], n: int) -> list[Any]:
    return [next(values) for _one in range(n)]


def is_beyond_place_if_any(source: Source, place: Place | None, backward: bool) -> Q:
    """The rows of ``source`` behind ``place``, or before it; all for none."""
    if place is None:
        return Q()
    step, due = "lt" if backward else "gt", source.due_field
    past = Q(**{f"{due}__{step}": place.due_on})
    if source.kind == place.kind:
        return past | Q(**{due: place.due_on, f"uuid__{step}": place.subject})
    same_day_counts = (source.kind < place.kind) is backward
    return Q(**{f"{due}__{step}e": place.due_on}) if same_day_counts else past


def _rows_of_pick(rows: Any, viewer: Reader, pick: Pick, backward: bool) -> QuerySet[Any]:
    minus = "-" if backward else ""
    order = (
        order_by_urgency(pick.source, pick.wanted.today)
        if pick.urgent
        else [f"{minus}{pick.source.due_field}", f"{minus}uuid"]
    )
    known = rows.visible_to(viewer).filter(pick.is_open_wanted_and_beyond_place(backward))
    if pick.urgent:
        known = known.filter(_is_as_urgent_as_first_rows(viewer, pick, backward))
    chosen: QuerySet[Any] = known.order_by(*order)[: pick.most]
    return chosen


def _is_as_urgent_as_first_rows(viewer: Reader, pick: Pick, backward: bool) -> Q:
    """Whether a row is due as soon as ``most`` of its pick are: overdue, today, soon or later.

    No other one is among the most urgent, and what is at stake is looked up only of these. Enough
    of any part of the pick say so: of one column of people, an index has them soonest first.
    """
    due, today = pick.source.due_field, pick.wanted.today
    ends = [today + dt.timedelta(days=days) for days in _SOONER_DAYS]
    end = Case(
        *(When(**{f"{due}__lte": day}, then=Value(day)) for day in ends),
        default=Value(dt.date.max),
        output_field=DateField(),
    )
    found: Any = pick.source.bare_rows()
    rows = found.visible_to(viewer).filter(pick.is_open_wanted_and_beyond_place(backward))
    people = pick.wanted.people
    parts = [Q(**{f"{way}__in": sorted(people)}) for way in pick.source.people] if people else [Q()]
    ends_of_parts = [
        Subquery(
            rows.filter(part).order_by(due).values(end_of_urgency=end)[pick.most - 1 : pick.most]
        )
        for part in parts
    ]
    return Q(**{f"{due}__lte": Coalesce(*ends_of_parts, Value(dt.date.max))})


def order_by_urgency(source: Source, today: dt.date | Mapping[int, dt.date]) -> list[Any]:
    """The order of ``sources.urgency_sort_key`` for the database, as far as it lies in columns.

    ``today``: the day, or the day in each register (database id) that the rows are of.
    """
    when = Case(
        *(
            When(_is_due_within(source.due_field, today, days), then=Value(place))
            for place, days in enumerate(_SOONER_DAYS)
        ),
        default=Value(3),
        output_field=IntegerField(),
    )
    return [when, "-orphan", "-priority", source.due_field, "uuid"]


def _is_due_within(due: str, today: dt.date | Mapping[int, dt.date], days: int) -> Q:
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


def _ids_for_union(viewer: Reader, pick: Pick, backward: bool) -> QuerySet[Any]:
    """The database ids of the rows of ``pick``, as what databases let stand in a union."""
    rows: Any = pick.source.rows() if pick.urgent else pick.source.bare_rows()
    if pick.urgent:
        rows = rows.annotate(orphan=is_orphan(pick.source))
    chosen = _rows_of_pick(rows, viewer, pick, backward).values("pk")
    keys: QuerySet[Any] = rows.model._default_manager.filter(pk__in=chosen)
    return keys.order_by().values("pk")


def is_open_and_wanted(source: Source, wanted: Wanted) -> Q:
    due = source.due_field
    found = source.open & Q(**{f"{due}__isnull": False})
    if wanted.people is not None:
        found &= source.whose(sorted(wanted.people))
    if wanted.others_than:
        found &= ~source.whose(sorted(wanted.others_than))
    if wanted.party is not None:
        found &= Q(party_id=wanted.party)
    if wanted.due_before is not None:
        found &= Q(**{f"{due}__lt": wanted.due_before})
    if wanted.overdue is not None:
        late = Q(**{f"{due}__lt": wanted.today})
        found &= late if wanted.overdue else ~late
    return found
