"""Queries that are asked on every request, with their SQL written once.

The ORM takes longer to write a statement with a few joins than the database to answer it. What a
``Statement`` builds is written at the first call in each process; later calls send the same SQL
with other values. The rows are those that the queryset itself would give.
"""

import copy
import datetime as dt
import itertools
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connections
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import MULTI
from django.db.models.sql.where import WhereNode

M = TypeVar("M", bound=Model)
Value = int | str | uuid.UUID | dt.date | dt.datetime
# Numbers that no constant of a query is; and two that fit the smallest column (16 bits), of which
# what is equal to either may be one.
LARGE, SMALL = 1_913_000_000, (31_913, 29_137)
# So far from a day or moment that was given a query may name another, as the end of the week after.
_NEAR = dt.timedelta(days=400)


class Statement(Generic[M]):
    """``build`` makes a queryset of one value for each of ``kinds``, with the same SQL for all.

    What it does with a value may not depend on the value: a query that differs for an empty one is
    another statement. From a day or a moment it may count to another one, up to a year away; that
    one is moved with it. Values are given in the order of ``kinds``.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *kinds: type[Value]) -> None:
        self.build, self.kinds = build, kinds
        self.stand_ins = _stand_ins(kinds)
        self._written: _Written | None = None
        self._finds_nothing = False

    def sql(self, *values: Value) -> tuple[str, list[Any]]:
        """The SQL of ``values`` and what stands in its places, to be put into a larger statement.

        Raises ``TypeError`` as a call does, ``EmptyResultSet`` where nothing can be found.
        """
        self._check(values)
        written = self._written_once()
        return written.sql, written.parameters(values)

    def __call__(self, *values: Value) -> QuerySet[M]:
        """The queryset of ``values``, to be read as it is: narrowed further, it would be another.

        Raises ``TypeError`` for other kinds of values than were said.
        """
        self._check(values)
        if self._finds_nothing:
            return self.build(*values)
        try:
            written = self._written_once()
        except EmptyResultSet:
            # Not even sent to the database, as with a list of which nothing is in.
            self._finds_nothing = True
            return self.build(*values)
        rows = written.rows.all()
        given = written.compiler_factory_for(rows.query, values)
        rows.query.get_compiler = given  # type: ignore[method-assign]
        return rows

    def _written_once(self) -> "_Written":
        if self._written is None:
            try:
                self._written = self._write_with_stand_ins(LARGE)
            except EmptyResultSet:
                # Beyond the range of a column the ORM knows that nothing can be found.
                written, other = (self._write_with_stand_ins(number) for number in SMALL)
                written.drop_places_not_in(other)
                self._written = written
        return self._written

    def _write_with_stand_ins(self, number: int) -> "_Written":
        stand_ins = _stand_ins(self.kinds, number)
        return _Written(self.build(*stand_ins), stand_ins)

    def _check(self, values: Sequence[Value]) -> None:
        for value, stand_in in zip(values, self.stand_ins, strict=True):
            is_moment = isinstance(value, dt.datetime)
            if not isinstance(value, type(stand_in)) or is_moment != isinstance(
                stand_in, dt.datetime
            ):
                raise TypeError(f"{value!r} where {type(stand_in).__name__} was said")


class _Written:
    """One statement in the database's SQL, and which of its parameters are whose."""

    def __init__(self, rows: QuerySet[Any], stand_ins: Sequence[Value]) -> None:
        self.rows = rows
        self.compiler: SQLCompiler = rows.query.get_compiler(using=rows.db)
        self.sql, parameters = self.compiler.as_sql()
        given = [_Parameter.from_sql_parameter(p, stand_ins) for p in parameters]
        self.constants = parameters
        # Where each of them stands; most stand in many places.
        self.places: dict[_Parameter, list[int]] = defaultdict(list)
        for n, one in enumerate(given):
            if one.place is not None:
                self.places[one].append(n)
        self._numbered: tuple[str, list[_Parameter]] | None = None
        missing = set(range(len(stand_ins))) - {one.place for one in given}
        if missing:
            raise TypeError(f"values {sorted(missing)} are nowhere in {self.sql}")
        # They are of the columns and of the kind of database: the same for all connections.
        columns = [column for column, *_rest in self.compiler.select[: self.compiler.col_count]]
        self.converters = self.compiler.get_converters(columns)
        # What was written from is not needed to read rows; with its subqueries it is the most of
        # what is kept, and each call would copy it.
        self.rows.query.where = WhereNode()
        self.compiler.where = self.compiler.having = self.compiler.qualify = None
        self.compiler.query = self.rows.query

    def drop_places_not_in(self, other: "_Written") -> None:
        """Leave alone what is a value's here and not in ``other``, the same statement written with
        other stand-ins: it is a constant that is equal to one of these."""
        whose = {n: one.place for one, places in other.places.items() for n in places}
        for one, places in self.places.items():
            places[:] = [n for n in places if whose.get(n) == one.place]

    def parameters(self, values: Sequence[Value]) -> list[Any]:
        """What stands in the places of the statement for ``values``."""
        parameters = list(self.constants)
        for one, places in self.places.items():
            value = one.value_among(values)
            for n in places:
                parameters[n] = value
        return parameters

    def numbered_sql_and_values(
        self, connection: Any, values: Sequence[Value]
    ) -> tuple[str, list[Any]]:
        """The statement and its values by number as PostgreSQL is to prepare them: what never
        changes is written into it, as an index of some rows only is found by what is known."""
        if self._numbered is None:
            self._numbered = _numbered_sql(self.sql, self.constants, self.places, connection)
        sql, order = self._numbered
        return sql, [one.value_among(values) for one in order]

    def _make_read_by_prepared_statement(self, compiler: Any, values: Sequence[Value]) -> None:
        """Have ``compiler`` read its rows by a statement that the server prepares."""
        usual, connection = compiler.execute_sql, compiler.connection

        def execute_sql(
            result_type: str = MULTI, chunked_fetch: bool = False, chunk_size: int = 100
        ) -> Any:
            if chunked_fetch or result_type != MULTI or not connection.prepares_statements:
                return usual(result_type, chunked_fetch, chunk_size)
            try:
                with connection.prepared_cursor() as cursor:
                    cursor.execute(*self.numbered_sql_and_values(connection, values))
                    return [cursor.fetchall()]
            except NotSupportedError:
                # A column was made wider meanwhile, by an upgrade: what this connection prepared
                # before gives the old type, and is refused until the connection is renewed.
                if connection.in_atomic_block:
                    raise
                return usual(result_type, chunked_fetch, chunk_size)

        compiler.execute_sql = execute_sql

    def compiler_factory_for(
        self, query: Any, values: Sequence[Value]
    ) -> Callable[..., SQLCompiler]:
        """What gives ``query`` a compiler that has written already, for ``values``."""
        parameters = tuple(self.parameters(values))

        def get_compiler(using: str = "default", *args: Any, **kwargs: Any) -> SQLCompiler:
            compiler = copy.copy(self.compiler)
            # A connection is one thread's; what was written is everybody's.
            compiler.query, compiler.connection = query, connections[using]
            compiler.using = using
            compiler.as_sql = lambda *a, **k: (self.sql, parameters)  # type: ignore[method-assign]
            compiler.get_converters = lambda expressions: self.converters  # type: ignore[method-assign]
            if compiler.connection.vendor == "postgresql":
                self._make_read_by_prepared_statement(compiler, values)
            return compiler

        return get_compiler


@dataclass(frozen=True)
class _Parameter:
    """A parameter of the statement that was written: whose it is (None: nobody's, it stays), and
    how far from the day or moment that was given, if it is one."""

    kept: Any
    place: int | None = None
    away: dt.timedelta = dt.timedelta(0)

    @classmethod
    def from_sql_parameter(cls, kept: Any, stand_ins: Sequence[Value]) -> "_Parameter":
        """The parameter ``kept`` of what was written with ``stand_ins``. Raises ``TypeError`` for a
        moment that was made from a day: how far it is away depends on the time zone."""
        day, moment = _day_or_none(kept), _moment_or_none(kept)
        for place, value in enumerate(stand_ins):
            if isinstance(value, dt.datetime):
                if moment is not None and abs(moment - value) <= _NEAR:
                    return cls(kept, place, moment - value)
            elif isinstance(value, dt.date):
                if day is not None and abs(day - value) <= _NEAR:
                    return cls(kept, place, day - value)
                if moment is not None and abs(moment.date() - value) <= _NEAR:
                    raise TypeError(f"{kept!r} is a moment, and a day was said")
            elif _as_comparable(value) == _as_comparable(kept):
                return cls(kept, place)
        return cls(kept)

    def value_among(self, values: Sequence[Value]) -> Any:
        """It as the database is handed it, for ``values``; it is of one of them."""
        assert self.place is not None  # noqa: S101 - only those are asked
        value = values[self.place]
        as_text = isinstance(self.kept, str)
        if isinstance(value, dt.datetime):
            moment = (value + self.away).astimezone(dt.UTC)
            return str(moment.replace(tzinfo=None)) if as_text else moment
        if isinstance(value, dt.date):
            day = value + self.away
            return day.isoformat() if as_text else day
        return value.hex if isinstance(value, uuid.UUID) and as_text else value


def _numbered_sql(
    sql: str, constants: Sequence[Any], places: Mapping[_Parameter, list[int]], connection: Any
) -> tuple[str, list[_Parameter]]:
    """``sql`` with its constants written out, and $1, $2 … for its values: and which ones they are.

    A value is sent once for all its places, but for a text, whose type the server takes from what
    stands beside it.
    """
    order: list[_Parameter] = []
    numbers: dict[int, int] = {}
    for one, found in places.items():
        for together in [[n] for n in found] if isinstance(one.kept, str) else [found]:
            order.append(one)
            numbers.update(dict.fromkeys(together, len(order)))
    connection.ensure_connection()
    marks = itertools.count()

    def put(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return "%"
        n = next(marks)
        if n in numbers:
            return f"${numbers[n]}"
        return mogrify("%s", [constants[n]], connection.connection)

    return re.sub("%%|%s", put, sql), order


def _stand_ins(kinds: Sequence[type[Value]], number: int = LARGE) -> list[Value]:
    return [_stand_in(kind, place, number) for place, kind in enumerate(kinds)]


def _stand_in(kind: type[Value], place: int, number: int) -> Value:
    """A value of the kind to write a statement with; ``number`` is what numbers begin at."""
    if kind is int:
        return number + place
    # Days and moments each further from the next than what a query may count.
    if kind is dt.datetime:
        return dt.datetime(2600 + 3 * place, 7, 1, 12, tzinfo=dt.UTC)
    if kind is dt.date:
        return dt.date(2600 + 3 * place, 7, 1)
    return str(LARGE + place) if kind is str else uuid.UUID(int=LARGE + place)


def _as_comparable(value: Any) -> Any:
    """A parameter as comparable: SQLite is handed a UUID as its digits."""
    return value.hex if isinstance(value, uuid.UUID) else value


def _day_or_none(value: Any) -> dt.date | None:
    """A parameter that is a day, which SQLite is handed as text; None for anything else."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else None


def _moment_or_none(value: Any) -> dt.datetime | None:
    """A parameter that is a moment, which SQLite is handed as text of UTC; None for anything
    else."""
    if isinstance(value, str) and _day_or_none(value) is None:
        try:
            return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
        except ValueError:
            return None
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else None
