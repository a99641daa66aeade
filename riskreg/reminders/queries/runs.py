"""When the engine last did all that it promises, and what it has not come to."""

import datetime as dt

from riskreg.reminders.models import Reminder, ReminderState, SweepRun

# Whoever is there every day has a digest within a day of the rung, and two hours of the clock.
PATIENCE = dt.timedelta(hours=26)


def last_sweep() -> SweepRun | None:
    """The last sweep that came to its end."""
    return SweepRun.objects.order_by("-finished_at").first()


def last_whole_sweep() -> SweepRun | None:
    """The last one in which nothing broke."""
    return SweepRun.objects.filter(broken=0).order_by("-finished_at").first()


def untold(at: dt.datetime) -> int:
    """How many reminders have waited longer than a day for somebody to be told of them."""
    return Reminder.objects.filter(
        state=ReminderState.DUE, created_at__lt=at - PATIENCE, register__archived_at=None
    ).count()
