"""Another database than this process's own: a copy beside it, or the one that is moved to."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from riskreg.operations.errors import Refused


def restore_into(
    database_url: str, path: Path, *options: str, files_in: Path | None = None
) -> dict[str, Any]:
    """Restore ``path`` by a command of its own into the database at ``database_url``.

    The tables are made there first, if there are none. ``files_in``: attached files go into that
    folder, and not to where this system keeps them. Returns what the command says. Raises
    ``Refused`` with its reason.
    """
    command = [
        sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(path), "--json",
        *options,
    ]  # fmt: skip
    files = {"EVIDENCE_DIR": str(files_in or settings.EVIDENCE_DIR)}
    if files_in is not None:
        files |= dict.fromkeys(
            ("EVIDENCE_BUCKET", "EVIDENCE_BUCKET_ENDPOINT", "EVIDENCE_BUCKET_REGION"), ""
        )
    # What stands before this database says nothing of the other one.
    direct = {"DATABASE_POOL": "0", "DATABASE_POOLER": "0", "DATABASE_REPLICA_URL": ""}
    done = subprocess.run(  # noqa: S603
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database_url, **direct, **files},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        reason = (lines or ["The command that restores ended without a word."])[-1]
        raise Refused(reason.removeprefix("CommandError: "))
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def verify_backup(path: Path) -> dict[str, Any]:
    """Restore ``path`` into a database of its own, which is thrown away; see
    ``restoring.require_database_as_in_backup``.

    Raises ``Refused`` when it could not be restored.
    """
    with tempfile.TemporaryDirectory(prefix="riskreg-verify-") as folder:
        aside = Path(folder) / "aside.sqlite3"
        if connection.vendor == "sqlite":
            copy_schema_without_rows(aside)
        return restore_into(f"sqlite:///{aside}", path, files_in=Path(folder) / "evidence")


def copy_schema_without_rows(path: Path) -> None:
    """Make the tables, indexes and triggers of this SQLite database at ``path``, without rows.

    Quicker than all migrations, and what is restored is checked afterwards in any case.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = cursor.fetchall()
        cursor.execute("SELECT app, name, applied FROM django_migrations ORDER BY id")
        applied = cursor.fetchall()
    virtual = [name for kind, name, sql in found if sql.upper().startswith("CREATE VIRTUAL")]
    with contextlib.closing(sqlite3.connect(path)) as copy, copy:
        for wanted in ("table", "index", "trigger"):
            for kind, name, sql in found:
                # A virtual table makes its own.
                inner = any(name.startswith(f"{of}_") for of in virtual)
                if kind == wanted and not (kind == "table" and inner) and name[:7] != "sqlite_":
                    copy.execute(sql)
        copy.executemany(
            "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)",
            [(app, name, str(when)) for app, name, when in applied],
        )
