"""When the engine last did all that it promises, and what it has not come to."""

import datetime as dt

from django.db.models import QuerySet

from riskreg.kernel.clock import CLOCK_SLACK
from riskreg.reminders.models import Reminder, ReminderState, SweepRun

# Whoever is there every day has a digest within a day of the rung, and two hours of the clock.
PATIENCE = dt.timedelta(hours=26)


def last_sweep(at: dt.datetime) -> SweepRun | None:
    """The last sweep that came to its end by ``at``."""
    return _sweeps_by(at).first()


def last_whole_sweep(at: dt.datetime) -> SweepRun | None:
    """The last one by ``at`` in which nothing broke."""
    return _sweeps_by(at).filter(broken=0).first()


def _sweeps_by(at: dt.datetime) -> QuerySet[SweepRun]:
    # What a clock that was ahead has written proves nothing of now.
    return SweepRun.objects.filter(finished_at__lte=at + CLOCK_SLACK).order_by("-finished_at")


def count_of_long_untold(at: dt.datetime) -> int:
    """How many reminders have waited longer than a day for somebody to be told of them."""
    return Reminder.objects.filter(
        state=ReminderState.DUE, created_at__lt=at - PATIENCE, register__archived_at=None
    ).count()
