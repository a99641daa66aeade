"""Getting messages through, in batches: one connection, one end recorded before the next begins.

Sending happens outside any transaction. A sender that dies leaves a claim that runs out; whatever
it was at is then sent again under the same Message-ID, and the rest of its batch for the first
time.
"""

import datetime as dt
import math
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from django.db import transaction

from riskreg.kernel.after_commit import after_commit, send_task_or_log_failure
from riskreg.notify.channels import CHANNELS, Sender
from riskreg.notify.models import AttemptOutcome, Delivery, DeliveryState
from riskreg.notify.policy import (
    PassingFailure,
    PermanentFailure,
    describe,
    wait_after_attempt,
)
from riskreg.notify.queries.deliveries import due_delivery_count, due_destinations
from riskreg.notify.refresh import MessageOfKind, messages_to_refresh, refresher
from riskreg.notify.services.circuits import (
    close_circuit_after_success,
    record_failure,
    release_probe_without_result,
)
from riskreg.notify.services.claims import (
    Batch,
    Result,
    begin_attempt,
    claim_due,
    claim_duration,
    claim_one,
    make_waiting_due,
    record_end_of_attempt,
    release_lost_claims,
    release_not_begun,
    reset_future_retries,
    try_end_and_begin_at_once,
)
from riskreg.notify.services.outbox import DELIVER_DUE, add_audiences
from riskreg.notify.services.rate_limit import claim_next_wake_up, per_minute_limit_of

log = structlog.get_logger(__name__)

# What is asked for once for a whole batch makes long ones quick; of the last mails each sender gets
# a part, or one would send while the others have nothing left to do.
BATCH, SMALLEST, PARTS = 100, 20, 4
Clock = Callable[[], dt.datetime]


def never_stop() -> bool:
    """Nobody asks this sender to stop."""
    return False


def deliver(delivery: uuid.UUID, at: dt.datetime) -> str:
    """Try once to get ``delivery`` through. Returns its state afterwards.

    The empty text means that there was nothing to take: it is sent, failed, another's, not due yet
    or unknown, its server is left alone, or its channel has sent enough for now. May be called any
    number of times, by any number of senders.
    """
    release_lost_claims(at)
    batch = claim_one(delivery, at)
    if batch is None or not batch.rows:
        return ""
    sent = _Batch(batch, lambda: at, never_stop)
    sent.run()
    return sent.states[0] if sent.states else ""


def deliver_due(
    now: Clock,
    *,
    seconds: float,
    limit: int,
    stop: Callable[[], bool] = never_stop,
    channel: str | None = None,
) -> int:
    """Try what is due, batch by batch; at most ``limit``, for ``seconds``, until ``stop()``.

    Returns how many were tried. ``now`` is the clock, because the work itself takes time.
    ``channel`` keeps to one. What is left at the end wakes the next round.
    """
    started = now()
    release_lost_claims(started)
    reset_future_retries(started)
    tried = 0
    for destination, its in due_destinations(started):
        if channel not in (None, its):
            continue
        while tried < limit and not stop():
            at = now()
            if not dt.timedelta(0) <= at - started < dt.timedelta(seconds=seconds):
                send_task_or_log_failure(DELIVER_DUE, its)
                return tried
            waiting = due_delivery_count(destination, at, BATCH * PARTS)
            share = min(BATCH, max(SMALLEST, math.ceil(waiting / PARTS)))
            batch = claim_due(destination, its, at, min(share, limit - tried))
            if not batch.rows:
                _wake_up_later(its, at)
                break
            if waiting > len(batch.rows) == share:
                # There is more than one sender's share: one more may help.
                send_task_or_log_failure(DELIVER_DUE, its)
            sending = _Batch(batch, now, stop)
            sending.run()
            tried += len(sending.states)
            if sending.gave_up:
                break
        if tried >= limit:
            send_task_or_log_failure(DELIVER_DUE, its)
            break
    return tried


def make_waiting_due_and_wake_workers(channel: str, at: dt.datetime) -> int:
    """Try what waits after failures now, and not when its turn comes: the server was mended.

    Returns how many deliveries of ``channel`` wait. Nothing is sent in here: workers are woken. Who
    may do this is checked by the caller.
    """
    waiting = make_waiting_due(channel, at)
    after_commit(DELIVER_DUE, channel)
    return waiting


def _wake_up_later(channel: str, at: dt.datetime) -> None:
    if per_minute_limit_of(channel) <= 0:
        return
    seconds = claim_next_wake_up(channel, at)
    if seconds is not None:
        send_task_or_log_failure(DELIVER_DUE, channel, seconds=seconds)


@dataclass
class _Batch:
    """The sending of one batch. ``states``: of each that was begun, its state afterwards."""

    batch: Batch
    now: Clock
    stop: Callable[[], bool]
    states: list[str] = field(default_factory=list)
    gave_up: bool = False
    _ended: tuple[Delivery, Result] | None = None
    _heard: bool = False

    def run(self) -> None:
        """Send what is there; what is not begun is handed back."""
        sender = CHANNELS[self.batch.channel]()
        try:
            self._send_all(sender)
        except (Exception, SystemExit, KeyboardInterrupt):
            release_not_begun(self.batch)
            raise
        finally:
            sender.close()

    def _send_all(self, sender: Sender) -> None:
        rows, begun = self.batch.rows, 0
        messages = [MessageOfKind(row.message.uuid, row.message.kind) for row in rows]
        stale = messages_to_refresh(messages, self.batch.at)
        for row in rows:
            at = self.now()
            if self.gave_up or self.stop() or not self._is_in_time_to_begin(at):
                break
            begun += 1
            if self._record_last_end_and_begin(row, at):
                self._try_to_send(sender, row, at, refresh=row.message.uuid in stale)
        self._record_last_end()
        if begun < len(rows):
            self.gave_up = True
            release_not_begun(self.batch)
            if self.batch.probe:
                release_probe_without_result(
                    self.batch.destination, self.batch.claim, self.batch.at
                )

    def _is_in_time_to_begin(self, at: dt.datetime) -> bool:
        """Whether another may be begun: early enough in the lease, and by a clock that goes on."""
        return dt.timedelta(0) <= at - self.batch.at <= claim_duration() / 2

    def _record_last_end_and_begin(self, row: Delivery, at: dt.datetime) -> bool:
        """Record how the one before ended and that this one begins, in one transaction."""
        if self._ended is not None:
            before, result = self._ended
            begun = try_end_and_begin_at_once(self.batch, before, result, row, at)
            if begun is not None:
                self.states.append(result.state)
                self._ended = None
                return begun
        with transaction.atomic():
            self._record_last_end()
            return begin_attempt(self.batch, row, at)

    def _record_last_end(self) -> None:
        if self._ended is not None:
            row, result = self._ended
            self.states.append(record_end_of_attempt(self.batch, row, result))
            self._ended = None

    def _try_to_send(
        self, sender: Sender, row: Delivery, at: dt.datetime, *, refresh: bool
    ) -> None:
        failure: PassingFailure | None = None
        try:
            if refresh and not _save_current_content_or_false(row, at):
                result = Result(DeliveryState.DROPPED, AttemptOutcome.DROPPED, at)
            else:
                sender.send(row.message, at)
                result = Result(DeliveryState.SENT, AttemptOutcome.SENT, at)
        except PermanentFailure as error:
            message = describe(error)
            result = Result(DeliveryState.FAILED, AttemptOutcome.PERMANENT, at, message)
        except PassingFailure as error:
            failure = error
            result = _result_of_passing_failure(row, at, describe(error), error.retry_after)
        except Exception as error:
            # Whatever else goes wrong is a fault of ours; it must stay visible and not be lost.
            log.exception("delivery_broke", delivery=str(row.uuid))
            result = _result_of_passing_failure(row, at, describe(error))
        self._ended = (row, result)
        self._record_server_state(failure, result, at)

    def _record_server_state(
        self, failure: PassingFailure | None, result: Result, at: dt.datetime
    ) -> None:
        """What the attempt says of the server: recorded once the attempt itself is."""
        destination, claimed = self.batch.destination, self.batch.claim
        if failure is not None and failure.of_server:
            self._record_last_end()
            self._heard = False
            self.gave_up = record_failure(destination, claimed, result.error, at)
        elif result.state == DeliveryState.SENT:
            if not self._heard:
                self._record_last_end()
                close_circuit_after_success(destination)
                self._heard = True
        elif self.batch.probe:
            self._record_last_end()
            release_probe_without_result(destination, claimed, at)


def _result_of_passing_failure(
    row: Delivery, at: dt.datetime, error: str, retry_after: dt.timedelta | None = None
) -> Result:
    if row.attempts >= row.allowed_attempts:
        return Result(DeliveryState.FAILED, AttemptOutcome.PASSING, at, error)
    wait = wait_after_attempt(row.attempts, random.random(), retry_after)  # noqa: S311 - not a secret
    return Result(DeliveryState.PENDING, AttemptOutcome.PASSING, at, error, at + wait)


def _save_current_content_or_false(row: Delivery, at: dt.datetime) -> bool:
    """Bring the message up to date; False when there is nothing left to tell."""
    asked = refresher(row.message.kind)
    if asked is None:
        return True
    content = asked.content_now(row.message.uuid, at)
    if content is None:
        return False
    message = row.message
    message.subject, message.text, message.html = content.subject[:300], content.text, content.html
    if content.payload is not None:
        message.payload = dict(content.payload)
    if content.address is not None:
        message.address = content.address
    with transaction.atomic():
        # First who may read it, or a text would for a moment be open to who may not.
        add_audiences(message, content.audiences or ())
        message.save(update_fields=["subject", "text", "html", "payload", "address"])
    return True
