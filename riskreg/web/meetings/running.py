"""A meeting as a whole: agenda, who is there, the chair, the end and the minutes."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.permissions import permits, require
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import ItemOutcome
from riskreg.reviews.queries.meetings import (
    agenda,
    attendees,
    meeting_for,
    people_who_can_attend,
    users_in_meeting_now,
)
from riskreg.reviews.services import (
    end_meeting,
    set_attendance,
    take_chair,
)
from riskreg.web.base import posted_version_or_minus_one
from riskreg.web.meetings.base import MeetingView
from riskreg.web.meetings.minutes import agenda_rows, minutes_context
from riskreg.web.presenters import name_of_person


class MeetingPage(MeetingView):
    """While it runs: the agenda and who is there. Afterwards: the minutes, ready to be printed."""

    def get(self, request: HttpRequest, meeting: uuid.UUID) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        items = agenda(row)
        people = attendees(self.viewer, row, items)
        if not row.running:
            return self.render(
                "meetings/minutes.html", minutes_context(self.viewer, row, items, people)
            )
        here = {user.pk for user in users_in_meeting_now(row)}
        pending = [i for i in items if i.outcome == ItemOutcome.PENDING]
        context = {
            "meeting": row,
            "private": row.visibility == Visibility.PARTY,
            "chair": name_of_person(row.chair),
            "leads": row.chair_id == self.viewer.user.pk,
            "may_hold": permits(self.viewer, "meeting.hold"),
            "rows": agenda_rows(self.viewer, row, items),
            "done": len(items) - len(pending),
            "count": len(items),
            "next": self.page_url(
                "meeting_item", meeting=row.uuid, number=(pending or items)[0].number
            ),
            "members": [
                {
                    "id": str(m.user.uuid),
                    "name": name_of_person(m.user),
                    "party": m.party.name if m.party else "",
                    "here": m.user_id in here,
                    "chair": m.user_id == row.chair_id,
                }
                for m in people_who_can_attend(self.viewer, row.visibility)
            ],
            "present": [name_of_person(a.user) for a in people if a.user.pk in here],
        }
        return self.render("meetings/running.html", context)


class MeetingAttendance(MeetingView):
    """Who is there from now on."""

    def post(self, request: HttpRequest, meeting: uuid.UUID) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        try:
            set_attendance(
                actor=self.viewer,
                meeting=row.uuid,
                version=posted_version_or_minus_one(request),
                users=request.POST.getlist("users"),
                at=self.at,
            )
        except Conflict:
            self.tell_of_conflict(request)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
        else:
            messages.success(request, _("Who is there is noted."))
        return self.redirect_to_meeting(row)


class TakeMeetingChair(MeetingView):
    """Take the chair of a running meeting."""

    def post(self, request: HttpRequest, meeting: uuid.UUID) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        try:
            take_chair(
                actor=self.viewer,
                meeting=row.uuid,
                version=posted_version_or_minus_one(request),
                at=self.at,
            )
        except Conflict:
            self.tell_of_conflict(request)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
        else:
            messages.success(request, _("You lead this meeting now."))
        return self.redirect_to_meeting(row)


class EndMeeting(MeetingView):
    """Ask once more, then end it: the minutes can no longer change."""

    def get(self, request: HttpRequest, meeting: uuid.UUID) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        require(self.viewer, "meeting.hold")
        if not row.running:
            return self.redirect_to_meeting(row)
        items = agenda(row)
        context = {
            "meeting": row,
            "leads": row.chair_id == self.viewer.user.pk,
            "chair": name_of_person(row.chair),
            "waiting": [i for i in items if i.outcome == ItemOutcome.PENDING],
            "count": len(items),
        }
        return self.render("meetings/end.html", context)

    def post(self, request: HttpRequest, meeting: uuid.UUID) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        try:
            end_meeting(
                actor=self.viewer,
                meeting=row.uuid,
                version=posted_version_or_minus_one(request),
                at=self.at,
            )
        except Conflict:
            self.tell_of_conflict(request)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
        return self.redirect_to_meeting(row)
