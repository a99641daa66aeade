"""The whole way by the commands: backup, verify, move, and the move back."""

import io
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection, connections

from riskreg.operations.models import BackupRun, RunState
from tests import migrated
from tests.builders import World
from tests.dump import nothing_changes


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


def empty_sqlite(folder: Path) -> Path:
    """A new SQLite database with its tables made."""
    path = folder / f"{uuid.uuid4().hex}.sqlite3"
    migrated.copy_to(path)
    return path


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.BACKUP_DIR = tmp_path / "backups"
    return tmp_path


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_move_proves_that_all_arrived_and_takes_no_place_of_others(
    lived: World, folder: Path
) -> None:
    target = f"sqlite:///{empty_sqlite(folder)}"
    assert "rows and" in run("move", "--to", target)
    with nothing_changes(), pytest.raises(CommandError, match=r"^The database that .* holds data"):
        call_command("move", "--to", target)
    with pytest.raises(CommandError, match="connection"):
        call_command("move", "--to", "postgres://nobody@127.0.0.1:1/nothing")


# On PostgreSQL the database aside is the one that the move below goes to.
@pytest.mark.slow
@pytest.mark.once
@pytest.mark.process
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shared", [{"DATABASE_POOL": "4"}, {"DATABASE_POOLER": "1"}])
def test_a_backup_is_verified_aside_and_a_damaged_one_is_refused(
    lived: World, folder: Path, monkeypatch: pytest.MonkeyPatch, shared: dict[str, str]
) -> None:
    """However the connections to this database are shared."""
    for name, value in shared.items():
        monkeypatch.setenv(name, value)
    run("backup")
    (made,) = (folder / "backups").iterdir()
    assert "all of it is there" in run("verify_backup")
    made.write_bytes(made.read_bytes()[:-100])
    # In its own words, and not as those of a command within.
    with pytest.raises(CommandError, match=f"^{re.escape(made.name)} .*not the whole of one"):
        call_command("verify_backup")
    assert [r.state for r in BackupRun.objects.order_by("pk")] == [
        RunState.DONE, RunState.DONE, RunState.FAILED,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_from_postgresql_to_sqlite_and_back(lived: World, folder: Path) -> None:
    """Each move is proven by what it does; here, that both directions are."""
    name = f"moved_{uuid.uuid4().hex[:8]}"
    settings_of = connections["default"].settings_dict
    host = f"{settings_of['USER']}:{settings_of['PASSWORD']}@{settings_of['HOST']}"
    target = f"postgres://{host}:{settings_of['PORT']}/{name}"
    aside = empty_sqlite(folder)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        first = run("move", "--to", f"sqlite:///{aside}")
        second = _move_from(aside, target)
        assert first.split(" are there")[0] == second.split(" are there")[0]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _move_from(path: Path, target: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "move", "--to", target],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
