"""Reads of meetings: the set one could be about, the agenda, who was there."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Membership, Role
from riskreg.register.queries import active_members_for
from riskreg.register.visibility import Visibility
from riskreg.register.written import written_once
from riskreg.reviews.models import Attendance, ItemOutcome, Meeting, MeetingItem
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Position, State
from riskreg.risks.queries.lists import risk_list

MAX_ITEMS = 200


def meetings_for(viewer: Viewer) -> QuerySet[Meeting]:
    """The meetings the viewer may know of, newest first, with the state of their agenda."""
    return (
        Meeting.objects.visible_to(viewer)
        .select_related("chair", "party")
        .annotate(
            count=Count("items"),
            done=Count("items", filter=~Q(items__outcome=ItemOutcome.PENDING)),
        )
        .order_by("-started_at", "-id")
    )


def last_meeting_before(viewer: Viewer, moment: dt.datetime) -> Meeting | None:
    """The last meeting the viewer may know of that had ended before ``moment``."""
    return next(iter(_last_meeting_as_one_row(viewer, moment)), None)


@written_once()
def _last_meeting_as_one_row(viewer: Viewer, moment: dt.datetime) -> QuerySet[Meeting]:
    ended = Meeting.objects.visible_to(viewer).filter(ended_at__lt=moment)
    return ended.order_by("-ended_at", "-id")[:1]


def meeting_for(viewer: Viewer, public: uuid.UUID, *, lock: bool = False) -> Meeting:
    """The meeting of that public id. Raises ``NotFound`` also for another party's own."""
    meetings = Meeting.objects.visible_to(viewer).select_related("chair", "party")
    if lock:
        meetings = meetings.select_for_update(of=("self",), no_key=True)
    meeting = meetings.filter(uuid=public).first()
    if meeting is None:
        raise NotFound(_("There is no such meeting."))
    meeting.register = viewer.register
    return meeting


def agenda(meeting: Meeting) -> list[MeetingItem]:
    """The items in order, with what a page says of each."""
    return list(
        MeetingItem.objects.filter(meeting=meeting)
        .select_related(
            "risk__owner",
            "risk__party",
            "risk__deputy",
            "review__reviewer",
            "review__assessment__assessor",
            "review__assessment__criteria",
            "recorded_by",
        )
        .order_by("number")
    )


def numbers_of_pending_items(meeting: Meeting) -> list[int]:
    """The numbers of the items that nobody has come to yet, in order."""
    pending = MeetingItem.objects.filter(meeting=meeting, outcome=ItemOutcome.PENDING)
    return list(pending.order_by("number").values_list("number", flat=True))


def item_for(meeting: Meeting, number: int, *, lock: bool = False) -> MeetingItem:
    """Item ``number``. Raises ``NotFound``."""
    items = MeetingItem.objects.select_related("risk", "review__reviewer", "recorded_by")
    if lock:
        items = items.select_for_update(of=("self",), no_key=True)
    item = items.filter(meeting=meeting, number=number).first()
    if item is None:
        raise NotFound(_("There is no such item."))
    return item


def open_risks_for_meeting(
    viewer: Viewer, chosen: RiskFilter, visibility: str
) -> QuerySet[Position]:
    """The open risks that a meeting of that audience would go through, most urgent first.

    A shared meeting has shared risks alone. A party's own has the shared ones and its own.
    """
    rows = risk_list(viewer, chosen).filter(state=State.OPEN)
    if visibility == Visibility.SHARED:
        rows = rows.filter(visibility=Visibility.SHARED)
    return rows.order_by("risk__next_review_on", "ref_order")


def people_who_can_attend(viewer: Viewer, visibility: str) -> QuerySet[Membership]:
    """The people who may attend: all members, or the viewer's party's for its own meeting."""
    members = active_members_for(viewer).exclude(role=Role.INTEGRATION)
    if visibility == Visibility.PARTY:
        members = members.filter(party=viewer.party)
    return members


@dataclass(frozen=True)
class Attendee:
    """Somebody who attended, for which items that were recorded, and whether to the end."""

    user: User
    party: Any
    joined_at: dt.datetime
    left_at: dt.datetime | None
    items: tuple[int, ...]


def attendees(viewer: Viewer, meeting: Meeting, items: Sequence[MeetingItem]) -> list[Attendee]:
    """Who attended, in order of arrival; several stays of one person are put together."""
    rows = list(
        Attendance.objects.filter(meeting=meeting)
        .select_related("user")
        .order_by("joined_at", "id")
    )
    parties = {
        m.user_id: m.party
        for m in Membership.objects.filter(
            register=viewer.register, user__in=[row.user_id for row in rows]
        )
        .select_related("party")
        .order_by("created_at", "id")
    }
    stays: dict[int, list[Attendance]] = {}
    for row in rows:
        stays.setdefault(row.user_id, []).append(row)
    return [
        Attendee(
            user=own[0].user,
            party=parties.get(user_id),
            joined_at=own[0].joined_at,
            left_at=own[-1].left_at,
            items=tuple(
                item.number
                for item in items
                if item.recorded_at is not None
                and any(
                    stay.joined_at <= item.recorded_at
                    and (stay.left_at is None or item.recorded_at < stay.left_at)
                    for stay in own
                )
            ),
        )
        for user_id, own in stays.items()
    ]


def users_in_meeting_now(meeting: Meeting) -> list[User]:
    """Who is there now, in order of arrival."""
    rows = Attendance.objects.filter(meeting=meeting, left_at=None).select_related("user")
    return [row.user for row in rows.order_by("joined_at", "id")]
