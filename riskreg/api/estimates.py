"""Estimates of a risk: what experts believe of it in numbers."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.analysis.fields import ESTIMATE
from riskreg.analysis.models import Estimate
from riskreg.analysis.policy.estimates import implied, significant
from riskreg.analysis.queries.estimates import estimates_of
from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.api import shapes_estimates as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, nothing_in
from riskreg.api.core.pagination import PARAMS, listed, newest_first
from riskreg.api.core.table import row_to_json
from riskreg.register.access import Viewer
from riskreg.risks.queries.access import risk_for

_FIELDS = tuple(field.name for field in ESTIMATE.settable)


class Estimates(RegisterApi):
    """GET lists them, newest first; POST gives one."""

    @schema.listed("List the estimates of a risk", shapes.Estimate)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those of the caller's party and those released. Who may give one is shown what others
        gave for a stage once they have given their own; programs are shown all of them."""
        self.known_params(*PARAMS)
        risk = risk_for(self.viewer, ref)
        rows = estimates_of(self.viewer, risk)
        listing = newest_first(rows)
        return listed(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [to_json(row, self.viewer, risk.ref) for row in found],
        )

    @schema.described(
        "Give an estimate",
        shapes.Estimate,
        [schema.KEY],
        request=shapes.EstimateNew,
        status=201,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The caller's ranges. They are their party's own until they are released."""

        def act() -> Answer:
            row = record_estimate(
                actor=self.viewer, ref=ref, given=body_of(request, *_FIELDS), at=self.at
            )
            return Answer.of(to_json(row, self.viewer, row.risk.ref), 201)

        return self.write(act)


class EstimateRelease(RegisterApi):
    """POST lets the other parties see one."""

    @schema.described(
        "Release an estimate",
        shapes.Estimate,
        [schema.KEY],
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, estimate: uuid.UUID) -> HttpResponse:
        """For good: what was released cannot be taken back. Releasing it twice is no error."""

        def act() -> Answer:
            nothing_in(request)
            row = release_estimate(actor=self.viewer, estimate=estimate, at=self.at)
            return Answer.of(to_json(row, self.viewer, row.risk.ref))

        return self.write(act)


def to_json(row: Estimate, viewer: Viewer, ref: str) -> dict[str, Any]:
    """An estimate as JSON, with what its ranges come to, to three digits."""
    means = implied(row.frequency, row.severity)
    rounded = {name: significant(value) for name, value in means.items()}
    versions = row.translations or {}
    return row_to_json(ESTIMATE, row, viewer, risk=ref, implied=rounded, translations=versions)
