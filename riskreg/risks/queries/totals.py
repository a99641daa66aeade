"""How the register stands as a whole: what is overdue by party, and appetite over time."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet, Value

from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.models import Party
from riskreg.register.written import written_once
from riskreg.risks.appetite import is_threat_above_appetite_of_its_criteria
from riskreg.risks.models import Position, State
from riskreg.risks.parts import WITHIN, is_left_out_as_part_or_whole
from riskreg.risks.queries.access import current_positions, positions_at, visible_positions


def overdue_counts_by_party(viewer: Viewer, today: dt.date) -> list[tuple[Party, int]]:
    """Each party with a visible open risk whose review is overdue, and how many; most first."""
    rows = _overdue_review_counts_by_party(viewer, today)
    return [(Party(pk=pk, key=key, names=names), n) for pk, key, names, n in rows]


@written_once()
def _overdue_review_counts_by_party(
    viewer: Viewer, today: dt.date
) -> QuerySet[Position, tuple[Any, ...]]:
    return (
        current_positions(viewer)
        .filter(state=State.OPEN, risk__next_review_on__lt=today)
        .values_list("party", "party__key", "party__names")
        .annotate(n=Count("id"))
        .order_by("-n", "party__key")
    )


def scores_while_open_and_rated(
    viewer: Viewer, risks: Sequence[int], days: Sequence[dt.date]
) -> dict[int, list[int]]:
    """The residual scores of ``risks`` (database ids) at the end of each day on which they were
    open and rated, oldest first; one query."""
    ends = [clock.start_of_next_day(day, viewer.register.time_zone) for day in days]
    rows = _open_scores_between(viewer, risks, min(ends), max(ends))
    found: dict[int, dict[dt.datetime, int]] = {risk: {} for risk in risks}
    for risk, since, until, score in rows:
        for end in ends:
            if since < end and (until is None or until >= end):
                found[risk][end] = score or 0  # rated: the query says so
    return {risk: [scores[end] for end in ends if end in scores] for risk, scores in found.items()}


@written_once()
def _open_scores_between(
    viewer: Viewer, risks: Sequence[int], first: dt.datetime, last: dt.datetime
) -> QuerySet[Position, tuple[Any, ...]]:
    return (
        visible_positions(viewer)
        .filter(Q(valid_to=None) | Q(valid_to__gte=first), risk__in=risks, state=State.OPEN)
        .filter(valid_from__lt=last, residual_score__isnull=False)
        .order_by("valid_from", "pk")
        .values_list("risk", "valid_from", "valid_to", "residual_score")
    )


def _open_positions_before(viewer: Viewer, end: dt.datetime) -> QuerySet[Position]:
    """Where each visible open risk stood just before ``end``."""
    moment = end - dt.timedelta(microseconds=1)
    return positions_at(viewer, moment).filter(state=State.OPEN)


def above_appetite_counts_over_time(viewer: Viewer, days: Sequence[dt.date]) -> list[int]:
    """How many visible open threats stood above appetite (residual) at the end of each day, each
    with its parts.

    One query, whatever the number of days, beside the versions of the criteria: rating and appetite
    are those of the criteria of the day, as on its heatmap.
    """
    ends = [clock.start_of_next_day(day, viewer.register.time_zone) for day in days]
    if not ends:
        return []
    return list(next(iter(_above_appetite_counts_before(viewer, *ends)), [0] * len(ends)))


@written_once("every version")
def _above_appetite_counts_before(
    viewer: Viewer, *ends: dt.datetime
) -> QuerySet[Position, tuple[int, ...]]:
    """One row: the counts just before each of ``ends``, the oldest first."""
    counts = {
        f"n{number}": Count(
            "id",
            filter=Q(valid_from__lt=end)
            & (Q(valid_to=None) | Q(valid_to__gte=end))
            & ~is_left_out_as_part_or_whole(
                viewer, WITHIN, _open_positions_before(viewer, end), end
            ),
        )
        for number, end in enumerate(ends)
    }
    rows = visible_positions(viewer).filter(
        Q(valid_to=None) | Q(valid_to__gte=ends[0]),
        is_threat_above_appetite_of_its_criteria(viewer.criteria_versions_by_id.values()),
        state=State.OPEN,
    )
    return rows.values(all=Value(1)).annotate(**counts).values_list(*counts)
