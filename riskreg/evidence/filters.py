"""Which evidence: one reading of the query string, for the API."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.targets import KINDS, thing_for
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.filtering import (
    Asked,
    FilterReader,
    RowFilter,
    choice_readers,
    is_of_parties,
    parse_filters,
    parse_known_values,
    parse_switch,
)

NAMES = (*(field.name for field in EVIDENCE.filters), "thing", "of", "withdrawn")
# What a list can be ordered by; each name may carry a minus.
ORDERINGS = EVIDENCE.orderings
# Each costs a question of the database.
MOST_NAMED = 3


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
    return choice_readers(EVIDENCE) | {
        "party": is_of_parties,
        "thing": _is_on_kind_of_thing,
        "of": _is_on_named_things,
        "withdrawn": lambda asked: Q(withdrawn_at__isnull=not parse_switch(asked)),
    }


def _is_on_kind_of_thing(asked: Asked) -> Q:
    """What hangs on things of one kind."""
    return Q(thing__in=parse_known_values(asked, KINDS))


def _is_on_named_things(asked: Asked) -> Q:
    """What hangs on things named as kind:name, as in risk:R-001."""
    ids = []
    if len(asked.values) > MOST_NAMED:
        text = _("At most %(n)d things at once; ask again for the others.")
        asked.note_error("too_many", text % {"n": MOST_NAMED})
    for value in asked.values[:MOST_NAMED]:
        kind, _colon, name = value.partition(":")
        try:
            ids.append(thing_for(asked.viewer, kind, name).row.uuid)
        except NotFound:
            text = _("“%(name)s” names nothing; name a thing as in risk:R-001.")
            asked.note_error("unknown_thing", text % {"name": value[:60]})
    return Q(thing_id__in=ids)
