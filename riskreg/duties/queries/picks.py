"""Which rows lists of duties read: picks of several kinds, in as few statements as can be.

The statements of pages' own lists, the most urgent first, are written once in each process for each
shape of what is asked: writing one takes longer than the database takes to answer it.
"""

import datetime as dt
import functools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    ExpressionWrapper,
    Q,
    QuerySet,
)

from riskreg.duties.queries.urgency import is_as_urgent_as_first_rows, is_orphan, order_by_urgency
from riskreg.duties.sources import LISTED, SOURCES, Duty, Source
from riskreg.kernel.compiled import Statement
from riskreg.kernel.compiled import Value as Given
from riskreg.register.visibility import Reader
from riskreg.reviews.queries import current_review_extended_until_subquery


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
        beyond = is_beyond_place_if_any(self.source, self.place, backward)
        return is_open_and_wanted(self.source, self.wanted) & beyond

    def parts_open_wanted_and_beyond_place(self, backward: bool) -> list[Q]:
        """The same in parts that have no row in common, each of which an index can serve."""
        beyond = is_beyond_place_if_any(self.source, self.place, backward)
        return [part & beyond for part in parts_open_and_wanted(self.source, self.wanted)]


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
    if len(picks) == 1 and not picks[0].urgent:
        whole = picks[0].is_open_wanted_and_beyond_place(backward)
        return _first_rows_of_part(rows, viewer, picks[0], whole, backward)
    first, *others = (ids for pick in picks for ids in _ids_for_union(viewer, pick, backward))
    wanted = {
        f"picked_{n}": ExpressionWrapper(
            pick.is_open_wanted_and_beyond_place(backward), BooleanField()
        )
        for n, pick in enumerate(picks)
    }
    keys = first.union(*others, all=True) if others else first
    listed: QuerySet[Any] = rows.annotate(**wanted).filter(pk__in=keys)
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
        """What fills it, in the order in which ``wanted_with_next_values`` takes it."""
        if self.dated:
            yield wanted.today
        if wanted.due_before is not None:
            yield wanted.due_before
        if wanted.party is not None:
            yield wanted.party
        yield from sorted(wanted.people or ())
        yield from sorted(wanted.others_than)

    def wanted_with_next_values(self, values: Iterator[Any], kinds: tuple[str, ...] = ()) -> Wanted:
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
    wanted = [one.wanted_with_next_values(left) for one in shape.wanted]
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


def _first_rows_of_part(
    rows: Any, viewer: Reader, pick: Pick, part: Q, backward: bool
) -> QuerySet[Any]:
    order_prefix = "-" if backward else ""
    known = rows.visible_to(viewer).filter(part)
    if not pick.urgent:
        chosen: QuerySet[Any] = known.order_by(
            f"{order_prefix}{pick.source.due_field}", f"{order_prefix}uuid"
        )
        return chosen[: pick.most]
    near = is_as_urgent_as_first_rows(pick.source, part, viewer, pick.wanted.today, pick.most)
    order = order_by_urgency(pick.source, pick.wanted.today)
    most_urgent: QuerySet[Any] = known.filter(near).order_by(*order)[: pick.most]
    return most_urgent


def _ids_for_union(viewer: Reader, pick: Pick, backward: bool) -> Iterator[QuerySet[Any]]:
    """The database ids of the first rows of each part of ``pick``, as what databases let stand in a
    union."""
    rows: Any = pick.source.rows() if pick.urgent else pick.source.bare_rows()
    if pick.urgent:
        rows = rows.annotate(orphan=is_orphan(pick.source))
    for part in pick.parts_open_wanted_and_beyond_place(backward):
        chosen = _first_rows_of_part(rows, viewer, pick, part, backward).values("pk")
        keys: QuerySet[Any] = rows.model._default_manager.filter(pk__in=chosen)
        yield keys.order_by().values("pk")


def is_open_and_wanted(source: Source, wanted: Wanted) -> Q:
    people = wanted.people
    return _is_open_and_wanted_of(
        source, wanted, Q() if people is None else source.is_answered_for_by(sorted(people))
    )


def parts_open_and_wanted(source: Source, wanted: Wanted) -> list[Q]:
    """``is_open_and_wanted`` in parts that have no row in common, each of one column of people."""
    people = wanted.people
    parts = [Q()] if people is None else source.parts_answered_for_by(sorted(people))
    return [_is_open_and_wanted_of(source, wanted, part) for part in parts]


def _is_open_and_wanted_of(source: Source, wanted: Wanted, whose: Q) -> Q:
    due = source.due_field
    found = source.open & Q(**{f"{due}__isnull": False}) & whose
    if wanted.others_than:
        found &= ~source.is_answered_for_by(sorted(wanted.others_than))
    if wanted.party is not None:
        found &= Q(party_id=wanted.party)
    if wanted.due_before is not None:
        found &= Q(**{f"{due}__lt": wanted.due_before})
    if wanted.overdue is not None:
        late = Q(**{f"{due}__lt": wanted.today})
        found &= late if wanted.overdue else ~late
    return found
