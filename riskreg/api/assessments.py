"""Judgements of a risk."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.values import person, time
from riskreg.risks.models import Assessment
from riskreg.risks.queries.access import risk_for
from riskreg.risks.queries.lists import assessments_of
from riskreg.risks.services import record_assessment


class Assessments(RegisterApi):
    """GET lists them, newest first; POST records one."""

    @schema.listed("List the assessments of a risk", shapes.Assessment)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those that the caller may know of."""
        self.refuse_unknown_params(*PARAMS)
        risk = risk_for(self.viewer, ref)
        rows = assessments_of(self.viewer, risk)
        listing = newest_first(rows.select_related("assessor", "criteria"))
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [to_json(row) for row in found]
        )

    @schema.acted("Assess a risk", shapes.AssessmentNew, shapes.Assessment, status=201)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The caller's judgement at one stage. The ETag of the answer is the risk's new one."""

        def act() -> Answer:
            assessment = record_assessment(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                given=body_of(request),
                at=self.at,
            )
            return Answer.of(to_json(assessment), 201, ETag=etag(assessment.risk.version))

        return self.write(act)


def to_json(row: Assessment) -> dict[str, Any]:
    """An assessment as JSON."""
    return {
        "id": str(row.uuid),
        "stage": row.stage,
        "likelihood": row.likelihood,
        "impact": row.impact,
        "score": row.score,
        "rating": row.rating,
        "criteria": row.criteria.number,
        "dimension": row.dimension,
        "rationale": row.rationale,
        "translations": row.translations,
        "label": row.label,
        "visibility": row.visibility,
        "assessor": person(row.assessor),
        "at": time(row.at),
        "recorded_at": time(row.created_at),
        "brought_in": row.brought_in,
    }
