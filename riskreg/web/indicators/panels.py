"""Indicators beside other things: what called for a review, and what moved since the last one."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet, Subquery
from django.urls import reverse

from riskreg.indicators.models import Breach
from riskreg.indicators.queries.access import (
    active_indicators_watching_with_values,
    indicators_of,
    readings_of_outer_until,
)
from riskreg.kernel import clock
from riskreg.kernel.localised import number
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.register.written import written_once
from riskreg.risks.models import Risk
from riskreg.web.indicators.labels import (
    indicator_status_context,
    limits_for_spark,
    status_badge,
    value_with_unit,
)

SPARK_POINTS = 16


def breach_rows(viewer: Viewer, breaches: Iterable[Breach]) -> list[dict[str, Any]]:
    """Why a review is called for, one row per breach."""
    slug, zone = viewer.register.slug, viewer.register.time_zone
    return [
        {
            "ref": b.risk.ref,
            "title": b.risk.localized("title"),
            "indicator": b.indicator,
            "name": b.indicator.name,
            "indicator_url": reverse(
                "web:indicator", kwargs={"slug": slug, "ref": b.indicator.ref}
            ),
            "status": status_badge(b.status),
            "value": value_with_unit(b.reading.value, b.indicator.unit),
            "label": b.reading.label,
            "read_on": clock.local_date(b.reading.at, zone),
            "opened_at": b.opened_at,
            "due_on": b.due_on,
            "now": status_badge(b.indicator.status),
            "now_differs": b.indicator.status != b.status,
            "now_value": value_with_unit(b.indicator.latest_value, b.indicator.unit),
            "private": b.visibility == "party",
            "party": b.party,
            "as_deputy": b.risk.owner_id != viewer.user.pk and b.risk.deputy_id == viewer.user.pk,
            "owner": b.risk.owner,
            "review_url": reverse("web:review", kwargs={"slug": slug, "ref": b.risk.ref})
            + "?next=work"
            if permits(viewer, "risk.review", b.risk)
            else "",
            "risk_url": reverse("web:risk", kwargs={"slug": slug, "ref": b.risk.ref}),
        }
        for b in breaches
    ]


def watching_indicator_rows_then_and_now(
    viewer: Viewer, risk: Risk, since: dt.datetime | None
) -> list[dict[str, Any]]:
    """How the indicators that watch ``risk`` stand, and what they read at ``since``."""
    return [
        {
            "ref": i.ref,
            "name": i.name,
            "before": number(i.value_then)
            if since and i.value_then is not None and i.value_then != i.latest_value
            else "",
            "now": value_with_unit(i.latest_value, i.unit) if i.latest_value is not None else "",
            "label": getattr(i, "reading_label", None),
            "status": status_badge(i.status),
        }
        for i in _active_watching_with_value_at(viewer, risk.pk, since or risk.created_at)
    ]


@written_once()
def _active_watching_with_value_at(viewer: Viewer, risk: int, moment: dt.datetime) -> QuerySet[Any]:
    then = readings_of_outer_until(moment).values("value")[:1]
    rows = indicators_of(viewer, risk).filter(active=True).prefetch_related(None)
    return rows.annotate(value_then=Subquery(then))


def active_watching_indicator_rows(
    viewer: Viewer, risk: Risk, today: dt.date
) -> list[dict[str, Any]]:
    """The indicators that watch ``risk``, each with its last values."""
    return [
        {
            **indicator_status_context(i, today, [risk]),
            "values": [float(v) for v in values],
            "limits": limits_for_spark(i),
        }
        for i, values in active_indicators_watching_with_values(viewer, risk, SPARK_POINTS)
    ]
