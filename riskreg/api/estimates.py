"""Estimates of a risk: what experts believe of it in numbers."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.analysis.fields import ESTIMATE
from riskreg.analysis.models import Estimate
from riskreg.analysis.policy.estimates import implied_figures, round_significant
from riskreg.analysis.policy.forecasts import ENOUGH, NOMINAL
from riskreg.analysis.queries.estimates import estimates_not_withheld_of
from riskreg.analysis.queries.forecasts import Forecast, own_forecasts_on_closed_risks
from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.api import shapes_estimates as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.table import row_to_json
from riskreg.api.core.values import person
from riskreg.register.access import Viewer
from riskreg.risks.queries.access import risk_for

_FIELDS = tuple(field.name for field in ESTIMATE.settable)


class Estimates(RegisterApi):
    """GET lists them, newest first; POST gives one."""

    @schema.listed("List the estimates of a risk", shapes.Estimate)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those of the caller's party and those released. Who may give one is shown what others
        gave for a stage once they have given their own; programs are shown all of them."""
        self.refuse_unknown_params(*PARAMS)
        risk = risk_for(self.viewer, ref)
        rows = estimates_not_withheld_of(self.viewer, risk)
        listing = newest_first(rows)
        return page_response(
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
            require_empty_body(request)
            row = release_estimate(actor=self.viewer, estimate=estimate, at=self.at)
            return Answer.of(to_json(row, self.viewer, row.risk.ref))

        return self.write(act)


class OwnForecasts(RegisterApi):
    """How the caller's own forecasts did."""

    @schema.detailed("Read how one's own forecasts did", shapes.Forecasts)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Their estimates of the state `residual` of risks that are closed since, newest first, 200
        at most, with what happened. Nobody is told of another's. One counts if it was given before
        the outcome was known, somebody else closed the risk, and it is the first of its year."""
        self.refuse_unknown_params()
        found = own_forecasts_on_closed_risks(self.viewer)
        chances, ranges = found.chances, found.ranges
        return self.detail(
            {
                "enough": ENOUGH,
                "chances": {
                    "n": chances.n,
                    "brier": chances.brier,
                    "base_rate": chances.base_rate,
                    "verdict": chances.verdict,
                },
                "ranges": {
                    "n": ranges.n,
                    "hits": ranges.hits,
                    "nominal": NOMINAL,
                    "verdict": ranges.verdict,
                },
                "more": found.more,
                "forecasts": [_forecast_to_json(one) for one in found.forecasts],
            }
        )


def _forecast_to_json(one: Forecast) -> dict[str, Any]:
    risk = one.estimate.risk
    return {
        "estimate": str(one.estimate.uuid),
        "risk": risk.ref,
        "label": one.estimate.label,
        "given_on": one.given_on.isoformat(),
        "ended_on": one.ended_on.isoformat(),
        "chance": round_significant(one.chance),
        "happened": one.happened,
        "low": round_significant(one.low),
        "high": round_significant(one.high),
        "cost": None if one.cost is None else str(one.cost),
        "cost_label": risk.labels.get("happened_cost") if one.cost is not None else None,
        "inside": one.inside,
        "uncounted": one.uncounted,
        "who_could": [person(user) for user in one.who_could],
    }


def to_json(row: Estimate, viewer: Viewer, ref: str) -> dict[str, Any]:
    """An estimate as JSON, with what its ranges come to, to three digits."""
    figures = implied_figures(row.frequency, row.severity)
    rounded = {name: round_significant(value) for name, value in figures._asdict().items()}
    versions = row.translations or {}
    return row_to_json(ESTIMATE, row, viewer, risk=ref, implied=rounded, translations=versions)
