"""Reviews of a risk: the only thing that lets its next review date move later."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import assessments, shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.values import day, person, time
from riskreg.reviews.models import Review
from riskreg.reviews.queries import reviews_of
from riskreg.reviews.services import record_review
from riskreg.risks.queries.access import risk_for

_FIELDS = ("outcome", "comment", "assessment", "next_review_on", "translations", "label")


class Reviews(RegisterApi):
    """GET lists them, newest first; POST records one."""

    @schema.listed("List the reviews of a risk", shapes.Review)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those that the caller may know of."""
        self.refuse_unknown_params(*PARAMS)
        rows = reviews_of(self.viewer, risk_for(self.viewer, ref))
        listing = newest_first(
            rows.select_related("reviewer", "assessment__assessor", "assessment__criteria")
        )
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [to_json(row) for row in found]
        )

    @schema.acted("Review a risk", shapes.ReviewNew, shapes.Review, status=201)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """That the caller looked at it, perhaps with a new score. The ETag is the risk's."""

        def act() -> Answer:
            given = body_of(request, *_FIELDS)
            review = record_review(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                at=self.at,
                **{name: value for name, value in given.items() if value is not None},
            )
            return Answer.of(to_json(review), 201, ETag=etag(review.risk.version))

        return self.write(act)


def to_json(row: Review) -> dict[str, Any]:
    """A review as JSON."""
    return {
        "id": str(row.uuid),
        "outcome": row.outcome,
        "comment": row.comment,
        "translations": row.translations,
        "label": row.label,
        "visibility": row.visibility,
        "reviewer": person(row.reviewer),
        "assessment": assessments.to_json(row.assessment) if row.assessment else None,
        "due_on": day(row.due_on),
        "next_review_on": day(row.next_review_on),
        "at": time(row.at),
        "recorded_at": time(row.created_at),
        "brought_in": row.brought_in,
    }
