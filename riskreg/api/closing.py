"""Closing a risk and bringing it back, with what served it alone."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes, shapes_closing
from riskreg.api.core import schema
from riskreg.api.core.values import day, person
from riskreg.api.risks import RiskAct
from riskreg.indicators.queries.closing import (
    Dependent,
    Dependents,
    dependents_ended_with,
    dependents_serving_no_other_open_risk,
)
from riskreg.indicators.services import close_risk_and_end_dependents
from riskreg.register.permissions import require
from riskreg.risks import services
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.risks.services import ENDING


class DependentsApi(RiskAct):
    """An act that names what serves one risk alone."""

    def dependents_to_json(self, dependents: Dependents) -> list[dict[str, Any]]:
        """``dependents`` as JSON."""
        return [_dependent_to_json(f, self.register_url) for f in dependents.rows]


class RiskClose(DependentsApi):
    """GET names what serves the risk alone, POST ends the risk."""

    fields = ("reason", "end", *ENDING)

    @schema.detailed("See what closing a risk leaves", shapes_closing.Closing)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The mitigations and indicators that serve no other open risk; of each kind the first
        100. Any of them can be named in ``end`` when it is closed, where ``may_end`` says so."""
        self.refuse_unknown_params()
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.close", risk)
        alone = dependents_serving_no_other_open_risk(self.viewer, risk)
        return self.detail({"serve_alone": self.dependents_to_json(alone), "total": alone.total})

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return close_risk_and_end_dependents(
            actor=self.viewer,
            ref=ref,
            version=self.expected_version_or_never,
            reason=given.get("reason"),
            end=given.get("end", []),
            ending={name: given[name] for name in ENDING if name in given},
            at=self.at,
        )

    @schema.acted("Close a risk", shapes_closing.Close, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """For a reason, which is kept. What ``end`` names ends with it: work is cancelled, an
        indicator retired. What it does not name stays, and nothing reminds of it while it serves
        no open risk. With `closed_as` `happened` it says on which day it came true, and what it
        cost with the label of where that is known from."""
        return self.do(request, ref)


class RiskReopen(DependentsApi):
    """GET names what was ended with the risk, POST brings it back."""

    fields = ("reason",)

    @schema.detailed("See what was ended with a risk", shapes_closing.Ended)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """What was ended when the risk was closed, and has not been brought back since."""
        self.refuse_unknown_params()
        risk = risk_for(self.viewer, ref)
        ended = dependents_ended_with(self.viewer, risk)
        return self.detail({"ended": self.dependents_to_json(ended), "total": ended.total})

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return services.reopen_risk(
            actor=self.viewer,
            ref=ref,
            version=self.expected_version_or_never,
            reason=given.get("reason"),
            at=self.at,
        )

    @schema.acted("Reopen a risk", shapes.Reason, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """A review that was late when it was closed is late again. What was ended with it stays
        ended: GET says what that was."""
        return self.do(request, ref)


def _dependent_to_json(row: Dependent, register_url: str) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "ref": row.ref,
        "url": f"{register_url}{row.kind}s/{row.ref}/",
        "title": row.title,
        "status": row.status,
        "due_on": day(row.due_on),
        "owner": person(row.owner),
        "may_end": row.may_end,
    }
