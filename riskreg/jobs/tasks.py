"""Does steps. A task may run twice or never: the rows say what is done, the sweep what is lost."""

from celery import shared_task

from riskreg.jobs import services
from riskreg.kernel import clock


@shared_task(name="jobs.run_step")
def run_step(step: int) -> None:
    """Do one step, if it can be begun."""
    services.run_step(step, clock.now)


@shared_task(name="jobs.resend_lost")
def wake_workers_for_unclaimed_steps() -> None:
    """Send what nobody was woken for, and what a lost worker left behind."""
    services.wake_workers_for_unclaimed(clock.now())
