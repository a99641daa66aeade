"""Duties: what falls due for somebody, of every kind."""

import datetime as dt
import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_people
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.pagination import (
    PARAMS,
    counted,
    cursor_salt,
    limit_of,
    make_cursor,
    page_link,
    read_cursor,
)
from riskreg.api.core.query import as_query, choices_of, day_of, switch_of
from riskreg.api.core.values import day, person
from riskreg.duties.queries import agenda
from riskreg.duties.sources import LISTED, Duty
from riskreg.kernel.errors import Errors

FILTERS = ("mine", "kind", "due_before", "overdue")


class Duties(RegisterApi):
    """GET lists the duties that the caller may know of."""

    @schema.listed("List duties", shapes_people.Duty, schema.DUTY_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Soonest due first. “mine” are those that the caller answers for today."""
        self.known_params(*FILTERS, *PARAMS)
        params = request.query_params
        limit, count = limit_of(params.get("limit")), counted(params.get("count"))
        wanted = self._filters_of()
        salt = cursor_salt(self, self.viewer.audience.key)
        backward, place = False, None
        if (sent := params.get("cursor")) is not None:
            backward, due_on, kind, subject = read_cursor(sent, salt, 4)
            place = agenda.Place(dt.date.fromisoformat(due_on), kind, uuid.UUID(subject))
        page = agenda.duties_for(
            self.viewer,
            wanted,
            limit,
            after=None if backward else place,
            before=place if backward else None,
        )

        def link(backward: bool, duty: Duty) -> str:
            at = agenda.Place.of(duty)
            parts = [backward, at.due_on.isoformat(), at.kind, str(at.subject)]
            return page_link(self, make_cursor(parts, salt))

        rows = page.duties
        body: dict[str, Any] = {
            "next": link(False, rows[-1]) if rows and page.has_next else None,
            "previous": link(True, rows[0]) if rows and page.has_previous else None,
            "results": self._to_json(rows),
        }
        if count:
            body["count"] = agenda.count_for(self.viewer, wanted)
        return Answer.of(body).response()

    def _filters_of(self) -> agenda.Wanted:
        params, errors = self.request.query_params, Errors()
        switches = {n: switch_of(errors, n, params.get(n)) for n in ("mine", "overdue")}
        kinds = tuple(choices_of(errors, "kind", params.getlist("kind"), sorted(LISTED)))
        due_before = day_of(errors, "due_before", params.get("due_before"))
        as_query(errors.raise_if_any)
        return agenda.Wanted(
            today=self.viewer.today(self.at),
            kinds=kinds,
            people=agenda.mine(self.viewer) if switches["mine"] else None,
            due_before=due_before,
            overdue=switches["overdue"],
        )

    def _to_json(self, duties: list[Duty]) -> list[dict[str, Any]]:
        today, slug = self.viewer.today(self.at), self.viewer.register.slug
        facts = agenda.facts_of(duties)
        people = {duty.key: agenda.people_of(duty) for duty in duties}
        return [
            {
                "kind": duty.kind,
                "subject": str(duty.subject),
                "ref": duty.ref,
                "title": duty.title,
                "due_on": day(duty.due_on),
                "overdue": duty.due_on is not None and duty.due_on < today,
                "extended_until": day(duty.extended_until),
                "party": duty.thing.party.key,
                "visibility": "party" if duty.private else "shared",
                "owner": person(people[duty.key][0]),
                "deputy": person(people[duty.key][1]),
                "part": self._part(duty),
                "facts": facts.get(duty.key, ""),
                "page": duty.link(slug),
            }
            for duty in duties
        ]

    def _part(self, duty: Duty) -> str | None:
        """What the caller is to it."""
        if self.viewer.user.pk in (duty.owner_id, duty.deputy_id):
            return "owner" if duty.owner_id == self.viewer.user.pk else "deputy"
        stood_in_for = {duty.owner_id, duty.deputy_id} & self.viewer.stands_in_for
        return "stand_in" if stood_in_for else None
