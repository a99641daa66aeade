"""The regular look at all ladders."""

from dataclasses import asdict

from celery import shared_task

from riskreg.kernel import clock
from riskreg.reminders.services.recorded import sweep_and_record


@shared_task(name="reminders.sweep")
def sweep() -> dict[str, int]:
    """Bring every ladder to where it should be now; running twice changes nothing."""
    return asdict(sweep_and_record(clock.now))
