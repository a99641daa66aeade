"""Lists of risks: each starts from where the visible risks stand now."""

import uuid
from collections.abc import Collection
from typing import Any, cast

from django.db.models import (
    Case,
    IntegerField,
    Prefetch,
    QuerySet,
    When,
)

from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Assessment, Control, Mitigation, Position, Risk, State
from riskreg.risks.queries.access import current_positions
from riskreg.risks.queries.priority import priority_of_position


def risk_list(viewer: Viewer, chosen: RiskFilter) -> QuerySet[Position]:
    """Current positions with their risk, owner, deputy and party, narrowed by ``chosen``."""
    return chosen.apply(current_positions(viewer)).select_related(
        "risk", "owner", "risk__deputy", "party"
    )


@written_once()
def first_position_values(
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
