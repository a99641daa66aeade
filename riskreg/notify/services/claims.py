"""Whose a delivery is: taking a batch, beginning and ending each of it, handing back the rest.

A delivery is ``pending``, or ``sending`` under one claim. A claim's deliveries are begun one by
one, each by an update that holds only while it is still this claim's; that counts the attempt. So a
sender that vanishes costs the attempt it was at, and the others come back as they were.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from riskreg.events.policy import Audience
from riskreg.events.services import Entry, append_all
from riskreg.kernel.clock import CLOCK_SLACK
from riskreg.notify.models import (
    AttemptOutcome,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    MessageAudience,
)
from riskreg.notify.policy import JITTER, LONGEST_WAIT
from riskreg.notify.queries.deliveries import is_due
from riskreg.notify.services.circuits import (
    admit_and_note_probe,
    end_pauses,
    release_probe_without_result,
)
from riskreg.notify.services.inbox import drop_unread_from_inbox
from riskreg.notify.services.rate_limit import take_sending_slots

log = structlog.get_logger(__name__)

RELEASE_LIMIT = 500
UNCLAIMED = {"claimed_by": None, "claimed_at": None, "claimed_until": None, "started_at": None}


@dataclass
class Batch:
    """Deliveries to one destination under one claim, in the order in which they are sent."""

    claim: uuid.UUID
    channel: str
    destination: str
    at: dt.datetime
    rows: list[Delivery] = field(default_factory=list)
    probe: bool = False


def claim_duration() -> dt.timedelta:
    """How long a claim holds, and anew from the beginning of each attempt."""
    return dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


@transaction.atomic
def claim_due(
    destination: str,
    channel: str,
    at: dt.datetime,
    limit: int,
    only: Q | None = None,
) -> Batch:
    """Take up to ``limit`` due deliveries to ``destination``, urgent and longest waiting first.

    Empty where nothing is due or free, while the destination is left alone, or when its channel has
    sent as much as it may for now. ``only`` narrows what is taken.
    """
    batch = Batch(uuid.uuid4(), channel, destination, at)
    rows = Delivery.objects.filter(is_due(at), only or Q(), destination=destination)
    rows = rows.order_by("-urgent", "next_attempt_at", "id")
    # What another is just taking is passed over (on SQLite it cannot be: writers take turns).
    keys = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
    if not keys:
        return batch
    admitted = admit_and_note_probe(destination, batch.claim, at)
    if not admitted.open_to:
        return batch
    batch.probe = admitted.probe
    keys = keys[: 1 if admitted.probe else limit]
    keys = keys[: take_sending_slots(channel, len(keys), at)]
    if not keys:
        if batch.probe:
            release_probe_without_result(destination, batch.claim, at)
        return batch
    Delivery.objects.filter(pk__in=keys).update(
        state=DeliveryState.SENDING,
        claimed_by=batch.claim,
        claimed_at=at,
        claimed_until=at + claim_duration(),
    )
    found = Delivery.objects.select_related("message").in_bulk(keys)
    batch.rows = [found[key] for key in keys]
    return batch


def claim_one(delivery: uuid.UUID, at: dt.datetime) -> Batch | None:
    """``claim_due`` for one delivery, whichever else is due. None when it is unknown."""
    row = Delivery.objects.filter(uuid=delivery).first()
    return claim_due(row.destination, row.channel, at, 1, Q(pk=row.pk)) if row else None


@dataclass(frozen=True)
class Result:
    """How an attempt ended. ``again_at`` is when the next one comes, for what stays pending."""

    state: str
    outcome: str
    at: dt.datetime
    error: str = ""
    again_at: dt.datetime | None = None


def begin_attempt(batch: Batch, row: Delivery, at: dt.datetime) -> bool:
    """Begin an attempt for ``row``; False when it is not this claim's any more."""
    mine = Delivery.objects.filter(pk=row.pk, claimed_by=batch.claim, started_at=None).update(
        attempts=F("attempts") + 1, started_at=at, claimed_until=at + claim_duration()
    )
    if mine:
        row.attempts += 1
        row.started_at = at
    return bool(mine)


def record_end_of_attempt(batch: Batch, row: Delivery, result: Result) -> str:
    """Record how the attempt for ``row`` ended. Returns the state it is in by that.

    The empty text when the claim had run out and was taken away: then only the attempt is put
    right, and what was sent counts as sent, also where it has failed since, unless somebody is
    sending it again at this moment.
    """
    columns: dict[str, object] = {"state": result.state, "last_error": result.error, **UNCLAIMED}
    if result.state == DeliveryState.SENT:
        columns["sent_at"] = result.at
    if result.again_at is not None:
        columns["next_attempt_at"] = result.again_at
    # Without a savepoint of its own: this runs for every message, mostly inside a transaction.
    with transaction.atomic(savepoint=False):
        mine = Delivery.objects.filter(pk=row.pk, claimed_by=batch.claim).update(**columns)
        if mine:
            _build_attempt(row, result.outcome, result.error).save()
            if result.state == DeliveryState.FAILED:
                _log_failure(row, result)
            elif result.state == DeliveryState.DROPPED:
                drop_unread_from_inbox([row.message_id], result.error)
            return result.state
        DeliveryAttempt.objects.filter(delivery=row, number=row.attempts).update(
            outcome=result.outcome, error=result.error
        )
        if result.state == DeliveryState.SENT:
            Delivery.objects.filter(
                pk=row.pk, state__in=[DeliveryState.PENDING, DeliveryState.FAILED]
            ).update(**columns)
    log.warning("delivery_claim_lost", delivery=str(row.uuid), outcome=result.outcome)
    return ""


# One statement is one transaction and one journey to the server. Each part of it sees the rows as
# they were before; they are different ones. Where the first finds nothing, nothing is done at all.
_SENT_AND_NEXT = """
WITH ended AS (
  UPDATE notify_delivery SET state = %(sent)s, last_error = '', sent_at = %(sent_at)s,
    claimed_by = NULL, claimed_at = NULL, claimed_until = NULL, started_at = NULL
  WHERE id = %(ended)s AND claimed_by = %(claim)s RETURNING id
), recorded AS (
  INSERT INTO notify_deliveryattempt (delivery_id, number, started_at, outcome, error)
  SELECT id, %(number)s, %(started_at)s, %(outcome)s, '' FROM ended
), begun AS (
  UPDATE notify_delivery SET attempts = attempts + 1, started_at = %(at)s, claimed_until = %(until)s
  WHERE id = %(next)s AND claimed_by = %(claim)s AND started_at IS NULL
    AND EXISTS (SELECT 1 FROM ended) RETURNING id
)
SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM begun)"""


def try_end_and_begin_at_once(
    batch: Batch, ended: Delivery, result: Result, row: Delivery, at: dt.datetime
) -> bool | None:
    """``record_end_of_attempt`` for what was sent and ``begin_attempt`` for ``row`` at once, where
    the database can.

    Returns what ``begin_attempt`` would. None when nothing was done and both are to be called: on a
    database other than PostgreSQL, after anything but a success, and when the claim was lost.
    """
    if connection.vendor != "postgresql" or result.state != DeliveryState.SENT:
        return None
    values: dict[str, Any] = {
        "sent": DeliveryState.SENT.value,
        "outcome": AttemptOutcome(result.outcome).value,
        "sent_at": result.at,
        "ended": ended.pk,
        "number": ended.attempts,
        "started_at": ended.started_at,
        "claim": batch.claim,
        "next": row.pk,
        "at": at,
        "until": at + claim_duration(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SENT_AND_NEXT, values)
        found, begun = cursor.fetchone()
    if not found:
        return None
    if begun:
        row.attempts += 1
        row.started_at = at
    return bool(begun)


def release_not_begun(batch: Batch) -> int:
    """Let go of what was claimed and not begun; it waits as before. Returns how many those are."""
    return Delivery.objects.filter(claimed_by=batch.claim, started_at=None).update(
        state=DeliveryState.PENDING, **UNCLAIMED
    )


@transaction.atomic
def release_lost_claims(at: dt.datetime) -> int:
    """Free deliveries whose claim has run out: their sender vanished. Returns how many.

    What it had not begun waits as before. What it was at counts as an attempt of which nobody knows
    how it ended; where that was the last one, the delivery has failed. A claim made in what is now
    the future has run out too, or it would hold until a clock that was set back comes round again.
    """
    lost = Delivery.objects.filter(
        Q(claimed_until__lt=at) | Q(claimed_at__gt=at + CLOCK_SLACK), state=DeliveryState.SENDING
    )
    rows = list(
        lost.select_for_update(skip_locked=True, of=("self",))
        .select_related("message")
        .order_by("claimed_until", "pk")[:RELEASE_LIMIT]
    )
    if not rows:
        return 0
    begun = [row for row in rows if row.started_at is not None]
    spent = [row for row in begun if row.attempts >= row.allowed_attempts]
    DeliveryAttempt.objects.bulk_create(_build_attempt(row, AttemptOutcome.LOST) for row in begun)
    keys = {row.pk for row in rows} - {row.pk for row in spent}
    Delivery.objects.filter(pk__in=keys).update(state=DeliveryState.PENDING, **UNCLAIMED)
    for row in spent:
        error = row.last_error or "its sender was interrupted every time"
        result = Result(DeliveryState.FAILED, AttemptOutcome.LOST, at, error)
        Delivery.objects.filter(pk=row.pk).update(state=result.state, last_error=error, **UNCLAIMED)
        _log_failure(row, result)
    log.warning("deliveries_released", count=len(rows), begun=len(begun))
    return len(rows)


def reset_future_retries(at: dt.datetime) -> int:
    """Make due what waits longer than any wait is: it was put off before the clock went back."""
    latest = at + LONGEST_WAIT * (1 + JITTER) + CLOCK_SLACK
    return Delivery.objects.filter(state=DeliveryState.PENDING, next_attempt_at__gt=latest).update(
        next_attempt_at=at
    )


@transaction.atomic
def make_waiting_due(channel: str, at: dt.datetime) -> int:
    """Let everything of ``channel`` that failed before and waits be tried now, and the servers that
    are left alone. Returns how many deliveries wait."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, channel=channel)
    end_pauses(waiting.order_by().values_list("destination", flat=True).distinct(), at)
    waiting.filter(attempts__gt=0, next_attempt_at__gt=at).update(next_attempt_at=at)
    return waiting.count()


def record_lost_attempt_and_unset_claim(row: Delivery) -> None:
    """Take ``row``, locked by the caller and saved by it, out of the hands of a lost sender."""
    if row.started_at is not None:
        _build_attempt(row, AttemptOutcome.LOST).save()
    row.claimed_by = row.claimed_at = row.claimed_until = row.started_at = None


def _build_attempt(row: Delivery, outcome: str, error: str = "") -> DeliveryAttempt:
    """The attempt that ``row`` is at, now that it is over."""
    assert row.started_at is not None  # noqa: S101 - only what was begun can end
    return DeliveryAttempt(
        delivery=row,
        number=row.attempts,
        started_at=row.started_at,
        outcome=outcome,
        error=error,
    )


def _log_failure(row: Delivery, result: Result) -> None:
    """Log a failure for good where those who look after the recipient will see it."""
    changes = {"error": [None, result.error], "attempts": [None, row.attempts]}
    audiences = MessageAudience.objects.filter(message=row.message_id).order_by("id")
    append_all(
        [
            build_entry(Audience(a.register, a.party), "delivery.failed", row, result.at, changes)
            for a in audiences
        ]
    )
    log.warning("delivery_failed", delivery=str(row.uuid), error=result.error)


def build_entry(
    audience: Audience,
    verb: str,
    row: Delivery,
    at: dt.datetime,
    changes: dict[str, object],
    actor: uuid.UUID | None = None,
    request_id: str = "",
) -> Entry:
    """What is logged of ``row``, which comes with its message."""
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
