"""Queries that are asked on every request, with their SQL written once.

The ORM takes longer to write a statement with a few joins than the database to answer it. What a
``Statement`` builds is written at the first call in each process; later calls send the same SQL
with other values. The rows are those that the queryset itself would give.
"""

import copy
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
Value = int | str | uuid.UUID


class Statement(Generic[M]):
    """``build`` makes a queryset of one value for each of ``kinds``, with the same SQL for all.

    What it does with a value may not depend on the value: a query that differs for an empty one is
    another statement. Values are given in the order of ``kinds``.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *kinds: type[Value]) -> None:
        self.build = build
        self.stand_ins = [_stand_in(kind, place) for place, kind in enumerate(kinds)]
        self._written: _Written | None = None

    def __call__(self, *values: Value) -> QuerySet[M]:
        """The queryset of ``values``, to be read as it is: narrowed further, it would be another.

        Raises ``TypeError`` for other kinds of values than were said.
        """
        for value, stand_in in zip(values, self.stand_ins, strict=True):
            if not isinstance(value, type(stand_in)):
                raise TypeError(f"{value!r} where {type(stand_in).__name__} was said")
        if self._written is None:
            self._written = _Written(self.build(*self.stand_ins), self.stand_ins)
        rows = self._written.rows.all()
        given = self._written.compilers_for(rows.query, values)
        rows.query.get_compiler = given  # type: ignore[method-assign]
        return rows


class _Written:
    """One statement in the database's SQL, and which of its parameters are whose."""

    def __init__(self, rows: QuerySet[Any], stand_ins: Sequence[Value]) -> None:
        self.rows = rows
        self.compiler: SQLCompiler = rows.query.get_compiler(using=rows.db)
        self.sql, parameters = self.compiler.as_sql()
        places = {_plain(value): place for place, value in enumerate(stand_ins)}
        self.parameters = [(places.get(_plain(p)), p) for p in parameters]
        missing = set(places.values()) - {place for place, _p in self.parameters}
        if missing:
            raise TypeError(f"values {sorted(missing)} are nowhere in {self.sql}")

    def compilers_for(self, query: Any, values: Sequence[Value]) -> Callable[..., SQLCompiler]:
        """What gives ``query`` a compiler that has written already, for ``values``."""
        parameters = tuple(
            kept if place is None else _as(kept, values[place]) for place, kept in self.parameters
        )

        def get_compiler(using: str = "default", *args: Any, **kwargs: Any) -> SQLCompiler:
            compiler = copy.copy(self.compiler)
            # A connection is one thread's; what was written is everybody's.
            compiler.query, compiler.connection = query, connections[using]
            compiler.as_sql = lambda *a, **k: (self.sql, parameters)  # type: ignore[method-assign]
            return compiler

        return get_compiler


def _stand_in(kind: type[Value], place: int) -> Value:
    """A value of the kind that no constant of a query is."""
    number = 1_913_000_000 + place
    if kind is int:
        return number
    return str(number) if kind is str else uuid.UUID(int=number)


def _plain(value: Any) -> Any:
    """A parameter as comparable: SQLite is handed a UUID as its digits."""
    return value.hex if isinstance(value, uuid.UUID) else value


def _as(kept: Any, value: Value) -> Any:
    """``value`` as the database was handed the one that stood in for it."""
    return value.hex if isinstance(value, uuid.UUID) and isinstance(kept, str) else value
