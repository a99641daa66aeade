"""Duties: what falls due for somebody, of every kind."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_people
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import ApiView, RegisterApi
from riskreg.api.core.pagination import (
    PARAMS,
    cursor_salt,
    make_cursor,
    page_link,
    parse_count_asked,
    parse_limit,
    read_cursor,
)
from riskreg.api.core.query import check_choices, parse_day, parse_switch, with_errors_in_query
from riskreg.api.core.values import day, person
from riskreg.duties.queries import agenda
from riskreg.duties.sources import LISTED, Duty
from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer

FILTERS = ("mine", "kind", "due_before", "overdue")


class Duties(RegisterApi):
    """GET lists the duties that the caller may know of."""

    @schema.listed("List duties", shapes_people.Duty, schema.DUTY_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Soonest due first. “mine” are those that the caller answers for today."""
        self.refuse_unknown_params(*FILTERS, *PARAMS)
        paging = Paging(self, self.viewer.audience.key)
        wanted = self._parse_filters()
        page = agenda.duties_for(self.viewer, wanted, paging.limit, **paging.place)
        facts = agenda.status_texts(page.duties)
        body: dict[str, Any] = {
            **paging.links(page.duties, page.has_previous, page.has_next),
            "results": [
                to_json(
                    self.viewer,
                    duty,
                    facts.get(duty.key, ""),
                    _owner_deputy_stand_in_or_none(self.viewer, duty),
                    self.at,
                )
                for duty in page.duties
            ],
        }
        if paging.counted:
            body["count"] = agenda.summed_duty_counts(self.viewer, wanted)
        return Answer.of(body).response()

    def _parse_filters(self) -> agenda.Wanted:
        params, errors = self.request.query_params, Errors()
        switches = {n: parse_switch(errors, n, params.get(n)) for n in ("mine", "overdue")}
        kinds = tuple(check_choices(errors, "kind", params.getlist("kind"), sorted(LISTED)))
        due_before = parse_day(errors, "due_before", params.get("due_before"))
        with_errors_in_query(errors.raise_if_any)
        return agenda.Wanted(
            today=self.viewer.today(self.at),
            kinds=kinds,
            people=agenda.ids_of_self_and_stood_in_for(self.viewer) if switches["mine"] else None,
            due_before=due_before,
            overdue=switches["overdue"],
        )


class Paging:
    """A list of duties in pages: its limit, its place, and the links before and behind a page.

    ``audience`` names who may use the cursors. Raises ``InvalidQuery`` as
    ``pagination.page_response``."""

    def __init__(self, view: ApiView, audience: str) -> None:
        params = view.request.query_params
        self.view, self.salt = view, cursor_salt(view, audience)
        self.limit, self.counted = (
            parse_limit(params.get("limit")),
            parse_count_asked(params.get("count")),
        )
        self.place: dict[str, agenda.Place] = {}
        if (sent := params.get("cursor")) is not None:
            backward, due_on, kind, subject = read_cursor(sent, self.salt, 4)
            place = agenda.Place(dt.date.fromisoformat(due_on), kind, uuid.UUID(subject))
            self.place = {"before" if backward else "after": place}

    def links(self, duties: Sequence[Duty], has_previous: bool, has_next: bool) -> dict[str, Any]:
        """Where the page behind and the page before that of ``duties`` are."""
        return {
            "next": self._page_url(False, duties[-1]) if duties and has_next else None,
            "previous": self._page_url(True, duties[0]) if duties and has_previous else None,
        }

    def _page_url(self, backward: bool, duty: Duty) -> str:
        at = agenda.Place.of(duty)
        parts = [backward, at.due_on.isoformat(), at.kind, str(at.subject)]
        return page_link(self.view, make_cursor(parts, self.salt))


def to_json(
    viewer: Viewer, duty: Duty, facts: str, caller_is: str | None, at: dt.datetime
) -> dict[str, Any]:
    """A duty as JSON; ``caller_is`` its owner, deputy, stand-in or none of
    these, ``facts``: how it stands."""
    owner, deputy = agenda.owner_and_deputy_without_query(duty)
    return {
        "kind": duty.kind,
        "subject": str(duty.subject),
        "ref": duty.ref,
        "title": duty.subject_title,
        "due_on": day(duty.due_on),
        "overdue": duty.due_on is not None and duty.due_on < viewer.today(at),
        "extended_until": day(duty.extended_until),
        "party": duty.thing.party.key,
        "visibility": "party" if duty.private else "shared",
        "owner": person(owner),
        "deputy": person(deputy),
        "part": caller_is,
        "facts": facts,
        "page": duty.absolute_url(viewer.register.slug),
    }


def owner_or_deputy_or_none(viewer: Viewer, duty: Duty) -> str | None:
    """What the caller is to it by themselves: its owner, its deputy, or neither."""
    if viewer.user.pk == duty.owner_id:
        return "owner"
    return "deputy" if viewer.user.pk == duty.deputy_id else None


def _owner_deputy_stand_in_or_none(viewer: Viewer, duty: Duty) -> str | None:
    """What the caller is to it."""
    if part := owner_or_deputy_or_none(viewer, duty):
        return part
    return "stand_in" if {duty.owner_id, duty.deputy_id} & viewer.stands_in_for else None
