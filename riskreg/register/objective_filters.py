"""Which objectives: one reading of the query string, for the API and for pages."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q

from riskreg.kernel.search import contains_every_word
from riskreg.register.access import Viewer
from riskreg.register.external_ids import has_asked_external_id
from riskreg.register.fields import OBJECTIVE
from riskreg.register.filtering import (
    Asked,
    FilterReader,
    RowFilter,
    choice_readers,
    is_of_parties,
    parse_day,
    parse_filters,
)

NAMES = (*(field.name for field in OBJECTIVE.filters), "q", "due_before")
# What a list can be ordered by; each name may carry a minus.
ORDERINGS = OBJECTIVE.orderings


def parse(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    *,
    other_params: Collection[str] | None = None,
) -> RowFilter:
    """What the filters among ``params`` ask for (``filtering.parse_filters``)."""
    return parse_filters(viewer, params, at, _filter_readers(), NAMES, other_params)


def _filter_readers() -> dict[str, FilterReader]:
    return choice_readers(OBJECTIVE) | {
        "party": is_of_parties,
        "external_id": has_asked_external_id,
        "q": lambda asked: contains_every_word(asked.value, "search_text"),
        "due_before": _is_due_before,
    }


def _is_due_before(asked: Asked) -> Q:
    day = parse_day(asked)
    return Q(due_on__lt=day) if day else Q()
