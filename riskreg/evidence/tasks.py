"""Evidence in the background: bytes that nobody needs."""

from celery import shared_task

from riskreg.evidence import services
from riskreg.kernel import clock


@shared_task(name="evidence.sweep")
def delete_unneeded_files() -> int:
    """Delete the bytes of uploads that came to nothing."""
    return services.delete_unneeded_files(clock.now())
