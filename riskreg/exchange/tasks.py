"""Begins and sends the board packs that are due before meetings. May run twice or never: what is
due stays due."""

from celery import shared_task

from riskreg.exchange.services.sendings import begin_and_finish_sendings
from riskreg.kernel import clock


@shared_task(name="exchange.tend_pack_schedules")
def tend_pack_schedules() -> None:
    """Have made what is due, and send what is made."""
    begin_and_finish_sendings(clock.now())
