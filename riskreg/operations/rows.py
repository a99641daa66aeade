"""Every row of every table as a line of text that means the same on SQLite and on PostgreSQL.

A line is a JSON array of the row's columns, in the order of the model's fields. Times are written
to the microsecond, in UTC: event chains are hashed over them. Two databases hold the same when
their tables have equal ``Digest``s, which do not depend on the order of rows, nor on what a
database does to the spelling of a JSON value.
"""

import base64
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection, models

# Who is signed in, how programs are at the moment, and what `migrate` notes of the tables: nothing
# that should come back.
LEFT_OUT = frozenset(
    {
        "sessions.Session", "operations.Heartbeat", "operations.Outage",
        "operations.NeededMigration",
    }
)  # fmt: skip
_AT_ONCE = 2000


def all_tables() -> list[type[models.Model]]:
    """Every table of the system, many-to-many ones too, in one order."""
    found = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    return sorted(found.values(), key=lambda model: model._meta.label)


def backed_up_tables() -> list[type[models.Model]]:
    """The tables that a backup holds."""
    return [model for model in all_tables() if model._meta.label not in LEFT_OUT]


def column_names(model: type[models.Model]) -> list[str]:
    """The columns of a line of ``model``."""
    return [field.attname for field in model._meta.concrete_fields]


def rows_of(model: type[models.Model]) -> Iterator[Sequence[Any]]:
    """Every row as values, a few thousand at a time and without a cursor on the server."""
    plain = model._base_manager.order_by("pk").values_list("pk", *column_names(model))
    last = None
    while True:
        found = list((plain if last is None else plain.filter(pk__gt=last))[:_AT_ONCE])
        yield from (row[1:] for row in found)
        if len(found) < _AT_ONCE:
            return
        last = found[-1][0]


def row_to_json_line(row: Iterable[Any]) -> str:
    """A row as it is kept in a file."""
    return json.dumps(
        [_value_to_json(value) for value in row], ensure_ascii=False, separators=(",", ":")
    )


def parser_of_insert_values(model: type[models.Model]) -> Callable[[Sequence[Any]], list[Any]]:
    """What makes a parsed line into the values that an INSERT into ``model`` takes."""
    fields = model._meta.concrete_fields
    parsers = [_parser_of_column(field) for field in fields]

    def read(values: Sequence[Any]) -> list[Any]:
        return [
            field.get_db_prep_save(None if value is None else parser(value), connection)
            for field, parser, value in zip(fields, parsers, values, strict=True)
        ]

    return read


class Digest:
    """Of a set of rows: how many, and the sum of their hashes, in whatever order they come."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Iterable[Any]) -> None:
        """Take one row in."""
        text = json.dumps(
            [_with_whole_floats_as_ints(_value_to_json(value)) for value in row], sort_keys=True
        )
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")

    def text(self) -> str:
        """The digest as 64 hexadecimal digits."""
        return f"{self._sum % (1 << 256):064x}"


def digest_of(model: type[models.Model]) -> Digest:
    """Of what the table holds now."""
    digest = Digest()
    for row in rows_of(model):
        digest.add(row)
    return digest


def _value_to_json(value: Any) -> Any:
    """A column's value as JSON has it."""
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC)
        return value.isoformat(timespec="microseconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _with_whole_floats_as_ints(value: Any) -> Any:
    """The same for 1 and 1.0: PostgreSQL keeps numbers in JSON as decimals."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_with_whole_floats_as_ints(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_whole_floats_as_ints(item) for key, item in value.items()}
    return value


def _parser_of_column(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.JSONField):
        return lambda value: value
    if isinstance(field, models.BinaryField):
        return base64.b64decode
    return field.to_python
