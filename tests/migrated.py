"""The empty database, made by the migrations once and copied from then on.

On SQLite it is kept in var/tests until a migration, the kernel or a library changes; on PostgreSQL
it stands on the server, for as long as that is there. ``copy_to`` and ``on_server`` are for tests
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
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

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
    _migrate(f"sqlite:///{path}", path.parent)
    with contextlib.closing(sqlite3.connect(path)) as made:
        _keep(made)


def on_server(url: str) -> str:
    """The name of the empty database on that PostgreSQL server, to be copied as a TEMPLATE."""
    import psycopg

    name, parts = kept().stem.replace("-", "_"), urlsplit(url)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as server:
        # Whoever comes second waits for the first.
        server.execute("SELECT pg_advisory_lock(hashtext('riskreg tests'))")
        found = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'migrated\\_%'")
        names = {row[0] for row in found.fetchall()}
        for old in names - {name}:
            server.execute(f'DROP DATABASE "{old}"')
        if name not in names:
            server.execute(f'CREATE DATABASE "{name}_making"')
            with tempfile.TemporaryDirectory() as folder:
                _migrate(parts._replace(path=f"/{name}_making").geturl(), Path(folder))
            server.execute(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"')
    return name


def _migrate(url: str, folder: Path) -> None:
    env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": str(folder)}
    migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
    subprocess.run(migrate, cwd=settings.BASE_DIR, env=env, check=True)


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
