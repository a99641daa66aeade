"""The ladder of a register: who is told when, before and after a due date."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.accounts.queries import users_by_uuid
from riskreg.api import shapes_ladder as shapes
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person
from riskreg.api.core.errors import InvalidQuery
from riskreg.api.core.etag import etag
from riskreg.api.core.query import with_errors_in_query
from riskreg.api.core.values import day, named
from riskreg.api.shapes_changes import CommonChange
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.register.change_models import ChangeRequest
from riskreg.reminders.policy import DEFAULT_LADDER, rungs_from
from riskreg.reminders.queries import (
    Forecast,
    LadderInForce,
    forecast_for_risk,
    ladder_in_force_of,
    ladder_versions,
)
from riskreg.reminders.services import set_reminder_ladder
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for


class ReminderLadderDetail(RegisterApi):
    """The ladder in force, or with ``?number=`` an earlier version."""

    http_method_names = ["get", "put", "head"]

    @schema.detailed("Read the ladder", shapes.Ladder, schema.LADDER_PARAMS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Number 0 is the default, which every register has until it makes its own."""
        self.refuse_unknown_params("number")
        ladder = ladder_in_force_of(self.viewer.register)
        if (text := request.query_params.get("number")) is not None:
            if not (text.isascii() and text.isdigit() and len(text) < 7):
                raise InvalidQuery.one("number", "not_a_number", "This must be a whole number.")
            ladder = self._ladder_of_number(int(text))
        return self.detail(to_json(ladder), ladder.number)

    @schema.changed("Replace the ladder", shapes.LadderNew, shapes.Ladder, may_ask=CommonChange)
    def put(self, request: Request, slug: str) -> HttpResponse:
        """A new version, in force at once if it only adds reminders or nobody else is to be asked,
        unless it is the ladder already. All rungs are sent; a
        manager's matter."""

        def act() -> Answer:
            made = set_reminder_ladder(
                actor=self.viewer,
                rungs=_rungs_with_people_by_id(body_of(request, "rungs", "number").get("rungs")),
                expected_number=self.expected_version_or_never,
                at=self.at,
            )
            if isinstance(made, ChangeRequest):
                return answer_with_asked_request(self, made)
            body = to_json(made)
            return Answer.of(body, ETag=etag(made.number, body))

        return self.write(act)

    def _ladder_of_number(self, number: int) -> LadderInForce:
        if number == 0:
            return LadderInForce(0, DEFAULT_LADDER)
        rows = ladder_versions(self.viewer.register)
        row = next((row for row in rows if row.number == number), None)
        if row is None:
            raise NotFound(_("There is no such version of the ladder."))
        return LadderInForce(row.number, rungs_from(row.rungs))


class ReminderLadderPreview(RegisterApi):
    """Who gets what when, for the next review of one risk."""

    http_method_names = ["get", "head"]

    @schema.described("Preview the ladder", shapes.LadderPreview, schema.PREVIEW_PARAMS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Foretold with those who are members today, and away as far as is known today."""
        self.refuse_unknown_params("risk")
        refs = request.query_params.getlist("risk")
        if len(refs) > 1:
            raise InvalidQuery.one("risk", "repeated", "This is given several times; give it once.")
        ref = next(iter(refs), None)
        if not ref:
            raise InvalidQuery.one("risk", "required", "Name a risk by its ref, as in R-001.")
        risk = risk_for(self.viewer, ref)
        ladder = ladder_in_force_of(self.viewer.register)
        forecast = with_errors_in_query(lambda: self._forecast(risk, ladder))
        body = {
            "risk": risk.ref,
            "next_review_on": day(risk.next_review_on),
            "ladder": ladder.number,
            "rungs": [_forecast_to_json(line) for line in forecast],
        }
        return Answer.of(body).response()

    def _forecast(self, risk: Risk, ladder: LadderInForce) -> list[Forecast]:
        try:
            return forecast_for_risk(self.viewer, risk, ladder.rungs, self.at)
        except Invalid as invalid:
            sentences = [error for errors in invalid.fields.values() for error in errors]
            raise Invalid({"risk": sentences}) from None


def to_json(ladder: LadderInForce) -> dict[str, Any]:
    """A ladder as JSON; it can be sent back as it is."""
    people = users_by_uuid({user for rung in ladder.rungs for user in rung.users})
    return {
        "number": ladder.number,
        "rungs": [
            {
                **rung.as_json(),
                "users": [
                    named(user, person.name, person.names)
                    for user in rung.users
                    if (person := people.get(user))
                ],
            }
            for rung in ladder.rungs
        ],
    }


def _forecast_to_json(line: Forecast) -> dict[str, Any]:
    return {
        "offset_days": line.rung.offset_days,
        "on": day(line.on),
        "state": line.state,
        "interrupts": line.interrupts,
        "nobody": line.nobody,
        "recipients": [
            {
                "name": reached.name,
                "part": reached.part,
                "digest_on": day(reached.digest_on),
                "channels": list(reached.channels),
            }
            for reached in line.recipients
        ],
        "endpoints": [{"name": name, "channel": channel} for name, channel in line.endpoints],
    }


def _rungs_with_people_by_id(given: Any) -> Any:
    """Rungs with people by id, also where {id, name} was sent; anything else is left as it is."""
    if not isinstance(given, list):
        return given
    return [
        {**rung, "users": [id_or_email_of_person(user) for user in rung["users"]]}
        if isinstance(rung, dict) and isinstance(rung.get("users"), list)
        else rung
        for rung in given
    ]
