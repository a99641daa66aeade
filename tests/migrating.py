"""The database as it was after an earlier migration, for tests of migrations that move data."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@contextlib.contextmanager
def as_after(app: str, name: str) -> Iterator[Any]:
    """Undo ``app``'s migrations after ``name``; yields the models of that time, as ``apps``.

    For tests that commit. At the end all is migrated forward again, as an upgrade does it; where
    that fails, it is done without the rows that the block left in ``app``, and the failure raised.
    """
    executor = MigrationExecutor(connection)
    executor.migrate([(app, name)])
    old = executor.loader.project_state([(app, name)]).apps
    try:
        yield old
    finally:
        try:
            _forward()
        except Exception:
            # On SQLite what failed in a migration leaves its transaction open.
            connection.close()
            connection.connect()
            _empty(app)
            _forward()
            raise


def _forward() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def _empty(app: str) -> None:
    """Delete the rows of ``app``'s tables, whichever of its migrations they are at."""
    executor = MigrationExecutor(connection)
    applied = [node for node in executor.loader.applied_migrations if node[0] == app]
    state = executor.loader.project_state(applied).apps
    tables = {model._meta.db_table for model in state.get_app_config(app).get_models()}
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for statement in connection.ops.sql_flush(no_style(), sorted(tables)):
            cursor.execute(statement)
