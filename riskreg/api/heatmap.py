"""The heatmap, now or as of a date, and what moved."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import axes, shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.query import parse_day, with_errors_in_query
from riskreg.kernel.errors import Errors
from riskreg.kernel.replica import from_replica
from riskreg.risks import filters
from riskreg.risks.queries.heatmap import Heatmap, heatmap, other_kind

# Of what moved, opened and closed, so many are listed; all are counted.
LISTED = 500


class HeatmapDetail(RegisterApi):
    """Open risks by cell."""

    @schema.described("Read the heatmap", shapes.Heatmap, schema.HEATMAP_PARAMS)
    @from_replica
    def get(self, request: Request, slug: str) -> HttpResponse:
        """One map per kind: its counts and ``unrated.count`` add up to ``total``; with
        ``left_out.count``, the parts of risks that are counted, these are all of the kind that are
        open and that the caller may know of. Of what changed the first 500 are listed, moves of the
        longest way first; ``totals`` counts all."""
        params = request.query_params
        chosen = with_errors_in_query(
            lambda: filters.parse(
                self.viewer, params, self.at, other_params=("as_of", "compare"), one_kind=True
            )
        )
        errors = Errors()
        as_of = parse_day(errors, "as_of", params.get("as_of"))
        compare = parse_day(errors, "compare", params.get("compare"))
        with_errors_in_query(errors.raise_if_any)
        found = heatmap(
            self.viewer,
            stage=chosen.stage,
            at=self.at,
            as_of=as_of,
            compare=compare,
            chosen=chosen,
            kind=chosen.kind,
        )
        body = {**to_json(found), "axes": axes.to_json(self.viewer.register)}
        return Answer.of(body).response()


def to_json(found: Heatmap) -> dict[str, Any]:
    """A heatmap as JSON, cells from the highest likelihood and the lowest impact."""
    body: dict[str, Any] = {
        "stage": found.stage,
        "kind": found.kind,
        "as_of": found.as_of.isoformat(),
        "criteria": found.criteria.number,
        "total": found.total,
        "parts": found.parts,
        "left_out": {"count": found.left_out_count, "refs": found.left_out_refs},
        "other": {"kind": other_kind(found.kind), "total": found.other_total},
        "cells": [
            {
                "likelihood": cell.likelihood,
                "impact": cell.impact,
                "score": cell.score,
                "rating": cell.rating,
                "count": cell.count,
                "refs": cell.refs,
            }
            for cell in found.cells
        ],
        "unrated": {"count": found.unrated_count, "refs": found.unrated_refs},
        "compared_to": None,
        "scale_changed_on": [],
        "moves": [],
        "opened": [],
        "closed": [],
        "totals": {"moves": 0, "opened": 0, "closed": 0},
    }
    if (compared := found.comparison) is not None:
        body["compared_to"] = compared.compared_to.isoformat()
        body["moves"] = [
            {"ref": m.ref, "from": m.before, "to": m.after, "by_scale": m.by_scale}
            for m in compared.moves[:LISTED]
        ]
        body["scale_changed_on"] = [day.isoformat() for day in compared.scale_changed_on]
        body["opened"], body["closed"] = compared.opened[:LISTED], compared.closed[:LISTED]
        lists = {"moves": compared.moves, "opened": compared.opened, "closed": compared.closed}
        body["totals"] = {name: len(listed) for name, listed in lists.items()}
    return body
