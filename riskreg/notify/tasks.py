"""Wakes deliveries up. A task carries an id at most; every one may run twice or never."""

import mmap
import uuid
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from riskreg.kernel import clock
from riskreg.notify import services

# One round must be over before the next begins, or rounds would pile up before a dead server.
ROUND_SECONDS = 25.0
ROUND_LIMIT = 20_000

# One byte that a worker shares with the processes it forks later: they are not told when it is
# asked to stop, and would go on for a whole round.
_leaving = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def mark_worker_leaving(**_: Any) -> None:
    """Make the senders of this worker finish the message they are at and hand back the others."""
    _leaving[0] = 1


def is_leaving() -> bool:
    """Whether this worker was asked to stop."""
    return bool(_leaving[0])


@shared_task(name="notify.deliver")
def deliver(delivery: str) -> None:
    """Try one delivery that somebody waits for."""
    services.deliver(uuid.UUID(delivery), clock.now())


@shared_task(name="notify.deliver_due")
def deliver_due(channel: str | None = None) -> None:
    """Try what is due, what nobody was woken for, and what a lost sender left behind."""
    services.deliver_due(
        clock.now, seconds=ROUND_SECONDS, limit=ROUND_LIMIT, stop=is_leaving, channel=channel
    )
