"""The heatmap, as of any day, and what moved between two days: from positions alone."""

import datetime as dt
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.policy import STAGES
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Kind, Position, State
from riskreg.risks.queries.access import current_positions, positions_at
from riskreg.risks.queries.scales import ScaleChanges, scale_changes

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
class Move:
    """A risk that stood open in one cell and stands open in another. ``by_scale``: nobody judged it
    anew, the scale changed. ``before_criteria``: where ``before`` is of another scale, the key of
    its criteria in ``Comparison.older``."""

    ref: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    by_scale: bool = False
    before_criteria: int | None = None


@dataclass(frozen=True)
class Comparison:
    """What changed from ``compared_to`` until the heatmap's day.

    ``opened`` came onto the map (opened, or made this kind), ``closed`` left it.
    ``scale_changed_on``: the days in between on which another scale came into force, so that cells
    of before and after differ.
    """

    compared_to: dt.date
    scale_changed_on: list[dt.date] = field(default_factory=list)
    older: dict[int, Criteria] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Heatmap:
    """Counts of open risks of one kind by cell, each a visible risk.

    ``sum(counts) + unrated == total``; ``total + other_total`` are all that are open, since threats
    and opportunities never share a map.
    """

    stage: str
    kind: str
    as_of: dt.date
    criteria: Criteria
    cells: list[HeatCell]
    unrated_count: int
    unrated_refs: list[str]
    other_total: int
    comparison: Comparison | None

    @property
    def total(self) -> int:
        """Visible open risks of this kind."""
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
) -> Heatmap:
    """The heatmap of the risks of ``kind`` at the end of the day ``as_of`` in the register (now, if
    today or None).

    ``chosen`` narrows by what the risks are today. Raises ``Invalid`` for an unknown stage, a day
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
    positions = positions_on(viewer, as_of, today)
    if chosen is not None:
        positions = narrowed(viewer, positions, chosen)
    counts, refs, newest, other_total = _count(positions, stage, kind)
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
    comparison = None
    if compare is not None:
        comparison = _compare(viewer, stage, kind, as_of, compare, today, chosen)
    return Heatmap(
        stage=stage,
        kind=kind,
        as_of=as_of,
        criteria=criteria,
        cells=cells,
        unrated_count=counts.get((None, None), 0),
        unrated_refs=refs.get((None, None), []),
        other_total=other_total,
        comparison=comparison,
    )


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


def positions_on(viewer: Viewer, day: dt.date, today: dt.date) -> QuerySet[Position]:
    """Where each visible open risk stood at the end of ``day`` (now, if that is today)."""
    return _all_on(viewer, day, today).filter(state=State.OPEN)


def _all_on(viewer: Viewer, day: dt.date, today: dt.date) -> QuerySet[Position]:
    if day >= today:
        return current_positions(viewer)
    end = clock.end_of_day(day, viewer.register.time_zone) - dt.timedelta(microseconds=1)
    return positions_at(viewer, end)


def _count(
    positions: QuerySet[Position], stage: str, kind: str
) -> tuple[dict[tuple[Any, Any], int], dict[tuple[Any, Any], list[str]], int | None, int]:
    """Counts and first refs by cell of those of ``kind``, the newest criteria that any of them
    used, and how many are of the other kind."""
    newest: int | None = None
    other_total = 0
    # One pass over the rows in order beats grouping and ranking them in the database (a third of
    # the time at 100,000 risks on SQLite), and a plain cursor beats a held one on PostgreSQL.
    rows = positions.order_by("ref_order").values_list(
        f"{stage}_likelihood", f"{stage}_impact", "ref", "criteria_id", "kind", tie_breaker(stage)
    )
    found: dict[tuple[Any, Any], list[tuple[int, int, str]]] = {}
    for n, (likelihood, impact, ref, used, is_kind, tie) in enumerate(rows):
        if is_kind != kind:
            other_total += 1
            continue
        place = (likelihood, impact)
        if place not in found:
            found[place] = []
        found[place].append((-1 if tie is None else tie, -n, ref))
        if newest is None or used > newest:
            newest = used
    counts = {place: len(some) for place, some in found.items()}
    # What is cut off puts less at stake: in a cell the score of the other stage decides.
    refs = {
        place: [ref for _tie, _n, ref in heapq.nlargest(REFS_PER_CELL, some)]
        for place, some in found.items()
    }
    return counts, refs, newest, other_total


def _compare(
    viewer: Viewer,
    stage: str,
    kind: str,
    as_of: dt.date,
    compare: dt.date,
    today: dt.date,
    chosen: RiskFilter | None,
) -> Comparison:
    """Only risks whose position changed since ``compare`` can have moved, so only they are read."""
    since = clock.end_of_day(compare, viewer.register.time_zone)
    changed = _all_on(viewer, as_of, today).filter(valid_from__gte=since)
    if chosen is not None:
        changed = narrowed(viewer, changed, chosen)
    after = {p.risk_id: p for p in changed.order_by("ref_order")}
    before = {
        p.risk_id: p
        for p in _all_on(viewer, compare, today).filter(
            risk_id__in=changed.order_by().values("risk_id")
        )
    }
    changes = ScaleChanges()
    if any(then.criteria_id != after[risk_id].criteria_id for risk_id, then in before.items()):
        moved = {
            risk_id: then.cell(stage)
            for risk_id, then in before.items()
            if then.cell(stage) != after[risk_id].cell(stage)
        }
        until = clock.end_of_day(as_of, viewer.register.time_zone) if as_of < today else None
        changes = scale_changes(viewer, stage, since, until, moved)
    # Cells of before are read by the criteria of before.
    older = {then.criteria_id for then in before.values()} if changes.days else set()
    comparison = Comparison(
        compared_to=compare,
        scale_changed_on=changes.days,
        older=Criteria.objects.in_bulk(older) if older else {},
    )
    for risk_id, now in after.items():
        then = before.get(risk_id)
        was_open = then is not None and then.state == State.OPEN and then.kind == kind
        is_open = now.state == State.OPEN and now.kind == kind
        if is_open and not was_open:
            comparison.opened.append(now.ref)
        elif was_open and not is_open:
            comparison.closed.append(now.ref)
        elif is_open and then is not None and then.cell(stage) != now.cell(stage):
            other = then.criteria_id in older and then.criteria_id != now.criteria_id
            move = Move(
                now.ref,
                then.cell(stage),
                now.cell(stage),
                by_scale=risk_id in changes.moved,
                before_criteria=then.criteria_id if other else None,
            )
            comparison.moves.append(move)
    return comparison


def trail(positions: Iterable[Position], stage: str) -> list[tuple[dt.datetime, dict[str, Any]]]:
    """When a risk came into which cell, oldest first, without repeats."""
    steps: list[tuple[dt.datetime, dict[str, Any]]] = []
    for position in positions:
        cell = position.cell(stage)
        if cell is not None and (not steps or steps[-1][1] != cell):
            steps.append((position.valid_from, cell))
    return steps


__all__ = [
    "HeatCell",
    "Heatmap",
    "Move",
    "heatmap",
    "narrowed",
    "other_kind",
    "positions_on",
    "trail",
]
