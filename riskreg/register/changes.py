"""What the log keeps of a change: values by the table of the noun's fields."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from riskreg.events.policy import Audience
from riskreg.events.services import Entry
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.visibility import Visibility

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def value_for_log(field: Field, value: Any) -> Any:
    """``value`` of ``field`` as the log keeps it, as JSON: people by public id, the rest by its key
    or ref; links and their names in order, numbers and days as text."""
    if value is None:
        return None
    if field.type in (Type.TERMS, Type.OBJECTIVES, Type.RISKS):
        return sorted_refs_or_keys(value.all() if hasattr(value, "all") else value)
    if field.type == Type.PERSON:
        return str(value.uuid)
    if field.type in (Type.PARTY, Type.OBJECTIVE):
        return value.key
    if field.type in (Type.RISK, Type.TERM):
        return value.ref
    if field.type == Type.NUMBER:
        return f"{Decimal(value).normalize():f}"
    if field.type == Type.MONEY:
        return f"{value:.2f}"
    if isinstance(value, dt.datetime):
        return time_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if field.type in (Type.CHOICE, Type.ID) else value


def time_text(at: dt.datetime) -> str:
    """A moment as events and answers tell it: in UTC, as in 2026-09-16T08:00:00Z."""
    return at.astimezone(dt.UTC).isoformat().removesuffix("+00:00") + "Z"


def sorted_refs_or_keys(rows: Collection[Any]) -> list[str]:
    """Terms as ``taxonomy:term``, objectives by key, risks by ref: in order."""
    return sorted(_ref_or_key_of(row) for row in rows)


def _ref_or_key_of(row: Any) -> str:
    if taxonomy := getattr(row, "taxonomy", None):
        return f"{taxonomy.key}:{row.key}"
    return str(getattr(row, "ref", None) or row.key)


def values_as_first_changes(table: Table, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{field: [None, value]} of those of ``values`` that are not empty: what an event tells of
    something that its readers have not known before."""
    logged = {f.name: value_for_log(f, values[f.name]) for f in table if f.name in values}
    return {name: [None, value] for name, value in logged.items() if value not in _EMPTY}


# What every event has beside its changes: of which thing, by which name, at which version, when.
_ENVELOPE = ("id", "ref", "version", "created_at", "updated_at")


def all_values_as_changes(
    table: Table, row: Any, links: Mapping[str, Collection[Any]]
) -> dict[str, list[Any]]:
    """{field: [None, value]} of everything that is kept of ``row`` and not empty, so that a reader
    who has only the event has the row. ``links`` are the rows that it links to."""
    kept = [f.name for f in table if f.type != Type.COMPUTED and f.name not in _ENVELOPE]
    return values_as_first_changes(
        table, {n: links[n] if n in links else getattr(row, n) for n in kept}
    )


def set_changed_in_memory(table: Table, row: Any, clean: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Set ``clean`` on ``row``, in memory only; {field: [before, after]} of what is different."""
    changes = {}
    for field in table:
        if field.name not in clean or getattr(row, field.name) == clean[field.name]:
            continue
        before, after = getattr(row, field.name), clean[field.name]
        changes[field.name] = [value_for_log(field, before), value_for_log(field, after)]
        setattr(row, field.name, after)
    return changes


def save_changed_links(row: Any, links: Mapping[str, Collection[Any]]) -> dict[str, list[Any]]:
    """As ``set_changed_in_memory``, of fields that link to other rows; these are saved at once."""
    changes = {}
    for name, rows in links.items():
        before, after = sorted_refs_or_keys(getattr(row, name).all()), sorted_refs_or_keys(rows)
        if before != after:
            changes[name] = [before, after]
            getattr(row, name).set(rows)
    return changes


def split_entry_by_audience(table: Table, row: Any, entry: Entry) -> list[Entry]:
    """``entry`` about ``row`` as it goes into the log: what is for its party alone is taken out of
    what everybody reads, and stands in an entry of the party's own chain.

    Where nothing else changed the entry for everybody is empty: they see the new version as well,
    and who follows the feed must learn of it."""
    private = {f.name for f in table if f.party_only} & set(entry.changes)
    if not private or row.visibility == Visibility.PARTY:
        return [entry]
    rest = {name: change for name, change in entry.changes.items() if name not in private}
    own = replace(
        entry,
        verb=f"{table.noun}.edited",
        audience=Audience(row.register.uuid, row.party.uuid),
        changes={name: entry.changes[name] for name in entry.changes if name in private},
    )
    return [replace(entry, changes=rest), own]
