"""How many risks there are of each sort, today, from where the visible ones stand."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Subquery, Value

from riskreg.register.access import Viewer
from riskreg.register.own_appetites import ConditionByRating, own_rule
from riskreg.register.policy import Matrix
from riskreg.register.written import written_once
from riskreg.risks.appetite import is_threat_above_appetite, is_threat_above_own_appetite
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Kind, Position, Risk, State
from riskreg.risks.parts import WITHIN, is_counted_with_parts, is_left_out_as_part_or_whole
from riskreg.risks.queries.access import current_positions, visible_risks

SOON_DAYS = 14


@dataclass(frozen=True)
class Standing:
    """How many visible risks there are of each sort, today."""

    open: int
    draft: int
    closed: int
    unrated: int
    overdue: int
    due_soon: int
    above_appetite: int
    # Open ones that are counted with another.
    behind: int


@dataclass(frozen=True)
class CellCount:
    """How many risks of a state and a kind stand in a cell at the residual stage (None and None:
    unrated), and how many of these are counted with another."""

    state: str
    kind: str
    likelihood: int | None
    impact: int | None
    count: int
    behind: int

    @property
    def counted(self) -> int:
        """How many are counted by themselves."""
        return self.count - self.behind

    def rating(self, matrix: Matrix) -> str | None:
        """The key of the rating of its cell by ``matrix``; None for unrated."""
        if self.likelihood is None or self.impact is None:
            return None
        return matrix.cell(self.likelihood, self.impact).rating


def risk_counts(
    viewer: Viewer,
    at: dt.datetime,
    chosen: RiskFilter | None = None,
    kind: str | None = None,
) -> Standing:
    """Counts in one query, by the appetite of the criteria in force.

    ``chosen`` and ``kind`` narrow what is counted. How many there are (open, unrated, above
    appetite) counts a risk with its parts; what is to be done is due for each of them.
    """
    today = viewer.today(at)
    soon = today + dt.timedelta(days=SOON_DAYS)
    rows: list[tuple[Any, ...]]
    if chosen is None or chosen.takes_all:
        positions = _current_positions_of_kind(viewer, kind)
        rows = _all_counts_by_cell(viewer, today, soon, kind=kind)
    else:
        positions = chosen.apply(_current_positions_of_kind(viewer, kind))
        risks = visible_risks(viewer).filter(pk__in=positions.values("risk_id"))
        rows = list(_with_due_counts(_counts_by_cell(viewer, positions), risks, today, soon))
    counts = [CellCount(*cell) for *cell, _overdue, _due_soon in rows]
    overdue, due_soon = rows[0][-2:] if rows else (0, 0)
    by_state = Counter[str]()
    for one in counts:
        by_state[one.state] += one.counted
    opened = [one for one in counts if one.state == State.OPEN]
    return Standing(
        open=by_state[State.OPEN],
        draft=by_state[State.DRAFT],
        closed=by_state[State.CLOSED],
        unrated=sum(one.counted for one in opened if one.likelihood is None),
        overdue=overdue,
        due_soon=due_soon,
        above_appetite=_above_appetite_count(viewer, positions, opened),
        behind=sum(one.behind for one in opened),
    )


def open_counts_by_rating(viewer: Viewer) -> dict[str, dict[str, int]]:
    """Open visible risks of each kind per residual rating, each with its parts; the key ``unrated``
    holds the rest."""
    matrix = Matrix(viewer.criteria)
    found: dict[str, dict[str, int]] = {kind: {} for kind in Kind.values}
    for row in _open_counts_by_cell(viewer):
        one = CellCount(*row)
        if one.counted:
            of_kind, rating = found[one.kind], one.rating(matrix) or "unrated"
            of_kind[rating] = of_kind.get(rating, 0) + one.counted
    return found


def _above_appetite_count(
    viewer: Viewer, positions: QuerySet[Position], opened: Iterable[CellCount]
) -> int:
    matrix = Matrix(viewer.criteria)
    if matrix.term_appetites:
        # What a risk is filed under decides as well, which the cells do not say.
        among = positions.filter(state=State.OPEN)
        counted = is_counted_with_parts(viewer, current_positions(viewer).filter(state=State.OPEN))
        return among.filter(is_threat_above_appetite(matrix), counted).count()
    return sum(one.counted for one in opened if matrix.above_appetite(one.rating(matrix), one.kind))


def _current_positions_of_kind(viewer: Viewer, kind: str | None) -> QuerySet[Position]:
    positions = current_positions(viewer)
    return positions if kind is None else positions.filter(kind=kind)


@written_once()
def _all_counts_by_cell(
    viewer: Viewer, today: dt.date, soon: dt.date, *, kind: str | None
) -> QuerySet[Position, tuple[Any, ...]]:
    rows = _counts_by_cell(viewer, _current_positions_of_kind(viewer, kind))
    risks = visible_risks(viewer)
    return _with_due_counts(rows, risks if kind is None else risks.filter(kind=kind), today, soon)


@written_once()
def _open_counts_by_cell(viewer: Viewer) -> QuerySet[Position, tuple[Any, ...]]:
    return _counts_by_cell(viewer, current_positions(viewer).filter(state=State.OPEN))


def _counts_by_cell(
    viewer: Viewer, positions: QuerySet[Position]
) -> QuerySet[Position, tuple[Any, ...]]:
    """The values of a ``CellCount`` in each row. They are found in the index of the map alone."""
    is_open = Q(state=State.OPEN)
    open_ones = current_positions(viewer).filter(is_open)
    behind = is_open & is_left_out_as_part_or_whole(viewer, WITHIN, open_ones)
    return (
        positions.order_by()
        .values_list("state", "kind", "residual_likelihood", "residual_impact")
        .annotate(n=Count("risk_id"), hidden=Count("risk_id", filter=behind))
    )


def _with_due_counts(
    rows: QuerySet[Position, tuple[Any, ...]],
    risks: QuerySet[Risk],
    today: dt.date,
    soon: dt.date,
) -> QuerySet[Position, tuple[Any, ...]]:
    """Behind the values of each row, the same in all: how many of ``risks`` have a review that is
    overdue, and one that is due from ``today`` to ``soon``."""
    is_open = risks.order_by().filter(state=State.OPEN)

    def counted(**due: dt.date) -> Subquery:
        found: QuerySet[Any, Any] = is_open.filter(**due).values(all=Value(1))
        return Subquery(found.annotate(n=Count("next_review_on")).values("n"))

    return rows.annotate(
        overdue=counted(next_review_on__lt=today),
        due_soon=counted(next_review_on__gte=today, next_review_on__lte=soon),
    )


def above_own_appetite_count(viewer: Viewer) -> int | None:
    """How many open threats, each with its parts, stand above the own appetite of the viewer's
    party; None where it has said none, or there is no party."""
    rule = own_rule(viewer)
    if rule.general is None and not rule.named:
        return None
    return next(
        iter(_above_own_appetite_count_as_one_row(viewer, own=rule.above_appetite_conditions())), 0
    )


@written_once("now")
def _above_own_appetite_count_as_one_row(
    viewer: Viewer, *, own: ConditionByRating
) -> QuerySet[Position, int]:
    """One row: how many."""
    threats = current_positions(viewer).filter(state=State.OPEN, kind=Kind.THREAT)
    found = threats.filter(
        is_threat_above_own_appetite(Matrix(viewer.criteria), own),
        is_counted_with_parts(viewer, threats),
    )
    return found.values(all=Value(1)).annotate(n=Count("pk")).values_list("n", flat=True)
