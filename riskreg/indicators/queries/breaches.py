"""Breaches that still call for a review."""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from riskreg.events.models import Event
from riskreg.indicators.models import Breach, Indicator
from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.reviews.models import Review
from riskreg.risks.models import Mitigation, Position, State

# Still to be answered by a review: see ``all_breaches_with_reviewed_mark``.
UNREVIEWED = Q(reviewed=False, risk__state=State.OPEN)


def all_breaches_with_reviewed_mark() -> QuerySet[Breach]:
    """Every breach, with ``reviewed``: whether a review of its risk was recorded after it."""
    later = Review.objects.filter(
        risk=OuterRef("risk"), pk__gt=Coalesce(OuterRef("reviewed_before"), Value(0))
    )
    return Breach.objects.annotate(reviewed=Exists(later))


def all_unreviewed_breaches_of_open_risks() -> QuerySet[Breach]:
    """Every breach that waits for a review; for services, which look past the party boundary."""
    return all_breaches_with_reviewed_mark().filter(UNREVIEWED)


class RiskAndIndicator(NamedTuple):
    """A risk's public id, and the ref of an indicator that watches it."""

    risk: uuid.UUID
    indicator_ref: str


def breach_reading_labels(
    viewer: Viewer, risks: Collection[uuid.UUID]
) -> dict[RiskAndIndicator, str]:
    """The label of the reading by which each indicator last called for a review of each risk."""
    rows = _visible_reviewed_or_not(viewer).filter(risk__uuid__in=risks).order_by("pk")
    found = rows.values_list("risk__uuid", "indicator__ref", "reading__label")
    return {RiskAndIndicator(risk, ref): label for risk, ref, label in found}


def with_mitigation_and_reading_labels(viewer: Viewer, found: QuerySet[Event]) -> QuerySet[Event]:
    """Events with ``work_labels``, the labels of the mitigation that they are about, and
    ``reading_label``, that of the reading that last called for a review of their risk; None
    without."""
    works = Mitigation.objects.visible_to(viewer).filter(uuid=OuterRef("subject_uuid"))
    last = (
        _visible_reviewed_or_not(viewer).filter(risk__uuid=OuterRef("subject_uuid")).order_by("-pk")
    )
    rows: QuerySet[Event] = found.annotate(
        work_labels=Subquery(works.values("labels")[:1]),
        reading_label=Subquery(last.values("reading__label")[:1]),
    )
    return rows


@written_once()
def unreviewed_breaches_of_risk(viewer: Viewer, risk: int) -> QuerySet[Breach]:
    """What calls for a review of the risk of that database id, as far as the viewer may know,
    oldest first."""
    return _with_links_by_due_day(_visible_unreviewed(viewer)).filter(risk=risk)


def unreviewed_breaches(viewer: Viewer) -> QuerySet[Breach]:
    """Every breach that the viewer may know of and that waits for a review: red before amber, in
    each that of the worst risk, then the longest waiting."""
    rows = _visible_unreviewed(viewer).select_related("indicator", "reading", "risk")
    return rows.order_by("-status", F("risk__priority").desc(), "due_on", "pk")


@written_once()
def first_unreviewed_breaches(viewer: Viewer, *, most: int) -> QuerySet[Breach]:
    """The first ``most`` of ``unreviewed_breaches``."""
    return unreviewed_breaches(viewer)[:most]


def breaches_unreviewed_at(viewer: Viewer, end: dt.datetime) -> QuerySet[Breach]:
    """Every breach that had opened before ``end`` and of which no review was recorded by then, in
    the order of ``unreviewed_breaches``."""
    later = Review.objects.filter(
        risk=OuterRef("risk"), pk__gt=Coalesce(OuterRef("reviewed_before"), Value(0)),
        created_at__lt=end,
    )  # fmt: skip
    stood_open = Position.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=end), risk=OuterRef("risk"), valid_from__lt=end,
        state=State.OPEN,
    )  # fmt: skip
    rows = _visible_reviewed_or_not(viewer).filter(
        ~Exists(later), Exists(stood_open), created_at__lt=end
    )
    rows = rows.select_related("indicator", "reading", "risk")
    return rows.order_by("-status", F("risk__priority").desc(), "due_on", "pk")


def breaches_of_indicator(viewer: Viewer, indicator: Indicator) -> QuerySet[Breach]:
    """All that ``indicator`` has called for, answered (``reviewed``) or not: what waits for its
    review first, then the newest."""
    mine = Breach.objects.visible_to(viewer).filter(indicator=indicator)
    rows = _with_links_by_due_day(all_breaches_with_reviewed_mark()).filter(
        pk__in=mine.values("pk")
    )
    return rows.order_by("reviewed", "-pk")  # type: ignore[misc]


def _visible_unreviewed(viewer: Viewer) -> QuerySet[Breach]:
    return all_unreviewed_breaches_of_open_risks().filter(
        pk__in=_visible_reviewed_or_not(viewer).values("pk")
    )


def _visible_reviewed_or_not(viewer: Viewer) -> QuerySet[Breach]:
    # A breach is never seen by more people than its indicator is.
    return Breach.objects.visible_to(viewer)


def _with_links_by_due_day(rows: QuerySet[Breach]) -> QuerySet[Breach]:
    return rows.select_related(
        "indicator", "reading", "risk", "risk__owner", "risk__deputy", "party"
    ).order_by("due_on", "pk")
