"""Forgetting in the background."""

from celery import shared_task

from riskreg.kernel import clock
from riskreg.requests.services import purge


@shared_task(name="requests.purge")
def purge_requests() -> int:
    """Forget answers kept for more than 48 hours and drafts kept for more than one."""
    return sum(purge(clock.now()))
