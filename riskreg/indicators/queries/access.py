"""How indicators and readings reach a request."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from riskreg.indicators.filters import ASKED
from riskreg.indicators.models import Indicator, Reading
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.reviews.models import Review
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import is_valid_ref, visible_risks
from riskreg.risks.queries.serving import with_dormant_mark


def visible_indicators(viewer: Viewer) -> QuerySet[Indicator]:
    """Indicators the viewer may know of, without what a list shows of them."""
    return Indicator.objects.visible_to(viewer)


def visible_readings(viewer: Viewer) -> QuerySet[Reading]:
    """Readings of the indicators the viewer may know of, corrected ones too."""
    return Reading.objects.filter(indicator__in=Indicator.objects.visible_to(viewer))


def readings_of_outer_until(moment: dt.datetime) -> QuerySet[Reading]:
    """For a subquery over indicators: the readings that count up to ``moment``, newest first."""
    rows = Reading.objects.filter(indicator=OuterRef("pk"), correction=None, at__lte=moment)
    return rows.order_by("-at")


def newest_reading_label_of_outer_indicator() -> Subquery:
    """For a query over indicators: the label of the newest reading that counts."""
    rows = Reading.objects.filter(indicator=OuterRef("pk"), correction=None)
    return Subquery(rows.order_by("-at").values("label")[:1])


def label_of_newest_reading(indicator: Indicator) -> str:
    """The label of the newest reading that counts of an indicator that its reader may know of;
    empty without one."""
    rows = Reading.objects.filter(indicator=indicator, correction=None).order_by("-at")
    return rows.values_list("label", flat=True).first() or ""


def indicators_for(viewer: Viewer) -> QuerySet[Indicator]:
    """Indicators the viewer may know of with owner, party, objective, ``dormant`` and the visible
    risks they watch, by ref."""
    rows: QuerySet[Indicator] = (
        with_dormant_mark(Indicator.objects.visible_to(viewer))
        .annotate(reading_label=newest_reading_label_of_outer_indicator())
        .select_related("owner", "party", "objective")
        .prefetch_related(Prefetch("risks", queryset=visible_risks(viewer).order_by("ref")))
        .order_by("ref")
    )
    return rows


def indicator_for(viewer: Viewer, ref: str, *, lock: bool = False) -> Indicator:
    """The indicator called ``ref``; ``lock``: for update.

    Raises ``NotFound`` both for what is not there and for what is another party's own.
    """
    rows = Indicator.objects.visible_to(viewer).select_related("party", "owner", "objective")
    rows = rows.annotate(reading_label=newest_reading_label_of_outer_indicator())
    if lock:
        rows = rows.select_for_update(of=("self",))
    indicator: Indicator | None = rows.filter(ref=ref).first() if is_valid_ref(ref) else None
    if indicator is None:
        raise NotFound(_("There is no such indicator."))
    indicator.register = viewer.register
    return indicator


def indicators_of(viewer: Viewer, risk: Risk | int) -> QuerySet[Indicator]:
    """Visible indicators that watch ``risk``."""
    return indicators_for(viewer).filter(risks=risk)


def readings_of(
    viewer: Viewer, indicator: Indicator, *, include_corrected: bool = False
) -> QuerySet[Reading]:
    """Readings of ``indicator``, newest first: those that count, or with what was corrected."""
    rows = Reading.objects.filter(
        indicator=indicator, indicator__in=Indicator.objects.visible_to(viewer)
    )
    if not include_corrected:
        rows = rows.filter(correction=None)
    return rows.order_by("-at", "-pk")


class TimedValue(NamedTuple):
    """What was read, and when."""

    at: dt.datetime
    value: Decimal


class IndicatorWithValues(NamedTuple):
    """An indicator and some values of its, oldest first."""

    indicator: Indicator
    values: list[Decimal]


def latest_uncorrected_values(
    indicators_seen: Collection[Indicator], per_indicator: int
) -> dict[int, list[TimedValue]]:
    """The newest ``per_indicator`` of each of indicators that whoever asks may know of, oldest
    first, by database id; one query."""
    rows = (
        Reading.objects.filter(
            indicator__in=[i.pk for i in indicators_seen],
            correction=None,
        )
        .annotate(place=Window(RowNumber(), partition_by=F("indicator"), order_by=[F("at").desc()]))
        .filter(place__lte=per_indicator)
        .order_by("indicator_id", "at")
        .values_list("indicator_id", "at", "value")
    )
    series: dict[int, list[TimedValue]] = {}
    for indicator, at, value in rows:
        series.setdefault(indicator, []).append(TimedValue(at, value))
    return series


def active_indicators_watching_with_values(
    viewer: Viewer, risk: Risk, per_indicator: int
) -> list[IndicatorWithValues]:
    """Indicators in use that watch ``risk``, each with its newest values, oldest first.

    One query: a row for each value, and one for an indicator without any.
    """
    found: dict[int, IndicatorWithValues] = {}
    for row in _active_watching_by_value(viewer, risk.pk, size=per_indicator):
        one = found.setdefault(row.pk, IndicatorWithValues(row, []))
        if row.read_value is not None:
            one.values.append(row.read_value)
    return list(found.values())


@written_once()
def _active_watching_by_value(viewer: Viewer, risk: int, *, size: int) -> QuerySet[Any]:
    return (
        Indicator.objects.visible_to(viewer)
        .filter(risks=risk, active=True)
        .annotate(
            read_value=F("readings__value"),
            corrected_by=F("readings__correction"),
            read_at=F("readings__at"),
            reading_label=newest_reading_label_of_outer_indicator(),
        )
        .filter(corrected_by=None)
        .annotate(
            place=Window(RowNumber(), partition_by=F("pk"), order_by=[F("readings__at").desc()])
        )
        .filter(place__lte=size)
        .order_by("ref", "-place")
    )


def reviews_of_watched_risks(viewer: Viewer, indicator: Indicator) -> QuerySet[Review]:
    """Visible reviews of the risks that ``indicator`` watches, newest first."""
    risks = visible_risks(viewer).filter(indicators=indicator)
    return (
        Review.objects.visible_to(viewer)
        .filter(risk__in=risks)
        .select_related("risk", "reviewer")
        .order_by("-at", "-pk")
    )


def active_indicator_measuring_each(
    viewer: Viewer, objectives: Collection[int]
) -> dict[int, Indicator]:
    """The indicator in use that measures the way to each of ``objectives`` (database ids), as far
    as the viewer may know; the one read last where there are several."""
    rows = _active_indicators_measuring(viewer, list(objectives))
    return {row.objective_id: row for row in rows if row.objective_id is not None}


@written_once()
def _active_indicators_measuring(viewer: Viewer, objectives: list[int]) -> QuerySet[Indicator]:
    rows = visible_indicators(viewer).filter(active=True, objective__in=objectives)
    rows = rows.annotate(reading_label=newest_reading_label_of_outer_indicator())
    return rows.exclude(latest_at=None).order_by("latest_at", "pk")


def late_indicators_owned_by(viewer: Viewer, today: dt.date) -> QuerySet[Indicator]:
    """Indicators that ``viewer`` owns whose reading is late, longest first."""
    return (
        indicators_for(viewer)
        .filter(ASKED, owner=viewer.user, next_reading_on__lt=today)
        .order_by("next_reading_on", "pk")
    )
