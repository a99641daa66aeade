"""Backups are made and verified when it is time, and old ones are put out of the way."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from riskreg.operations.errors import Refused
from riskreg.operations.models import BackupRun, RunKind, RunState
from riskreg.operations.queries.backups import is_due
from riskreg.operations.services import runs
from tests.builders import AT

HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.BACKUP_DIR = tmp_path
    settings.BACKUP_HOURS, settings.BACKUP_VERIFY_HOURS, settings.BACKUP_KEEP = 24, 168, 2
    return tmp_path


def had(kind: RunKind, state: RunState, hours_ago: float) -> BackupRun:
    started = AT - hours_ago * HOUR
    return BackupRun.objects.create(kind=kind, state=state, started_at=started)


@pytest.mark.parametrize(
    ("state", "hours_ago", "due"),
    [
        (RunState.DONE, 23.9, False),
        (RunState.DONE, 24, True),
        # It failed: again, but not at once.
        (RunState.FAILED, 0.4, False),
        (RunState.FAILED, 0.6, True),
        (RunState.RUNNING, 0.1, False),
    ],
)
def test_when_one_is_due(state: RunState, hours_ago: float, due: bool) -> None:
    had(RunKind.BACKUP, state, hours_ago)
    assert is_due(RunKind.BACKUP, AT) is due


def test_no_schedule_and_nothing_to_verify(settings: Any) -> None:
    assert is_due(RunKind.BACKUP, AT)
    assert not is_due(RunKind.VERIFY, AT)
    settings.BACKUP_HOURS = 0
    assert not is_due(RunKind.BACKUP, AT)
    assert runs.tend_backups(lambda: AT) == []


def test_a_failure_is_noted_with_its_reason_and_two_at_once_are_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Inside the test's own transaction, which is just what is refused.
    with pytest.raises(Refused, match="transaction of its own"):
        runs.back_up(AT)
    failed = BackupRun.objects.get()
    assert (failed.state, "transaction" in failed.detail) == (RunState.FAILED, True)
    assert list(folder.iterdir()) == []
    running = had(RunKind.BACKUP, RunState.RUNNING, 0)
    with pytest.raises(Refused, match="Another one is running"):
        runs.back_up(AT)
    # Whoever began it has died long ago.
    BackupRun.objects.filter(pk=running.pk).update(started_at=AT - 7 * HOUR)
    with pytest.raises(Refused, match="transaction of its own"):
        runs.back_up(AT)
    running.refresh_from_db()
    assert running.state == RunState.FAILED


def test_the_newest_are_kept_and_what_is_not_the_schedules_is_left(folder: Path) -> None:
    names = [f"riskreg-2026090{n}T000000Z.backup.zip" for n in range(1, 5)]
    others = ["before-restore-20260901T000000Z.backup.zip", "notes.txt"]
    for name in [*names, *others]:
        (folder / name).touch()
    had(RunKind.BACKUP, RunState.DONE, 1)
    had(RunKind.VERIFY, RunState.DONE, 1)
    assert runs.tend_backups(lambda: AT) == [f"deleted {name}" for name in names[:2]]
    assert {path.name for path in folder.iterdir()} == {*names[2:], *others}
