"""Review meetings: start one over a set, record its items and who is there, end it."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import reviews, shapes_reviews
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import day, person, time
from riskreg.kernel import keyset
from riskreg.kernel.errors import Invalid
from riskreg.register.visibility import Visibility
from riskreg.reviews import services
from riskreg.reviews.models import Meeting, MeetingItem
from riskreg.reviews.queries.meetings import agenda, attendees, meeting_for, meetings_for

_NEWEST = keyset.Order("started_at", tie="id", descending=True, tie_descending=True)
_REVIEW = ("outcome", "comment", "assessment", "next_review_on", "translations", "label")


class MeetingApi(RegisterApi):
    """A view about meetings."""

    def brief_to_json(self, row: Meeting) -> dict[str, Any]:
        """What a list says of a meeting."""
        return {
            "id": str(row.uuid),
            "url": f"{self.register_url}meetings/{row.uuid}/",
            "title": row.title,
            "visibility": row.visibility,
            "party": row.party.key,
            "chair": person(row.chair),
            "recipe": row.recipe,
            "started_at": time(row.started_at),
            "ended_at": time(row.ended_at),
            "items": {"total": row.count, "done": row.done},  # type: ignore[attr-defined]
            "version": row.version,
        }

    def whole_to_json(self, public: uuid.UUID) -> dict[str, Any]:
        """A meeting with its agenda and who attended: the minutes, once it is over."""
        row = meetings_for(self.viewer).get(uuid=public)
        items = agenda(row)
        return {
            **self.brief_to_json(row),
            "agenda": [item_to_json(item) for item in items],
            "attendance": self._attendance_to_json(row, items),
        }

    def _attendance_to_json(
        self, row: Meeting, items: Sequence[MeetingItem]
    ) -> list[dict[str, Any]]:
        return [
            {
                "user": person(a.user),
                "party": a.party.key if a.party else None,
                "joined_at": time(a.joined_at),
                "left_at": time(a.left_at),
                "items": list(a.items),
            }
            for a in attendees(self.viewer, row, items)
        ]

    def answer(self, row: Meeting, status: int = 200) -> Answer:
        """The meeting as it is now, with its ETag."""
        body = self.whole_to_json(row.uuid)
        answer = Answer.of(body, status, ETag=etag(body["version"], body))
        if status == 201:
            return Answer(answer.text, status, {**answer.headers, "Location": body["url"]})
        return answer


class Meetings(MeetingApi):
    """GET lists them, newest first; POST starts one."""

    @schema.listed("List meetings", shapes_reviews.MeetingBrief)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Those that the caller may know of."""
        self.refuse_unknown_params(*PARAMS)
        rows = meetings_for(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.started_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [self.brief_to_json(m) for m in found],
        )

    @schema.made("Start a meeting", shapes_reviews.MeetingNew, shapes_reviews.Meeting)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Over the open risks that ``recipe`` picks: names and values of the risk filters."""

        def act() -> Answer:
            given = body_of(request, "title", "recipe", "visibility")
            row = services.start_meeting(
                actor=self.viewer,
                title=given.get("title"),
                recipe=given.get("recipe") or {},
                visibility=given.get("visibility") or Visibility.SHARED,
                at=self.at,
            )
            return self.answer(row, 201)

        return self.write(act)


class MeetingDetail(MeetingApi):
    """One meeting."""

    @schema.detailed("Read a meeting", shapes_reviews.Meeting)
    def get(self, request: Request, slug: str, meeting: uuid.UUID) -> HttpResponse:
        """With its agenda and who attended; the ETag is for what its chair does."""
        self.refuse_unknown_params()
        row = meeting_for(self.viewer, meeting)
        body = self.whole_to_json(row.uuid)
        return self.detail(body, body["version"])


class MeetingItems(MeetingApi):
    """POST says what became of one item."""

    @schema.acted("Record an item", shapes_reviews.ItemNew, shapes_reviews.MeetingItem)
    def post(self, request: Request, slug: str, meeting: uuid.UUID, number: int) -> HttpResponse:
        """``reviewed`` or ``deferred``. If-Match is the version of the risk, as the agenda has it.

        ``review`` is what a review is made of; its rules are those of any other review.
        """

        def act() -> Answer:
            given = body_of(request, "outcome", "note", "review")
            review = given.get("review")
            if review is not None and not isinstance(review, dict):
                raise Invalid.one("review", "not_an_object", "A review is an object.")
            for name in review or {}:
                if name not in _REVIEW:
                    raise Invalid.one(
                        f"review.{name[:60]}", "unknown_field", "A review has no such field."
                    )
            item = services.record_item(
                actor=self.viewer,
                meeting=meeting,
                number=number,
                version=self.expected_version_or_never,
                outcome=given.get("outcome"),
                note=given.get("note") or "",
                review={k: v for k, v in (review or {}).items() if v is not None},
                at=self.at,
            )
            return Answer.of(item_to_json(item), 200, ETag=etag(item.risk.version))

        return self.write(act)


class MeetingAttendance(MeetingApi):
    """POST says who is there from now on."""

    @schema.acted("Note who is there", shapes_reviews.Present, shapes_reviews.Meeting)
    def post(self, request: Request, slug: str, meeting: uuid.UUID) -> HttpResponse:
        """``users``: the ids of all who are there beside the caller; others have left."""

        def act() -> Answer:
            users = body_of(request, "users").get("users")
            if not isinstance(users, list) or not all(isinstance(u, str) for u in users):
                raise Invalid.one("users", "not_a_list", "Send the ids of those who are there.")
            row = services.set_attendance(
                actor=self.viewer,
                meeting=meeting,
                version=self.expected_version_or_never,
                users=users,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class MeetingTakeChair(MeetingApi):
    """POST takes the chair."""

    @schema.acted("Take the chair", schema.NO_BODY, shapes_reviews.Meeting)
    def post(self, request: Request, slug: str, meeting: uuid.UUID) -> HttpResponse:
        """The caller leads it from now on."""

        def act() -> Answer:
            require_empty_body(request)
            row = services.take_chair(
                actor=self.viewer,
                meeting=meeting,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class MeetingEnd(MeetingApi):
    """POST ends it."""

    @schema.acted("End a meeting", schema.NO_BODY, shapes_reviews.Meeting)
    def post(self, request: Request, slug: str, meeting: uuid.UUID) -> HttpResponse:
        """What was not reached stays so; the minutes can no longer change."""

        def act() -> Answer:
            require_empty_body(request)
            row = services.end_meeting(
                actor=self.viewer,
                meeting=meeting,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


def item_to_json(item: MeetingItem) -> dict[str, Any]:
    """An item as JSON."""
    return {
        "number": item.number,
        "risk": item.risk.ref,
        "risk_version": item.risk.version,
        "outcome": item.outcome,
        "note": item.note,
        "before": item.before,
        "after": item.after,
        "due_on": day(item.due_on),
        "review": reviews.to_json(item.review) if item.review else None,
        "recorded_by": person(item.recorded_by),
        "recorded_at": time(item.recorded_at),
    }
