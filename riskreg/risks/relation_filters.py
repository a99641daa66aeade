"""Which relations between risks: one reading of the query string, for the API."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from riskreg.register.access import Viewer
from riskreg.register.filtering import (
    Asked,
    FilterReader,
    RowFilter,
    choice_readers,
    parse_filters,
    parse_switch,
)
from riskreg.risks.fields import RELATION
from riskreg.risks.queries.access import risks_called

NAMES = (*(field.name for field in RELATION.filters), "risk", "active")
# What a list can be ordered by; each name may carry a minus.
ORDERINGS = RELATION.orderings


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
    return choice_readers(RELATION) | {
        "risk": _is_about_risk,
        "active": lambda asked: Q(ended_at__isnull=parse_switch(asked)),
    }


def _is_about_risk(asked: Asked) -> Q:
    """Relations of one of the risks, whichever end it is."""
    found = dict(risks_called(asked.viewer, asked.values).values_list("ref", "pk"))
    if unknown := [ref for ref in asked.values if ref not in found]:
        asked.note_error("unknown_risk", _("Unknown risk: %s.") % unknown[0][:60])
    return Q(risk__in=found.values()) | Q(other__in=found.values())
