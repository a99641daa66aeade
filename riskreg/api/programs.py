"""Programs of the caller's party: accounts that call with tokens for this register alone."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.accounts.models import ApiToken
from riskreg.api import shapes_members as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer, with_secret_in_body
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.pagination import PARAMS, Listing, page_response
from riskreg.api.core.values import day, time
from riskreg.kernel import keyset
from riskreg.register.models import Membership
from riskreg.register.people import (
    latest_membership_id_subquery,
    programs_of_own_party,
    tokens_of_programs,
)
from riskreg.register.permissions import require
from riskreg.register.services import add_program_token, create_program, end_program_token

_BY_AGE = keyset.Order("id", tie="id")


class ProgramApi(RegisterApi):
    """A view about programs: for managers, about their own party's."""

    # The token that was made by this request; it is in no answer that is kept.
    fresh = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require(self.viewer, "member.manage")

    def all_to_json(self, rows: list[Membership]) -> list[dict[str, Any]]:
        """Programs as JSON, with their tokens."""
        tokens = tokens_of_programs(self.viewer, [row.user for row in rows])
        return [
            {
                "id": str(row.user.uuid),
                "name": str(row.user),
                "party": row.party.key if row.party else None,
                "since": time(row.created_at),
                "tokens": [token_to_json(token) for token in tokens[row.user_id]],
            }
            for row in rows
        ]


class Programs(ProgramApi):
    """GET lists programs, POST makes one."""

    http_method_names = ["get", "post", "head"]

    @schema.listed("List programs", shapes.Program)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Of the caller's party, oldest first."""
        self.refuse_unknown_params(*PARAMS)
        listing = Listing(
            queryset=programs_of_own_party(self.viewer),
            order=_BY_AGE,
            place=lambda row: (None, str(row.user.uuid)),
            tie=lambda public: latest_membership_id_subquery(self.viewer, uuid.UUID(public)),
        )
        return page_response(self, self.viewer.audience.key, listing, self.all_to_json)

    @schema.noted("Make a program", shapes.ProgramNew, shapes.ProgramSecret)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """An account without a password, for this register, with its first token."""

        def act() -> Answer:
            given = body_of(request, "name", "scope", "days")
            row, _token, self.fresh = create_program(
                actor=self.viewer, at=self.at, **{"name": None, "scope": None, **given}
            )
            (body,) = self.all_to_json([row])
            return Answer.of(body, 201)

        return with_secret_in_body(self.write(act), self.fresh)


class ProgramTokens(ProgramApi):
    """POST makes another token."""

    http_method_names = ["post"]

    @schema.noted("Make a token of a program", shapes.ProgramTokenNew, shapes.ProgramTokenSecret)
    def post(self, request: Request, slug: str, program: uuid.UUID) -> HttpResponse:
        """So that the one in use can be replaced without a gap; then end that one."""

        def act() -> Answer:
            given = body_of(request, "scope", "days", "name")
            row, self.fresh = add_program_token(
                actor=self.viewer, program=program, at=self.at, **{"scope": None, **given}
            )
            return Answer.of(token_to_json(row), 201)

        return with_secret_in_body(self.write(act), self.fresh)


class ProgramTokenEnd(ProgramApi):
    """POST ends a token."""

    http_method_names = ["post"]

    @schema.described(
        "End a token of a program", shapes.ProgramToken, [schema.KEY], problems=schema.WRITE
    )
    def post(
        self, request: Request, slug: str, program: uuid.UUID, token: uuid.UUID
    ) -> HttpResponse:
        """At once. Ending it twice is no error."""

        def act() -> Answer:
            require_empty_body(request)
            row = end_program_token(actor=self.viewer, program=program, token=token, at=self.at)
            return Answer.of(token_to_json(row))

        return self.write(act)


def token_to_json(row: ApiToken) -> dict[str, Any]:
    """A token as JSON, without what is secret."""
    return {
        "id": str(row.uuid),
        "name": row.name,
        "prefix": row.prefix,
        "scope": row.scope,
        "expires_at": time(row.expires_at),
        "revoked_at": time(row.revoked_at),
        "last_used_on": day(row.last_used_on),
    }
