"""Schedules of board packs: before which meetings one is made, and who is written to."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.accounts.models import User
from riskreg.api import shapes_pack_schedules as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.table import row_to_json
from riskreg.api.core.values import day, person, time
from riskreg.exchange.models import PackSchedule, PackSending
from riskreg.exchange.queries.schedules import (
    last_sendings_of,
    people_named_by,
    running_schedule_of_own_party,
    running_schedules_of_own_party,
    was_begun_late,
)
from riskreg.exchange.schedule_fields import PACK_SCHEDULE
from riskreg.exchange.services.schedules import (
    FIELDS,
    change_schedule,
    create_schedule,
    end_schedule,
)
from riskreg.kernel import keyset
from riskreg.register.permissions import require

_OLDEST = keyset.Order("created_at", tie="id")


class PackScheduleApi(RegisterApi):
    """A view about schedules of board packs."""

    def many_to_json(self, rows: Sequence[PackSchedule]) -> list[dict[str, Any]]:
        """Schedules with what was done for their last meetings."""
        sendings = last_sendings_of(rows)
        people = people_named_by(rows, [one for found in sendings.values() for one in found])
        return [
            row_to_json(
                PACK_SCHEDULE,
                row,
                self.viewer,
                url=f"{self.register_url}pack-schedules/{row.uuid}/",
                recipients=_people_to_json(row.recipients, people),
                counts_from=day(row.counts_from),
                next_on=day(row.next_on),
                make_on=day(row.make_on),
                sendings=[self._sending_to_json(one, people) for one in sendings[row.pk]],
            )
            for row in rows
        ]

    def _sending_to_json(self, one: PackSending, people: Mapping[str, User]) -> dict[str, Any]:
        return {
            "meeting_on": day(one.meeting_on),
            "due_on": day(one.due_on),
            "state": one.state,
            "late": was_begun_late(one, self.viewer.register.time_zone),
            "at": time(one.created_at),
            "ended_at": time(one.ended_at),
            "notified": _people_to_json(one.notified, people),
            "left_out": [
                {"user": person(people[left["user"]]), "why": left["why"]} for left in one.left_out
            ],
            "failure": one.failure or None,
            "packs": [f"{self.register_url}board-packs/{pack.uuid}/" for pack in one.packs.all()],
        }

    def answer(self, row: PackSchedule, status: int = 200) -> Answer:
        """The schedule with its ETag, and its address where it is new."""
        return Answer.of_version(
            self.many_to_json([running_schedule_of_own_party(self.viewer, row.uuid)])[0], status
        )


def _people_to_json(ids: Sequence[str], people: Mapping[str, User]) -> list[Any]:
    return [person(people[each]) for each in ids]


class PackSchedules(PackScheduleApi):
    """GET lists those of the caller's party, POST sets one."""

    @schema.listed("List schedules of board packs", shapes.Packschedule)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """For managers and leaders, oldest first; each party has its own."""
        require(self.viewer, "pack.make")
        self.refuse_unknown_params(*PARAMS)
        rows = running_schedules_of_own_party(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_OLDEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(self, self.viewer.audience.key, listing, self.many_to_json)

    @schema.made("Schedule board packs", shapes.PackscheduleNew, shapes.Packschedule)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """So many days before each meeting a worker makes a pack, and `recipients` are sent its
        figures and the way to it. What was missed while the system was down is made once, late."""

        def act() -> Answer:
            given = body_of(request, *FIELDS)
            return self.answer(create_schedule(actor=self.viewer, given=given, at=self.at), 201)

        return self.write(act)


class PackScheduleDetail(PackScheduleApi):
    """One schedule, by its id."""

    http_method_names = ["get", "patch", "delete", "head"]

    @schema.detailed("Read a schedule of board packs", shapes.Packschedule)
    def get(self, request: Request, slug: str, schedule: uuid.UUID) -> HttpResponse:
        """When the next pack is made, and what was sent."""
        require(self.viewer, "pack.make")
        self.refuse_unknown_params()
        row = running_schedule_of_own_party(self.viewer, schedule)
        return self.detail(self.many_to_json([row])[0], row.version)

    @schema.changed(
        "Change a schedule of board packs", shapes.PackscheduleChange, shapes.Packschedule
    )
    def patch(self, request: Request, slug: str, schedule: uuid.UUID) -> HttpResponse:
        """Changes what is named. For a meeting that something was done for nothing is done again;
        packs are made in the caller's name from now on."""

        def act() -> Answer:
            row = change_schedule(
                actor=self.viewer,
                schedule=schedule,
                fields=body_of(request, *FIELDS),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)

    @schema.removed("End a schedule of board packs")
    def delete(self, request: Request, slug: str, schedule: uuid.UUID) -> HttpResponse:
        """Nothing more is made for it; that it was stays in the party's own log."""

        def act() -> Answer:
            end_schedule(
                actor=self.viewer,
                schedule=schedule,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return Answer("", 204)

        return self.write(act)
