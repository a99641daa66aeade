"""Risk criteria: levels, cells, appetite, cadence."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_register
from riskreg.api.core import schema
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.errors import InvalidQuery
from riskreg.kernel.errors import NotFound
from riskreg.kernel.localised import localised
from riskreg.register.models import Criteria
from riskreg.register.queries import criteria_versions


class CriteriaDetail(RegisterApi):
    """The criteria in force, or with ``?number=`` an earlier version."""

    @schema.detailed("Read the criteria", shapes_register.Criteria, schema.CRITERIA_PARAMS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """A version never changes once it was used."""
        self.known_params("number")
        criteria = self.viewer.register.criteria
        if (text := request.query_params.get("number")) is not None:
            if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
                raise InvalidQuery.one("number", "not_a_number", "This must be a whole number.")
            criteria = criteria_versions(self.viewer, number=int(text)).first()
        if criteria is None:
            raise NotFound("There are no such criteria.")
        body = said(criteria)
        return self.detail(body)


def said(criteria: Criteria) -> dict[str, Any]:
    """A criteria version as JSON; levels and ratings from the least."""
    return {
        "number": criteria.number,
        "likelihood": [_level(level) for level in criteria.likelihood],
        "impact": [_level(level) for level in criteria.impact],
        "dimensions": criteria.dimensions,
        "ratings": [
            {
                "key": rating["key"],
                "name": localised(rating["names"], rating["key"]),
                "names": rating["names"],
                "cadence_days": rating["cadence_days"],
                "accept_role": rating["accept_role"],
            }
            for rating in criteria.ratings
        ],
        "cells": [
            {"likelihood": x, "impact": y, "score": cell["score"], "rating": cell["rating"]}
            for x, row in enumerate(criteria.cells, 1)
            for y, cell in enumerate(row, 1)
        ],
        "appetite": criteria.appetite,
        "cadence_days": {
            **{rating["key"]: rating["cadence_days"] for rating in criteria.ratings},
            "unrated": criteria.unrated_cadence_days,
        },
        "label": criteria.label,
    }


def _level(level: dict[str, Any]) -> dict[str, Any]:
    return {
        "value": level["value"],
        "name": localised(level["names"], str(level["value"])),
        "names": level["names"],
        "descriptions": level.get("descriptions") or {},
    }
