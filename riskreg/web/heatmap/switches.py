"""What the heatmap can be switched to by one press: stage, kind, parts, a day to compare with."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.policy import STAGES
from riskreg.reviews.queries.meetings import last_meeting_before
from riskreg.risks.models import Kind
from riskreg.risks.parts import APART, WITHIN
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.web.heatmap.places import month_from
from riskreg.web.presenters import query, stage_name


def stages(given: dict[str, Any], current: str) -> list[dict[str, Any]]:
    """The switch between the stages."""
    return [
        {
            "label": stage_name(stage),
            "url": query(given, stage=None if stage == "residual" else stage),
            "current": stage == current,
        }
        for stage in STAGES
    ]


def kinds(given: dict[str, Any], shown: Heatmap) -> list[dict[str, Any]]:
    """The switch between the two maps; each says how many risks are on it."""
    # A cell of one map says nothing about the other.
    rest = {k: v for k, v in given.items() if k != "cell"}
    return [
        {
            "label": label,
            "url": query(rest, kind=None if kind == Kind.THREAT else kind.value),
            "current": kind == shown.kind,
            "count": shown.total if kind == shown.kind else shown.other_total,
        }
        for kind, label in ((Kind.THREAT, _("Threats")), (Kind.OPPORTUNITY, _("Opportunities")))
    ]


def parts(given: dict[str, Any], shown: Heatmap) -> dict[str, Any] | None:
    """How many stand behind others here, and the way to count them instead."""
    if not shown.left_out_count:
        return None
    within = shown.parts == WITHIN
    rest = {k: v for k, v in given.items() if k != "cell"}
    url = query(rest, parts=APART if within else None)
    return {"count": shown.left_out_count, "within": within, "url": url}


def presets(viewer: Viewer, shown: Heatmap, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Days to compare with: the last meeting that had ended by the day that is shown, and some
    months before it."""
    zone = viewer.register.time_zone
    labels = {3: _("Three months"), 6: _("Six months"), 12: _("A year")}
    days = [(month_from(shown.as_of, -n), label) for n, label in labels.items()]
    if days[-1][0] >= shown.as_of:  # nothing lies before the calendar's first month
        return []
    eve = shown.as_of - dt.timedelta(days=1)
    met = last_meeting_before(viewer, clock.end_of_day(eve, zone))
    if met is not None and met.ended_at is not None:
        days.insert(0, (clock.local_date(met.ended_at, zone), _("Last meeting")))
    compared = shown.comparison.compared_to if shown.comparison else None
    return [
        {
            "label": label,
            "url": query(given, compare=day.isoformat()) + "#moved",
            "current": day == compared,
        }
        for day, label in days
    ]
