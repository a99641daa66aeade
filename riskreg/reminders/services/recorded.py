"""A sweep, and the record that it was made: what operators see the engine's life by."""

import datetime as dt
from collections.abc import Callable

from riskreg.reminders.models import SweepRun
from riskreg.reminders.queries import LastLook
from riskreg.reminders.services.sweep import Swept, sweep

KEPT = dt.timedelta(days=7)
# What this process found done in its last sweep. Another one, or this one after a restart, looks at
# all once.
_last = LastLook()


def sweep_and_record(now: Callable[[], dt.datetime]) -> Swept:
    """``sweep`` at this moment, and a row that says when it was over and what broke.

    One that does not come to its end leaves no row, and the age of the last one grows.
    """
    started = now()
    swept = sweep(started, _last)
    finished = now()
    SweepRun.objects.create(
        started_at=started,
        finished_at=finished,
        moved=swept.moved,
        messages=swept.digests + swept.interrupts + swept.alarms + swept.announced,
        broken=swept.broken,
    )
    SweepRun.objects.filter(finished_at__lt=finished - KEPT).delete()
    return swept
