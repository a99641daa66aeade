"""``manage.py migrate``, by one at a time, and kept waiting by no limit but that for locks."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from riskreg.kernel.health import missing_migrations
from riskreg.operations.services.needed import (
    migrations_of_version_before,
    record_migrations_of_version_before,
)

# Any number, but always this one.
LOCK = 7_463_552_918
LOCK_SECONDS = 10
WAIT_SECONDS = 0.2
BEHIND_A_POOLER = (
    "DATABASE_POOLER=1: a lock that outlasts a transaction, and limits that are lifted for a "
    "session, would be left to strangers behind a pooler. Run this command with DATABASE_POOLER=0 "
    "and with the address of PostgreSQL itself as DATABASE_URL."
)


class Command(migrate.Command):
    """Django's own. Of several hosts that start it at once one migrates and the others wait.

    When all is applied, it is noted which version may go on working on the tables.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's, and the way back."""
        super().add_arguments(parser)
        parser.add_argument(
            "--back", action="store_true",
            help="Take the tables back to those of the version before. What this version alone has "
            "kept is deleted with its columns.",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, alone."""
        if options["back"] and options["app_label"]:
            raise CommandError("--back takes all rooms back; leave out the room.")
        with migration_lock(options["database"]):
            if options["back"]:
                self.verbosity = options["verbosity"]
                connection = connections[options["database"]]
                tell: Any = self.migration_progress_callback
                executor = MigrationExecutor(connection, tell)
                executor.migrate(sorted(migrations_of_version_before().items()))
                return
            super().handle(*args, **options)
            if options["database"] == DEFAULT_DB_ALIAS and not missing_migrations():
                record_migrations_of_version_before()


@contextlib.contextmanager
def migration_lock(alias: str) -> Iterator[None]:
    """Wait until nobody else migrates this database, then keep others waiting.

    Raises ``CommandError`` behind a pooler.

    A statement that waits longer than ``LOCK_SECONDS`` for a table fails, rather than keep all who
    come after it waiting too; what was migrated by then stays, and it can be run again.
    """
    connection = connections[alias]
    if connection.vendor == "postgresql":
        if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
            raise CommandError(BEHIND_A_POOLER)
        with connection.cursor() as cursor:
            connection.connection.answer_within = None
            for name in (
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "lock_timeout",
            ):
                cursor.execute(f"SET {name} = 0")
            # Asked again and again: an index that is made beside everybody's work waits for the end
            # of all statements, and would wait for one that waits here.
            while not _try_to_take_lock(cursor):
                time.sleep(WAIT_SECONDS)
            cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            yield
        finally:
            # Its end frees the lock, also where the connection was lost.
            if not connection.in_atomic_block:
                connection.close()
        return
    path = Path(str(connection.settings_dict["NAME"]))
    if sys.platform == "win32" or not path.parent.is_dir() or "memory" in path.name:
        yield
        return
    import fcntl

    with path.with_name(f"{path.name}.migrate").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _try_to_take_lock(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    return bool(cursor.fetchone()[0])
