"""Deliveries: what was written to one's own party, by every channel, and whether it got there."""

import uuid
from collections.abc import Sequence
from typing import Any

from csp.decorators import csp_replace
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.accounts.queries import users_by_uuid
from riskreg.endpoints.queries import endpoints_by_uuid
from riskreg.kernel.errors import Conflict, NotFound
from riskreg.notify.models import (
    AttemptOutcome,
    Channel,
    Circuit,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
)
from riskreg.notify.policy import host_of_destination
from riskreg.notify.queries import (
    deliveries_looked_after_by,
    messages_readable_among,
    open_circuits_holding_up,
)
from riskreg.notify.services import resend
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView

PER_PAGE = 50
TONES = {
    DeliveryState.SENT: ("ok", "check"),
    DeliveryState.FAILED: ("bad", "x-mark"),
    DeliveryState.PENDING: ("", "clock"),
    DeliveryState.SENDING: ("", "paper-airplane"),
    DeliveryState.DROPPED: ("dashed", "minus"),
}
WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)
CHANNEL_ICONS = {
    Channel.MAIL: "envelope",
    Channel.INBOX: "inbox",
    Channel.CHAT: "chat-bubble-left-right",
    Channel.WEBHOOK: "code-bracket",
}
# A mail brings its own styles and nothing else: no script, no form, nothing fetched.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "script-src": ["'none'"],
    "img-src": ["'none'"],
    "font-src": ["'none'"],
    "connect-src": ["'none'"],
    "form-action": ["'none'"],
    "manifest-src": ["'none'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


class DeliveriesView(RegisterView):
    """Managers, for people of their own party; whatever is another's is not there."""

    def delivery_of_own_party(self, delivery: uuid.UUID) -> Delivery:
        """The delivery, if the viewer's party looks after it. Raises ``NotFound``."""
        require(self.viewer, "delivery.view")
        row = deliveries_looked_after_by(self.viewer.audience).filter(uuid=delivery).first()
        if row is None:
            raise NotFound(_("There is no such delivery."))
        return row

    def is_text_readable(self, row: Delivery) -> bool:
        """Whether its text tells of nothing but what concerns the viewer's party here."""
        return row.message_id in messages_readable_among(self.viewer.audience, [row.message_id])

    def names_by_recipient(self, rows: Sequence[Delivery]) -> dict[uuid.UUID, str]:
        """What the recipients of ``rows`` are called, people and endpoints alike."""
        recipients = {d.message.recipient for d in rows}
        people = {name: str(user) for name, user in users_by_uuid(recipients).items()}
        others = recipients - set(people)
        if not others:
            return people
        found = endpoints_by_uuid(self.viewer.audience, others)
        return people | {name: row.name for name, row in found.items()}

    def page_url(self, name: str, **keys: Any) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **keys})

    def delivery_row(self, delivery: Delivery, recipient: str, readable: bool) -> dict[str, Any]:
        """What a line or a heading says of a delivery."""
        tone, icon = TONES[DeliveryState(delivery.state)]
        return {
            "d": delivery,
            "channel": capfirst(delivery.get_channel_display()),
            "channel_icon": CHANNEL_ICONS[Channel(delivery.channel)],
            "m": delivery.message,
            "recipient": recipient,
            "subject": delivery.message.subject if readable else "",
            "state": capfirst(delivery.get_state_display()),
            "tone": tone,
            "icon": icon,
            "url": self.page_url("delivery", delivery=delivery.uuid),
            "again": delivery.next_attempt_at
            if delivery.state == DeliveryState.PENDING and delivery.attempts
            else None,
        }


class DeliveryList(DeliveriesView):
    """Every delivery to the people, chats and webhooks of one's party, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """``?show=`` all (the default), failed, waiting or sent; ``?channel=`` one of them.

        An unknown one is taken as all.
        """
        require(self.viewer, "delivery.view")
        rows = deliveries_looked_after_by(self.viewer.audience)
        channel = request.GET.get("channel", "")
        if channel in Channel.values:
            rows = rows.filter(channel=channel)
        else:
            channel = ""
        kinds = {
            "all": (pgettext("deliveries", "All"), Q()),
            "failed": (pgettext("deliveries", "Failed"), Q(state=DeliveryState.FAILED)),
            "waiting": (pgettext("deliveries", "Waiting"), Q(state__in=WAITING)),
            "sent": (pgettext("deliveries", "Sent"), Q(state=DeliveryState.SENT)),
        }
        show = request.GET.get("show", "all")
        if show not in kinds:
            show = "all"
        counts = rows.order_by().aggregate(
            **{key: Count("id", filter=condition) for key, (_label, condition) in kinds.items()}
        )
        paginator = Paginator(rows.filter(kinds[show][1]), PER_PAGE)
        paginator.count = counts[show]  # known already
        page = paginator.get_page(request.GET.get("page"))
        listed = list(page)
        readable = messages_readable_among(self.viewer.audience, [d.message_id for d in listed])
        names = self.names_by_recipient(listed)
        context = {
            "page_obj": page,
            "rows": [
                self.delivery_row(
                    d,
                    names.get(d.message.recipient, d.message.address),
                    d.message_id in readable,
                )
                for d in listed
            ],
            "circuits": [_circuit_row(c) for c in open_circuits_holding_up(self.viewer.audience)],
            "channels": [
                {
                    "label": label,
                    "url": f"?show={show}&channel={key}" if key else f"?show={show}",
                    "current": key == channel,
                }
                for key, label in (
                    ("", pgettext("deliveries", "All channels")),
                    *((key, capfirst(label)) for key, label in Channel.choices),
                )
            ],
            "tabs": [
                {
                    "label": label,
                    "url": f"?show={key}&channel={channel}" if channel else f"?show={key}",
                    "current": key == show,
                    "count": counts[key],
                }
                for key, (label, _condition) in kinds.items()
            ],
            "failed": counts["failed"],
            "show": show,
        }
        return self.render("deliveries/index.html", context)


class DeliveryDetail(DeliveriesView):
    """One delivery: every attempt, and the text as it was last written."""

    def get(self, request: HttpRequest, delivery: uuid.UUID) -> HttpResponse:
        """The text only where it tells of nothing but this register and party."""
        return self._page(self.delivery_of_own_party(delivery))

    def _page(self, row: Delivery, status: int = 200) -> HttpResponse:
        readable = self.is_text_readable(row)
        recipient = self.names_by_recipient([row]).get(row.message.recipient, row.message.address)
        over = row.state not in WAITING
        context = {
            "row": self.delivery_row(row, recipient, readable),
            "readable": readable,
            "html_url": self.page_url("delivery_html", delivery=row.uuid)
            if row.message.html
            else "",
            "running": row.started_at,
            "number": row.attempts,
            "tries": [
                {"t": t, "outcome": capfirst(_outcome_text(t, is_last_attempt=over and n == 0))}
                for n, t in enumerate(row.tries.order_by("-number"))
            ],
            "may_resend": row.state != DeliveryState.SENDING
            and row.channel != Channel.INBOX
            and not row.message.emptied_at,
            "is_mail": row.channel == Channel.MAIL,
        }
        return self.render("deliveries/detail.html", context, status)


@method_decorator(csp_replace(MAIL_POLICY), name="dispatch")
class DeliveryHtml(DeliveriesView):
    """The mail as its reader sees it, under a policy of its own that lets it do nothing."""

    def get(self, request: HttpRequest, delivery: uuid.UUID) -> HttpResponse:
        """The HTML of the mail. Raises ``NotFound`` where its text may not be read."""
        row = self.delivery_of_own_party(delivery)
        if not row.message.html or not self.is_text_readable(row):
            raise NotFound(_("There is no such delivery."))
        return HttpResponse(row.message.html)


class DeliveryResend(DeliveriesView):
    """Send a message again."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, delivery: uuid.UUID) -> HttpResponse:
        """Put it back into the outbox; the page then says how it goes."""
        row = self.delivery_of_own_party(delivery)
        try:
            resend(
                delivery=row.uuid,
                audience=self.viewer.audience,
                actor=self.viewer.user.uuid,
                at=self.at,
                request_id=self.viewer.request_id,
            )
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
        else:
            messages.success(
                request,
                _("It is on its way again. What is no longer due will be left out."),
            )
        return HttpResponseRedirect(self.page_url("delivery", delivery=row.uuid))


def _outcome_text(attempt: DeliveryAttempt, *, is_last_attempt: bool) -> str:
    """How an attempt ended; ``is_last_attempt``: no other follows, also where it might have."""
    if is_last_attempt and attempt.outcome == AttemptOutcome.PASSING:
        return pgettext("attempt", "failed, was the last attempt")
    return str(attempt.get_outcome_display())


def _circuit_row(row: Circuit) -> dict[str, Any]:
    """A server that is left alone for now."""
    return {
        "server": host_of_destination(row.destination) or _("the mail server"),
        "until": row.paused_until,
        "since": row.opened_at,
        "error": row.last_error,
    }


urlpatterns = [
    path("deliveries/", DeliveryList.as_view(), name="deliveries"),
    path("deliveries/<uuid:delivery>/", DeliveryDetail.as_view(), name="delivery"),
    path("deliveries/<uuid:delivery>/mail/", DeliveryHtml.as_view(), name="delivery_html"),
    path("deliveries/<uuid:delivery>/resend/", DeliveryResend.as_view(), name="delivery_resend"),
]
