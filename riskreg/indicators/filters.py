"""Which indicators: one reading of the query string, for the API and for pages."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator
from riskreg.kernel.search import contains_every_word
from riskreg.register.access import Viewer
from riskreg.register.external_ids import has_asked_external_id
from riskreg.register.filtering import (
    Asked,
    FilterReader,
    RowFilter,
    choice_readers,
    is_of_parties,
    parse_day,
    parse_filters,
    parse_switch,
    reader_filed_under_all_of,
    reader_owned_by_any_of,
    reader_updated_since,
)
from riskreg.risks.mitigation_filters import reader_linked_to_risks, reader_toward_objectives

NAMES = (
    *(field.name for field in INDICATOR.filters), "risk", "objective", "term", "q", "late",
    "due_before", "updated_since",
)  # fmt: skip
# What a list can be ordered by; each name may carry a minus.
ORDERINGS = INDICATOR.orderings
# In use, and serving something: an open risk, an objective, or nothing in particular. Of rows with
# ``dormant``; only these are asked for readings.
ASKED = Q(active=True) & (Q(dormant=False) | Q(objective__isnull=False))


def parse(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    *,
    other_params: Collection[str] | None = None,
) -> RowFilter:
    """What the filters among ``params`` ask for (``filtering.parse_filters``), of rows with
    ``dormant``."""
    return parse_filters(viewer, params, at, _filter_readers(), NAMES, other_params)


def _visible_indicators(viewer: Viewer) -> QuerySet[Any]:
    return Indicator.objects.visible_to(viewer)


def _filter_readers() -> dict[str, FilterReader]:
    watched = Indicator.risks.through.objects.all()
    return choice_readers(INDICATOR) | {
        "owner": reader_owned_by_any_of(_visible_indicators),
        "party": is_of_parties,
        "external_id": has_asked_external_id,
        "risk": reader_linked_to_risks(Indicator.risks, "indicator_id"),
        "objective": reader_toward_objectives(
            Indicator.risks, "indicator_id", own_field="objective"
        ),
        "term": reader_filed_under_all_of(watched, "indicator_id", "pk", term="risk__terms"),
        "q": lambda asked: contains_every_word(asked.value, "search_text", "ref"),
        "active": lambda asked: Q(active=parse_switch(asked)),
        "late": _is_as_late_as_asked,
        "due_before": _is_active_and_next_reading_due_before,
        "updated_since": reader_updated_since("updated_at"),
    }


def _is_as_late_as_asked(asked: Asked) -> Q:
    late = ASKED & Q(next_reading_on__lt=asked.viewer.today(asked.at))
    return late if parse_switch(asked) else ~late


def _is_active_and_next_reading_due_before(asked: Asked) -> Q:
    day = parse_day(asked)
    return ASKED & Q(next_reading_on__lt=day) if day else Q()
