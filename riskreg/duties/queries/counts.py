"""How many duties there are, by statements that are written once for each shape that is asked."""

import datetime as dt
from typing import Any

from django.db.models import Count, F, QuerySet, Value

from riskreg.duties.queries.picks import Wanted, WantedShape, parts_open_and_wanted
from riskreg.register.access import Viewer
from riskreg.register.written import written_once


def summed_duty_counts(viewer: Viewer, *asked: Wanted) -> int:
    """How many there are altogether, in one query; what two of ``asked`` take is counted twice."""
    shapes = tuple((_shape_to_count(wanted), wanted.kinds) for wanted in asked)
    values = [value for wanted in asked for value in _shape_to_count(wanted).values(wanted)]
    return sum(n for (n,) in _counts_by_shape_kind_and_part(viewer, *values, shapes=shapes))


def counts_by_day(viewer: Viewer, wanted: Wanted) -> dict[dt.date, int]:
    """How many fall due on each day, in one query: the true numbers where a list is cut."""
    shape = _shape_to_count(wanted)
    counts: dict[dt.date, int] = {}
    for day, n in _counts_by_kind_part_and_day(
        viewer, *shape.values(wanted), shape=shape, kinds=wanted.kinds
    ):
        counts[day] = counts.get(day, 0) + n
    return counts


def _shape_to_count(wanted: Wanted) -> WantedShape:
    # Nothing of a count is ordered by how urgent it is today.
    return WantedShape.of(wanted, dated=wanted.overdue is not None)


@written_once()
def _counts_by_shape_kind_and_part(
    viewer: Viewer, *values: Any, shapes: tuple[tuple[WantedShape, tuple[str, ...]], ...]
) -> QuerySet[Any, tuple[int]]:
    """A row for each part of each kind of each of ``shapes``."""
    left = iter(values)
    rows = []
    for shape, kinds in shapes:
        wanted = shape.wanted_with_next_values(left, kinds)
        for source in wanted.sources():
            known: Any = source.bare_rows()
            for part in parts_open_and_wanted(source, wanted):
                found = known.visible_to(viewer).filter(part).order_by()
                counted = found.values(all=Value(1)).annotate(n=Count(source.due_field))
                rows.append(counted.values_list("n"))
    return _union_of(rows)


@written_once()
def _counts_by_kind_part_and_day(
    viewer: Viewer, *values: Any, shape: WantedShape, kinds: tuple[str, ...]
) -> QuerySet[Any, tuple[dt.date, int]]:
    """For each part of each kind a row for each day."""
    wanted = shape.wanted_with_next_values(iter(values), kinds)
    rows = []
    for source in wanted.sources():
        known: Any = source.bare_rows()
        for part in parts_open_and_wanted(source, wanted):
            found = known.visible_to(viewer).filter(part).order_by()
            days = found.annotate(due_day=F(source.due_field)).values_list("due_day")
            rows.append(days.annotate(n=Count(source.due_field)))
    return _union_of(rows)


def _union_of(rows: list[Any]) -> QuerySet[Any, Any]:
    first, *others = rows
    together: QuerySet[Any, Any] = first.union(*others, all=True)
    return together
