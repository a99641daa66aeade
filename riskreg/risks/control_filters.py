"""Which controls: one reading of the query string, for the API and for pages."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from riskreg.kernel.search import contains_every_word
from riskreg.register.access import Viewer
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
)
from riskreg.risks.fields import CONTROL
from riskreg.risks.mitigation_filters import reader_linked_to_risks
from riskreg.risks.models import Control

NAMES = (
    *(field.name for field in CONTROL.filters), "risk", "term", "q", "active", "test_due",
    "test_due_before", "untested",
)  # fmt: skip
# What a list can be ordered by; each name may carry a minus.
ORDERINGS = CONTROL.orderings
_IN_PLACE = Q(ended_at=None)


def parse(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    *,
    other_params: Collection[str] | None = None,
) -> RowFilter:
    """What the filters among ``params`` ask for (``filtering.parse_filters``)."""
    return parse_filters(viewer, params, at, _filter_readers(), NAMES, other_params)


def _visible_controls(viewer: Viewer) -> QuerySet[Any]:
    return Control.objects.visible_to(viewer)


def _filter_readers() -> dict[str, FilterReader]:
    worked_on = Control.risks.through.objects.all()
    return choice_readers(CONTROL) | {
        "owner": reader_owned_by_any_of(_visible_controls),
        "party": is_of_parties,
        "risk": reader_linked_to_risks(Control.risks, "control_id"),
        "term": reader_filed_under_all_of(worked_on, "control_id", "pk", term="risk__terms"),
        "q": lambda asked: contains_every_word(asked.value, "search_text"),
        "active": lambda asked: Q(ended_at__isnull=parse_switch(asked)),
        "test_due": _is_test_due,
        "test_due_before": _is_test_due_before,
        "untested": lambda asked: Q(tested_on__isnull=parse_switch(asked)),
    }


def _is_test_due(asked: Asked) -> Q:
    due = _IN_PLACE & Q(next_test_on__lte=asked.viewer.today(asked.at))
    return due if parse_switch(asked) else ~due


def _is_test_due_before(asked: Asked) -> Q:
    day = parse_day(asked)
    return _IN_PLACE & Q(next_test_on__lt=day) if day else Q()
