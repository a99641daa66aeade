"""Putting messages into the outbox, taking them back, sending them again."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from riskreg.events.policy import Audience
from riskreg.events.services import append_all
from riskreg.kernel.after_commit import after_commit
from riskreg.kernel.errors import Conflict
from riskreg.notify.models import Channel, Delivery, DeliveryState, Message, MessageAudience
from riskreg.notify.policy import destination, message_id
from riskreg.notify.queries.deliveries import is_worker_on_its_way
from riskreg.notify.refresh import Content
from riskreg.notify.services.claims import build_entry, record_lost_attempt_and_unset_claim
from riskreg.notify.services.inbox import drop_unread_from_inbox

log = structlog.get_logger(__name__)

DELIVER = "notify.deliver"
DELIVER_DUE = "notify.deliver_due"


@dataclass(frozen=True)
class Draft:
    """A message to be posted; see ``models.Message`` for the fields.

    ``recipient`` is a person or an endpoint; of an endpoint ``address`` is its host alone.
    """

    key: str
    kind: str
    recipient: uuid.UUID
    address: str
    language: str
    local_day: dt.date
    content: Content
    audiences: Collection[Audience]
    unsubscribe_url: str = ""
    channels: tuple[str, ...] = (Channel.MAIL, Channel.INBOX)
    urgent: bool = False
    payload: Mapping[str, Any] | None = None


@transaction.atomic
def post(draft: Draft, at: dt.datetime) -> Message | None:
    """Put a message and a delivery for each channel into the outbox, in the caller's transaction.

    In the inbox it has arrived with that. A mail to somebody who has no address has failed at
    once, for all to see. None when a message of that key is there already, also when another
    writer is faster by a hair. Raises ``ValueError`` for a draft without a channel.
    """
    if not draft.channels:
        raise ValueError("a message needs a channel")
    row = Message(
        created_at=at,
        key=draft.key,
        kind=draft.kind,
        recipient=draft.recipient,
        address=draft.address,
        language=draft.language,
        local_day=draft.local_day,
        subject=draft.content.subject[:300],
        text=draft.content.text,
        html=draft.content.html,
        unsubscribe_url=draft.unsubscribe_url,
        urgent=draft.urgent,
        payload=None if draft.payload is None else dict(draft.payload),
    )
    row.message_id = message_id(row.uuid, settings.DEFAULT_FROM_EMAIL)
    Message.objects.bulk_create([row], ignore_conflicts=True)
    message = Message.objects.filter(uuid=row.uuid).first()
    if message is None:
        return None
    audiences = sorted(set(draft.audiences), key=lambda a: a.key)
    _save_audiences(message, audiences, whole=len(audiences) == 1)
    party = audiences[0].party if audiences else None
    made = Delivery.objects.bulk_create(
        _build_delivery(message, Channel(channel), party, at)
        for channel in dict.fromkeys(draft.channels)
    )
    for delivery in made:
        if delivery.state == DeliveryState.PENDING:
            _wake_workers_after_commit(delivery, at)
    return message


def add_audiences(message: Message, audiences: Collection[Audience]) -> None:
    """Note that ``message``, written anew, tells of ``audiences`` as well.

    Those it told of before look after its delivery still; once there are several, none of them may
    read its text.
    """
    rows = MessageAudience.objects.filter(message=message)
    known = {Audience(row.register, row.party) for row in rows} if audiences else set()
    if new := sorted(set(audiences) - known, key=lambda a: a.key):
        whole = len(known) + len(new) == 1
        rows.update(whole=whole)
        _save_audiences(message, new, whole=whole)


def _save_audiences(message: Message, audiences: Collection[Audience], *, whole: bool) -> None:
    MessageAudience.objects.bulk_create(
        MessageAudience(message=message, register=a.register, party=a.party, whole=whole)
        for a in audiences
    )


def _build_delivery(
    message: Message, channel: Channel, party: uuid.UUID | None, at: dt.datetime
) -> Delivery:
    state, error = DeliveryState.PENDING, ""
    if channel == Channel.INBOX:
        state = DeliveryState.SENT
    elif not message.address:
        state, error = DeliveryState.FAILED, "there is no mail address"
        log.warning("no_address", recipient=str(message.recipient), kind=message.kind)
    return Delivery(
        message=message,
        channel=channel,
        destination=destination(channel, message.address, party),
        urgent=message.urgent,
        state=state,
        allowed_attempts=settings.DELIVERY_MAX_ATTEMPTS,
        next_attempt_at=at,
        created_at=at,
        sent_at=at if state == DeliveryState.SENT else None,
        last_error=error,
    )


def _wake_workers_after_commit(row: Delivery, at: dt.datetime) -> None:
    """One word to the workers for all that a transaction posts, and none while they are at it."""
    channel, number = row.channel, row.pk
    after_commit(DELIVER_DUE, channel, needed=lambda: not is_worker_on_its_way(channel, number, at))


@transaction.atomic
def drop_waiting_messages(*, kind: str, recipient: uuid.UUID, reason: str) -> list[uuid.UUID]:
    """Drop messages of ``kind`` to ``recipient`` that still wait, because a newer one says it all.

    Goes by message: where one delivery still waited it is dropped, and with it its place in the
    inbox while nobody has opened it there. Returns the uuids of those messages, except of what went
    out through another channel or was read. One that is being sent at this moment is left alone.
    """
    waiting = Delivery.objects.filter(
        message__recipient=recipient, message__kind=kind, state=DeliveryState.PENDING
    )
    keys: set[int] = set()
    for pk, message in list(waiting.values_list("pk", "message_id")):
        if Delivery.objects.filter(pk=pk, state=DeliveryState.PENDING).update(
            state=DeliveryState.DROPPED, last_error=reason[:500]
        ):
            keys.add(message)
    if not keys:
        return []
    drop_unread_from_inbox(keys, reason)
    delivered = Delivery.objects.filter(
        message=OuterRef("pk"), state__in=[DeliveryState.SENT, DeliveryState.SENDING]
    )
    return list(
        Message.objects.filter(pk__in=keys)
        .filter(~Exists(delivered))
        .order_by("pk")
        .values_list("uuid", flat=True)
    )


@transaction.atomic
def resend(
    *,
    delivery: uuid.UUID,
    audience: Audience,
    actor: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> Delivery:
    """Send a message again, now, with a full number of attempts, under the same Message-ID.

    Raises ``Conflict`` while it is being sent, and for one in the inbox, which is there. Who may do
    this is checked by the caller.
    """
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message")
        .get(uuid=delivery)
    )
    if row.channel == Channel.INBOX:
        raise Conflict(_("What is in the inbox has arrived; there is nothing to send again."))
    if row.message.emptied_at:
        raise Conflict(_("What it said was deleted, as of every old message."))
    if row.state == DeliveryState.SENDING and row.claimed_until and row.claimed_until >= at:
        raise Conflict(_("This message is being sent at this moment. Look again in a minute."))
    before = row.state
    record_lost_attempt_and_unset_claim(row)
    row.state = DeliveryState.PENDING
    row.next_attempt_at = at
    row.allowed_attempts = row.attempts + settings.DELIVERY_MAX_ATTEMPTS
    row.last_error = ""
    row.save()
    changes: dict[str, object] = {"state": [before, row.state]}
    append_all([build_entry(audience, "delivery.resent", row, at, changes, actor, request_id)])
    after_commit(DELIVER, str(row.uuid))
    return row
