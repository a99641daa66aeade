"""Planned work that stands apart from the row of its risk: on a sheet of its own, or nested."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from riskreg.exchange.reading.names import mentions_risk, recognise
from riskreg.exchange.reading.table import (
    CellUnderHeader,
    SeparateMitigation,
    Table,
    Value,
    as_read_in_sheet,
    is_blank,
)

# What a column is that stands in a list of mitigations, by what it would be in one of risks.
_HERE = {
    "title": "mitigation.title",
    "event": "mitigation.description",
    "owner": "mitigation.owner",
    "state": "mitigation.status",
}


def separate_mitigations_on_sheets(tables: Sequence[Table]) -> tuple[SeparateMitigation, ...]:
    """Those on sheets that name the risk of each by its id: *Risk ID, Action, Due date*."""
    return tuple(
        mitigation for table in tables for mitigation in _separate_mitigations_on_sheet(table)
    )


def _separate_mitigations_on_sheet(table: Table) -> Iterator[SeparateMitigation]:
    known = {name: found.target for name in table.headers if (found := recognise(name))}
    ids = [name for name, target in known.items() if target == "external_id"]
    of_risks = [name for name in ids if mentions_risk(name)] or ids
    columns = _mitigation_targets_by_column(known)
    if not of_risks or "mitigation.title" not in columns.values():
        return
    for row in table.rows:
        values = dict(zip(table.headers, row.values, strict=True))
        if not is_blank(values[of_risks[0]]):
            where = f"{table.sheet}:{row.number}"
            yield SeparateMitigation(
                as_read_in_sheet(values[of_risks[0]]),
                None,
                _cells_by_target(values, columns),
                where,
            )


class MitigationAtPath(NamedTuple):
    """A mitigation, and the path of the list in its object that it was found in."""

    path: str
    mitigation: SeparateMitigation


def nested_mitigations(item: Mapping[str, Any], row: int) -> Iterator[MitigationAtPath]:
    """One for each object in a list of mitigations inside of ``item``, the ``row``-th."""
    for key, value in item.items():
        if isinstance(value, Mapping):
            for path, mitigation in nested_mitigations(value, row):
                yield MitigationAtPath(f"{key}.{path}", mitigation)
            continue
        listed = value if isinstance(value, list) else []
        objects = [part for part in listed if isinstance(part, Mapping)]
        if not objects or len(objects) < len(listed):
            continue
        names = dict.fromkeys(name for part in objects for name in part)
        known = {name: found.target for name in names if (found := recognise(name))}
        columns = _mitigation_targets_by_column(known)
        if {"mitigation.title", "mitigation.due_on"} <= set(columns.values()):
            for n, part in enumerate(objects, 1):
                simple = {
                    n: v for n, v in part.items() if v is None or isinstance(v, str | int | float)
                }
                cells = _cells_by_target(simple, columns)
                yield MitigationAtPath(key, SeparateMitigation("", row, cells, f"{key}:{n}"))


def _mitigation_targets_by_column(known: Mapping[str, str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name, target in known.items():
        ours = _HERE.get(target, target)
        if ours.startswith("mitigation.") and ours not in columns.values():
            columns[name] = ours
    if "mitigation.title" not in columns.values():
        described = next((n for n, ours in columns.items() if ours == "mitigation.description"), "")
        if described:
            columns[described] = "mitigation.title"
    return columns


def _cells_by_target(
    values: Mapping[str, Value], columns: Mapping[str, str]
) -> dict[str, CellUnderHeader]:
    return {ours: CellUnderHeader(name, values[name]) for name, ours in columns.items()
            if name in values and not is_blank(values[name])}  # fmt: skip
