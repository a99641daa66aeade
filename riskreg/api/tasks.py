"""Work of the API in the background."""

from celery import shared_task

from riskreg.api.idempotency import KEPT, purge
from riskreg.kernel import clock


@shared_task(name="api.purge_done_requests")
def purge_done_requests() -> int:
    """Forget the requests that were done under an Idempotency-Key more than 48 hours ago."""
    return purge(clock.now() - KEPT)
