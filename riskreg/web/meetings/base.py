"""What the pages of a meeting share."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.reviews.models import Meeting
from riskreg.web.base import RegisterView


class MeetingView(RegisterView):
    """Addresses, and the way back to a meeting."""

    def page_url(self, name: str, **keys: Any) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **keys})

    def redirect_to_meeting(self, meeting: Meeting) -> HttpResponseRedirect:
        """To the meeting's page."""
        return HttpResponseRedirect(self.page_url("meeting", meeting=meeting.uuid))

    def tell_of_conflict(self, request: HttpRequest) -> None:
        """Say that somebody was faster."""
        messages.warning(request, _("Somebody changed this meeting meanwhile; look again."))
