"""Backups in the background, if there is a schedule for them, forgetting what is over, and filling
what an old version left empty."""

from celery import shared_task

from riskreg.kernel import clock
from riskreg.operations.services import backfills, forgetting, runs


# Not given to a second worker while the first is at it, however long it takes.
@shared_task(name="operations.tend_backups", acks_late=False, time_limit=6 * 3600)
def tend_backups() -> list[str]:
    """Make, verify and thin out backups, as BACKUP_HOURS and its neighbours say."""
    return runs.tend_backups(clock.now)


@shared_task(name="operations.forget")
def delete_expired_records() -> dict[str, int]:
    """Delete what is older than it is kept."""
    return forgetting.delete_expired_records(clock.now())


@shared_task(name="operations.fill_again")
def run_backfills_again() -> int:
    """Fill new columns of rows that a version before this one wrote after the migrations."""
    return backfills.run_backfills_again()
