"""Backups as they should be: made in time, verified, and old ones put out of the way."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from riskreg.kernel import clock
from riskreg.operations.errors import Refused
from riskreg.operations.models import BackupRun, RunKind, RunState
from riskreg.operations.queries.backups import is_due, newest_backup
from riskreg.operations.services.aside import verify_backup
from riskreg.operations.services.backing_up import (
    ENDING,
    PREFIX,
    make_backup,
    new_backup_name,
    require_tables_of_this_version,
)

log = structlog.get_logger(__name__)

# Whoever began one and has not come to an end by then has died; or the clock was ahead.
_LOST_AFTER = dt.timedelta(hours=6)
_RUNS_KEPT = 200


def back_up(at: dt.datetime, to: Path | None = None) -> Path:
    """Make a backup in BACKUP_DIR, or at ``to`` (a folder or a file), and note that it was made.

    Raises ``Refused``, which is noted as well where this version knows the tables.
    """
    require_tables_of_this_version()
    path = (
        to if to is not None and not to.is_dir() else (to or backup_folder()) / new_backup_name(at)
    )
    _run_and_record(RunKind.BACKUP, at, path, lambda: make_backup(path, at))
    return path


def restore_aside_and_record(at: dt.datetime, path: Path | None = None) -> Path:
    """Restore a backup aside, the newest of BACKUP_DIR if none is named, and note what came of it.

    Raises ``Refused``, which is noted as well.
    """
    path = path or newest_backup()
    if path is None:
        raise Refused(f"There is no backup in {backup_folder()}.")
    _run_and_record(RunKind.VERIFY, at, path, lambda: verify_backup(path))
    return path


def tend_backups(now: Callable[[], dt.datetime]) -> list[str]:
    """Do what is due of making, verifying and thinning out; returns what was done.

    A failure is logged and noted; the next call tries again.
    """
    done = []
    for kind, act in ((RunKind.BACKUP, back_up), (RunKind.VERIFY, restore_aside_and_record)):
        if not is_due(kind, now()):
            continue
        try:
            act(now())
            done.append(str(kind))
        except Refused as error:
            log.error("backup_failed", kind=kind, error=str(error))
    for path in backups_beyond_keep():
        path.unlink(missing_ok=True)
        done.append(f"deleted {path.name}")
    return done


def backups_beyond_keep() -> list[Path]:
    """Backups of the schedule beyond the BACKUP_KEEP newest."""
    if not settings.BACKUP_KEEP:
        return []
    return sorted(backup_folder().glob(f"{PREFIX}*{ENDING}"))[: -settings.BACKUP_KEEP]


def backup_folder() -> Path:
    """BACKUP_DIR."""
    return Path(settings.BACKUP_DIR)


def _run_and_record(kind: RunKind, at: dt.datetime, path: Path, act: Callable[[], object]) -> None:
    run = _begin_run(kind, at)
    run.name = path.name[:200]
    try:
        act()
    except Exception as error:
        run.state, run.detail = RunState.FAILED, str(error)[:2000]
        raise
    else:
        run.state, run.size = RunState.DONE, path.stat().st_size
    finally:
        run.finished_at = clock.now()
        run.save()
    kept = BackupRun.objects.order_by("-pk").values_list("pk", flat=True)[:_RUNS_KEPT]
    BackupRun.objects.exclude(pk__in=list(kept)).delete()


def _begin_run(kind: RunKind, at: dt.datetime) -> BackupRun:
    BackupRun.objects.filter(
        Q(started_at__lt=at - _LOST_AFTER) | Q(started_at__gt=at + clock.CLOCK_SLACK),
        kind=kind,
        state=RunState.RUNNING,
    ).update(state=RunState.FAILED, finished_at=at, detail="It did not come to an end.")
    try:
        with transaction.atomic():
            return BackupRun.objects.create(kind=kind, state=RunState.RUNNING, started_at=at)
    except IntegrityError as error:
        raise Refused(
            "Another one is running. One that was killed counts as failed "
            f"{_LOST_AFTER // dt.timedelta(hours=1)} hours after it began."
        ) from error
