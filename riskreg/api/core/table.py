"""A noun's fields in JSON, from its table."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from riskreg.api.core.values import day, person, time
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.access import Viewer


def to_json(
    table: Table, value_of: Callable[[Field], Any], others: Mapping[str, Any]
) -> dict[str, Any]:
    """A row as JSON, in the table's order: ``value_of`` reads what is kept as it is, ``others`` has
    what a face works out itself (people, links and computed fields among it)."""
    return {
        f.name: others[f.name] if f.name in others else _WRITERS.get(f.type, _same)(value_of(f))
        for f in table
    }


def row_to_json(table: Table, row: Any, viewer: Viewer, **computed: Any) -> dict[str, Any]:
    """A row with everything that it links to, as JSON: links as far as they were read, and what is
    for its party alone as null to others."""
    hidden = row.party_id != viewer.party_id
    others = {field.name: None for field in table if field.party_only and hidden}
    return to_json(table, lambda field: _read(row, field), others | computed)


def _read(row: Any, field: Field) -> Any:
    value = getattr(row, column_of(field))
    if field.type == Type.PERSON:
        return person(value)
    if field.type in (Type.PARTY, Type.OBJECTIVE):
        return value.key if value else None
    if field.type == Type.RISKS:
        return [risk.ref for risk in value.all()]
    return value


def column_of(field: Field) -> str:
    """The column of a noun's own table in which a field is kept."""
    return "uuid" if field.type == Type.ID else field.name


def plain_number(value: Decimal | None) -> str | None:
    """A number as text, without empty decimals, so that no reader rounds it."""
    return None if value is None else f"{value.normalize():f}"


def _same(value: Any) -> Any:
    return value


_WRITERS: dict[Type, Callable[[Any], Any]] = {
    Type.ID: str,
    Type.DAY: day,
    Type.MOMENT: time,
    Type.NUMBER: plain_number,
    Type.MONEY: lambda value: None if value is None else f"{value:.2f}",
    Type.OUTDATED: lambda value: value or {},
}
