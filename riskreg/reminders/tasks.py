"""The regular look at all ladders."""

from celery import shared_task

from riskreg.kernel import clock
from riskreg.reminders import services


@shared_task(name="reminders.sweep")
def sweep() -> None:
    """Bring every ladder to where it should be now; running twice changes nothing."""
    services.sweep(clock.now())
