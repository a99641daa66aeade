"""Own appetites: up to which rating the caller's party itself is content."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_own_appetites as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.table import row_to_json
from riskreg.kernel import keyset
from riskreg.register.models import OwnAppetite
from riskreg.register.own_appetite_fields import OWN_APPETITE
from riskreg.register.own_appetites import (
    has_rating_not_in,
    own_appetite_in_force_for,
    own_appetites_in_force_for,
)
from riskreg.register.services import change_own_appetite, end_own_appetite, set_own_appetite
from riskreg.register.services.own_appetites import FIELDS

_OLDEST = keyset.Order("created_at", tie="id")


class OwnAppetiteApi(RegisterApi):
    """A view about own appetites."""

    def as_json(self, row: OwnAppetite) -> dict[str, Any]:
        """An own appetite, with its term by ref."""
        return row_to_json(
            OWN_APPETITE,
            row,
            self.viewer,
            url=f"{self.register_url}own-appetites/{row.uuid}/",
            reason=row.reason,
            outdated=has_rating_not_in(row, self.viewer.criteria),
        )

    def answer(self, row: OwnAppetite, status: int = 200) -> Answer:
        """The own appetite with its ETag, and its address where it is new."""
        return Answer.of_version(
            self.as_json(own_appetite_in_force_for(self.viewer, row.uuid)), status
        )


class OwnAppetites(OwnAppetiteApi):
    """GET lists those of the caller's party, POST sets one."""

    @schema.listed("List own appetites", shapes.Ownappetite)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first. Nobody else sees them: to the other parties, and to who acts for none,
        there are none."""
        self.refuse_unknown_params(*PARAMS)
        rows = own_appetites_in_force_for(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_OLDEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        audience = self.viewer.audience.key
        return page_response(
            self, audience, listing, lambda found: [self.as_json(row) for row in found]
        )

    @schema.made("Set an own appetite", shapes.OwnappetiteNew, shapes.Ownappetite)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Of the caller's party; a manager's matter. It may be stricter or looser than that of the
        criteria, and changes nothing that others see or count by."""

        def act() -> Answer:
            given = body_of(request, *FIELDS)
            needed = {name: given.pop(name, None) for name in ("rating", "reasons")}
            row = set_own_appetite(actor=self.viewer, at=self.at, **needed, **given)
            return self.answer(row, 201)

        return self.write(act)


class OwnAppetiteDetail(OwnAppetiteApi):
    """One own appetite, by its id."""

    http_method_names = ["get", "patch", "delete", "head"]

    @schema.detailed("Read an own appetite", shapes.Ownappetite)
    def get(self, request: Request, slug: str, appetite: uuid.UUID) -> HttpResponse:
        """The own appetite as it is now."""
        self.refuse_unknown_params()
        row = own_appetite_in_force_for(self.viewer, appetite)
        return self.detail(self.as_json(row), row.version)

    @schema.changed("Change an own appetite", shapes.OwnappetiteChange, shapes.Ownappetite)
    def patch(self, request: Request, slug: str, appetite: uuid.UUID) -> HttpResponse:
        """Changes what is named."""

        def act() -> Answer:
            row = change_own_appetite(
                actor=self.viewer,
                appetite=appetite,
                fields=body_of(request, *FIELDS),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)

    @schema.removed("End an own appetite")
    def delete(self, request: Request, slug: str, appetite: uuid.UUID) -> HttpResponse:
        """It holds no more; that it did stays in the party's own log."""

        def act() -> Answer:
            end_own_appetite(
                actor=self.viewer,
                appetite=appetite,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return Answer("", 204)

        return self.write(act)
