"""Lists of risks: each starts from where the visible risks stand now."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any, cast

from django.db.models import (
    Case,
    Count,
    IntegerField,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)

from riskreg.register.access import Viewer
from riskreg.register.own_appetites import OwnTerms, own_rule
from riskreg.register.policy import Matrix
from riskreg.register.written import written_once
from riskreg.risks.appetite import is_above, is_above_own
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Assessment, Control, Kind, Mitigation, Position, Risk, State
from riskreg.risks.parts import is_counted
from riskreg.risks.queries.access import current_positions
from riskreg.risks.queries.priority import priority_of_position


def risk_list(viewer: Viewer, chosen: RiskFilter) -> QuerySet[Position]:
    """Current positions with their risk, owner, deputy and party, narrowed by ``chosen``."""
    return chosen.apply(current_positions(viewer)).select_related(
        "risk", "owner", "risk__deputy", "party"
    )


@written_once()
def first_positions(
    viewer: Viewer, *, most: int, columns: tuple[str, ...]
) -> QuerySet[Position, dict[str, Any]]:
    """Those ``columns`` of the first ``most`` of all that ``risk_list`` gives, by their refs."""
    rows = risk_list(viewer, RiskFilter()).order_by("ref_order").values(*columns)[:most]
    return cast(QuerySet[Position, dict[str, Any]], rows)


def worst_first(positions: QuerySet[Position]) -> QuerySet[Position]:
    """``positions`` so that a list which is cut keeps what matters most: open ones first, then by
    what is at stake."""
    ended = Case(When(state=State.CLOSED, then=1), default=0, output_field=IntegerField())
    return positions.order_by(ended, priority_of_position().desc(), "ref_order")


def visible_mitigations(viewer: Viewer) -> QuerySet[Mitigation]:
    """Mitigations the viewer may know of, without what a list shows of them."""
    return Mitigation.objects.visible_to(viewer)


def assessments_of(viewer: Viewer, risk: Risk | int) -> QuerySet[Assessment]:
    """Judgements of ``risk`` that the viewer may know of, newest first."""
    return Assessment.objects.visible_to(viewer).filter(risk=risk).order_by("-at", "-id")


def mitigations_for(viewer: Viewer) -> QuerySet[Mitigation]:
    """Mitigations the viewer may know of, with the visible risks they serve."""
    return (
        Mitigation.objects.visible_to(viewer)
        .select_related("owner", "party")
        .prefetch_related(
            Prefetch("risks", queryset=Risk.objects.visible_to(viewer).order_by("ref"))
        )
        .order_by("due_on", "id")
    )


def labels_of_mitigations(
    viewer: Viewer, ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[str, str]]:
    """{mitigation: labels of its figures} of those with these ids that the viewer may know of."""
    rows = Mitigation.objects.visible_to(viewer).filter(uuid__in=ids)
    return dict(rows.values_list("uuid", "labels"))


def mitigations_of(viewer: Viewer, risk: Risk | int) -> QuerySet[Mitigation]:
    """Those that serve ``risk``."""
    return mitigations_for(viewer).filter(risks=risk)


def controls_in_place_of(viewer: Viewer, risk: Risk | int) -> QuerySet[Control]:
    """Controls of ``risk`` that are in place, as far as the viewer may know."""
    return Control.objects.visible_to(viewer).filter(risks=risk, ended_at=None).order_by("id")


def controls_for(viewer: Viewer) -> QuerySet[Control]:
    """Controls the viewer may know of, ended or not, with the visible risks they work on."""
    return (
        Control.objects.visible_to(viewer)
        .select_related("owner", "party", "tested_by", "risk__party")
        .prefetch_related(
            Prefetch("risks", queryset=Risk.objects.visible_to(viewer).order_by("ref"))
        )
        .order_by("created_at", "id")
    )


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
    if chosen is None or chosen.takes_all:
        rows: Iterable[dict[str, int]] = _counts_of_all_in_one_row(viewer, today, kind=kind)
    else:
        rows = _counts_in_one_row(viewer, chosen.apply(current_positions(viewer)), today, kind)
    # Where nothing can be found nothing is asked, and there is no row.
    counts = dict(next(iter(rows), {}))
    counts["behind"] = counts.get("open_with_parts", 0) - counts.get("open", 0)
    return Standing(**{field.name: counts.get(field.name, 0) for field in fields(Standing)})


@written_once("now")
def _counts_of_all_in_one_row(
    viewer: Viewer, today: dt.date, *, kind: str | None
) -> QuerySet[Position, dict[str, int]]:
    return _counts_in_one_row(viewer, current_positions(viewer), today, kind)


def _counts_in_one_row(
    viewer: Viewer, positions: QuerySet[Position], today: dt.date, kind: str | None
) -> QuerySet[Position, dict[str, int]]:
    """One row: the counts. What stands behind another is looked up last, as it takes the longest:
    of a condition the database reads no more than it must."""
    is_open = Q(state=State.OPEN)
    counted = is_open & is_counted(viewer, current_positions(viewer).filter(is_open))
    if kind is not None:
        positions = positions.filter(kind=kind)
    rows: QuerySet[Any] = (
        positions.order_by()
        .values(all=Value(1))
        .annotate(
            open=Count("id", filter=counted),
            draft=Count("id", filter=Q(state=State.DRAFT)),
            closed=Count("id", filter=Q(state=State.CLOSED)),
            unrated=Count("id", filter=Q(residual_score=None) & counted),
            overdue=Count("id", filter=is_open & Q(risk__next_review_on__lt=today)),
            due_soon=Count(
                "id",
                filter=is_open
                & Q(
                    risk__next_review_on__gte=today,
                    risk__next_review_on__lte=today + dt.timedelta(days=14),
                ),
            ),
            open_with_parts=Count("id", filter=is_open),
            above_appetite=Count("id", filter=is_above(Matrix(viewer.criteria)) & counted),
        )
    )
    return rows


def above_own_count(viewer: Viewer) -> int | None:
    """How many open threats, each with its parts, stand above the own appetite of the viewer's
    party; None where it has said none, or there is no party."""
    rule = own_rule(viewer)
    if rule.general is None and not rule.named:
        return None
    return next(iter(_above_own_count_as_one_row(viewer, own=rule.terms_above_by_rating())), 0)


@written_once("now")
def _above_own_count_as_one_row(viewer: Viewer, *, own: OwnTerms) -> QuerySet[Position, int]:
    """One row: how many."""
    threats = current_positions(viewer).filter(state=State.OPEN, kind=Kind.THREAT)
    found = threats.filter(is_above_own(Matrix(viewer.criteria), own), is_counted(viewer, threats))
    return found.values(all=Value(1)).annotate(n=Count("pk")).values_list("n", flat=True)


def open_counts_by_rating(viewer: Viewer) -> dict[str, dict[str, int]]:
    """Open visible risks of each kind per residual rating, each with its parts; the key ``unrated``
    holds the rest."""
    positions = current_positions(viewer).filter(state=State.OPEN)
    rows = (
        positions.filter(is_counted(viewer, positions))
        .values_list("kind", "residual_rating")
        .annotate(n=Count("id"))
    )
    counts: dict[str, dict[str, int]] = {kind: {} for kind in Kind.values}
    for kind, rating, n in rows:
        counts[kind][rating or "unrated"] = n
    return counts
