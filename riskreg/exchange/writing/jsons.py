"""Rows as JSON, a list or one object to a line, as they are read."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

# About so many bytes are sent at once: a piece a row would cost more than the rows.
PIECE = 32_000


def row_to_json(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """``row`` as JSON has it: days and amounts as text."""
    return {name: _value_to_json(row.get(name)) for name in names}


def make_json_in_place(
    row: dict[str, Any], names: Sequence[str], days_and_amounts: Sequence[str]
) -> Mapping[str, Any]:
    """``row`` changed into JSON, of a row that has ``names`` in their order; of these only
    ``days_and_amounts`` are not JSON yet. A large register is most of the time nothing but this."""
    for name in days_and_amounts:
        value = row[name]
        if value is not None:
            row[name] = _value_to_json(value)
    return row if len(row) == len(names) else {name: row[name] for name in names}


def _value_to_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def ndjson_of(bodies: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """One object to a line, without blanks between its parts; several lines in one piece."""
    waiting: list[bytes] = []
    length = 0
    for body in bodies:
        line = orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)
        waiting.append(line)
        length += len(line)
        if length > PIECE:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)


def json_pieces(
    rows: Iterable[Mapping[str, Any]], names: Sequence[str], about: Mapping[str, Any]
) -> Iterator[str]:
    """``{about, risks: […]}``, row by row."""
    yield f'{{"about": {json.dumps(about, ensure_ascii=False)}, "risks": ['
    for n, row in enumerate(rows):
        yield (",\n" if n else "\n") + json.dumps(row_to_json(row, names), ensure_ascii=False)
    yield "\n]}\n"


# The register of NIST IR 8286, appendix A, column by column; held by data/ir8286.schema.json.
IR8286 = (
    ("ID", "ref"), ("Priority", None), ("Risk Description", "event"), ("Risk Category", "terms"),
    ("Current Assessment - Likelihood", "residual.likelihood"),
    ("Current Assessment - Impact", "residual.impact"),
    ("Current Assessment - Exposure Rating", "residual.rating"),
    ("Risk Response Type", "response"), ("Risk Response Cost", "mitigation.cost"),
    ("Risk Response Description", "mitigation.title"), ("Risk Owner", "owner"),
    ("Status", "state"),
)  # fmt: skip
IR8286_NAMES = [theirs for theirs, _ours in IR8286]


def ir8286_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows by the columns of NIST IR 8286; priority is the risk's place in the list, the same for
    each of its measures."""
    place, before = 0, object()
    for row in rows:
        ref = row.get("ref") or object()
        place, before = place + (ref != before), ref
        terms = [value for name, value in row.items() if name.startswith("terms.") and value]
        values = {**row, "terms": "; ".join(terms), "event": row.get("event") or row.get("title"),
                  "response": row.get("response") or None}  # fmt: skip
        yield {
            theirs: place if ours is None else _value_to_json(values.get(ours))
            for theirs, ours in IR8286
        }
