"""A noun's rows in JSON, from its table of fields: for the API, and for files that go out."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language

from riskreg.accounts.models import User
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.access import Viewer


def time(at: dt.datetime | None) -> str | None:
    """A moment in UTC, as in 2026-09-16T08:00:00Z."""
    if at is None:
        return None
    text = at.astimezone(dt.UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def day(on: dt.date | None) -> str | None:
    """A date, as in 2026-09-16."""
    return on.isoformat() if on else None


def named(public_id: uuid.UUID, name: str, names: Mapping[str, str] | None) -> dict[str, str]:
    """A person by public id and name, the name in the reader's language where there is one."""
    if names:
        name = names.get(get_language() or "") or names.get("en") or name
    return {"id": str(public_id), "name": name}


def person(user: User | None) -> dict[str, str] | None:
    """A user as ``named``."""
    return named(user.uuid, user.name, user.names) if user else None


def to_json(
    table: Table, value_of: Callable[[Field], Any], others: Mapping[str, Any]
) -> dict[str, Any]:
    """A row as JSON, in the table's order: ``value_of`` reads what is kept as it is, ``others`` has
    what a face works out itself (people, links and computed fields among it)."""
    return {
        f.name: others[f.name]
        if f.name in others
        else _WRITERS.get(f.type, _unchanged_value)(value_of(f))
        for f in table
    }


def row_to_json(table: Table, row: Any, viewer: Viewer, **computed: Any) -> dict[str, Any]:
    """A row with everything that it links to, as JSON: links as far as they were read, and what is
    for its party alone as null to others."""
    hidden = row.party_id != viewer.party_id
    others = {field.name: None for field in table if field.party_only and hidden}
    return to_json(table, lambda field: _field_to_json(row, field), computed | others)


def row_to_json_without_computed(
    table: Table, row: Any, viewer: Viewer, **worked_out: Any
) -> dict[str, Any]:
    """As ``row_to_json``, without the computed fields that ``worked_out`` does not name: what a
    copy of the row needs."""
    computed = {field.name: None for field in table if field.type == Type.COMPUTED}
    body = row_to_json(table, row, viewer, **(computed | worked_out))
    return {name: v for name, v in body.items() if name not in computed or name in worked_out}


def _field_to_json(row: Any, field: Field) -> Any:
    value = getattr(row, column_of(field))
    if field.type == Type.PERSON:
        return person(value)
    if field.type in (Type.PARTY, Type.OBJECTIVE):
        return value.key if value else None
    if field.type == Type.TERM:
        return value.ref if value else None
    if field.type == Type.RISKS:
        return [risk.ref for risk in value.all()]
    return value


def column_of(field: Field) -> str:
    """The column of a noun's own table in which a field is kept."""
    return "uuid" if field.type == Type.ID else field.name


def plain_number(value: Decimal | None) -> str | None:
    """A number as text, without empty decimals, so that no reader rounds it."""
    return None if value is None else f"{value.normalize():f}"


def _unchanged_value(value: Any) -> Any:
    return value


_WRITERS: dict[Type, Callable[[Any], Any]] = {
    Type.ID: str,
    Type.DAY: day,
    Type.MOMENT: time,
    Type.NUMBER: plain_number,
    Type.MONEY: lambda value: None if value is None else f"{value:.2f}",
    Type.OUTDATED: lambda value: value or {},
}
