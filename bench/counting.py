"""What a request costs a register that grows: statements, rows fetched, bytes sent, CPU."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpResponse


@dataclass
class Cost:
    """Of one request or one call; ``cpu`` in seconds of this process."""

    queries: int = 0
    rows: int = 0
    size: int = 0
    cpu: float = 0.0


class _CountingCursor(CursorWrapper):
    """A cursor that adds to ``cost`` what is executed, and every row that is taken out of it."""

    cost: Cost

    def execute(self, sql: Any, params: Any = None) -> Any:
        self.cost.queries += not str(sql).startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO"))
        return super().execute(sql, params)

    def fetchone(self) -> Any:
        row = self.cursor.fetchone()
        self.cost.rows += row is not None
        return row

    def fetchmany(self, *args: Any) -> Sequence[Any]:
        return self._counted(self.cursor.fetchmany(*args))

    def fetchall(self) -> Sequence[Any]:
        return self._counted(self.cursor.fetchall())

    def __iter__(self) -> Iterator[Any]:
        for row in self.cursor:
            self.cost.rows += 1
            yield row

    def _counted(self, rows: Sequence[Any]) -> Sequence[Any]:
        self.cost.rows += len(rows)
        return rows


@contextlib.contextmanager
def counting() -> Iterator[Cost]:
    """What the connection executes and hands out while this holds."""
    cost = Cost()

    def make(cursor: Any) -> _CountingCursor:
        made = _CountingCursor(cursor, connection)
        made.cost = cost
        return made

    names = ("make_cursor", "make_debug_cursor")
    before = {name: getattr(connection, name) for name in names}
    for name in names:
        setattr(connection, name, make)
    started = time.process_time()
    try:
        yield cost
    finally:
        cost.cpu = time.process_time() - started
        for name in names:
            setattr(connection, name, before[name])


def cost_of(call: Callable[[], HttpResponse]) -> Cost:
    """What ``call`` costs; it answers 200."""
    with counting() as cost:
        response = call()
    if response.status_code != 200:
        asked = response.request["PATH_INFO"]  # type: ignore[attr-defined]
        raise AssertionError(f"{asked} answers {response.status_code}: {response.content[:300]!r}")
    cost.size = len(response.content)
    return cost
