"""Posting messages and getting them through.

Sending happens outside any transaction, between a claim and its end. A sender that dies in between
leaves a claim that runs out; the next one sends again under the same Message-ID.
"""

import datetime as dt
import random
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from riskreg.events.policy import Audience
from riskreg.events.services import Entry, append_all
from riskreg.kernel.after_commit import after_commit
from riskreg.kernel.errors import Conflict
from riskreg.notify.channels import CHANNELS
from riskreg.notify.models import (
    AttemptOutcome,
    Channel,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Message,
    MessageAudience,
)
from riskreg.notify.policy import (
    PassingFailure,
    PermanentFailure,
    describe,
    message_id,
    wait_before,
)
from riskreg.notify.queries import claimable, next_due
from riskreg.notify.renewal import Content, renewer

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Draft:
    """A message to be posted; see ``models.Message`` for the fields."""

    key: str
    kind: str
    recipient: uuid.UUID
    address: str
    language: str
    local_day: dt.date
    content: Content
    audiences: Collection[Audience]
    unsubscribe_url: str = ""


@transaction.atomic
def post(draft: Draft, at: dt.datetime) -> Message | None:
    """Put a message and its delivery into the outbox, in the caller's transaction.

    None when a message of that key is there already, also when another writer is faster by a hair.
    """
    name = uuid.uuid4()
    row = Message(
        uuid=name,
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
        message_id=message_id(name, settings.DEFAULT_FROM_EMAIL),
    )
    Message.objects.bulk_create([row], ignore_conflicts=True)
    message = Message.objects.filter(uuid=name).first()
    if message is None:
        return None
    audiences = sorted(set(draft.audiences), key=lambda a: a.key)
    MessageAudience.objects.bulk_create(
        MessageAudience(
            message=message, register=a.register, party=a.party, whole=len(audiences) == 1
        )
        for a in audiences
    )
    delivery = Delivery.objects.create(
        message=message,
        channel=Channel.MAIL,
        state=DeliveryState.PENDING,
        allowed_attempts=settings.DELIVERY_MAX_ATTEMPTS,
        next_attempt_at=at,
        created_at=at,
    )
    after_commit("notify.deliver", str(delivery.uuid))
    return message


def withdraw(*, kind: str, recipient: uuid.UUID, reason: str) -> list[uuid.UUID]:
    """Drop messages of ``kind`` to ``recipient`` that still wait, because a newer one says it all.

    Returns the uuids of their messages. One that is being sent at this moment is left alone.
    """
    waiting = Delivery.objects.filter(
        message__recipient=recipient, message__kind=kind, state=DeliveryState.PENDING
    )
    dropped = []
    for pk, message in list(waiting.values_list("pk", "message__uuid")):
        if Delivery.objects.filter(pk=pk, state=DeliveryState.PENDING).update(
            state=DeliveryState.DROPPED, last_error=reason[:500]
        ):
            dropped.append(message)
    return dropped


def deliver(delivery: uuid.UUID, at: dt.datetime) -> str:
    """Try once to get ``delivery`` through. Returns its state afterwards.

    The empty text means that there was nothing to take: it is sent, failed, another's, not due yet
    or unknown. May be called any number of times, by any number of senders.
    """
    claim = uuid.uuid4()
    row = _claim(delivery, claim, at)
    if row is None:
        return ""
    if row.attempts > row.allowed_attempts:
        return _fail(row, claim, at, row.last_error or "its sender was interrupted every time")
    try:
        if not _renewed(row, at):
            return _end(row, claim, DeliveryState.DROPPED, AttemptOutcome.DROPPED)
        CHANNELS[row.channel](row.message)
    except PermanentFailure as error:
        return _fail(row, claim, at, describe(error), AttemptOutcome.PERMANENT)
    except PassingFailure as error:
        return _retry(row, claim, at, describe(error))
    except Exception as error:
        # Whatever else goes wrong is a fault of ours; it must stay visible and not be lost.
        log.exception("delivery_broke", delivery=str(delivery))
        return _retry(row, claim, at, describe(error))
    return _end(row, claim, DeliveryState.SENT, AttemptOutcome.SENT, sent_at=at)


def deliver_due(now: Callable[[], dt.datetime], *, seconds: float, limit: int) -> int:
    """Try what is due and was not woken, one after the other; at most ``limit``, for ``seconds``.

    Returns how many were tried. ``now`` is the clock, because the work itself takes time.
    """
    started, tried = now(), 0
    while tried < limit:
        at = now()
        if not dt.timedelta(0) <= at - started < dt.timedelta(seconds=seconds):
            break
        waiting = next_due(at)
        if waiting is None:
            break
        deliver(waiting, at)
        tried += 1
    return tried


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

    Raises ``Conflict`` while it is being sent. Who may do this is checked by the caller.
    """
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message")
        .get(uuid=delivery)
    )
    if row.state == DeliveryState.SENDING and row.claimed_until and row.claimed_until >= at:
        raise Conflict(_("This message is being sent at this moment. Look again in a minute."))
    before = row.state
    row.state = DeliveryState.PENDING
    row.claimed_by = row.claimed_until = None
    row.next_attempt_at = at
    row.allowed_attempts = row.attempts + settings.DELIVERY_MAX_ATTEMPTS
    row.last_error = ""
    row.save()
    append_all(
        [
            _entry(
                audience,
                "delivery.resent",
                row,
                at,
                {"state": [before, row.state]},
                actor,
                request_id,
            )
        ]
    )
    after_commit("notify.deliver", str(row.uuid))
    return row


def _claim(delivery: uuid.UUID, claim: uuid.UUID, at: dt.datetime) -> Delivery | None:
    lease = dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    with transaction.atomic():
        taken = Delivery.objects.filter(claimable(at), uuid=delivery).update(
            state=DeliveryState.SENDING,
            claimed_by=claim,
            claimed_until=at + lease,
            attempts=F("attempts") + 1,
        )
        if not taken:
            return None
        row = Delivery.objects.select_related("message").get(uuid=delivery)
        DeliveryAttempt.objects.filter(delivery=row, outcome="").update(outcome=AttemptOutcome.LOST)
        if row.attempts <= row.allowed_attempts:
            DeliveryAttempt.objects.create(delivery=row, number=row.attempts, started_at=at)
    return row


def _renewed(row: Delivery, at: dt.datetime) -> bool:
    """Bring the message up to date; False when there is nothing left to tell."""
    renew = renewer(row.message.kind)
    if renew is None:
        return True
    content = renew(row.message.uuid, at)
    if content is None:
        return False
    message = row.message
    message.subject, message.text, message.html = content.subject[:300], content.text, content.html
    message.save(update_fields=["subject", "text", "html"])
    return True


def _end(
    row: Delivery,
    claim: uuid.UUID,
    state: str,
    outcome: str,
    error: str = "",
    **columns: object,
) -> str:
    """End the attempt under ``claim``; a claim that was taken over meanwhile changes nothing."""
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=row.pk, claimed_by=claim).update(
            state=state, claimed_by=None, claimed_until=None, last_error=error, **columns
        )
        DeliveryAttempt.objects.filter(delivery=row, number=row.attempts).update(
            outcome=outcome, error=error
        )
    if not mine:
        log.warning("delivery_claim_lost", delivery=str(row.uuid), outcome=outcome)
        return ""
    return state


def _retry(row: Delivery, claim: uuid.UUID, at: dt.datetime, error: str) -> str:
    if row.attempts >= row.allowed_attempts:
        return _fail(row, claim, at, error, AttemptOutcome.PASSING)
    wait = wait_before(row.attempts, random.random())  # noqa: S311 - spreads load, guards nothing
    return _end(
        row,
        claim,
        DeliveryState.PENDING,
        AttemptOutcome.PASSING,
        error,
        next_attempt_at=at + wait,
    )


def _fail(
    row: Delivery, claim: uuid.UUID, at: dt.datetime, error: str, outcome: str = AttemptOutcome.LOST
) -> str:
    """Give up for good, and log it where those who look after the recipient will see it."""
    with transaction.atomic():
        state = _end(row, claim, DeliveryState.FAILED, outcome, error)
        if state:
            changes = {"error": [None, error], "attempts": [None, row.attempts]}
            audiences = MessageAudience.objects.filter(message=row.message).order_by("id")
            append_all(
                [
                    _entry(Audience(a.register, a.party), "delivery.failed", row, at, changes)
                    for a in audiences
                ]
            )
            log.warning("delivery_failed", delivery=str(row.uuid), error=error)
    return state


def _entry(
    audience: Audience,
    verb: str,
    row: Delivery,
    at: dt.datetime,
    changes: dict[str, object],
    actor: uuid.UUID | None = None,
    request_id: str = "",
) -> Entry:
    return Entry(
        audience=audience,
        verb=verb,
        subject_type="delivery",
        subject_uuid=row.uuid,
        subject_ref=f"{row.message.kind} {row.message.local_day.isoformat()}",
        at=at,
        actor=actor,
        request_id=request_id,
        changes=changes,
    )
