"""The index that serves ``kernel.search``, and how a migration makes and fills it.

Names of tables and columns come from migrations, never from outside.
"""
# ruff: noqa: S608

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation

from riskreg.kernel import appendonly
from riskreg.kernel.search import index_name


def create_sql(vendor: str, table: str, key: str = "id") -> list[str]:
    """The statements that make the index over what ``table`` holds now and will hold."""
    index = index_name(table)
    if vendor != "sqlite":
        return [
            "CREATE EXTENSION IF NOT EXISTS pg_trgm",
            f'CREATE INDEX IF NOT EXISTS "{index}" ON "{table}" USING gin '
            "(search_text gin_trgm_ops)",
        ]
    add = f'INSERT INTO "{index}"(rowid, search_text) VALUES (new."{key}", new.search_text);'
    drop = (
        f'INSERT INTO "{index}"("{index}", rowid, search_text) '
        f"VALUES ('delete', old.\"{key}\", old.search_text);"
    )
    return [
        f'CREATE VIRTUAL TABLE IF NOT EXISTS "{index}" USING fts5(search_text, '
        f"content='{table}', content_rowid='{key}', tokenize='trigram', detail='none')",
        f'INSERT INTO "{index}"("{index}") VALUES (\'rebuild\')',
        f'CREATE TRIGGER IF NOT EXISTS "{index}_added" AFTER INSERT ON "{table}" BEGIN {add} END',
        f'CREATE TRIGGER IF NOT EXISTS "{index}_changed" AFTER UPDATE OF search_text ON "{table}" '
        f"WHEN old.search_text IS NOT new.search_text BEGIN {drop} {add} END",
        f'CREATE TRIGGER IF NOT EXISTS "{index}_gone" AFTER DELETE ON "{table}" BEGIN {drop} END',
    ]


def drop_sql(vendor: str, table: str) -> list[str]:
    """The statements that take the index away."""
    index = index_name(table)
    if vendor != "sqlite":
        return [f'DROP INDEX IF EXISTS "{index}"']
    return [
        *(f'DROP TRIGGER IF EXISTS "{index}_{what}"' for what in ("added", "changed", "gone")),
        f'DROP TABLE IF EXISTS "{index}"',
    ]


class SearchIndex(Operation):
    """Migration operation: ``SearchIndex("risks_risk")`` makes the column ``search_text`` fast.

    SQLite drops a table's triggers whenever a migration has to copy the table; such a migration
    ends with this operation again.
    """

    reversible = True

    def __init__(self, table: str) -> None:
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.table], {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models do not change."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        for statement in create_sql(schema_editor.connection.vendor, self.table):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        for statement in drop_sql(schema_editor.connection.vendor, self.table):
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return f"Index the words of {self.table}"


def fill_derived_columns(
    connection: BaseDatabaseWrapper,
    table: str,
    columns: Mapping[str, Callable[[Mapping[str, Any]], str]],
    stored_json: tuple[str, ...] = (),
) -> None:
    """Write derived columns of the rows that ``table`` has already, for a migration.

    ``columns``: {name: function of a row as a mapping}; ``stored_json`` names the columns of the
    row that hold JSON.
    """
    assigned = ", ".join(f'"{name}" = %s' for name in columns)
    update = f'UPDATE "{table}" SET {assigned} WHERE id = %s'
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(f'SELECT * FROM "{table}" WHERE id > %s ORDER BY id LIMIT 1000', [last])
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            if not rows:
                return
            last = rows[-1]["id"]
            for row in rows:
                row |= {k: json.loads(row[k]) for k in stored_json if isinstance(row[k], str)}
            cursor.executemany(
                update, [[*(make(row) for make in columns.values()), row["id"]] for row in rows]
            )


# What migrations call it.
fill = fill_derived_columns


def with_append_only_rule_dropped(
    connection: BaseDatabaseWrapper,
    table: str,
    condition: str,
    act: Callable[[], None],
    *,
    columns: tuple[str, ...] = (),
) -> None:
    """Do ``act`` to an append-only table, for a migration that adds a derived column to it; the
    rule is made anew after it, with the ``condition`` and ``columns`` that it had (``when`` and
    ``columns`` of ``AppendOnly``). Other triggers of the table stay."""
    appendonly.execute_all(connection, appendonly.drop_sql(connection.vendor, table, condition))
    act()
    statements = appendonly.create_sql(connection.vendor, table, condition, columns)
    appendonly.execute_all(connection, statements)
