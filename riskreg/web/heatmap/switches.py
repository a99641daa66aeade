"""What the heatmap can be switched to by one press: stage, kind, parts, a day to compare with."""

import datetime as dt
from typing import Any, TypedDict

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.exchange.queries.heatmap_pictures import CELLS, COUNTS, REFS, TITLES
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.policy import STAGES
from riskreg.reviews.queries.meetings import last_meeting_before
from riskreg.risks.models import Kind
from riskreg.risks.parts import APART, WITHIN
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.heatmap_days import newest_days_of_movement
from riskreg.risks.queries.heatmap_flows import MOVEMENT
from riskreg.web.heatmap.places import day_months_later
from riskreg.web.presenters import query_string, stage_name


def stage_switch(params: dict[str, Any], current: str) -> list[dict[str, Any]]:
    """The switch between the stages; the last one shows how risks go from one to the next."""
    moving = {
        "label": pgettext("stage", "Movement"),
        "url": query_string(params, stage=MOVEMENT, compare=None, cells=None),
        "current": current == MOVEMENT,
    }
    return [
        {
            "label": stage_name(stage),
            "url": query_string(params, stage=None if stage == "residual" else stage),
            "current": stage == current,
        }
        for stage in STAGES
    ] + [moving]


def cell_contents_switch(params: dict[str, Any], current: str) -> list[dict[str, Any]]:
    """The switch between what cells say of the risks in them."""
    labels = {COUNTS: _("Counts"), REFS: _("Refs"), TITLES: _("Titles")}
    return [
        {
            "label": labels[what],
            "url": query_string(params, cells=None if what == COUNTS else what),
            "current": what == current,
        }
        for what in CELLS
    ]


def threat_or_opportunity_switch(params: dict[str, Any], heatmap: Heatmap) -> list[dict[str, Any]]:
    """The switch between the two maps; each says how many risks are on it."""
    # A cell of one map says nothing about the other.
    rest = {k: v for k, v in params.items() if k != "cell"}
    return [
        {
            "label": label,
            "url": query_string(rest, kind=None if kind == Kind.THREAT else kind.value),
            "current": kind == heatmap.kind,
            "count": heatmap.total if kind == heatmap.kind else heatmap.other_total,
        }
        for kind, label in ((Kind.THREAT, _("Threats")), (Kind.OPPORTUNITY, _("Opportunities")))
    ]


class PartRisksSwitch(TypedDict):
    """``count``: how many are left out as they are counted now; ``within``: as parts of others;
    ``url``: counts them the other way."""

    count: int
    within: bool
    url: str


def part_risks_switch(params: dict[str, Any], heatmap: Heatmap) -> PartRisksSwitch | None:
    """How many stand behind others here, and the way to count them instead."""
    if not heatmap.left_out_count:
        return None
    within = heatmap.parts == WITHIN
    rest = {k: v for k, v in params.items() if k != "cell"}
    url = query_string(rest, parts=APART if within else None)
    return PartRisksSwitch(count=heatmap.left_out_count, within=within, url=url)


def compare_presets(
    viewer: Viewer, heatmap: Heatmap, params: dict[str, Any]
) -> list[dict[str, Any]]:
    """Days to compare with: the last meeting that had ended by the day that is shown, and some
    months before it."""
    zone = viewer.register.time_zone
    if params.get("stage") == MOVEMENT:
        params = {**params, "stage": None}  # that goes from stage to stage, and not from day to day
    labels = {3: _("Three months"), 6: _("Six months"), 12: _("A year")}
    days = [(day_months_later(heatmap.as_of, -n), label) for n, label in labels.items()]
    if days[-1][0] >= heatmap.as_of:  # nothing lies before the calendar's first month
        return []
    eve = heatmap.as_of - dt.timedelta(days=1)
    met = last_meeting_before(viewer, clock.start_of_next_day(eve, zone))
    if met is not None and met.ended_at is not None:
        days.insert(0, (clock.local_date(met.ended_at, zone), _("Last meeting")))
    compared = heatmap.comparison.compared_to if heatmap.comparison else None
    return [
        {
            "label": label,
            "url": query_string(params, compare=day.isoformat()) + "#moved",
            "current": day == compared,
        }
        for day, label in days
    ]


def days_of_movement_context(
    viewer: Viewer, heatmap: Heatmap, today: dt.date, params: dict[str, Any]
) -> dict[str, Any]:
    """The days on which something moved, with the place of the one that is shown among them, and
    the ways to the one before and the one after."""
    moved = [
        d
        for d in newest_days_of_movement(viewer, stage=heatmap.stage, kind=heatmap.kind)
        if d < today
    ]
    every = [*moved, today]
    here = max((n for n, day in enumerate(every) if day <= heatmap.as_of), default=-1)
    earlier = here - (here >= 0 and every[here] == heatmap.as_of)
    compared = heatmap.comparison.compared_to if heatmap.comparison else None

    def step(n: int) -> dict[str, Any] | None:
        if not 0 <= n < len(every):
            return None
        day = every[n]
        # What lies before the day to compare with is compared with nothing.
        fits = {} if compared is None or compared < day else {"compare": None}
        as_of = None if day == today else day.isoformat()
        return {"day": day, "url": query_string(params, as_of=as_of, **fits)}

    return {
        "every": " ".join(day.isoformat() for day in every),
        "last": len(every) - 1,
        "here": max(here, 0),
        "before": step(earlier),
        "after": step(here + 1),
    }
