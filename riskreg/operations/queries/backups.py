"""How old the last proof is that this system could be brought back."""

import datetime as dt
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from riskreg.kernel.clock import CLOCK_SLACK
from riskreg.operations.models import BackupRun, RunKind, RunState

_HOURS = {RunKind.BACKUP: "BACKUP_HOURS", RunKind.VERIFY: "BACKUP_VERIFY_HOURS"}
# After a failure it is tried again, but not at once.
_AGAIN_AFTER = dt.timedelta(minutes=30)


def last_successful_run(kind: RunKind, at: dt.datetime) -> BackupRun | None:
    """The last one by ``at`` that succeeded."""
    return _runs_begun_by_newest_first(at, kind).filter(state=RunState.DONE).first()


def last_run(kind: RunKind, at: dt.datetime) -> BackupRun | None:
    """The last one by ``at``, whatever came of it."""
    return _runs_begun_by_newest_first(at, kind).first()


def _runs_begun_by_newest_first(at: dt.datetime, kind: RunKind) -> QuerySet[BackupRun]:
    # One that a clock has begun which was ahead would keep the next from its time.
    begun = BackupRun.objects.filter(kind=kind, started_at__lte=at + CLOCK_SLACK)
    return begun.order_by("-started_at", "-pk")


def is_due(kind: RunKind, at: dt.datetime) -> bool:
    """Whether it is time for one, by the schedule; never where there is none (0 hours)."""
    hours: float = getattr(settings, _HOURS[kind])
    if not hours:
        return False
    if kind == RunKind.VERIFY and newest_backup() is None:
        return False
    done, tried = last_successful_run(kind, at), last_run(kind, at)
    if tried and tried.state != RunState.DONE and tried.started_at > at - _AGAIN_AFTER:
        return False
    return done is None or done.started_at <= at - dt.timedelta(hours=hours)


def newest_backup() -> Path | None:
    """The newest file of the schedule in BACKUP_DIR."""
    found = sorted(Path(settings.BACKUP_DIR).glob("riskreg-*.backup.zip"))
    return found[-1] if found else None
