"""Wakes deliveries up. A task only carries an id; every one may run twice or never."""

import uuid

from celery import shared_task

from riskreg.kernel import clock
from riskreg.notify import services

# One round must be over before the next begins, or rounds would pile up before a dead server.
ROUND_SECONDS = 25.0
ROUND_LIMIT = 500


@shared_task(name="notify.deliver")
def deliver(delivery: str) -> None:
    """Try one delivery, just posted."""
    services.deliver(uuid.UUID(delivery), clock.now())


@shared_task(name="notify.deliver_due")
def deliver_due() -> None:
    """Try what is due again, what nobody woke, and what a lost sender left behind."""
    services.deliver_due(clock.now, seconds=ROUND_SECONDS, limit=ROUND_LIMIT)
