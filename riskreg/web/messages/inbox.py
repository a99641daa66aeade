"""The inbox: what the system wrote to somebody, from all their registers, and what is new in it."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from riskreg.kernel import clock
from riskreg.kernel.errors import NotFound
from riskreg.notify.models import Message
from riskreg.notify.queries import unread_count
from riskreg.notify.services import mark_all_read, mark_read
from riskreg.register.access import inbox_of
from riskreg.web.base import signed_in_user
from riskreg.web.bilingual import LANGUAGE_TAGS

PER_PAGE = 30
ICONS = {
    "digest": "envelope",
    "interrupt": "bell-alert",
    "alarm": "exclamation-triangle",
    "comment": "chat-bubble-left-right",
    "answer": "chat-bubble-left-right",
    "unowned": "exclamation-triangle",
}


@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """One's own messages, what was not opened yet first; ``?show=unread`` has nothing else."""
    rows = inbox_of(signed_in_user(request))
    unread = unread_count(rows)
    show = "unread" if request.GET.get("show") == "unread" else "all"
    if show == "unread":
        rows = rows.filter(read_at=None)
    else:
        rows = rows.annotate(
            read=ExpressionWrapper(Q(read_at__isnull=False), BooleanField())
        ).order_by("read", "-id")
    total = unread if show == "unread" else rows.order_by().count()
    paginator = Paginator(rows, PER_PAGE)
    paginator.count = total  # known already
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "rows": [_message_row(message) for message in page],
        "page_obj": page,
        "unread": unread,
        "unread_messages": unread,  # for the top bar, known already
        "show": show,
        "now": clock.now(),
        "tabs": [
            {
                "label": pgettext("inbox", "All"),
                "url": "?show=all",
                "current": show == "all",
                "count": None if show == "unread" else total,
            },
            {
                "label": pgettext("inbox", "Unread"),
                "url": "?show=unread",
                "current": show == "unread",
                "count": unread,
            },
        ],
    }
    return render(request, "inbox/index.html", context)


@login_required
def message(request: HttpRequest, message: uuid.UUID) -> HttpResponse:
    """One message as text, with its links. Looking at it changes nothing."""
    row = _message_for(request, message)
    language = LANGUAGE_TAGS.get(row.language, row.language)
    context = {"row": _message_row(row), "now": clock.now(), "text_language": language}
    return render(request, "inbox/message.html", context)


@require_POST
@login_required
def mark_message_read(request: HttpRequest, message: uuid.UUID) -> HttpResponse:
    """Note that it was opened, and show it."""
    row = _message_for(request, message)
    mark_read(inbox_of(signed_in_user(request)), row.uuid, clock.now())
    return HttpResponseRedirect(reverse("web:inbox_message", kwargs={"message": row.uuid}))


@require_POST
@login_required
def mark_inbox_read(request: HttpRequest) -> HttpResponse:
    """Note that all of it was seen."""
    count = mark_all_read(inbox_of(signed_in_user(request)), clock.now())
    if count:
        messages.success(
            request,
            ngettext(
                "%(n)d message is marked as read.", "%(n)d messages are marked as read.", count
            )
            % {"n": count},
        )
    return HttpResponseRedirect(reverse("web:inbox"))


def _message_for(request: HttpRequest, message: uuid.UUID) -> Message:
    """The message, if it is in the inbox of who asks. Raises ``NotFound``."""
    row = inbox_of(signed_in_user(request)).filter(uuid=message).first()
    if row is None:
        raise NotFound(_("There is no such message."))
    return row


def _message_row(row: Message) -> dict[str, Any]:
    """What a line or a heading says of a message."""
    return {
        "m": row,
        "unread": row.read_at is None,
        "icon": ICONS.get(row.kind, "envelope"),
        "open_url": reverse("web:inbox_open", kwargs={"message": row.uuid}),
        "url": reverse("web:inbox_message", kwargs={"message": row.uuid}),
    }


urlpatterns = [
    path("inbox/", inbox, name="inbox"),
    path("inbox/read/", mark_inbox_read, name="inbox_read"),
    path("inbox/<uuid:message>/", message, name="inbox_message"),
    path("inbox/<uuid:message>/open/", mark_message_read, name="inbox_open"),
]
