"""Reading JSON: the largest list of objects in it, each laid flat into columns."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.exchange.reading.layout import is_register, sort_key_by_likeness_to_risks, table_in
from riskreg.exchange.reading.separate_mitigations import nested_mitigations
from riskreg.exchange.reading.table import (
    MAX_COLUMNS,
    MAX_ROWS,
    Grid,
    NotARegister,
    Row,
    Sheet,
    Table,
    Value,
)

POAM = "plan-of-action-and-milestones"
_DEEPEST = 6
_LEVELS = re.compile(r"([1-9][0-9]?) × ([1-9][0-9]?)")
_NAMES = ("columns", "headers", "header", "fields")
_ROWS = ("rows", "data", "values", "records")


def read_json(text: str) -> Table:
    """The table in ``text``: JSON, or one JSON object to a line. Raises ``NotARegister``."""
    data = _load(text)
    if isinstance(data, Mapping) and isinstance(data.get(POAM), Mapping):
        return _table("oscal-poam", POAM, list(_risk_or_item_rows_of_oscal_poam(data[POAM])))
    if (grid := _grid_of(data)) and (found := table_in(Sheet("", grid), "json")):
        return found
    tables = [
        _table_of_flattened_objects(path, objects)
        for path, objects in _lists_of_objects(data)
        if objects
    ]
    if not tables:
        raise NotARegister(_("This JSON holds no list of objects, so no rows."))
    best = max(
        tables,
        key=lambda table: (
            is_register(table),
            sort_key_by_likeness_to_risks(table),
            len(table.rows),
        ),
    )
    return replace(best, levels=_scale_sizes_named_in(data))


def _scale_sizes_named_in(data: Any) -> dict[str, int]:
    """How long the scales of our own files are, as what they say of themselves has it (``5 × 5``),
    in whatever language."""
    about = _mapping_or_empty(_mapping_or_empty(data).get("about"))
    named = [found for text in about.values() if (found := _LEVELS.fullmatch(str(text)))]
    return {axis: int(named[0][n]) for n, axis in enumerate(("likelihood", "impact"), 1) if named}


def _table_of_flattened_objects(path: str, objects: list[Mapping[str, Any]]) -> Table:
    apart = [pair for n, item in enumerate(objects, 1) for pair in nested_mitigations(item, n)]
    lists = {where for where, _found in apart}
    flat = [{k: v for k, v in _flatten(item) if k not in lists} for item in objects]
    table = _table("json-ir8286" if _is_ir8286(flat[0]) else "json", path, flat)
    return replace(table, separate_mitigations=tuple(found for _where, found in apart))


def _grid_of(data: Any) -> Grid | None:
    """Rows and columns that are written as lists: of rows, of columns, or beside their names."""
    if isinstance(data, list) and len(data) > 1 and all(isinstance(row, list) for row in data):
        return [[_cell(value) for value in row] for row in data]
    if not isinstance(data, Mapping):
        return None
    names = next((data[k] for k in _NAMES if isinstance(data.get(k), list)), None)
    rows = next((data[k] for k in _ROWS if isinstance(data.get(k), list)), None)
    if names and rows and all(isinstance(row, list) for row in rows):
        titles: list[Value] = [_text(name) for name in names]
        return [titles, *([_cell(value) for value in row] for row in rows)]
    lists = [value for value in data.values() if isinstance(value, list)]
    simple = all(not isinstance(v, Mapping | list) for values in lists for v in values)
    if len(lists) > 1 and len(lists) == len(data) and simple and len(set(map(len, lists))) == 1:
        keys: list[Value] = [str(name) for name in data]
        return [keys, *([_cell(v) for v in row] for row in zip(*lists, strict=True))]
    return None


def _cell(value: Any) -> Value:
    return value if value is None or isinstance(value, str | int | float) else _text(value)


def _load(text: str) -> Any:
    try:
        return _parse_json(text)
    except RecursionError:
        raise NotARegister(_("This JSON is nested too deep to be a register.")) from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines[:5]):
            try:
                return [_parse_json(line) for line in lines[: MAX_ROWS + 1]]
            except (ValueError, RecursionError):
                pass
        place = getattr(error, "lineno", 1)
        raise NotARegister(
            _("This is not valid JSON (line %(line)d). Export it again.") % {"line": place}
        ) from None


def _parse_json(text: str) -> Any:
    # What is no number in JSON stays a word, which nobody takes for a level.
    return json.loads(text, parse_constant=str)


class _ListAtPath(NamedTuple):
    """Objects, and the path of their list in the data."""

    path: str
    objects: list[Any]


def _lists_of_objects(data: Any, path: str = "", depth: int = 0) -> Iterator[_ListAtPath]:
    """Every list of objects, and where it is. What stands in groups is a list as well: the groups
    one after the other, each row with what its group says."""
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        objects = [item for item in data if isinstance(item, Mapping)]
        if len(objects) * 2 > len(data):
            yield _ListAtPath(path, objects)
            yield from _items_of_all_groups_by_key(objects, path)
        return
    if not isinstance(data, Mapping):
        return
    inner = []
    for key, value in data.items():
        here = f"{path}.{key}" if path else str(key)
        for where, objects in _lists_of_objects(value, here, depth + 1):
            inner.append((where, objects))
            yield _ListAtPath(where, objects)
    alike = [(w, o) for w, o in inner if len(set(o[0]) & set(inner[0][1][0])) > 2]
    if len(alike) > 1:
        grouped = [{**item, "group": w.rpartition(".")[2]} for w, o in alike for item in o]
        yield _ListAtPath(path, grouped)
    if not inner and len(data) > 1 and all(isinstance(v, Mapping) for v in data.values()):
        yield _ListAtPath(path, [{"id": key, **value} for key, value in data.items()])
    if not inner and depth == 0 and data and not any(isinstance(v, dict) for v in data.values()):
        yield _ListAtPath(path, [data])


def _items_of_all_groups_by_key(
    groups: list[Mapping[str, Any]], path: str
) -> Iterator[_ListAtPath]:
    keys = {key for group in groups for key, value in group.items() if _only_objects(value)}
    for key in sorted(keys):
        rows = []
        for group in groups:
            of_group = {
                f"{path.rpartition('.')[2] or 'group'}.{name}": value
                for name, value in group.items()
                if not isinstance(value, Mapping | list)
            }
            rows += [{**of_group, **item} for item in _only_objects(group.get(key))]
        yield _ListAtPath(f"{path}.{key}", rows)


def _flatten(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and prefix.count(".") < _DEEPEST:
            # Somebody, in our own JSON and many others.
            if set(value) and set(value) <= {"id", "name", "email"}:
                address = value.get("email") or value.get("id")
                called = value.get("name")
                yield name, f"{called} <{address}>" if called and address else called or address
            else:
                yield from _flatten(value, f"{name}.")
        elif isinstance(value, list | tuple):
            yield name, "; ".join(_text(part) for part in value if part not in (None, "", {}, []))
        elif value is None or isinstance(value, str | int | float | bool):
            yield name, value
        else:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        for name in ("title", "name", "description", "text", "ref", "id"):
            if isinstance(value.get(name), str):
                return str(value[name])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _table(kind: str, path: str, flat: list[dict[str, Value]]) -> Table:
    headers = list(dict.fromkeys(name for item in flat for name in item))
    if len(flat) > MAX_ROWS or len(headers) > MAX_COLUMNS:
        raise NotARegister(
            _("At most %(rows)d rows of %(columns)d columns are read; bring it in parts.")
            % {"rows": MAX_ROWS, "columns": MAX_COLUMNS}
        )
    rows = tuple(
        Row(n, tuple(item.get(name) for name in headers)) for n, item in enumerate(flat, 1)
    )
    return Table(kind, path, None, tuple(headers), rows)


def _is_ir8286(item: Mapping[str, Any]) -> bool:
    """Whether it has the columns of the register in NIST IR 8286, by whatever spelling."""
    names = {"".join(c for c in name.lower() if c.isalnum()) for name in item}
    return {"riskresponsetype", "riskdescription", "riskowner"} <= names and any(
        "exposurerating" in name for name in names
    )


def _risk_or_item_rows_of_oscal_poam(plan: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
    """One row for each risk of an OSCAL plan, or for each item of a plan without risks."""
    parties = {
        party.get("uuid"): party.get("name")
        for party in _only_objects(_mapping_or_empty(plan.get("metadata")).get("parties"))
    }
    risks = _only_objects(plan.get("risks"))
    for risk in risks or _only_objects(plan.get("poam-items")):
        row: dict[str, Value] = {
            name: risk.get(name) for name in ("uuid", "title", "description", "statement", "status")
        }
        for number, facets in enumerate(_only_objects(risk.get("characterizations"))):
            for facet in _only_objects(facets.get("facets")):
                # The first characterization is of the risk as found; a later one stands for now.
                if number == 0 or facet.get("name") in ("likelihood", "impact"):
                    row[str(facet.get("name"))] = facet.get("value")
        row["deadline"] = risk.get("deadline")
        row["controls"] = _join_texts(_only_objects(risk.get("mitigating-factors")), "description")
        remediations = _only_objects(risk.get("remediations"))
        first = remediations[0] if remediations else {}
        row["response"] = next(
            (p.get("value") for p in _only_objects(first.get("props")) if p.get("name") == "type"),
            None,
        )
        row["actions"] = first.get("title")
        row["mitigation description"] = _join_texts(remediations, "description")
        tasks = [task for each in remediations for task in _only_objects(each.get("tasks"))]
        row["milestones"] = _join_texts(tasks, "title")
        owners = [
            parties.get(actor.get("actor-uuid"))
            for origin in _only_objects(first.get("origins"))
            for actor in _only_objects(origin.get("actors"))
        ]
        row["owner"] = next((name for name in owners if name), None)
        yield row


def _only_objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _mapping_or_empty(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _join_texts(items: list[Mapping[str, Any]], name: str) -> str | None:
    return "\n".join(str(item[name]) for item in items if item.get(name)) or None
