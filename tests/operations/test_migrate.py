"""Of two who migrate at once one waits for the other."""

import datetime as dt
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from riskreg.kernel.health import check_migrations, missing_migrations
from riskreg.operations.management.commands.migrate import migration_lock
from riskreg.operations.services.needed import migrations_of_version_before
from tests.access import canaries


@pytest.mark.django_db(transaction=True)
def test_one_at_a_time() -> None:
    begun, order = threading.Event(), []

    def other() -> None:
        begun.set()
        try:
            with migration_lock("default"):
                order.append("second")
        finally:
            connection.close()

    with migration_lock("default"):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert begun.wait(60)
        waiting.join(0.5)
        order.append("first")
    waiting.join(60)
    assert order == ["first", "second"]


def what_is_there() -> set[tuple[str, ...]]:
    """Every table, column, index and trigger by its name."""
    found: set[tuple[str, ...]] = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = connection.introspection.get_table_description(cursor, table)
            found |= {("column", table, column.name) for column in columns}
        cursor.execute(
            "SELECT type, tbl_name, name FROM sqlite_master WHERE type IN ('index', 'trigger')"
            if connection.vendor == "sqlite"
            else "SELECT 'index', tablename, indexname FROM pg_indexes WHERE schemaname = 'public' "
            "UNION SELECT 'trigger', tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE NOT tgisinternal"
        )
        return found | {tuple(row) for row in cursor.fetchall()}


def rows_of(tables: set[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        counted = {}
        for table in sorted(tables):
            cursor.execute(f"SELECT count(*) FROM {table}")
            counted[table] = cursor.fetchone()[0]
    return counted


@pytest.mark.django_db(transaction=True)
def test_the_way_back_to_the_version_before_and_forward_again(at: dt.datetime) -> None:
    """With rows in every table: a change of rows and of their table in one go would be refused."""
    canaries.build(at)
    last, before = migrations_of_version_before(), what_is_there()
    rows = rows_of({table for kind, table, *_name in before if kind == "column"})
    try:
        call_command("migrate", "--back", verbosity=0)
        applied = set(MigrationRecorder(connection).applied_migrations())
        for room, name in last.items():
            assert max(key for app, key in applied if app == room) == name
        assert missing_migrations()
        kept = {table for kind, table, *_name in what_is_there() if kind == "column"}
        assert len(kept & rows.keys()) > 80
        for table, count in rows_of(kept - {"django_migrations"}).items():
            assert count == rows[table], table
    finally:
        call_command("migrate", verbosity=0)
    check_migrations()
    connection.check_constraints()
    assert what_is_there() == before


def test_the_way_back_is_that_of_all_rooms() -> None:
    with pytest.raises(CommandError, match="leave out the room"):
        call_command("migrate", "risks", "--back", verbosity=0)
