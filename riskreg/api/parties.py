"""The parties of a register."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_register as shapes
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.shapes_changes import CommonChange
from riskreg.kernel import keyset
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Party
from riskreg.register.people import party_for
from riskreg.register.queries import parties_for
from riskreg.register.services import add_party_or_ask_others, edit_party, remove_party

_OLDEST = keyset.Order("created_at", tie="id")


class PartyApi(RegisterApi):
    """A view about parties."""

    def as_json(self, party: Party) -> dict[str, Any]:
        """A party as everybody of the register sees it."""
        return {
            "id": str(party.uuid),
            "url": f"{self.register_url}parties/{party.key}/",
            "key": party.key,
            "name": party.name,
            "names": party.names,
            "prefix": party.prefix,
            "version": party.version,
        }

    def answer(self, party: Party, status: int = 200) -> Answer:
        """The party with its ETag, and its address where it is new."""
        body = self.as_json(party)
        return Answer.of_version(body, status)


class Parties(PartyApi):
    """GET lists them, POST adds one."""

    @schema.listed("List parties", shapes.PartyDetail)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Who was added first first."""
        self.refuse_unknown_params(*PARAMS)
        rows = parties_for(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_OLDEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(self, "", listing, lambda found: [self.as_json(row) for row in found])

    @schema.made("Add a party", shapes.PartyToAdd, shapes.PartyDetail, may_ask=CommonChange)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Without a key or a prefix they are made from its name. It would see all that is shared:
        where other parties can speak, it waits for a yes of each."""

        def act() -> Answer:
            given = body_of(request, "key", "names", "prefix")
            party = add_party_or_ask_others(
                actor=self.viewer,
                names=given.get("names"),
                key=given.get("key"),
                prefix=given.get("prefix"),
                at=self.at,
            )
            if isinstance(party, ChangeRequest):
                return answer_with_asked_request(self, party)
            return self.answer(party, 201)

        return self.write(act)


class PartyDetail(PartyApi):
    """One party, by its key."""

    http_method_names = ["get", "patch", "delete", "head"]

    @schema.detailed("Read a party", shapes.PartyDetail)
    def get(self, request: Request, slug: str, party: str) -> HttpResponse:
        """Its names in every language, and what its own refs begin with."""
        self.refuse_unknown_params()
        row = party_for(self.viewer, party)
        return self.detail(self.as_json(row), row.version)

    @schema.changed("Change a party", shapes.PartyChange, shapes.PartyDetail)
    def patch(self, request: Request, slug: str, party: str) -> HttpResponse:
        """Names at any time, the prefix while no ref was given with it.

        By managers of the party; by others while nobody speaks for it.
        """

        def act() -> Answer:
            row = edit_party(
                actor=self.viewer,
                key=party,
                fields=body_of(request, "names", "prefix"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)

    @schema.removed("Remove a party")
    def delete(self, request: Request, slug: str, party: str) -> HttpResponse:
        """While nothing was ever of it; 400 says what is."""

        def act() -> Answer:
            require_empty_body(request)
            remove_party(
                actor=self.viewer, key=party, version=self.expected_version_or_never, at=self.at
            )
            return Answer("", 204)

        return self.write(act)
