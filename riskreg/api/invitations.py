"""Invitations: asking people in by mail, one or many, and accepting."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_members as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import ApiView, RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import person, time
from riskreg.kernel import keyset
from riskreg.register.models import Invitation
from riskreg.register.people import (
    invitation_looked_after_by,
    invitation_state,
    invitations_looked_after_by,
)
from riskreg.register.permissions import require
from riskreg.register.services import (
    accept_invitation,
    invite,
    invite_many,
    resend_invitation,
    revoke_invitation,
)

_NEWEST = keyset.Order("id", descending=True, tie="id")


class InvitationApi(RegisterApi):
    """A view about invitations: for managers."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require(self.viewer, "member.manage")

    def to_json(self, row: Invitation) -> dict[str, Any]:
        """An invitation as JSON; its link is in the mail alone."""
        return {
            "id": str(row.uuid),
            "url": f"{self.register_url}invitations/{row.uuid}/",
            "email": row.email,
            "role": row.role,
            "party": row.party.key if row.party else None,
            "language": row.language,
            "state": invitation_state(row, self.at),
            "invited_by": person(row.invited_by),
            "accepted_by": person(row.accepted_by),
            "expires_at": time(row.expires_at),
            "sent_at": time(row.sent_at),
            "version": row.version,
            "created_at": time(row.created_at),
        }

    def answer(self, row: Invitation, status: int = 200) -> Answer:
        """``row`` with its ETag, and its address where it is new."""
        body = self.to_json(row)
        headers = {"Location": body["url"]} if status == 201 else {}
        return Answer.of(body, status, ETag=etag(row.version, body), **headers)


class Invitations(InvitationApi):
    """GET lists invitations, POST makes one."""

    http_method_names = ["get", "post", "head"]

    @schema.listed("List invitations", shapes.Invitation)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Those that the caller looks after, newest first."""
        self.refuse_unknown_params(*PARAMS)
        rows = invitations_looked_after_by(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (None, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [self.to_json(r) for r in found]
        )

    @schema.made("Invite somebody", shapes.InvitationNew, shapes.Invitation)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A mail with a link goes out; who follows it becomes a member."""

        def act() -> Answer:
            given = body_of(request, "email", "role", "party", "language", "days")
            return self.answer(
                invite(actor=self.viewer, at=self.at, **_with_required_keys(given)), 201
            )

        return self.write(act)


class InvitationDetail(InvitationApi):
    """One invitation."""

    http_method_names = ["get", "head"]

    @schema.detailed("Read an invitation", shapes.Invitation)
    def get(self, request: Request, slug: str, invitation: uuid.UUID) -> HttpResponse:
        """The invitation as it is now."""
        self.refuse_unknown_params()
        row = invitation_looked_after_by(self.viewer, invitation)
        return self.detail(self.to_json(row), row.version)


class InvitationResend(InvitationApi):
    """POST sends it again."""

    http_method_names = ["post"]

    @schema.acted("Send an invitation again", schema.NO_BODY, shapes.Invitation)
    def post(self, request: Request, slug: str, invitation: uuid.UUID) -> HttpResponse:
        """Good for two weeks from now; links of earlier mails do not work any more."""

        def act() -> Answer:
            require_empty_body(request)
            row = resend_invitation(
                actor=self.viewer,
                invitation=invitation,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class InvitationRevoke(InvitationApi):
    """POST takes it back."""

    http_method_names = ["post"]

    @schema.acted("Take an invitation back", schema.NO_BODY, shapes.Invitation)
    def post(self, request: Request, slug: str, invitation: uuid.UUID) -> HttpResponse:
        """Its link opens nothing from now on."""

        def act() -> Answer:
            require_empty_body(request)
            row = revoke_invitation(
                actor=self.viewer,
                invitation=invitation,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class InvitationsBulk(InvitationApi):
    """POST makes up to 2,000."""

    http_method_names = ["post"]

    @schema.described(
        "Invite many",
        shapes.InvitationsMade,
        [schema.KEY],
        request=shapes.InvitationsNew,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """All, or with ``take_good`` those whose row is right; every wrong row is answered for."""

        def act() -> Answer:
            given = body_of(request, "rows", "take_good")
            done = invite_many(
                actor=self.viewer,
                rows=given.get("rows") or [],
                take_good=given.get("take_good") is True,
                at=self.at,
            )
            refused = [
                {"row": number, "reasons": [error.detail for error in errors]}
                for number, errors in sorted(done.refused.items())
            ]
            return Answer.of({"made": len(done.made), "refused": refused})

        return self.write(act)


class InvitationAccept(ApiView):
    """POST accepts, as the caller."""

    http_method_names = ["post"]

    @schema.described(
        "Accept an invitation",
        shapes.Joined,
        [schema.KEY],
        request=shapes.InvitationAccept,
        problems=schema.WRITE,
    )
    def post(self, request: Request) -> HttpResponse:
        """It must have been sent to the address of the caller's account."""

        def act() -> Answer:
            given = body_of(request, "token")
            viewer = accept_invitation(token=given.get("token") or "", user=self.me, at=self.at)
            slug = viewer.register.slug
            body = {
                "slug": slug,
                "url": f"{self.site_url}/api/v1/registers/{slug}/",
                "role": viewer.role,
                "party": viewer.party.key if viewer.party else None,
            }
            return Answer.of(body)

        return self.write(act)


def _with_required_keys(given: dict[str, Any]) -> dict[str, Any]:
    """What a service needs named, also where the body left it out."""
    return {"email": None, "role": None, **given}
