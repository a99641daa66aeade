"""Review meetings: pick a set, go through it on one screen, end with the minutes."""

from django.urls import path

from riskreg.web.meetings.item import MeetingItemPage
from riskreg.web.meetings.picking import MeetingList, NewMeeting
from riskreg.web.meetings.running import (
    EndMeeting,
    MeetingAttendance,
    MeetingPage,
    TakeMeetingChair,
)

urlpatterns = [
    path("meetings/", MeetingList.as_view(), name="meetings"),
    path("meetings/new/", NewMeeting.as_view(), name="meeting_new"),
    path("meetings/<uuid:meeting>/", MeetingPage.as_view(), name="meeting"),
    path(
        "meetings/<uuid:meeting>/items/<int:number>/",
        MeetingItemPage.as_view(),
        name="meeting_item",
    ),
    path(
        "meetings/<uuid:meeting>/attendance/",
        MeetingAttendance.as_view(),
        name="meeting_attendance",
    ),
    path("meetings/<uuid:meeting>/chair/", TakeMeetingChair.as_view(), name="meeting_chair"),
    path("meetings/<uuid:meeting>/end/", EndMeeting.as_view(), name="meeting_end"),
]
