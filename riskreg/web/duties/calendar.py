"""A person's duties as a calendar feed: a secret address that needs no sign-in.

What is in it is what its owner may know of at that moment. An address that is unknown, revoked, or
whose owner has left is answered alike, with 404, after the same single look-up.
"""

import datetime as dt
import hashlib
import uuid

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from riskreg.accounts.models import User
from riskreg.accounts.queries import live_feed_of_secret
from riskreg.accounts.services.last_use import note_day_of_feed_use
from riskreg.duties.queries import agenda
from riskreg.duties.sources import Duty
from riskreg.kernel import clock
from riskreg.kernel.besides import write_or_log_failure
from riskreg.register.access import Viewer, as_viewer, present_memberships_of
from riskreg.web.duties.labels import discharge_text, headline

# More than anybody answers for; a calendar program gives up on far fewer.
LIMIT = 2000
_EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def feed_address(secret: str) -> str:
    """The whole address of a feed."""
    return f"{settings.BASE_URL}{reverse('web:calendar_feed', kwargs={'secret': secret})}"


@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar of whoever made this address."""
    feed = live_feed_of_secret(secret)
    if feed is None:
        raise Http404
    at = clock.now()
    viewers = [as_viewer(feed.user, row) for row in present_memberships_of(feed.user)]
    if not viewers:
        raise Http404
    day = clock.local_date(at, "UTC")
    if feed.last_used_on != day:
        write_or_log_failure("calendar_used", lambda: note_day_of_feed_use(feed, day))
    with translation.override(feed.user.language):
        body, changed = _calendar_and_last_change(feed.user, viewers, at)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = [
        t.strip().removeprefix("W/") for t in request.headers.get("If-None-Match", "").split(",")
    ]
    if tag in known:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="riskreg.ics"'
        response["Content-Language"] = feed.user.language
    response["ETag"] = tag
    response["Last-Modified"] = http_date(changed.timestamp())
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response


def _calendar_and_last_change(
    user: User, viewers: list[Viewer], at: dt.datetime
) -> tuple[bytes, dt.datetime]:
    """The calendar as it is sent, and when something in it last changed."""
    calendar = Calendar()
    calendar.add("prodid", "-//riskreg//duties//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Risk register: my duties"))
    calendar.add("x-wr-timezone", user.time_zone)
    calendar.add("refresh-interval", dt.timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", dt.timedelta(hours=1))
    changed = _EPOCH
    for viewer in (v for v in viewers if v.register.archived_at is None):
        wanted = agenda.Wanted(
            today=viewer.today(at), people=agenda.ids_of_self_and_stood_in_for(viewer)
        )
        duties = agenda.duties_for(viewer, wanted, LIMIT).duties
        facts, times = agenda.status_texts(duties), agenda.last_change_by_duty(duties)
        for duty in duties:
            changed = max(changed, times[duty.key])
            calendar.add_component(_entry(viewer, duty, facts.get(duty.key, ""), times[duty.key]))
    return calendar.to_ical(), changed


def _entry(viewer: Viewer, duty: Duty, facts: str, changed: dt.datetime) -> Event:
    """One duty as an entry for its whole day, the register's day, which no zone shifts.

    Its UID is the duty's: one that moves to another date moves in the calendar as well.
    """
    assert duty.due_on is not None  # noqa: S101 - open rows have a date
    link = duty.absolute_url(viewer.register.slug)
    extended = ""
    if duty.extended_until is not None:
        extended = _("extended until %(day)s; the due date stays") % {
            "day": date_format(duty.extended_until, "DATE_FORMAT")
        }
    stands_in = ""
    if viewer.user.pk not in (duty.owner_id, duty.deputy_id):
        stands_in = _("you stand in for somebody who is away")
    lines = [facts, extended, stands_in, discharge_text(duty.kind), viewer.register.name, link]
    entry = Event()
    entry.add("uid", f"{uuid.uuid5(duty.subject, duty.kind)}@riskreg")
    entry.add("dtstamp", changed)
    entry.add("last-modified", changed)
    entry.add("sequence", max(0, int((changed - _EPOCH).total_seconds() // 60)))
    entry.add("dtstart", duty.due_on)
    entry.add("dtend", duty.due_on + dt.timedelta(days=1))
    entry.add("summary", headline(duty))
    entry.add("description", "\n".join(line for line in lines if line))
    entry.add("url", link)
    entry.add("categories", [viewer.register.name])
    entry.add("class", "PRIVATE")
    entry.add("transp", "TRANSPARENT")
    entry.add("status", "CONFIRMED")
    return entry


urlpatterns = [path("calendar/<str:secret>.ics", calendar_feed, name="calendar_feed")]
