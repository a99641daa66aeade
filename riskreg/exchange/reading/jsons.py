"""Reading JSON: the largest list of objects in it, each laid flat into columns."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.reading.table import MAX_COLUMNS, MAX_ROWS, NotARegister, Row, Table, Value

POAM = "plan-of-action-and-milestones"
_DEEPEST = 6


def read_json(text: str) -> Table:
    """The table in ``text``: JSON, or one JSON object to a line. Raises ``NotARegister``."""
    data = _load(text)
    if isinstance(data, Mapping) and isinstance(data.get(POAM), Mapping):
        return _table("oscal-poam", POAM, list(_poam_rows(data[POAM])))
    path, objects = _largest(data)
    if not objects:
        raise NotARegister(_("This JSON holds no list of objects, so no rows."))
    flat = [dict(_flatten(item)) for item in objects]
    kind = "json-ir8286" if _is_ir8286(flat[0]) else "json"
    return _table(kind, path, flat)


def _load(text: str) -> Any:
    try:
        return _parsed(text)
    except RecursionError:
        raise NotARegister(_("This JSON is nested too deep to be a register.")) from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines[:5]):
            try:
                return [_parsed(line) for line in lines[: MAX_ROWS + 1]]
            except (ValueError, RecursionError):
                pass
        place = getattr(error, "lineno", 1)
        raise NotARegister(
            _("This is not valid JSON (line %(line)d). Export it again.") % {"line": place}
        ) from None


def _parsed(text: str) -> Any:
    # What is no number in JSON stays a word, which nobody takes for a level.
    return json.loads(text, parse_constant=str)


def _largest(data: Any, path: str = "", depth: int = 0) -> tuple[str, list[Mapping[str, Any]]]:
    """Where the longest list of objects is, and the list."""
    if depth > _DEEPEST:
        return path, []
    if isinstance(data, list):
        objects = [item for item in data if isinstance(item, Mapping)]
        return path, objects if len(objects) * 2 > len(data) else []
    best: tuple[str, list[Mapping[str, Any]]] = (path, [])
    if not isinstance(data, Mapping):
        return best
    for key, value in data.items():
        here = f"{path}.{key}" if path else str(key)
        found = _largest(value, here, depth + 1)
        risky = "risk" in here.lower() and found[1]
        if len(found[1]) > len(best[1]) or (risky and "risk" not in best[0].lower()):
            best = found
    if not best[1] and len(data) > 1 and all(isinstance(v, Mapping) for v in data.values()):
        return path, [{"id": key, **value} for key, value in data.items()]
    if not best[1] and depth == 0 and data and not any(isinstance(v, dict) for v in data.values()):
        return path, [data]
    return best


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


def _poam_rows(plan: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
    """One row for each risk of an OSCAL plan, or for each item of a plan without risks."""
    parties = {
        party.get("uuid"): party.get("name")
        for party in _objects(_mapping(plan.get("metadata")).get("parties"))
    }
    risks = _objects(plan.get("risks"))
    for risk in risks or _objects(plan.get("poam-items")):
        row: dict[str, Value] = {
            name: risk.get(name) for name in ("uuid", "title", "description", "statement", "status")
        }
        for number, facets in enumerate(_objects(risk.get("characterizations"))):
            for facet in _objects(facets.get("facets")):
                # The first characterization is of the risk as found; a later one stands for now.
                if number == 0 or facet.get("name") in ("likelihood", "impact"):
                    row[str(facet.get("name"))] = facet.get("value")
        row["deadline"] = risk.get("deadline")
        row["controls"] = _joined(_objects(risk.get("mitigating-factors")), "description")
        remediations = _objects(risk.get("remediations"))
        first = remediations[0] if remediations else {}
        row["response"] = next(
            (p.get("value") for p in _objects(first.get("props")) if p.get("name") == "type"), None
        )
        row["actions"] = first.get("title")
        row["mitigation description"] = _joined(remediations, "description")
        tasks = [task for each in remediations for task in _objects(each.get("tasks"))]
        row["milestones"] = _joined(tasks, "title")
        owners = [
            parties.get(actor.get("actor-uuid"))
            for origin in _objects(first.get("origins"))
            for actor in _objects(origin.get("actors"))
        ]
        row["owner"] = next((name for name in owners if name), None)
        yield row


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _joined(items: list[Mapping[str, Any]], name: str) -> str | None:
    return "\n".join(str(item[name]) for item in items if item.get(name)) or None
