"""Worlds that are built once in a process: every later test gets its rows back in a few statements.

``@built_once`` on a function that fills an empty database remembers what it wrote. The rows are put
into the transaction of the test that asks, so there is nothing to restore afterwards: a test that
does not ask finds an empty database, one that commits is cleaned up like any other, and no order
of tests matters. What the function returns is a copy of its own for each test.
"""

import functools
import pickle
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils import translation

# Written by migrations and by what follows a flush, the same for every test.
_STATIC = {
    "django_migrations", "django_content_type", "auth_permission", "django_site",
    "operations_neededmigration",
}  # fmt: skip

Result = TypeVar("Result")


def built_once(build: Callable[..., Result]) -> Callable[..., Result]:
    """``build`` for tests; with the same arguments it runs once in a process.

    What it builds may depend on its arguments alone: not on the clock, on a setting or a fixture.
    Where the database is not empty it simply runs: the rows kept would not fit beside others.
    ``build.plainly(…)`` always runs it.
    """
    kept: dict[Any, _Kept] = {}

    @functools.wraps(build)
    def copy(*args: Any, **kwargs: Any) -> Result:
        key = repr((connection.vendor, args, sorted(kwargs.items())))
        if not _is_empty():
            return build(*args, **kwargs)
        if key not in kept:
            kept[key] = _Kept(lambda: build(*args, **kwargs))
        result: Result = kept[key].restore()
        return result

    copy.plainly = build  # type: ignore[attr-defined]
    return copy


class _Kept:
    """The rows that ``build`` writes into an empty database, and what it returns."""

    def __init__(self, build: Callable[[], Any]) -> None:
        # Undone at once, and with it the tasks that wait for the commit: the first test that asks
        # gets the very same as the others.
        with transaction.atomic():
            with translation.override("en"):
                self.result = pickle.dumps(build())
            full = [table for table in _tables() if _has_rows(table)]
            self.rows = {table: _read(table) for table in full}
            self.sequences = _sequences(full)
            transaction.set_rollback(True)

    def restore(self) -> Any:
        """Put the rows back; a fresh copy of what was returned."""
        with transaction.atomic():
            for table, rows in self.rows.items():
                _write(table, rows)
            if self.sequences:
                with connection.cursor() as cursor:
                    cursor.execute(self.sequences)
        return pickle.loads(self.result)


@functools.cache
def _tables() -> list[str]:
    """Those of models: what the database derives from them, as an index to search, it derives anew
    when their rows are put back."""
    return sorted(set(connection.introspection.django_table_names()) - _STATIC)


@functools.cache
def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return [f'"{column.name}"' for column in described]


def _is_empty() -> bool:
    asked = " OR ".join(f'EXISTS (SELECT 1 FROM "{table}")' for table in _tables())
    return not _raw(f"SELECT {asked}")[0][0]


def _has_rows(table: str) -> bool:
    return bool(_raw(f'SELECT EXISTS (SELECT 1 FROM "{table}")')[0][0])


def _raw(sql: str) -> list[Any]:
    """Past Django's cursor: not counted as a query of the test's."""
    connection.ensure_connection()
    return list(connection.connection.cursor().execute(sql).fetchall())


def _read(table: str) -> Any:
    if connection.vendor == "sqlite":
        # The sign keeps the driver from making dates of what is stored as text.
        return _raw(f'SELECT {", ".join("+" + name for name in _columns(table))} FROM "{table}"')
    with connection.connection.cursor().copy(
        f'COPY "{table}" TO STDOUT (FORMAT BINARY)'
    ) as copying:
        return b"".join(copying)


def _write(table: str, rows: Any) -> None:
    if connection.vendor == "sqlite":
        names = _columns(table)
        places = ", ".join("?" for _name in names)
        connection.connection.executemany(
            f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({places})', rows
        )
        return
    with connection.connection.cursor().copy(
        f'COPY "{table}" FROM STDIN (FORMAT BINARY)'
    ) as copying:
        copying.write(rows)


def _sequences(tables: list[str]) -> str:
    """What sets the sequences of ``tables`` behind their last row; SQLite does it by itself."""
    if connection.vendor == "sqlite":
        return ""
    asked = []
    for table in tables:
        with connection.cursor() as cursor:
            for found in connection.introspection.get_sequences(cursor, table):
                last = _raw(f'SELECT max("{found["column"]}") FROM "{table}"')[0][0]
                asked.append(f"setval('\"{found['name']}\"', {last})")
    return f"SELECT {', '.join(asked)}" if asked else ""
