"""Statements as they would be without being written once: for tests that change what is written."""

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

from riskreg.kernel.compiled import Statement


def _called(self: Statement[Any], *values: Any) -> Any:
    return self.build(*values)


def _sql(self: Statement[Any], *values: Any) -> tuple[str, list[Any]]:
    rows = self.build(*values)
    text, given = rows.query.get_compiler(using=rows.db).as_sql()
    return text, list(given)


ANEW = {"__call__": _called, "sql": _sql}


@contextlib.contextmanager
def writing_anew() -> Iterator[None]:
    """While this holds, every ``Statement`` is written at each call."""
    with mock.patch.multiple(Statement, **ANEW):
        yield
