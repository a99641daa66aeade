"""Which mitigations: one reading of the query string, for the API and for pages."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

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
    reader_filed_under_all_of,
    reader_owned_by_any_of,
    reader_updated_since,
)
from riskreg.risks.fields import MITIGATION
from riskreg.risks.filters import find_asked_objectives
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import risks_called, visible_risks
from riskreg.risks.queries.links import links_to

NAMES = (
    *(field.name for field in MITIGATION.filters), "risk", "objective", "term", "q",
    "due_before", "updated_since",
)  # fmt: skip
# What a list can be ordered by; each name may carry a minus.
ORDERINGS = MITIGATION.orderings


def parse(
    viewer: Viewer,
    params: Mapping[str, Any],
    at: dt.datetime,
    *,
    other_params: Collection[str] | None = None,
) -> RowFilter:
    """What the filters among ``params`` ask for (``filtering.parse_filters``)."""
    return parse_filters(viewer, params, at, _filter_readers(), NAMES, other_params)


def _visible_mitigations(viewer: Viewer) -> QuerySet[Any]:
    return Mitigation.objects.visible_to(viewer)


def _filter_readers() -> dict[str, FilterReader]:
    served = Mitigation.risks.through.objects.all()
    return choice_readers(MITIGATION) | {
        "owner": reader_owned_by_any_of(_visible_mitigations),
        "party": is_of_parties,
        "external_id": has_asked_external_id,
        "risk": reader_linked_to_risks(Mitigation.risks, "mitigation_id"),
        "objective": reader_toward_objectives(Mitigation.risks, "mitigation_id"),
        "term": reader_filed_under_all_of(served, "mitigation_id", "pk", term="risk__terms"),
        "q": lambda asked: contains_every_word(asked.value, "search_text", "ref"),
        "due_before": _is_due_before,
        "updated_since": reader_updated_since("updated_at"),
    }


def _is_due_before(asked: Asked) -> Q:
    day = parse_day(asked)
    return Q(due_on__lt=day) if day else Q()


def reader_toward_objectives(relation: Any, column: str, *, own_field: str = "") -> FilterReader:
    """Rows that ``relation`` ties to a risk that bears on one of the objectives; or, where rows
    name an objective themselves in the field ``own_field``, those that do."""

    def read(asked: Asked) -> Q:
        objectives = find_asked_objectives(asked)
        bearing = visible_risks(asked.viewer).filter(objectives__in=objectives)
        links = relation.through.objects.filter(risk__in=bearing.values("pk"))
        tied = Q(pk__in=links.values(column))
        return tied | Q(**{f"{own_field}__in": objectives}) if own_field else tied

    return read


def reader_linked_to_risks(relation: Any, column: str) -> FilterReader:
    """Rows that ``relation`` (whose table has ``column`` and ``risk``) ties to one of the risks.

    A ref of nothing that the viewer may know of is unknown, whatever it may be to others.
    """

    def read(asked: Asked) -> Q:
        found = list(risks_called(asked.viewer, asked.values).values_list("pk", "ref"))
        known = {ref for _pk, ref in found}
        if unknown := [ref for ref in asked.values if ref not in known]:
            asked.note_error("unknown_risk", _("Unknown risk: %s.") % unknown[0][:60])
        return Q(pk__in=links_to(relation, [pk for pk, _ref in found]).values(column))

    return read
