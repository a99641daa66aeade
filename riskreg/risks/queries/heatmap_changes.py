"""What changed on the heatmap between two days: counted by the database, listed by the page."""

import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from django.db.models import (
    Case,
    Count,
    F,
    FilteredRelation,
    IntegerField,
    Q,
    QuerySet,
    When,
    Window,
)
from django.db.models.functions import Abs, RowNumber

from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.visibility import is_visible_to
from riskreg.register.written import written_once
from riskreg.risks.models import Position, State
from riskreg.risks.queries.access import positions_at
from riskreg.risks.queries.scales import scale_changes

# Of moves a page lists so many; where there are no more, what a page asks for is read at once.
AT_ONCE = 50
_PARTS = ("likelihood", "impact", "score", "rating")
_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Move:
    """A risk that stood open in one cell and stands open in another. ``by_scale``: nobody judged it
    anew, the scale changed. ``before_criteria``: where ``before`` is of another scale, the key of
    its criteria in ``Comparison.older``."""

    ref: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    by_scale: bool = False
    before_criteria: int | None = None


class Lazy(Sequence[_Thing]):
    """A list of known length of which only what is asked for is read, and that once."""

    def __init__(self, length: int, read: Callable[[int, int], list[_Thing]]) -> None:
        self._length, self._read = length, functools.cache(read)

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return id(self)

    @overload
    def __getitem__(self, index: int) -> _Thing: ...

    @overload
    def __getitem__(self, index: slice) -> list[_Thing]: ...

    def __getitem__(self, index: int | slice) -> _Thing | list[_Thing]:
        if isinstance(index, slice):
            start, stop, _step = index.indices(self._length)
            return self._read(start, stop) if start < stop else []
        if not 0 <= index < self._length:
            raise IndexError(index)
        return self._read(index, index + 1)[0]

    def __iter__(self) -> Any:
        return iter(self[:])


@dataclass(frozen=True)
class Comparison:
    """What changed from ``compared_to`` until the heatmap's day.

    ``moves``: the longest way first. ``opened`` came onto the map (opened, made this kind, or out
    from behind another), ``closed`` left it. ``came`` and ``left`` count moves by the cell they
    ended and, where it is of the same scale, began in. ``scale_changed_on``: the days in between on
    which another scale came into force, so that cells of before and after differ. ``moves_of``
    reads those of some refs.
    """

    compared_to: dt.date
    moves: Sequence[Move]
    opened: Sequence[str]
    closed: Sequence[str]
    came: Counter[tuple[int, int]]
    left: Counter[tuple[int, int]]
    moves_of: Callable[[Collection[str]], list[Move]]
    scale_changed_on: list[dt.date] = field(default_factory=list)
    older: dict[int, Criteria] = field(default_factory=dict)


@dataclass(frozen=True)
class Among:
    """Which risks, changed since when, of which stage and kind. ``behind`` and ``was_behind``: the
    risks that are, or were, not counted for another one."""

    since: dt.datetime
    stage: str
    kind: str
    behind: list[int]
    was_behind: list[int]


@dataclass(frozen=True, kw_only=True)
class Span(Among):
    """Between which moments as well. ``until`` None: up to now."""

    compared_to: dt.date
    until: dt.datetime | None

    @property
    def last_moment_or_none(self) -> dt.datetime | None:
        """The last one of it; None: now."""
        return self.until and self.until - dt.timedelta(microseconds=1)

    @property
    def values(self) -> tuple[dt.datetime | None, dt.datetime, list[int], list[int]]:
        """What differs from one span of a stage and kind to another, for statements that are
        written once."""
        return self.last_moment_or_none, self.since, self.behind, self.was_behind


def comparison(viewer: Viewer, positions: QuerySet[Position] | None, span: Span) -> Comparison:
    """What changed among ``positions``, where the risks stand at the end of the span (None: among
    all that the viewer may know of).

    Only risks whose position began after ``span.since``, or that are or were behind others, can
    have moved, so only they are read.
    """
    groups = (
        _change_groups_of_all_visible(viewer, *span.values, stage=span.stage, kind=span.kind)
        if positions is None
        else list(_change_groups(_positions_begun_in_span(viewer, positions, span), span.stage))
    )
    totals: Counter[int] = Counter()
    for change, *_cells, n in groups:
        totals[change] += n
    days: list[dt.date] = []
    older: dict[int, Criteria] = {}
    if any(other for *_rest, other, _n in groups):
        days = scale_changes(viewer, span.stage, span.since, span.until, {}).days
    if days:
        older = viewer.criteria_versions_by_id
    came: Counter[tuple[int, int]] = Counter()
    left: Counter[tuple[int, int]] = Counter()
    for change, before_x, before_y, x, y, other, n in groups:
        if change == _MOVED and x is not None:
            came[x, y] += n
        if change == _MOVED and before_x is not None and not (other and days):
            left[before_x, before_y] += n

    @functools.cache
    def listed() -> QuerySet[Any]:
        every = positions_at(viewer, span.last_moment_or_none) if positions is None else positions
        return _furthest_first(
            _positions_begun_in_span(viewer, every, span), span.stage, bool(days)
        )

    def read(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, Move]]:
        return _moves_with_change(viewer, rows, span, older)

    @functools.cache
    def first() -> dict[int, list[Move]]:
        """The first of each list, in one query."""
        rows: Iterable[tuple[Any, ...]]
        if positions is None:
            rows = _first_changes_of_all_visible(
                viewer, *span.values, stage=span.stage, kind=span.kind, scales=bool(days)
            )
        else:
            rows = _first_of_each_change(listed(), span.stage)
        found: dict[int, list[Move]] = {_MOVED: [], _OPENED: [], _CLOSED: []}
        for change, move in read(rows):
            found[change].append(move)
        return found

    def some(change: int, start: int, stop: int) -> list[Move]:
        if stop <= AT_ONCE:
            return first()[change][start:stop]
        rows = listed().filter(change=change)[start:stop]
        return [move for _change, move in read(rows.values_list(*_columns_of_moves(span.stage)))]

    def moves_of(wanted: Collection[str]) -> list[Move]:
        if totals[_MOVED] <= AT_ONCE:
            return [move for move in some(_MOVED, 0, totals[_MOVED]) if move.ref in wanted]
        rows: Iterable[tuple[Any, ...]]
        if positions is None:
            rows = _moved_positions_of_all_visible(
                viewer, list(wanted), *span.values, stage=span.stage, kind=span.kind
            )
        else:
            rows = _positions_that_moved(
                _positions_begun_in_span(viewer, positions, span), list(wanted), span.stage
            )
        return [move for _change, move in read(rows)]

    def refs(change: int) -> Lazy[str]:
        return Lazy(
            totals[change], lambda start, stop: [move.ref for move in some(change, start, stop)]
        )

    return Comparison(
        compared_to=span.compared_to,
        moves=Lazy(totals[_MOVED], functools.partial(some, _MOVED)),
        opened=refs(_OPENED),
        closed=refs(_CLOSED),
        came=came,
        left=left,
        moves_of=moves_of,
        scale_changed_on=days,
        older=older,
    )


_NONE, _MOVED, _OPENED, _CLOSED = range(4)


@written_once()
def _change_groups_of_all_visible(
    viewer: Viewer,
    *values: Any,
    stage: str,
    kind: str,
) -> QuerySet[Position, tuple[Any, ...]]:
    return _change_groups(_changed_positions_of_all_visible(viewer, values, stage, kind), stage)


def _change_groups(changed: QuerySet[Any], stage: str) -> QuerySet[Position, tuple[Any, ...]]:
    """How many changed alike: what became of them, the cells of before and after, and whether it
    was on another scale."""
    cells = [f"{stage}_{part}" for part in _PARTS[:2]]
    columns = ("change", *(f"then__{c}" for c in cells), *cells, "other_scale")
    rows: QuerySet[Position, tuple[Any, ...]] = changed.order_by().values_list(*columns)
    return rows.annotate(n=Count("pk"))


@written_once()
def _first_changes_of_all_visible(
    viewer: Viewer,
    *values: Any,
    stage: str,
    kind: str,
    scales: bool,
) -> QuerySet[Position, tuple[Any, ...]]:
    changed = _changed_positions_of_all_visible(viewer, values, stage, kind)
    return _first_of_each_change(_furthest_first(changed, stage, scales), stage)


@written_once()
def _moved_positions_of_all_visible(
    viewer: Viewer,
    refs: list[str],
    *values: Any,
    stage: str,
    kind: str,
) -> QuerySet[Position, tuple[Any, ...]]:
    return _positions_that_moved(
        _changed_positions_of_all_visible(viewer, values, stage, kind), refs, stage
    )


def _positions_that_moved(
    changed: QuerySet[Any], refs: list[str], stage: str
) -> QuerySet[Position, tuple[Any, ...]]:
    """Those of ``refs`` that moved."""
    rows = changed.filter(change=_MOVED, ref__in=refs).order_by()
    found: QuerySet[Position, tuple[Any, ...]] = rows.values_list(*_columns_of_moves(stage))
    return found


def _first_of_each_change(listed: QuerySet[Any], stage: str) -> QuerySet[Position, tuple[Any, ...]]:
    """The first of what became of them, of each change ``AT_ONCE``."""
    order: list[Any] = [F("way").desc(), "ref_order", "pk"]
    place = Window(RowNumber(), partition_by=F("change"), order_by=order)
    rows = listed.exclude(change=_NONE).annotate(place=place).filter(place__lte=AT_ONCE)
    rows = rows.order_by("change", "place")
    found: QuerySet[Position, tuple[Any, ...]] = rows.values_list(*_columns_of_moves(stage))
    return found


def _furthest_first(changed: QuerySet[Any], stage: str, scales: bool) -> QuerySet[Any]:
    """Those that moved furthest first. ``scales``: there was another one, and what is of it has no
    way that could be measured."""
    way = Abs(F(f"{stage}_score") - F(f"then__{stage}_score"))
    measurable = Q(change=_MOVED, **{f"{s}{stage}_score__isnull": False for s in ("", "then__")})
    if scales:
        measurable &= Q(other_scale=0)
    rows: QuerySet[Any] = changed.annotate(
        way=Case(When(measurable, then=way), default=0, output_field=IntegerField())
    )
    return rows.order_by("-way", "ref_order", "pk")


def _changed_positions_of_all_visible(
    viewer: Viewer, values: Sequence[Any], stage: str, kind: str
) -> QuerySet[Any]:
    """``_positions_begun_in_span`` of all that the viewer may know of, by a span's ``values``."""
    moment, since, behind, was_behind = values
    among = Among(since, stage, kind, behind, was_behind)
    return _positions_begun_in_span(viewer, positions_at(viewer, moment), among)


def _positions_begun_in_span(
    viewer: Viewer, positions: QuerySet[Position], span: Among
) -> QuerySet[Any]:
    """Those that began in the span, each with where it stood before (``then``, if the viewer knew
    of it), what became of it (``change``) and whether that was on another scale."""
    before = span.since - dt.timedelta(microseconds=1)
    on_map = {"state": State.OPEN.value, "kind": span.kind}
    behind, was_behind = Q(risk__in=span.behind), Q(risk__in=span.was_behind)
    is_open = Q(**on_map) & ~behind
    was_open = Q(**{f"then__{k}": v for k, v in on_map.items()}) & ~was_behind
    gone = Q(then__pk=None) | Q(then__state__in=[s for s in State.values if s != State.OPEN])
    was_not = gone | ~Q(then__kind=span.kind) | was_behind
    rows: QuerySet[Any] = positions.filter(Q(valid_from__gte=span.since) | behind | was_behind)
    changed: QuerySet[Any] = rows.annotate(
        then=FilteredRelation(
            "risk__positions",
            condition=Q(
                Q(risk__positions__valid_to=None) | Q(risk__positions__valid_to__gt=before),
                is_visible_to(viewer, "risk__positions__"),
                risk__positions__valid_from__lte=before,
            ),
        )
    ).annotate(
        change=Case(
            When(is_open & was_open & _is_in_another_cell(span.stage), then=_MOVED),
            When(is_open & was_not, then=_OPENED),
            When(was_open & ~is_open, then=_CLOSED),
            default=_NONE,
            output_field=IntegerField(),
        ),
        other_scale=Case(
            When(Q(then__criteria__lt=F("criteria")) | Q(then__criteria__gt=F("criteria")), 1),
            default=0,
            output_field=IntegerField(),
        ),
    )
    return changed


def _is_in_another_cell(stage: str) -> Q:
    """Whether the cells of before and after are two; unrated is a place of its own."""
    rated, was = f"{stage}_likelihood__isnull", f"then__{stage}_likelihood__isnull"
    differs = Q(**{rated: True, was: False}) | Q(**{rated: False, was: True})
    for part in _PARTS:
        name = f"{stage}_{part}"
        differs |= Q(**{f"{name}__lt": F(f"then__{name}")})
        differs |= Q(**{f"{name}__gt": F(f"then__{name}")})
    return differs


def _columns_of_moves(stage: str) -> tuple[str, ...]:
    """What ``_moves_with_change`` reads."""
    now = [f"{stage}_{part}" for part in _PARTS]
    then = [f"then__{name}" for name in now]
    return ("risk_id", "change", "ref", "criteria", "then__criteria", *then, *now)


def _moves_with_change(
    viewer: Viewer, rows: Iterable[tuple[Any, ...]], span: Span, older: dict[int, Criteria]
) -> list[tuple[int, Move]]:
    """Each with what became of it (``change``)."""
    found = list(rows)
    cells = {row[0]: (_cell_from_values(row[5:9]), _cell_from_values(row[9:13])) for row in found}
    by_scale: Collection[int] = ()
    if older:
        moved = {row[0] for row in found if row[1] == _MOVED}
        were = {risk: before for risk, (before, _after) in cells.items() if risk in moved}
        by_scale = scale_changes(viewer, span.stage, span.since, span.until, were).moved
    return [
        (
            change,
            Move(
                ref,
                *cells[risk],
                by_scale=risk in by_scale,
                before_criteria=was if was in older and was != criteria else None,
            ),
        )
        for risk, change, ref, criteria, was, *_rest in found
    ]


def _cell_from_values(values: Sequence[Any]) -> dict[str, Any] | None:
    return None if values[0] is None else dict(zip(_PARTS, values, strict=True))
