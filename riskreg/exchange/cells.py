"""Fields as columns of a sheet, and JSON of a row as its cells, in the reader's language. Pure."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.exchange.columns import Column
from riskreg.kernel.fields import Field, Table, Type
from riskreg.kernel.localised import localised, text_of

# What no sheet has a column for: ids, and what a text in one language has no place for.
_NO_COLUMN = {Type.ID, Type.LABELS, Type.TRANSLATIONS, Type.OUTDATED, Type.COMPUTED}
_KINDS = {
    Type.DAY: "day", Type.MOMENT: "moment", Type.WHOLE: "number", Type.NUMBER: "number",
    Type.MONEY: "number", Type.CHOICE: "choice",
}  # fmt: skip
_WIDTHS = {Type.TEXT: 48, Type.NAMES: 36, Type.DAY: 14, Type.MOMENT: 18, Type.WHOLE: 12}


def table_columns(table: Table, more: Sequence[Column] = ()) -> list[Column]:
    """A column for each field of ``table`` that is told in a cell, and then ``more``."""
    return [_column(field) for field in table if has_column(field)] + list(more)


def has_column(field: Field) -> bool:
    """Whether a sheet has a column for ``field``."""
    return field.export and field.type not in _NO_COLUMN


def _column(field: Field) -> Column:
    choices = [str(capfirst(label)) for label in field.choices.labels] if field.choices else []
    width = 36 if field.name in ("title", "name", "reason") else _WIDTHS.get(field.type, 18)
    # As the history calls it: a form may call two fields alike, a sheet may not.
    label = str(capfirst(str(field.history or field.label)))
    return Column(
        field.name, label, str(field.help), _KINDS.get(field.type, "text"), choices, width
    )


def table_cells(
    table: Table, body: Mapping[str, Any], zone: str, parties: Mapping[str, str]
) -> dict[str, Any]:
    """The JSON of a row as cells: days, moments (in ``zone``) and numbers typed, words in the
    reader's language; ``parties`` are names by key."""
    versions = body.get("translations") or {}
    own = versions.get(get_language() or "") or {}
    cells = {}
    for field in table:
        if not has_column(field):
            continue
        value = body.get(field.name)
        if field.translated and own.get(field.name):
            value = own[field.name]
        cells[field.name] = _cell(field, value, zone, parties)
    return cells


def _cell(field: Field, value: Any, zone: str, parties: Mapping[str, str]) -> Any:
    if value is None or value == "" or value == [] or value == {}:
        return None
    kind = field.type
    if kind in (Type.NUMBER, Type.MONEY):
        return Decimal(str(value))
    if kind == Type.DAY:
        return dt.date.fromisoformat(value)
    if kind == Type.MOMENT:
        # A sheet knows no zones: the register's own clock, as the sheet that tells of it says.
        return dt.datetime.fromisoformat(value).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if kind == Type.CHOICE and value in field.choices.values:
        return str(capfirst(field.choices(value).label))
    if kind == Type.PERSON:
        return value["name"]
    if kind == Type.PARTY:
        return parties.get(value, value)
    if kind == Type.NAMES:
        return localised(value)
    if kind == Type.SWITCH:
        return _("yes") if value else _("no")
    if kind == Type.SOURCE:
        return source_text(value)
    if kind == Type.SOURCES:
        return "; ".join(source_text(each) for each in value)
    return _cell_of_any_other_type(value)


def _cell_of_any_other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def source_text(source: Mapping[str, Any]) -> str:
    """A source in a cell: its title and its address, as far as it has them."""
    parts = (text_of(source.get("title")), text_of(source.get("url")))
    return ", ".join(part for part in parts if part)
