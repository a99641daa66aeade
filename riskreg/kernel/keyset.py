"""Pages of a list that go on from a place in it, not from a count of rows.

A row that is added or taken away elsewhere moves nothing, and the hundredth page costs what the
first does. The order column may be empty: rows without a value come last, whichever way it runs.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet


@dataclass(frozen=True)
class Order:
    """By ``column``, then by ``tie``, which is unique. Equal names mean by ``tie`` alone.

    ``nullable`` columns are read in two stretches, rows with a value and rows without, so that an
    index serves either.
    """

    column: str
    tie: str = "id"
    descending: bool = False
    tie_descending: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Place:
    """A place in the order: that of a row with this ``value`` in the column and this ``tie``.

    ``tie`` may be an expression, such as a subquery that finds a row's key by its public name.
    """

    value: Any
    tie: Any


@dataclass(frozen=True)
class Page:
    """``rows`` in the list's order, and whether there is more before and behind them."""

    rows: list[Any]
    has_previous: bool
    has_next: bool


def page(
    queryset: QuerySet[Any],
    order: Order,
    limit: int,
    *,
    after: Place | None = None,
    before: Place | None = None,
) -> Page:
    """Up to ``limit`` rows from the start, or right ``after`` or right ``before`` a place."""
    backward = before is not None
    place = before if backward else after
    rows = _rows(queryset, order, limit + 1, place, backward)
    more, rows = len(rows) > limit, rows[:limit]
    if backward:
        return Page(rows[::-1], has_previous=more, has_next=True)
    return Page(rows, has_previous=place is not None, has_next=more)


def first_page(rows: list[Any], limit: int) -> Page:
    """The first page, from the first ``limit`` ``rows`` and one more, if there is one."""
    return Page(rows[:limit], has_previous=False, has_next=len(rows) > limit)


def _rows(
    queryset: QuerySet[Any], order: Order, count: int, place: Place | None, backward: bool
) -> list[Any]:
    down, tie_down = order.descending != backward, order.tie_descending != backward
    tie_order = f"-{order.tie}" if tie_down else order.tie
    column_order = f"-{order.column}" if down else order.column
    beyond = Q(**{f"{order.tie}__{'lt' if tie_down else 'gt'}": place.tie}) if place else Q()
    if order.column == order.tie:
        return list(queryset.filter(beyond).order_by(tie_order)[:count])
    step = "lt" if down else "gt"
    past = Q()
    if place is not None and place.value is not None:
        # The first condition says nothing new, but it is the one that an index can start from.
        past = Q(**{f"{order.column}__{step}e": place.value}) & (
            Q(**{f"{order.column}__{step}": place.value})
            | Q(**{order.column: place.value}) & beyond
        )
    if not order.nullable:
        return list(queryset.filter(past).order_by(column_order, tie_order)[:count])
    rows: list[Any] = []
    empties = [True, False] if backward else [False, True]
    if place is not None:
        empties = empties[empties.index(place.value is None) :]
    for n, empty in enumerate(empties):
        part = queryset.filter(**{f"{order.column}__isnull": empty})
        if n == 0 and place is not None:
            part = part.filter(beyond if empty else past)
        part = part.order_by(tie_order) if empty else part.order_by(column_order, tie_order)
        rows += list(part[: count - len(rows)])
        if len(rows) >= count:
            break
    return rows
