"""Frozen dataclasses as plain JSON and back, and the digest of what they say.

The JSON is canonical: keys sorted, no spaces, numbers as their shortest text. Equal values have
equal bytes, hence equal digests.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from typing import Any, TypeVar

from riskreg.quant.errors import InvalidChoice, InvalidNumber, InvalidShape

T = TypeVar("T")


def to_plain_without_defaults(value: Any) -> Any:
    """A dataclass as a dict of what JSON holds; what equals its default is left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: to_plain_without_defaults(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if f.default is dataclasses.MISSING or getattr(value, f.name) != f.default
        }
    if isinstance(value, tuple):
        return [to_plain_without_defaults(x) for x in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        # 300000 and 300000.0 are one number and have one text.
        return int(value)
    return value


def canonical_json_without_defaults(value: Any) -> str:
    """Canonical JSON of a dataclass."""
    return json.dumps(
        to_plain_without_defaults(value),
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        ensure_ascii=False,
    )


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Point:
    ...     x: float
    ...     y: float = 0.0
    >>> canonical_json_without_defaults(Point(1.5)), from_plain(Point, {"x": 1.5}) == Point(1.5)
    ('{"x":1.5}', True)
    """
    return hashlib.sha256(canonical_json_without_defaults(value).encode()).hexdigest()


def from_plain(kind: type[T], data: Any, where: str = "") -> T:
    """The dataclass `kind` from plain data; unknown and missing keys are refused by name."""
    if not isinstance(data, dict):
        raise InvalidShape(where or kind.__name__, data, "is not an object", "give keys and values")
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    for key in data:
        if key not in fields:
            raise InvalidChoice(
                f"{where}{key}", data[key], "is not known", f"give {', '.join(fields)}"
            )
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING
        if required and field.default_factory is dataclasses.MISSING and name not in data:
            raise InvalidShape(f"{where}{name}", None, "is missing", "give it")
    values = {k: _typed_value(hints[k], v, f"{where}{k}") for k, v in data.items()}
    return kind(**values)


def _typed_value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        (hint,) = [a for a in arguments if a is not type(None)]
        return _typed_value(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise InvalidShape(where, value, "is not a list", "give a list")
        if arguments[-1] is Ellipsis:
            return tuple(
                _typed_value(arguments[0], x, f"{where}[{k}]") for k, x in enumerate(value)
            )
        if len(value) != len(arguments):
            raise InvalidShape(where, value, "has another length", f"give {len(arguments)} entries")
        return tuple(_typed_value(a, x, where) for a, x in zip(arguments, value, strict=True))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, value, f"{where}.")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint in (int, float) and isinstance(value, bool)):
        raise InvalidNumber(where, value, f"is not of the kind {hint.__name__}", "correct it")
    return value
