"""Extensions of a risk's review: more time for the reminders, none for the due date."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_reviews
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.values import day, person, time
from riskreg.reviews.models import Extension
from riskreg.reviews.queries import extensions_of
from riskreg.reviews.services import grant_extension
from riskreg.risks.queries.access import risk_for


class Extensions(RegisterApi):
    """GET lists them, newest first; POST grants one for the review that is due now."""

    @schema.listed("List the extensions of a risk", shapes_reviews.Extension)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those that the caller may know of."""
        self.refuse_unknown_params(*PARAMS)
        rows = extensions_of(self.viewer, risk_for(self.viewer, ref))
        listing = newest_first(rows)
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [to_json(row) for row in found]
        )

    @schema.acted(
        "Extend a review", shapes_reviews.ExtensionNew, shapes_reviews.Extension, status=201
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By a manager who does not answer for the risk; once each time it is due. The ETag is that
        of the risk."""

        def act() -> Answer:
            given = body_of(request, "until", "reason", "translations")
            row = grant_extension(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                until=given.get("until"),
                reason=given.get("reason"),
                translations=given.get("translations"),
                at=self.at,
            )
            return Answer.of(to_json(row), 201, ETag=etag(row.risk.version))

        return self.write(act)


def to_json(row: Extension) -> dict[str, Any]:
    """An extension as JSON."""
    return {
        "id": str(row.uuid),
        "due_on": day(row.due_on),
        "until": day(row.until),
        "reason": row.reason,
        "translations": row.translations or {},
        "visibility": row.visibility,
        "granted_by": person(row.granted_by),
        "at": time(row.at),
        "recorded_at": time(row.created_at),
        "brought_in": row.brought_in,
    }
