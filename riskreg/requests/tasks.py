"""Forgetting in the background."""

from celery import shared_task

from riskreg.kernel import clock
from riskreg.requests.services import purge_expired


@shared_task(name="requests.purge")
def purge_expired_requests_and_drafts() -> int:
    """Forget answers kept for more than 48 hours and drafts kept for more than one."""
    return sum(purge_expired(clock.now()))
