"""Change requests: what binds all parties waits for a yes of each."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import shapes_changes as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import check_choices, with_errors_in_query
from riskreg.api.core.values import day, person, time
from riskreg.kernel import keyset
from riskreg.kernel.errors import Conflict, Errors, Invalid
from riskreg.register import services
from riskreg.register.change_models import ChangeRequest, ChangeState
from riskreg.register.change_queries import (
    change_request_for,
    change_requests_for,
    newest_change_request_by,
)
from riskreg.risks.services import set_cadence

# What a change of each kind is made of.
_PARTS = {"time_zone": ("time_zone", "seen_time_zone"), "cadence": ("cadence", "seen_criteria")}
_NEWEST = keyset.Order("created_at", tie="id", descending=True, tie_descending=True)


class ChangeRequests(RegisterApi):
    """GET lists them, POST asks for a change that has no address of its own."""

    @schema.listed("List change requests", shapes.CommonChange, schema.CHANGE_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Newest first. What took effect at once, because it only made the rules stricter or
        nobody else could speak, is among them."""
        self.refuse_unknown_params("state", *PARAMS)
        errors = Errors()
        asked = request.query_params.getlist("state")
        states = check_choices(errors, "state", asked, ChangeState.values)
        with_errors_in_query(errors.raise_if_any)
        rows = change_requests_for(self.viewer)
        if states:
            rows = rows.filter(state__in=states)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(change_requests_for(self.viewer)),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [to_json(self, row) for row in found],
        )

    @schema.made(
        "Ask for a change",
        shapes.ChangeRequestNew,
        shapes.CommonChange,
        may_ask=shapes.CommonChange,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Of the time zone or the review cadence. 201: it holds at once; 202: it waits."""

        def act() -> Answer:
            given, before = body_of(request), newest_change_request_by(self.viewer)
            kind = given.get("kind")
            _refuse_parts_of_other_kinds(kind, given)
            try:
                made = self._ask_for_change_of_kind(kind, given)
            except Conflict as conflict:
                # What the caller saw stands in the body here, not in If-Match.
                seen = "seen_time_zone" if kind == "time_zone" else "seen_criteria"
                raise Invalid.one(seen, "changed", conflict.detail) from None
            if isinstance(made, ChangeRequest):
                return answer_with_asked_request(self, made)
            row = newest_change_request_by(self.viewer)
            if row is None or row == before:
                raise Invalid.one(
                    str(kind), "nothing_changed", _("Nothing differs from what holds now.")
                )
            body = to_json(self, row)
            return Answer.of(body, 201, ETag=etag(row.version, body), Location=body["url"])

        return self.write(act)

    def _ask_for_change_of_kind(self, kind: Any, given: dict[str, Any]) -> Any:
        """Call the service of that kind. Raises what it raises, and ``Invalid`` for another."""
        if kind == "time_zone":
            return services.set_time_zone(
                actor=self.viewer,
                time_zone=given.get("time_zone"),
                seen=str(given.get("seen_time_zone") or ""),
                at=self.at,
            )
        if kind == "cadence":
            seen = given.get("seen_criteria")
            return set_cadence(
                actor=self.viewer,
                cadence=given.get("cadence") or {},
                # To Python true is 1.
                seen_number=seen if type(seen) is int else 0,
                at=self.at,
            )
        wrong = _("This must be one of: %(all)s.") % {"all": ", ".join(shapes.KINDS_TO_ASK)}
        raise Invalid.one("kind", "unknown", wrong)


class ChangeRequestDetail(RegisterApi):
    """One change request, by its ref or id."""

    @schema.detailed("Read a change request", shapes.CommonChange)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """As it stands now."""
        self.refuse_unknown_params()
        row = change_request_for(self.viewer, ref)
        return self.detail(to_json(self, row), row.version)


class _Answering(RegisterApi):
    http_method_names = ["post"]
    # What would restore a register is answered while it is archived; the service refuses the rest.
    serves_archived = True

    def answer(self, row: ChangeRequest) -> Answer:
        """The request as it is now."""
        row = change_request_for(self.viewer, row.ref)
        body = to_json(self, row)
        return Answer.of(body, ETag=etag(row.version, body))


class ChangeRequestApprove(_Answering):
    """Yes, for the caller's party."""

    @schema.acted("Approve a change request", schema.NO_BODY, shapes.CommonChange)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The last yes makes the change, in the same transaction. Where it cannot be made any more
        the request is outdated, and nothing is changed: look at ``state``."""

        def act() -> Answer:
            require_empty_body(request)
            return self.answer(
                services.approve_change(
                    actor=self.viewer, name=ref, version=self.expected_version_or_never, at=self.at
                )
            )

        return self.write(act)


class ChangeRequestRefuse(_Answering):
    """No, for the caller's party."""

    @schema.acted("Refuse a change request", shapes.Refusal, shapes.CommonChange)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """With words; everything stays as it is."""

        def act() -> Answer:
            return self.answer(
                services.refuse_change(
                    actor=self.viewer,
                    name=ref,
                    version=self.expected_version_or_never,
                    words=body_of(request, "words").get("words"),
                    at=self.at,
                )
            )

        return self.write(act)


class ChangeRequestWithdraw(_Answering):
    """Taken back."""

    @schema.acted("Withdraw a change request", schema.NO_BODY, shapes.CommonChange)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By whoever asked; everything stays as it is."""

        def act() -> Answer:
            require_empty_body(request)
            return self.answer(
                services.withdraw_change(
                    actor=self.viewer, name=ref, version=self.expected_version_or_never, at=self.at
                )
            )

        return self.write(act)


def _refuse_parts_of_other_kinds(kind: Any, given: dict[str, Any]) -> None:
    """Raise ``Invalid`` naming each part that belongs to a change of another kind."""
    errors = Errors()
    for part in (part for other, parts in _PARTS.items() if other != kind for part in parts):
        if part in given:
            errors.add(part, "not_used", _("A change of this kind has no such part; leave it out."))
    errors.raise_if_any()


def answer_with_asked_request(view: RegisterApi, row: ChangeRequest) -> Answer:
    """202: nothing is changed yet; the request that waits, and where it is."""
    body = to_json(view, change_request_for(view.viewer, row.ref))
    return Answer.of(body, 202, ETag=etag(row.version, body), Location=body["url"])


def to_json(view: RegisterApi, row: ChangeRequest) -> dict[str, Any]:
    """A change request as JSON, the difference in words of the caller's language."""
    keys = {"slug": view.viewer.register.slug, "ref": row.ref}
    return {
        "id": str(row.uuid),
        "ref": row.ref,
        "url": f"{view.register_url}change-requests/{row.ref}/",
        "page": settings.BASE_URL + reverse("web:change_request", kwargs=keys),
        "kind": row.kind,
        "title": row.title,
        "state": row.state,
        "content": row.content,
        "difference": [
            {"what": n.label, "before": n.before, "after": n.after, "effect": n.effect.value}
            for n in row.lines
        ],
        "requested_by": person(row.requested_by),
        "party": row.party.key if row.party else None,
        "answers": [
            {
                "party": answer.party.key,
                "answer": answer.answer,
                "by": person(answer.answered_by),
                "at": time(answer.answered_at),
            }
            for answer in row.answers.all()
        ],
        "answer_by": day(row.answer_by),
        "words": row.closing_text,
        "closed_by": person(row.closed_by),
        "closed_at": time(row.closed_at),
        "created_at": time(row.created_at),
        "version": row.version,
    }
