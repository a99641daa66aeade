"""The empty database on SQLite, made by the migrations once and copied from then on.

It is kept in var/tests until a migration, the kernel or a library changes. ``copy_to`` is for tests
that start programs on a database of their own and ask nothing about migrating.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection


@functools.cache
def kept() -> Path:
    """Where the empty database is kept that these migrations make; it may not be there yet."""
    root = Path(settings.BASE_DIR)
    made_by = [
        *sorted(root.glob("riskreg/*/migrations/*.py")),
        *sorted(root.glob("riskreg/kernel/*.py")),
        root / "requirements.lock",
    ]
    digest = hashlib.sha256(f"{sys.version} {sqlite3.sqlite_version}".encode())
    for path in made_by:
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return root / "var" / "tests" / f"migrated-{digest.hexdigest()[:16]}.sqlite3"


def keep() -> None:
    """Keep the database of this process, which is empty, for whoever begins next."""
    connection.ensure_connection()
    _keep(connection.connection)


def copy_to(path: Path) -> None:
    """Put the empty database at ``path``; it is made first where none is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kept().exists():
        shutil.copyfile(kept(), path)
        return
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{path}", "VAR_DIR": str(path.parent)}
    migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
    subprocess.run(migrate, cwd=settings.BASE_DIR, env=env, check=True)
    with contextlib.closing(sqlite3.connect(path)) as made:
        _keep(made)


def _keep(made: sqlite3.Connection) -> None:
    kept().parent.mkdir(parents=True, exist_ok=True)
    for old in kept().parent.glob("migrated-*.sqlite3"):
        if old != kept():
            old.unlink(missing_ok=True)
    # Another process may be about to copy it, so it appears in one piece.
    own = kept().with_suffix(f".{os.getpid()}")
    with contextlib.closing(sqlite3.connect(own)) as copy:
        made.backup(copy)
    own.replace(kept())
