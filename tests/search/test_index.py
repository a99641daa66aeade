"""The index of the search is there for every table that a migration ever indexed."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from riskreg.kernel.search import index_name
from riskreg.kernel.search_index import SearchIndex

pytestmark = pytest.mark.django_db


def indexed_tables() -> set[str]:
    """Every table that the migrations make an index for."""
    return {
        operation.table
        for migration in MigrationLoader(None).disk_migrations.values()
        for operation in migration.operations
        if isinstance(operation, SearchIndex)
    }


def test_no_migration_that_copies_a_table_has_dropped_its_index() -> None:
    """SQLite drops a table's triggers with the table that a migration replaces by its copy."""
    if connection.vendor == "sqlite":
        wanted = {
            (table, f"{index_name(table)}_{what}")
            for table in indexed_tables()
            for what in ("added", "changed", "gone")
        }
        query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    else:
        wanted = {(table, index_name(table)) for table in indexed_tables()}
        query = "SELECT tablename, indexname FROM pg_indexes"
    assert len(wanted) >= 8
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert wanted - set(cursor.fetchall()) == set()
