"""Acceptances: risks above appetite signed off for a time, and those that nobody has signed off."""

import datetime as dt
import uuid
from collections.abc import Callable, Collection
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_acceptances as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import arguments_of_act, body_of
from riskreg.api.core.etag import etag
from riskreg.api.core.of_risks import parse_state_and_risk_filters
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.table import row_to_json
from riskreg.api.core.values import person
from riskreg.decisions import services
from riskreg.decisions.fields import ACCEPTANCE
from riskreg.decisions.models import Acceptance, AcceptanceState
from riskreg.decisions.policy.acceptances import current_status
from riskreg.decisions.queries.acceptances import (
    acceptance_for,
    acceptances_with_shown_fields_for,
    acts_open_to,
    ref_order_of_risk,
    stale_because,
    unaccepted_threats_above_appetite,
)
from riskreg.decisions.queries.as_json import condition_to_json
from riskreg.kernel import keyset

_SETTABLE = tuple(field.name for field in ACCEPTANCE.settable)
_NEWEST = keyset.Order("at", tie="id", descending=True, tie_descending=True)


class Acceptances(RegisterApi):
    """GET lists them, newest first; POST asks for one."""

    @schema.listed("List acceptances", shapes.Acceptance, schema.ACCEPTANCE_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Of every state; ``state`` and ``risk`` narrow them. How each stands today is
        ``status``; ``needed/`` lists what stands without one."""
        self.refuse_unknown_params("state", "risk", *PARAMS)
        asked = parse_state_and_risk_filters(
            self.viewer, request.query_params, AcceptanceState.values
        )
        rows = acceptances_with_shown_fields_for(self.viewer, self.viewer.today(self.at)).filter(
            asked
        )
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [to_json(self, row) for row in found],
        )

    @schema.made("Ask for an acceptance", shapes.AcceptanceNew, shapes.Acceptance)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Of a risk as it stands; where it is accepted already this is an extension, which takes
        the place of the one before when it is granted."""

        def act() -> Answer:
            given = body_of(request, "risk", "conditions", *_SETTABLE)
            conditions = given.pop("conditions", [])
            row = services.request_acceptance(
                actor=self.viewer,
                ref=str(given.pop("risk", "")),
                given=given,
                conditions=conditions,
                at=self.at,
            )
            body = to_json(self, acceptance_for(self.viewer, row.ref, _today(self)))
            url = f"{self.register_url}acceptances/{row.ref}/"
            return Answer.of(body, 201, ETag=etag(row.version, body), Location=url)

        return self.write(act)


class AcceptancesNeeded(RegisterApi):
    """What stands above appetite and nobody has validly accepted."""

    @schema.listed("List risks without an acceptance", shapes.Unaccepted)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Open threats, in the order of their refs. A part of another risk stands here by itself,
        as it is accepted by itself; counts of the map leave it behind what it is part of."""
        self.refuse_unknown_params(*PARAMS)
        rows = (
            unaccepted_threats_above_appetite(self.viewer, _today(self))
            .select_related("risk", "owner")
            .order_by()
        )
        listing = Listing(
            queryset=rows,
            order=keyset.Order("ref_order", tie="ref_order"),
            # By its public name alone: the column has the party's number in the database.
            place=lambda row: (None, row.ref),
            tie=lambda ref: ref_order_of_risk(self.viewer, ref),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [
                {
                    "risk": row.ref,
                    "title": row.risk.localized("title"),
                    "owner": person(row.owner),
                    "residual": row.cell("residual"),
                    "response": row.risk.response,
                    "request": row.request,
                }
                for row in found
            ],
        )


class AcceptanceDetail(RegisterApi):
    """One acceptance."""

    @schema.detailed("Read an acceptance", shapes.Acceptance)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """As it stands today."""
        self.refuse_unknown_params()
        row = acceptance_for(self.viewer, ref, _today(self))
        return self.detail(to_json(self, row), row.version)


class _Answering(RegisterApi):
    http_method_names = ["post"]

    def call_and_answer(
        self,
        ref: str,
        service: Callable[..., Any],
        *optional: str,
        required: Collection[str] = (),
    ) -> HttpResponse:
        """Call ``service`` with what the body names; the acceptance as it is then."""

        def act() -> Answer:
            given = arguments_of_act(self.request, *optional, required=required)
            version = self.expected_version_or_never
            service(actor=self.viewer, ref=ref, version=version, at=self.at, **given)
            row = acceptance_for(self.viewer, ref, _today(self))
            body = to_json(self, row)
            return Answer.of(body, ETag=etag(row.version, body))

        return self.write(act)


class AcceptanceGrant(_Answering):
    """Yes, from today."""

    @schema.acted("Grant an acceptance", shapes.Grant, shapes.Acceptance)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By somebody with the authority that the criteria name, who neither asked nor answers for
        the risk. An earlier end and more conditions can be set. 403 says who could."""
        return self.call_and_answer(
            ref, services.grant_acceptance, "words", "expires_on", "conditions"
        )


class AcceptanceRefuse(_Answering):
    """No, with words."""

    @schema.acted("Refuse an acceptance", shapes.Words, shapes.Acceptance)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By whoever could grant it."""
        return self.call_and_answer(ref, services.refuse_acceptance, required=["words"])


class AcceptanceWithdraw(_Answering):
    """Taken back."""

    @schema.acted("Withdraw an acceptance", shapes.OptionalWords, shapes.Acceptance)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By whoever asked for it."""
        return self.call_and_answer(ref, services.withdraw_acceptance, "words")


class AcceptanceRevoke(_Answering):
    """Ended before its day."""

    @schema.acted("Revoke an acceptance", shapes.Words, shapes.Acceptance)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By whoever could grant it, or answers for the risk."""
        return self.call_and_answer(ref, services.revoke_acceptance, required=["words"])


class AcceptanceCondition(RegisterApi):
    """A condition that is met, or waived."""

    http_method_names = ["post"]

    @schema.described(
        "Close a condition",
        shapes.Acceptance,
        [schema.KEY],
        request=shapes.ConditionClose,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str, condition: uuid.UUID) -> HttpResponse:
        """Met by its owner, with how; waived by somebody who could grant the acceptance. It closes
        once, so that no version is asked for."""

        def act() -> Answer:
            given = body_of(request, "state", "words")
            services.close_acceptance_condition(
                actor=self.viewer, ref=ref, condition=condition, version=None,
                state=given.get("state"), words=given.get("words"), at=self.at,
            )  # fmt: skip
            return Answer.of(to_json(self, acceptance_for(self.viewer, ref, _today(self))))

        return self.write(act)


def to_json(view: RegisterApi, row: Acceptance) -> dict[str, Any]:
    """An acceptance, read by ``acceptances_with_shown_fields_for``, as JSON."""
    viewer = view.viewer
    why = stale_because(viewer, row)
    return row_to_json(
        ACCEPTANCE,
        row,
        viewer,
        risk=row.risk.ref,
        status=current_status(row.state, row.expires_on, _today(view), why).value,
        stale=[each.value for each in why],
        criteria_number=row.criteria.number,
        extension_of=row.extension_of.ref if row.extension_of else None,
        translations=row.translations or {},
        conditions=[condition_to_json(one) for one in row.conditions],  # type: ignore[attr-defined]
        may=acts_open_to(viewer, row),
    )


def _today(view: RegisterApi) -> dt.date:
    return view.viewer.today(view.at)
