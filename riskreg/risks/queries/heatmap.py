"""The heatmap, as of any day, and what moved between two days: from positions alone."""

import datetime as dt
import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.policy import STAGES, Matrix
from riskreg.register.written import written_once
from riskreg.risks.appetite import above
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Kind, Position, State
from riskreg.risks.parts import left_out
from riskreg.risks.queries.access import current_positions, positions_at
from riskreg.risks.queries.heatmap_changes import Comparison, Move, Span, comparison

REFS_PER_CELL = 50
# Within a cell all stand alike; what they would be without controls, or are now, tells them apart.
_TIE = {"inherent": "residual", "residual": "inherent", "target": "residual"}


def tie_breaker(stage: str) -> str:
    """The column that orders risks which stand in one cell at ``stage``."""
    return f"{_TIE[stage]}_score"


@dataclass(frozen=True)
class HeatCell:
    """One cell: how many visible open risks stand in it, and the first of their refs."""

    likelihood: int
    impact: int
    score: int
    rating: str
    count: int
    refs: list[str]


@dataclass(frozen=True)
class Heatmap:
    """Counts of open risks of one kind by cell, each a visible risk.

    ``sum(counts) + unrated == total``; with ``left_out_count``, the risks behind another one that
    is counted (``parts``), these are all of the kind. ``other_total`` counts the other kind
    likewise: threats and opportunities never share a map. ``above_count``: those above appetite,
    also by an appetite of a term, which no cell shows.
    """

    stage: str
    kind: str
    as_of: dt.date
    criteria: Criteria
    cells: list[HeatCell]
    unrated_count: int
    unrated_refs: list[str]
    parts: str
    left_out_count: int
    left_out_refs: list[str]
    other_total: int
    above_count: int
    comparison: Comparison | None

    @property
    def total(self) -> int:
        """Visible open risks of this kind that are counted."""
        return sum(cell.count for cell in self.cells) + self.unrated_count


def heatmap(
    viewer: Viewer,
    *,
    stage: str,
    at: dt.datetime,
    as_of: dt.date | None = None,
    compare: dt.date | None = None,
    chosen: RiskFilter | None = None,
    kind: str = Kind.THREAT.value,
    refs_per_cell: int | None = None,
) -> Heatmap:
    """The heatmap of the risks of ``kind`` at the end of the day ``as_of`` in the register (now, if
    today or None).

    ``chosen`` narrows by what the risks are today; ``refs_per_cell`` is how many
    a cell names at most (None: ``REFS_PER_CELL``).
    Raises ``Invalid`` for an unknown stage, a day
    to come, or a comparison with a later day.
    """
    if stage not in STAGES:
        raise Invalid.one(
            "stage", "unknown", _("This must be one of: %(all)s.") % {"all": ", ".join(STAGES)}
        )
    today = viewer.today(at)
    as_of = as_of or today
    if as_of > today:
        raise Invalid.one("as_of", "in_the_future", _("Choose today or a day that has passed."))
    if compare is not None and compare >= as_of:
        raise Invalid.one(
            "compare", "not_earlier", _("Choose a day before the one it is compared with.")
        )
    chosen = chosen or RiskFilter()
    asked = _Asked(viewer, _moment(viewer, as_of, today), chosen)
    counts, newest, other_total, hidden = _counts(asked.by_cell(stage), kind)
    most = REFS_PER_CELL if refs_per_cell is None else refs_per_cell
    refs = _first_refs(asked.ahead, stage, kind, counts, most, now=as_of >= today) if most else {}
    criteria = viewer.criteria
    if as_of < today and newest not in (None, criteria.pk):
        # The criteria of that day, where they have changed since.
        criteria = Criteria.objects.get(pk=newest)
    cells = [
        HeatCell(
            likelihood=x,
            impact=y,
            score=criteria.cells[x - 1][y - 1]["score"],
            rating=criteria.cells[x - 1][y - 1]["rating"],
            count=counts.get((x, y), 0),
            refs=refs.get((x, y), []),
        )
        for x in range(len(criteria.likelihood), 0, -1)
        for y in range(1, len(criteria.impact) + 1)
    ]
    compared = None
    if compare is not None:
        zone = viewer.register.time_zone
        span = Span(
            compared_to=compare,
            since=clock.end_of_day(compare, zone),
            until=clock.end_of_day(as_of, zone) if as_of < today else None,
            stage=stage,
            kind=kind,
            behind=asked.risks_behind() if hidden else [],
            was_behind=_Asked(viewer, _moment(viewer, compare, today), chosen).risks_behind(
                narrow=False
            ),
        )
        among = (
            None
            if chosen.takes_all
            else narrowed(viewer, positions_at(viewer, asked.moment), chosen)
        )
        compared = comparison(viewer, among, span)
    return Heatmap(
        stage=stage,
        kind=kind,
        as_of=as_of,
        criteria=criteria,
        cells=cells,
        unrated_count=counts.get((None, None), 0),
        unrated_refs=refs.get((None, None), []),
        parts=chosen.parts,
        left_out_count=hidden,
        left_out_refs=asked.left_out_refs(kind) if hidden and most else [],
        other_total=other_total,
        above_count=_above_count(criteria, cells, asked, stage, kind),
        comparison=compared,
    )


@dataclass(frozen=True)
class _Asked:
    """The open risks of ``chosen`` at ``moment`` (None: now). What is asked of all risks has
    statements that are written once."""

    viewer: Viewer
    moment: dt.datetime | None
    chosen: RiskFilter

    @functools.cached_property
    def positions(self) -> QuerySet[Position]:
        return narrowed(self.viewer, _open_at(self.viewer, self.moment), self.chosen)

    @functools.cached_property
    def behind(self) -> Q:
        """Of positions: those that are not counted."""
        return _behind_at(self.viewer, self.moment, self.chosen.parts, self.chosen.on_map)

    @functools.cached_property
    def ahead(self) -> QuerySet[Position]:
        return self.positions.filter(~self.behind)

    def by_cell(self, stage: str) -> Iterable[tuple[Any, ...]]:
        if self.chosen.takes_all:
            return _every_by_cell(self.viewer, self.moment, stage=stage, parts=self.chosen.parts)
        return _by_cell(self.positions, self.behind, stage)

    def left_out_refs(self, kind: str) -> list[str]:
        """The first refs of what is behind others."""
        rows = self.positions.filter(self.behind, kind=kind).order_by("ref_order")
        return list(rows.values_list("ref", flat=True)[:REFS_PER_CELL])

    def risks_behind(self, *, narrow: bool = True) -> list[int]:
        """Database ids of the risks that are behind others, without ``narrow`` of all that the map
        has: read, as a comparison that looked them up in each of its parts would be nested deeper
        than databases parse."""
        if self.chosen.takes_all:
            return _every_behind(self.viewer, self.moment, parts=self.chosen.parts)
        rows = self.positions if narrow else _open_at(self.viewer, self.moment)
        return list(rows.filter(self.behind).order_by().values_list("risk_id", flat=True))


def _above_count(
    criteria: Criteria,
    cells: Iterable[HeatCell],
    asked: "_Asked",
    stage: str,
    kind: str,
) -> int:
    matrix = Matrix(criteria)
    if matrix.term_appetites and kind == Kind.THREAT:
        # What a risk is filed under decides as well, which the cells do not say.
        return asked.ahead.filter(above(matrix, stage)).count()
    return sum(cell.count for cell in cells if matrix.above_appetite(cell.rating, kind))


def other_kind(kind: str) -> str:
    """The kind that a map of ``kind`` leaves out."""
    return next(k for k in Kind.values if k != kind)


def narrowed(
    viewer: Viewer, positions: QuerySet[Position], chosen: RiskFilter
) -> QuerySet[Position]:
    """``positions`` of the risks that ``chosen`` picks by what they are today."""
    if not chosen.conditions:
        return positions
    return positions.filter(risk__in=chosen.apply(current_positions(viewer)).values("risk_id"))


def behind_others(viewer: Viewer, day: dt.date, today: dt.date, chosen: RiskFilter) -> Q:
    """Of positions: those not counted on the map of that day, because what they are part of is (or
    their parts are, as ``chosen`` says)."""
    return _behind_at(viewer, _moment(viewer, day, today), chosen.parts, chosen.on_map)


def _behind_at(
    viewer: Viewer, moment: dt.datetime | None, parts: str, on_map: Q | None = None
) -> Q:
    among = _open_at(viewer, moment)
    if on_map:
        still = current_positions(viewer).filter(on_map)
        among = among.filter(risk__in=still.values("risk_id"))
    return left_out(viewer, parts, among, moment)


@written_once()
def _every_behind(
    viewer: Viewer, moment: dt.datetime | None, *, parts: str
) -> QuerySet[Position, int]:
    rows = _open_at(viewer, moment).filter(_behind_at(viewer, moment, parts))
    return rows.order_by().values_list("risk_id", flat=True)


def _moment(viewer: Viewer, day: dt.date, today: dt.date) -> dt.datetime | None:
    """The last one of that day in the register; None for today, which is not over."""
    if day >= today:
        return None
    return clock.end_of_day(day, viewer.register.time_zone) - dt.timedelta(microseconds=1)


def positions_on(viewer: Viewer, day: dt.date, today: dt.date) -> QuerySet[Position]:
    """Where each visible open risk stood at the end of ``day`` (now, if that is today)."""
    return _open_at(viewer, _moment(viewer, day, today))


def _open_at(viewer: Viewer, moment: dt.datetime | None) -> QuerySet[Position]:
    return positions_at(viewer, moment).filter(state=State.OPEN)


@written_once()
def _every_by_cell(
    viewer: Viewer, moment: dt.datetime | None, *, stage: str, parts: str
) -> QuerySet[Position, tuple[Any, ...]]:
    return _by_cell(_open_at(viewer, moment), _behind_at(viewer, moment, parts), stage)


def _by_cell(
    positions: QuerySet[Position], behind: Q, stage: str
) -> QuerySet[Position, tuple[Any, ...]]:
    """How many of ``positions`` stand alike, without those ``behind`` others, and those."""
    return (
        positions.order_by()
        .values_list("kind", f"{stage}_likelihood", f"{stage}_impact", "criteria")
        .annotate(n=Count("pk", filter=~behind), hidden=Count("pk", filter=behind))
    )


def _counts(
    rows: Iterable[tuple[Any, ...]], kind: str
) -> tuple[Counter[tuple[Any, Any]], int | None, int, int]:
    """Counts by cell of those of ``kind``, the newest criteria that any of them used, how many are
    of the other kind, and how many of this one are behind others."""
    newest: int | None = None
    other_total = hidden = 0
    counts: Counter[tuple[Any, Any]] = Counter()
    for is_kind, likelihood, impact, used, n, n_hidden in rows:
        if is_kind != kind:
            other_total += n
            continue
        hidden += n_hidden
        if n:
            counts[likelihood, impact] += n
        newest = used if newest is None else max(newest, used)
    return counts, newest, other_total, hidden


def _first_refs(
    positions: QuerySet[Position],
    stage: str,
    kind: str,
    places: Iterable[tuple[Any, Any]],
    most: int,
    *,
    now: bool,
) -> dict[tuple[Any, Any], list[str]]:
    """The first refs of each of ``places``. What is cut off puts less at stake: in a cell the score
    of the other stage decides.

    One statement of one short list for each place, which the index of cells serves: ranking all
    rows would sort them all, and going through them here would fetch them all.
    """
    places = list(places)
    if not places:
        # Nor is there SQL of a filter that nothing can match.
        return {}
    order: list[Any] = [F(tie_breaker(stage)).desc(nulls_last=True), "ref_order"]
    columns = (f"{stage}_likelihood", f"{stage}_impact", "ref")
    of_kind = positions.filter(kind=kind).order_by(*order).values_list(*columns)

    if not now:
        # No index leads to the cells of a past day: each short list would go through all of it.
        rank = Window(RowNumber(), partition_by=[F(c) for c in columns[:2]], order_by=order)
        ranked = positions.filter(kind=kind).annotate(place=rank).filter(place__lte=most)
        listed: dict[tuple[Any, Any], list[str]] = {}
        for likelihood, impact, ref in ranked.order_by("place").values_list(*columns):
            listed.setdefault((likelihood, impact), []).append(ref)
        return listed

    def compiled(likelihood: int | None, impact: int | None) -> tuple[str, list[Any]]:
        rows = of_kind.filter(**{columns[0]: likelihood, columns[1]: impact})[:most]
        sql, values = rows.query.sql_with_params()
        return sql, list(values)

    # Made once and used for every cell: the values in which two cells differ are the cell's own.
    in_cell, of_first = compiled(1, 2)
    own = [
        (n, value - 1)
        for n, (value, other) in enumerate(zip(of_first, compiled(3, 4)[1], strict=True))
        if value != other
    ]
    parts: list[str] = []
    values: list[Any] = []
    for place in places:
        sql, given = (in_cell, [*of_first]) if place[0] is not None else compiled(None, None)
        for n, axis in own if place[0] is not None else ():
            given[n] = place[axis]
        parts.append(sql)
        values += given
    found: dict[tuple[Any, Any], list[str]] = {}
    lists = (f"SELECT * FROM ({part}) x{n}" for n, part in enumerate(parts))  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(lists), values)
        for likelihood, impact, ref in cursor.fetchall():
            found.setdefault((likelihood, impact), []).append(ref)
    return found


def trail(positions: Iterable[Position], stage: str) -> list[tuple[dt.datetime, dict[str, Any]]]:
    """When a risk came into which cell, oldest first, without repeats."""
    steps: list[tuple[dt.datetime, dict[str, Any]]] = []
    for position in positions:
        cell = position.cell(stage)
        if cell is not None and (not steps or steps[-1][1] != cell):
            steps.append((position.valid_from, cell))
    return steps


__all__ = [
    "Comparison",
    "HeatCell",
    "Heatmap",
    "Move",
    "heatmap",
    "narrowed",
    "other_kind",
    "positions_on",
    "trail",
]
