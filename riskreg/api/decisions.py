"""Decisions: questions with their options, and what is said of these."""

import hashlib
import uuid
from collections.abc import Callable, Collection
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from riskreg.api import shapes_decisions as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import (
    arguments_of_act,
    body_of,
    id_or_email_of_person,
    require_empty_body,
)
from riskreg.api.core.errors import Problem
from riskreg.api.core.etag import etag, is_etag_known
from riskreg.api.core.of_risks import parse_state_and_risk_filters
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.decisions_json import decision_to_json, today_of
from riskreg.decisions import services
from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import DecisionState
from riskreg.decisions.queries.as_json import argument_to_json
from riskreg.decisions.queries.decisions import (
    arguments_of,
    decision_for,
    decision_taken_for,
    decisions_with_shown_fields_for,
)
from riskreg.decisions.services.options import FIELDS as OPTION_FIELDS
from riskreg.exchange.queries.decision_records import decision_record_for_pdf
from riskreg.exchange.writing.record_pdf import record_pdf
from riskreg.kernel import keyset
from riskreg.kernel.downloads import download_bytes
from riskreg.register.visibility import Visibility

_SETTABLE = tuple(field.name for field in DECISION.settable)
_NEWEST = keyset.Order("created_at", tie="id", descending=True, tie_descending=True)


class Decisions(RegisterApi):
    """GET lists them, newest first; POST asks a question."""

    @schema.listed("List decisions", shapes.Decision, schema.DECISION_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Of every state; ``state`` and ``risk`` narrow them."""
        self.refuse_unknown_params("state", "risk", *PARAMS)
        asked = parse_state_and_risk_filters(
            self.viewer, request.query_params, DecisionState.values, "risks"
        )
        rows = decisions_with_shown_fields_for(self.viewer, today_of(self)).filter(asked)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [decision_to_json(self, row) for row in found],
        )

    @schema.made("Ask for a decision", shapes.DecisionNew, shapes.Decision)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A draft, with doing nothing as option A. Whoever asks does not decide."""

        def act() -> Answer:
            given = body_of(request, "visibility", "deciders", *_SETTABLE)
            visibility = given.pop("visibility", Visibility.SHARED)
            row = services.create_decision(
                actor=self.viewer,
                fields=_with_deciders_for_service(given),
                visibility=visibility,
                at=self.at,
            )
            body = decision_to_json(self, decision_for(self.viewer, row.ref, today_of(self)))
            url = f"{self.register_url}decisions/{row.ref}/"
            return Answer.of(body, 201, ETag=etag(row.version, body), Location=url)

        return self.write(act)


class OfDecision(RegisterApi):
    """What every view of one decision does."""

    def answer_with_decision(self, ref: str, status: int = 200) -> Answer:
        """The decision as it is now."""
        row = decision_for(self.viewer, ref, today_of(self))
        body = decision_to_json(self, row)
        return Answer.of(body, status=status, ETag=etag(row.version, body))

    def call_and_answer(
        self,
        ref: str,
        service: Callable[..., Any],
        *optional: str,
        required: Collection[str] = (),
    ) -> HttpResponse:
        """Call ``service`` with what the body names; the decision as it is then."""

        def act() -> Answer:
            given = arguments_of_act(self.request, *optional, required=required)
            version = self.expected_version_or_never
            service(actor=self.viewer, ref=ref, version=version, at=self.at, **given)
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionDetail(OfDecision):
    """One decision."""

    @schema.detailed("Read a decision", shapes.Decision)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """As it stands today."""
        self.refuse_unknown_params()
        row = decision_for(self.viewer, ref, today_of(self))
        return self.detail(decision_to_json(self, row), row.version)

    @schema.changed("Change a decision", shapes.DecisionChange, shapes.Decision)
    def patch(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """While it is a draft; what is put forward stays as it is."""

        def act() -> Answer:
            given = _with_deciders_for_service(body_of(request, "deciders", *_SETTABLE))
            services.edit_decision(
                actor=self.viewer, ref=ref, version=self.expected_version_or_never, fields=given,
                at=self.at,
            )  # fmt: skip
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionOptions(OfDecision):
    """A further option."""

    @schema.acted("Add an option", shapes.DecisionOptionNew, shapes.Decision, 201)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Under the next letter, while the decision is a draft; at most twelve."""

        def act() -> Answer:
            given = body_of(request, *OPTION_FIELDS)
            services.add_option(
                actor=self.viewer, ref=ref, version=self.expected_version_or_never, fields=given,
                at=self.at,
            )  # fmt: skip
            return self.answer_with_decision(ref, 201)

        return self.write(act)


class DecisionOptionDetail(OfDecision):
    """One option of a draft."""

    @schema.changed("Change an option", shapes.DecisionOptionChange, shapes.Decision)
    def patch(self, request: Request, slug: str, ref: str, key: str) -> HttpResponse:
        """`If-Match` is of the decision."""

        def act() -> Answer:
            given = body_of(request, *OPTION_FIELDS)
            services.edit_option(
                actor=self.viewer, ref=ref, key=key, version=self.expected_version_or_never,
                fields=given, at=self.at,
            )  # fmt: skip
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionOptionEnd(OfDecision):
    """An option that is taken out."""

    http_method_names = ["post"]

    @schema.acted("Take an option out", schema.NO_BODY, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str, key: str) -> HttpResponse:
        """While the decision is a draft; doing nothing stays."""

        def act() -> Answer:
            require_empty_body(request)
            services.remove_option(
                actor=self.viewer,
                ref=ref,
                key=key,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionArguments(RegisterApi):
    """What is said for and against the options."""

    @schema.listed("List arguments", shapes.DecisionArgument)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those of the caller's party, and those that others have released; oldest first."""
        self.refuse_unknown_params(*PARAMS)
        row = decision_for(self.viewer, ref, today_of(self))
        rows = arguments_of(self.viewer, row)
        listing = Listing(
            queryset=rows,
            order=keyset.Order("at", tie="id"),
            place=lambda one: (one.at, str(one.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self, self.viewer.audience.key, listing,
            lambda found: [argument_to_json(one) for one in found],
        )  # fmt: skip

    @schema.described(
        "Argue for or against an option",
        shapes.DecisionArgument,
        [schema.KEY],
        request=shapes.DecisionArgumentNew,
        status=201,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """For one's party alone until it is released; it changes nothing of the decision, so that
        no version is asked for."""

        def act() -> Answer:
            given = body_of(request, "option", "stance", "text")
            made = services.add_argument(actor=self.viewer, ref=ref, given=given, at=self.at)
            return Answer.of(argument_to_json(made), status=201)

        return self.write(act)


class DecisionArgumentRelease(RegisterApi):
    """An argument that everybody may read."""

    http_method_names = ["post"]

    @schema.described(
        "Release an argument",
        shapes.DecisionArgument,
        [schema.KEY],
        request=None,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str, argument: uuid.UUID) -> HttpResponse:
        """For good. Releasing twice is as once."""

        def act() -> Answer:
            require_empty_body(request)
            found = services.release_argument(
                actor=self.viewer, ref=ref, argument=argument, at=self.at
            )
            return Answer.of(argument_to_json(found))

        return self.write(act)


class DecisionRecord(RegisterApi):
    """The frozen record."""

    @schema.detailed("Read the record of a decision", shapes.DecisionRecord)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """What was known when it was decided, and its hash. 404 until then."""
        self.refuse_unknown_params()
        row = decision_taken_for(self.viewer, ref)
        body = {"ref": row.ref, "digest": row.digest, "record": row.record}
        return self.detail(body, 1)


class DecisionRecordFile(RegisterApi):
    """The frozen record as a paper."""

    @schema.downloaded("Read the record of a decision as PDF")
    def get(self, request: Request, slug: str, ref: str) -> HttpResponseBase:
        """Tagged, in the language of `Accept-Language`, the same bytes for the same record. 404
        until it is decided; 503 where the server has nothing to draw with."""
        self.refuse_unknown_params()
        row = decision_taken_for(self.viewer, ref)
        try:
            data = record_pdf(decision_record_for_pdf(self.viewer, row))
        except ValueError as lacking:
            raise Problem(503, str(lacking)) from None
        if is_etag_known(request, tag := f'"{hashlib.sha256(data).hexdigest()}"'):
            return HttpResponse(status=304, headers={"ETag": tag})
        return download_bytes(data, name=f"{slug}-{row.ref}.pdf", media_type="application/pdf")


def _with_deciders_for_service(given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with those who decide as the service takes them."""
    named = given.get("deciders")
    if isinstance(named, list):
        return given | {"deciders": [id_or_email_of_person(one) for one in named]}
    return given
