"""The heatmap, as of any day, and what moved between two days: from positions alone."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.policy import STAGES, Matrix
from riskreg.risks.appetite import is_threat_above_appetite
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Kind, Position
from riskreg.risks.queries.access import positions_at
from riskreg.risks.queries.heatmap_changes import Comparison, Span, comparison
from riskreg.risks.queries.heatmap_positions import (
    OpenRisks,
    end_of_day_or_none_today,
    narrow_by_today,
)
from riskreg.risks.queries.heatmap_refs import counts_and_refs_by_cell, first_refs_by_cell

REFS_PER_CELL = 50


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
    asked = OpenRisks(viewer, end_of_day_or_none_today(viewer, as_of, today), chosen)
    most = REFS_PER_CELL if refs_per_cell is None else refs_per_cell
    rows, refs = counts_and_refs_by_cell(asked, stage, kind, most)
    counts, newest, other_total, hidden = _counts_and_newest_criteria(rows, kind)
    if refs is None:
        # Where none stands behind another, nobody need be looked for behind each of them.
        ahead = asked if hidden else replace(asked, apart=True)
        refs = first_refs_by_cell(ahead, stage, kind, counts, most) if most else {}
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
            since=clock.start_of_next_day(compare, zone),
            until=clock.start_of_next_day(as_of, zone) if as_of < today else None,
            stage=stage,
            kind=kind,
            behind=asked.left_out_ids() if hidden else [],
            was_behind=OpenRisks(
                viewer, end_of_day_or_none_today(viewer, compare, today), chosen
            ).left_out_ids(narrow=False),
        )
        among = (
            None
            if chosen.takes_all
            else narrow_by_today(viewer, positions_at(viewer, asked.moment), chosen)
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
        left_out_refs=asked.left_out_refs(kind, REFS_PER_CELL) if hidden and most else [],
        other_total=other_total,
        above_count=_above_appetite_count(criteria, cells, asked, stage, kind),
        comparison=compared,
    )


def _above_appetite_count(
    criteria: Criteria,
    cells: Iterable[HeatCell],
    asked: "OpenRisks",
    stage: str,
    kind: str,
) -> int:
    matrix = Matrix(criteria)
    if matrix.term_appetites and kind == Kind.THREAT:
        # What a risk is filed under decides as well, which the cells do not say.
        return asked.counted.filter(is_threat_above_appetite(matrix, stage)).count()
    return sum(
        cell.count for cell in cells if cell.count and matrix.above_appetite(cell.rating, kind)
    )


def other_kind(kind: str) -> str:
    """The kind that a map of ``kind`` leaves out."""
    return next(k for k in Kind.values if k != kind)


class _CountsOfKind(NamedTuple):
    """Counts by cell (likelihood, impact) of the risks of a kind, the newest criteria (database id)
    that any of them used, how many are of the other kind, and how many of this one are left out."""

    by_cell: Counter[tuple[Any, Any]]
    newest_criteria_id: int | None
    other_total: int
    left_out: int


def _counts_and_newest_criteria(rows: Iterable[tuple[Any, ...]], kind: str) -> _CountsOfKind:
    newest: int | None = None
    other_total = hidden = 0
    counts: Counter[tuple[Any, Any]] = Counter()
    for is_kind, likelihood, impact, used, n, n_hidden in rows:
        if is_kind != kind:
            other_total += n - n_hidden
            continue
        hidden += n_hidden
        if n > n_hidden:
            counts[likelihood, impact] += n - n_hidden
        newest = used if newest is None else max(newest, used)
    return _CountsOfKind(counts, newest, other_total, hidden)


def trail(positions: Iterable[Position], stage: str) -> list[tuple[dt.datetime, dict[str, Any]]]:
    """When a risk came into which cell, oldest first, without repeats."""
    steps: list[tuple[dt.datetime, dict[str, Any]]] = []
    for position in positions:
        cell = position.cell(stage)
        if cell is not None and (not steps or steps[-1][1] != cell):
            steps.append((position.valid_from, cell))
    return steps
