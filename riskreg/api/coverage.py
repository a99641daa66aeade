"""Review coverage as of any day."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request

from riskreg.accounts.models import User
from riskreg.api import shapes_reviews
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.parameters import query
from riskreg.api.core.query import parse_day, with_errors_in_query
from riskreg.api.core.values import day, person
from riskreg.kernel.errors import Errors
from riskreg.kernel.replica import from_replica
from riskreg.register.permissions import require
from riskreg.reviews.policy.coverage import CoverageCounts
from riskreg.reviews.queries.coverage import BY, Report, Row, coverage, default_first_day

PARAMS = [
    query(
        "as_of",
        "The end of this day, as recorded by then; today if not given.",
        OpenApiTypes.DATE,
    ),
    query("from", "Reviews due on this day or later; by default twelve months.", OpenApiTypes.DATE),
    query("by", "What the rows are by; party if not given.", enum=BY),
]


class Coverage(RegisterApi):
    """What share of the reviews that fell due was held on time."""

    @schema.described("Read the review coverage", shapes_reviews.Coverage, PARAMS)
    @from_replica
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Rows by party, workstream, owner or month; a due date is counted in the period it is in.

        ``due`` = ``on_time`` + ``late``. ``open`` is what is open and late on the day, also from
        before the period. ``median_days_late`` is over the late ones, open ones so far.
        """
        self.refuse_unknown_params("as_of", "from", "by")
        require(self.viewer, "coverage.view")
        params, errors = request.query_params, Errors()
        as_of = parse_day(errors, "as_of", params.get("as_of")) or self.viewer.today(self.at)
        first = parse_day(errors, "from", params.get("from")) or default_first_day(as_of)
        with_errors_in_query(errors.raise_if_any)
        by = params.get("by") or "party"
        found = with_errors_in_query(
            lambda: coverage(self.viewer, by=by, first=first, as_of=as_of, at=self.at)
        )
        return Answer.of(to_json(found)).response()


def to_json(found: Report) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "as_of": day(found.as_of),
        "from": day(found.first),
        "by": found.by,
        "total": _counts_to_json(found.total),
        "rows": [_row_to_json(row) for row in found.rows],
    }


def _row_to_json(row: Row) -> dict[str, Any]:
    name = row.name
    shown = person(name)["name"] if isinstance(name, User) else str(name)  # type: ignore[index]
    return {
        "key": row.key or None,
        "name": shown if row.key else None,
        **_counts_to_json(row.tally),
    }


def _counts_to_json(counted: CoverageCounts) -> dict[str, Any]:
    return {
        "due": counted.due,
        "on_time": counted.on_time,
        "late": counted.late,
        "share_on_time": None if counted.share_on_time is None else round(counted.share_on_time, 4),
        "median_days_late": counted.median_late,
        "open": counted.open,
        "extended": counted.extended,
        "brought_in": counted.brought_in,
    }
