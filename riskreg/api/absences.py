"""Absences: who is away, until when, and who stands in."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_people
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person, require_empty_body
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import day, person, time
from riskreg.kernel import keyset
from riskreg.register.models import Absence
from riskreg.register.queries import every_absence_for, unended_absences_for
from riskreg.register.services import end_absence, start_absence

_SOONEST = keyset.Order("starts_on", tie="id")
_FIELDS = ("user", "starts_on", "until_on", "stand_in", "note")


class AbsenceApi(RegisterApi):
    """A view about absences."""

    def to_json(self, row: Absence) -> dict[str, Any]:
        """An absence as JSON; its note is for the person's own party."""
        own = self.viewer.party_id is not None and row.of_party == self.viewer.party_id  # type: ignore[attr-defined]
        return {
            "id": str(row.uuid),
            "user": person(row.user),
            "starts_on": day(row.starts_on),
            "until_on": day(row.until_on),
            "stand_in": person(row.stand_in),
            "stand_in_away": row.stand_in_away,  # type: ignore[attr-defined]
            "note": row.note if own else None,
            "end_url": f"{self.register_url}absences/{row.uuid}/end/",
        }


class Absences(AbsenceApi):
    """GET lists who is or will be away, POST records it."""

    @schema.listed("List absences", shapes_people.Absence)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Those that are not over, soonest first."""
        self.refuse_unknown_params(*PARAMS)
        rows = unended_absences_for(self.viewer, self.viewer.today(self.at))
        listing = Listing(
            queryset=rows,
            order=_SOONEST,
            place=lambda row: (row.starts_on, str(row.uuid)),
            tie=finder_by_uuid(every_absence_for(self.viewer)),
        )
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [self.to_json(r) for r in found]
        )

    @schema.noted("Record an absence", shapes_people.AbsenceNew, shapes_people.Absence)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Of the caller; a manager names somebody of their party."""

        def act() -> Answer:
            given = body_of(request, *_FIELDS)
            row = start_absence(
                actor=self.viewer,
                user=id_or_email_of_person(given.get("user")),
                starts_on=given.get("starts_on"),
                until_on=given.get("until_on"),
                stand_in=id_or_email_of_person(given.get("stand_in")),
                note=given.get("note") or "",
                at=self.at,
            )
            today = self.viewer.today(self.at)
            body = self.to_json(unended_absences_for(self.viewer, today).get(pk=row.pk))
            return Answer.of(body, 201)

        return self.write(act)


class AbsenceEnd(AbsenceApi):
    """POST ends one early."""

    @schema.described(
        "End an absence", shapes_people.AbsenceEnded, [schema.KEY], problems=schema.WRITE
    )
    def post(self, request: Request, slug: str, absence: uuid.UUID) -> HttpResponse:
        """They are back, or do not go. Ending it twice is no error."""

        def act() -> Answer:
            require_empty_body(request)
            row = end_absence(actor=self.viewer, absence=absence, at=self.at)
            return Answer.of({"id": str(row.uuid), "ended_at": time(row.ended_at)})

        return self.write(act)
