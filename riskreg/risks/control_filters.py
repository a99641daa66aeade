"""Which controls: one reading of the query string, for the API and for pages."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from riskreg.kernel.search import contains_every_word
from riskreg.register.access import Viewer
from riskreg.register.filtering import (
    Asked,
    Reader,
    RowFilter,
    choice_readers,
    day_asked,
    is_filed_under,
    is_of_party,
    is_owned_by,
    is_switch_on,
    parse_filters,
)
from riskreg.risks.fields import CONTROL
from riskreg.risks.mitigation_filters import linked_to_risks
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


def _filter_readers() -> dict[str, Reader]:
    worked_on = Control.risks.through.objects.all()
    return choice_readers(CONTROL) | {
        "owner": is_owned_by(_visible_controls),
        "party": is_of_party,
        "risk": linked_to_risks(Control.risks, "control_id"),
        "term": is_filed_under(worked_on, "control_id", "pk", term="risk__terms"),
        "q": lambda asked: contains_every_word(asked.value, "search_text"),
        "active": lambda asked: Q(ended_at__isnull=is_switch_on(asked)),
        "test_due": _is_test_due,
        "test_due_before": _is_test_due_before,
        "untested": lambda asked: Q(tested_on__isnull=is_switch_on(asked)),
    }


def _is_test_due(asked: Asked) -> Q:
    due = _IN_PLACE & Q(next_test_on__lte=asked.viewer.today(asked.at))
    return due if is_switch_on(asked) else ~due


def _is_test_due_before(asked: Asked) -> Q:
    day = day_asked(asked)
    return _IN_PLACE & Q(next_test_on__lt=day) if day else Q()
