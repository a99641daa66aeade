"""Members: who is in a register, changing a role, ending a membership."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_members as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, page_response
from riskreg.api.core.values import time
from riskreg.handover.queries import counts_answered_for_by_user
from riskreg.handover.services import change_member_role, end_member
from riskreg.kernel import keyset
from riskreg.register.models import Membership
from riskreg.register.people import (
    last_sign_in_if_shown,
    latest_membership_id_subquery,
    manages_members_of,
    present_members,
    present_membership_of,
)

_BY_AGE = keyset.Order("id", tie="id")


class MemberApi(RegisterApi):
    """A view about members."""

    def all_to_json(self, rows: Sequence[Membership]) -> list[dict[str, Any]]:
        """Members as JSON, with what they answer for as far as the caller may know of it."""
        counts = counts_answered_for_by_user(self.viewer, [row.user_id for row in rows])
        managed = {
            party: manages_members_of(self.viewer, party)
            for party in {row.party_id for row in rows}
        }
        return [self._to_json(row, managed[row.party_id], counts[row.user_id]) for row in rows]

    def _to_json(self, row: Membership, managed: bool, counts: dict[str, int]) -> dict[str, Any]:
        user = row.user
        known = managed or user == self.me
        return {
            "id": str(user.uuid),
            "url": f"{self.register_url}members/{user.uuid}/",
            "name": str(user),
            "email": user.email if known and not user.is_program else None,
            "role": row.role,
            "party": row.party.key if row.party else None,
            "program": user.is_program,
            "active": user.is_active,
            "since": time(row.created_at),
            "last_seen_at": time(last_sign_in_if_shown(self.viewer, row)),
            "answers_for": counts,
            "version": row.version,
        }

    def answer(self, row: Membership) -> Answer:
        """``row`` with its ETag."""
        (body,) = self.all_to_json([row])
        return Answer.of(body, ETag=etag(row.version, body))


class Members(MemberApi):
    """Everybody of the register."""

    http_method_names = ["get", "head"]

    @schema.listed("List members", shapes.Member)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """People and programs, who came first first."""
        self.refuse_unknown_params(*PARAMS)
        listing = Listing(
            queryset=present_members(self.viewer),
            order=_BY_AGE,
            place=lambda row: (None, str(row.user.uuid)),
            tie=lambda public: latest_membership_id_subquery(self.viewer, uuid.UUID(public)),
        )
        return page_response(self, self.viewer.audience.key, listing, self.all_to_json)


class MemberDetail(MemberApi):
    """One member, by the id of the person."""

    http_method_names = ["get", "patch", "head"]

    @schema.detailed("Read a member", shapes.Member)
    def get(self, request: Request, slug: str, member: uuid.UUID) -> HttpResponse:
        """The member as they are now."""
        self.refuse_unknown_params()
        row = present_membership_of(self.viewer, member)
        (body,) = self.all_to_json([row])
        return self.detail(body, row.version)

    @schema.changed("Change a member's role", shapes.MemberChange, shapes.Member)
    def patch(self, request: Request, slug: str, member: uuid.UUID) -> HttpResponse:
        """Managers do this for their own party. A role that answers for nothing needs a word on
        who takes over: ``to``, or ``nobody_yet``."""

        def act() -> Answer:
            given = body_of(request, "role", "to", "nobody_yet")
            row = change_member_role(
                actor=self.viewer,
                user=member,
                role=given.get("role"),
                to_user=id_or_email_of_person(given.get("to")),
                nobody_yet=given.get("nobody_yet") is True,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class MemberEnd(MemberApi):
    """POST ends a membership."""

    http_method_names = ["post"]

    @schema.acted("End a membership", shapes.MemberEnd, shapes.MemberEnded)
    def post(self, request: Request, slug: str, member: uuid.UUID) -> HttpResponse:
        """Of somebody of the caller's party, or the caller's own. All that they could read ends in
        the same second; what they did stays in history."""

        def act() -> Answer:
            given = body_of(request, "to", "nobody_yet")
            row = end_member(
                actor=self.viewer,
                user=member,
                to_user=id_or_email_of_person(given.get("to")),
                nobody_yet=given.get("nobody_yet") is True,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return Answer.of({"id": str(row.user.uuid), "ended_at": time(row.ended_at)})

        return self.write(act)
