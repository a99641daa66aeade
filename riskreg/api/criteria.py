"""Risk criteria: levels, cells, appetite, cadence."""

from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import axes, shapes_criteria, shapes_register
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.errors import InvalidQuery
from riskreg.api.core.etag import etag
from riskreg.api.shapes_changes import CommonChange
from riskreg.kernel.errors import Errors, Invalid, NotFound
from riskreg.kernel.localised import localised
from riskreg.register.accepting import rating_with_caps
from riskreg.register.axes import AXES
from riskreg.register.change_models import ChangeRequest
from riskreg.register.criteria import clean_criteria_for_register
from riskreg.register.matrix_findings import matrix_findings
from riskreg.register.models import Criteria, Register
from riskreg.register.own_appetites import own_appetites_losing_their_rating
from riskreg.register.permissions import require
from riskreg.register.policy import MAX_LEVELS, MIN_LEVELS
from riskreg.register.queries import criteria_versions
from riskreg.risks.queries.scales import preview_publication
from riskreg.risks.services import publish_criteria

_FIELDS = (
    "likelihood", "impact", "dimensions", "ratings", "cells", "appetite", "term_appetites",
    "tolerance", "unrated_cadence_days", "label", "mapping",
    # Read with the rest, and set elsewhere.
    "number", "axes", "cadence_days",
)  # fmt: skip


class CriteriaDetail(RegisterApi):
    """The criteria in force, or with ``?number=`` an earlier version."""

    http_method_names = ["get", "put", "head"]

    @schema.detailed("Read the criteria", shapes_register.Criteria, schema.CRITERIA_PARAMS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """A version never changes once it was used."""
        self.refuse_unknown_params("number")
        criteria = self.viewer.register.criteria
        if (text := request.query_params.get("number")) is not None:
            if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
                raise InvalidQuery.one("number", "not_a_number", "This must be a whole number.")
            criteria = criteria_versions(self.viewer, number=int(text)).first()
        if criteria is None:
            raise NotFound(_("There are no such criteria."))
        # Of the register that was read to find out who asks.
        criteria.register = self.viewer.register
        body = to_json(criteria)
        return self.detail(body, criteria.number)

    @schema.changed(
        "Publish criteria",
        shapes_criteria.CriteriaNew,
        shapes_register.Criteria,
        may_ask=CommonChange,
    )
    def put(self, request: Request, slug: str) -> HttpResponse:
        """A new version, in force at once if it only makes the rules stricter or nobody else is to
        be asked, unless it is what holds already. Every risk is restated
        by it, of every party; a manager's matter. Preview it first."""

        def act() -> Answer:
            data, mapping = parse_criteria_and_mapping(
                self.viewer.register, body_of(request, *_FIELDS)
            )
            register = publish_criteria(
                actor=self.viewer,
                data=data,
                mapping=mapping,
                seen_number=self.expected_version_or_never,
                at=self.at,
            )
            if isinstance(register, ChangeRequest):
                return answer_with_asked_request(self, register)
            assert register.criteria is not None  # noqa: S101 - a register always has criteria
            register.criteria.register = register
            body = to_json(register.criteria)
            return Answer.of(body, ETag=etag(register.criteria.number, body))

        return self.write(act)


class CriteriaPreview(RegisterApi):
    """POST says what publishing would change, and changes nothing."""

    @schema.described(
        "Preview criteria",
        shapes_criteria.CriteriaPreview,
        [schema.KEY],
        request=shapes_criteria.CriteriaNew,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Of the risks that the caller may know of; a level that is gone and not mapped is an
        error, as it is for publishing."""

        def act() -> Answer:
            require(self.viewer, "register.configure")
            data, mapping = parse_criteria_and_mapping(
                self.viewer.register, body_of(request, *_FIELDS)
            )
            found = preview_publication(self.viewer, data, mapping)
            if found.errors:
                raise found.errors
            criteria = Criteria(
                register=self.viewer.register, **clean_criteria_for_register(self.viewer, data)
            )
            before, after = matrix_findings(self.viewer.criteria), matrix_findings(criteria)
            return Answer.of(
                {
                    "scale_differs": found.scale_differs,
                    "changes": [
                        {"risk": c.ref, "stage": c.stage, "from": c.before, "to": c.after}
                        for c in found.changes
                    ],
                    "above_appetite": [
                        {"risk": c.ref, "now": c.before, "then": c.after} for c in found.appetite
                    ],
                    "outdated_own_appetites": [
                        {"id": str(row.uuid), "rating": row.rating}
                        for row in own_appetites_losing_their_rating(self.viewer, criteria)
                    ],
                    "findings": {"now": before.sentences, "then": after.sentences},
                }
            )

        return self.write(act)


class CriteriaAndMapping(NamedTuple):
    """What criteria are to say, and which level or rating takes the place of one that is gone."""

    criteria: dict[str, Any]
    mapping: Any


def parse_criteria_and_mapping(register: Register, body: dict[str, Any]) -> CriteriaAndMapping:
    """The criteria as the service takes them, cells in rows, and the mapping.

    Raises ``Invalid`` for cells that are not each once, a score that is no number, and for what was
    read with the rest and is set elsewhere, where it does not say what it said.
    """
    mapping = body.pop("mapping", None)
    _pop_what_is_set_elsewhere(register, body)
    cells, rows = body.get("cells"), _level_count_or_zero(body.get("likelihood"))
    columns = _level_count_or_zero(body.get("impact"))
    if isinstance(cells, list) and rows and columns:
        found: dict[tuple[Any, Any], Any] = {}
        for cell in cells:
            if isinstance(cell, dict):
                place = (
                    _level_number_or_zero(cell.get("likelihood")),
                    _level_number_or_zero(cell.get("impact")),
                )
                found[place] = {
                    "score": cell.get("score", _product_or_none(place)),
                    "rating": cell.get("rating"),
                }
        wanted = [(x, y) for x in range(1, rows + 1) for y in range(1, columns + 1)]
        if len(cells) != len(wanted) or set(found) != set(wanted):
            text = _("Name each cell once: likelihood 1 to %(rows)d, impact 1 to %(columns)d.")
            raise Invalid.one("cells", "wrong_size", text % {"rows": rows, "columns": columns})
        body["cells"] = [[found[x, y] for y in range(1, columns + 1)] for x in range(1, rows + 1)]
    return CriteriaAndMapping(body, mapping)


def _pop_what_is_set_elsewhere(register: Register, body: dict[str, Any]) -> None:
    """Take out of ``body`` what follows from other parts or is set elsewhere; refuse what is not as
    it follows, or not as it was read. Raises ``Invalid``."""
    errors = Errors()
    body.pop("number", None)
    if (sent := body.pop("axes", None)) is not None and _across_and_axis_names(
        sent
    ) != _across_and_axis_names(axes.to_json(register)):
        text = _("The axes are set by themselves, at axes/; leave them out or as they were.")
        errors.add("axes", "contradiction", text)
    if (days := body.pop("cadence_days", None)) is not None:
        ratings = body.get("ratings")
        each = [r for r in ratings if isinstance(r, dict)] if isinstance(ratings, list) else []
        follows = {str(rating.get("key")): rating.get("cadence_days") for rating in each}
        follows["unrated"] = body.setdefault("unrated_cadence_days", days.get("unrated"))
        if days != follows:
            text = _("This follows from ratings and unrated_cadence_days; change it there.")
            errors.add("cadence_days", "contradiction", text)
    errors.raise_if_any()


def _across_and_axis_names(given: dict[str, Any]) -> tuple[Any, ...]:
    """What can be set of axes: what lies across, and the names of each."""
    return (
        given.get("across", "impact"),
        *((given.get(axis) or {}).get("names") or {} for axis in AXES),
    )


def _level_count_or_zero(levels: Any) -> int:
    """How many levels there are; 0 for a number that cannot be, which is told of the levels."""
    fine = isinstance(levels, list) and MIN_LEVELS <= len(levels) <= MAX_LEVELS
    return len(levels) if fine else 0


def _product_or_none(place: tuple[Any, Any]) -> Any:
    return place[0] * place[1] if all(type(n) is int for n in place) else None


def to_json(criteria: Criteria) -> dict[str, Any]:
    """A criteria version as JSON; levels and ratings from the least."""
    return {
        "number": criteria.number,
        "axes": axes.to_json(criteria.register),
        "likelihood": [_level_to_json(level) for level in criteria.likelihood],
        "impact": [_level_to_json(level) for level in criteria.impact],
        "dimensions": criteria.dimensions,
        "ratings": [
            {
                "key": rating["key"],
                "name": localised(rating["names"], rating["key"]),
                "names": rating["names"],
                "cadence_days": rating["cadence_days"],
                "accept_role": rating["accept_role"],
                "accept_days": rating["accept_days"],
                "accept_total_days": rating["accept_total_days"],
            }
            for rating in map(rating_with_caps, criteria.ratings)
        ],
        "cells": [
            {"likelihood": x, "impact": y, "score": cell["score"], "rating": cell["rating"]}
            for x, row in enumerate(criteria.cells, 1)
            for y, cell in enumerate(row, 1)
        ],
        "appetite": criteria.appetite,
        "term_appetites": criteria.term_appetites or [],
        "tolerance": criteria.tolerance or [],
        "cadence_days": {
            **{rating["key"]: rating["cadence_days"] for rating in criteria.ratings},
            "unrated": criteria.unrated_cadence_days,
        },
        "unrated_cadence_days": criteria.unrated_cadence_days,
        "label": criteria.label,
    }


def _level_to_json(level: dict[str, Any]) -> dict[str, Any]:
    return {
        "value": level["value"],
        "name": localised(level["names"], str(level["value"])),
        "names": level["names"],
        "descriptions": level.get("descriptions") or {},
        "range": level.get("range"),
    }


def _level_number_or_zero(value: Any) -> int:
    """``value`` as the number of a level; 0, which no level has, for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
