"""Search: anything in the register by its words."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.query import with_errors_in_query
from riskreg.kernel.errors import Errors
from riskreg.kernel.replica import from_replica
from riskreg.kernel.search import MAX_QUERY
from riskreg.kernel.text import is_storable
from riskreg.search.queries import LIMIT, find_grouped_by_noun


class Search(RegisterApi):
    """What holds every word asked for, the same as the page of people finds."""

    @schema.described("Search", shapes.SearchResult, schema.SEARCH_PARAMS)
    @from_replica
    def get(self, request: Request, slug: str) -> HttpResponse:
        """At most 20 of each noun, the weightiest first, and how many there are of each."""
        self.refuse_unknown_params("q")
        text = request.query_params.get("q", "").strip()
        errors = Errors()
        if not text:
            errors.add("q", "required", _("Say which words to look for."))
        elif not is_storable(text) or len(text) > MAX_QUERY:
            errors.add(
                "q", "bad_text", _("At most %(n)d characters, none of them NUL.") % {"n": MAX_QUERY}
            )
        with_errors_in_query(errors.raise_if_any)
        groups = find_grouped_by_noun(self.viewer, text, LIMIT)
        body = {
            "q": text,
            "totals": {group.noun: group.total for group in groups},
            "results": [
                {"noun": group.noun, **self._hit_of_noun(group.noun, row)}
                for group in groups
                for row in group.rows
            ],
        }
        return Answer.of(body).response()

    def _hit_of_noun(self, noun: str, row: Any) -> dict[str, Any]:
        return _ROWS[noun](self.register_url, row)


def _hit_to_json(
    uuid: Any, text: str, ref: str | None, risk: str | None, url: str | None
) -> dict[str, Any]:
    return {"id": str(uuid), "ref": ref, "text": text, "risk": risk, "url": url}


def _risk_hit(register_url: str, row: Any) -> dict[str, Any]:
    url = f"{register_url}risks/{row.ref}/"
    return _hit_to_json(row.risk.uuid, row.risk.localized("title"), row.ref, row.ref, url)


def _hit_builder_for_part_of_risk(
    column: str, noun: str = ""
) -> Callable[[str, Any], dict[str, Any]]:
    def read(register_url: str, row: Any) -> dict[str, Any]:
        url = f"{register_url}risks/{row.risk.ref}/{noun}"
        return _hit_to_json(row.uuid, row.localized(column), None, row.risk.ref, url)

    return read


def _mitigation_hit(register_url: str, row: Any) -> dict[str, Any]:
    return _hit_to_json(
        row.uuid, row.localized("title"), row.ref, None, f"{register_url}mitigations/{row.ref}/"
    )


def _indicator_hit(register_url: str, row: Any) -> dict[str, Any]:
    return _hit_to_json(row.uuid, row.name, row.ref, None, f"{register_url}indicators/{row.ref}/")


def _objective_hit(register_url: str, row: Any) -> dict[str, Any]:
    return _hit_to_json(row.uuid, row.name, row.key, None, f"{register_url}objectives/")


def _meeting_hit(register_url: str, row: Any) -> dict[str, Any]:
    return _hit_to_json(row.uuid, row.title, None, None, f"{register_url}meetings/{row.uuid}/")


def _person_hit(register_url: str, row: Any) -> dict[str, Any]:
    return _hit_to_json(row.user.uuid, row.user.display_name, None, None, None)


_ROWS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "risk": _risk_hit,
    "mitigation": _mitigation_hit,
    "indicator": _indicator_hit,
    "control": _hit_builder_for_part_of_risk("name"),
    "objective": _objective_hit,
    "review": _hit_builder_for_part_of_risk("comment", "reviews/"),
    "assessment": _hit_builder_for_part_of_risk("rationale", "assessments/"),
    "meeting": _meeting_hit,
    "person": _person_hit,
}
