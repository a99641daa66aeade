"""Hand-overs: everything that one person answers for goes to another, in one step."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_people
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import person, time
from riskreg.api.shapes_changes import CommonChange
from riskreg.handover.models import HandOver, ItemKind
from riskreg.handover.queries import handovers_of_own_party
from riskreg.handover.services import hand_over
from riskreg.kernel import keyset
from riskreg.register.change_models import ChangeRequest

_NEWEST = keyset.Order("at", tie="id", descending=True, tie_descending=True)


class HandOvers(RegisterApi):
    """GET lists those of the caller's party, POST makes one."""

    @schema.listed("List hand-overs", shapes_people.HandOver)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Newest first. They count private things as well, so each party sees its own."""
        self.refuse_unknown_params(*PARAMS)
        rows = handovers_of_own_party(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.at, str(row.uuid)),
            tie=finder_by_uuid(handovers_of_own_party(self.viewer)),
        )
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [to_json(row) for row in found]
        )

    @schema.noted(
        "Hand over", shapes_people.HandOverNew, shapes_people.HandOver, may_ask=CommonChange
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """What the caller may hand on of what a person answers for; all of it or nothing. 202:
        shared risks go to somebody of another party, which is asked first."""

        def act() -> Answer:
            given = body_of(request, "from", "to", "reason", "part")
            row = hand_over(
                actor=self.viewer,
                from_user=id_or_email_of_person(given.get("from")),
                to_user=id_or_email_of_person(given.get("to")),
                reason=given.get("reason") or "",
                part=given.get("part", ItemKind.ALL),
                at=self.at,
            )
            if isinstance(row, ChangeRequest):
                return answer_with_asked_request(self, row)
            return Answer.of(to_json(row), 201)

        return self.write(act)


def to_json(row: HandOver) -> dict[str, Any]:
    """A hand-over as JSON."""
    return {
        "id": str(row.uuid),
        "from": person(row.from_user),
        "to": person(row.to_user),
        "by": person(row.by),
        "part": row.part,
        "reason": row.reason,
        "at": time(row.at),
        # Those of before controls were handed over name none.
        "counts": {"controls": 0, **row.counts},
    }
