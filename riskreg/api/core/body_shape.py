"""Holding a body against what the schema says of it: names, nulls, lists and objects, at any depth.

What a value means is for the services to judge; here it is only made sure that nothing is passed
over in silence, however deep it stands.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from rest_framework import serializers as s

from riskreg.kernel.errors import Errors

_MOST_ERRORS = 100
_OBJECT = "This must be an object: { … }."


def check_body(errors: Errors, body: Mapping[str, Any], shape: Any) -> None:
    """Note in ``errors`` what ``body`` has that ``shape`` has not, at any depth; the first 100."""
    for count, (where, code, detail) in enumerate(
        _faults_in_object(body, _fields_of_shape(shape), "")
    ):
        if count == _MOST_ERRORS:
            return
        errors.add(where, code, detail)


@cache
def _fields_of_shape(shape: Any) -> dict[str, s.Field[Any, Any, Any, Any]]:
    return dict(shape().fields)


class CodeAndDetail(NamedTuple):
    """What is wrong with a value: a stable code, and a sentence."""

    code: str
    detail: str


# Where (a path in the body), a code, and a sentence.
FieldFaults = Iterator[tuple[str, str, str]]


def _faults_in_object(
    value: Mapping[str, Any], fields: Mapping[str, Any], path: str
) -> FieldFaults:
    for name, each in value.items():
        where = f"{path}.{name}"[:120] if path else str(name)[:60]
        if name in fields:
            yield from _faults_in_value(each, fields[name], where)
        else:
            known = ", ".join(fields) or "none"
            yield where, "unknown_field", f"There is no such field here. Fields: {known}."


def _faults_in_value(value: Any, field: Any, where: str) -> FieldFaults:
    kind = type(field)
    allowed = getattr(kind, "choices_allowed", None)
    if value is None:
        if not (field.allow_null or getattr(kind, "takes_null", False)):
            yield where, *_fault_naming_what_is_allowed(allowed)
    elif isinstance(field, s.ListSerializer | s.ListField):
        if not isinstance(value, list):
            yield where, "not_a_list", "This must be a list: [ … ]."
            return
        for n, each in enumerate(value):
            yield from _faults_in_value(each, field.child, f"{where}.{n}")
    elif isinstance(field, s.BaseSerializer):
        if isinstance(value, dict):
            shape: Any = type(field)
            yield from _faults_in_object(value, _fields_of_shape(shape), where)
        else:
            yield where, "not_an_object", _OBJECT
    elif isinstance(field, s.DictField):
        if not isinstance(value, dict):
            yield where, "not_an_object", _OBJECT
            return
        for name, each in value.items():
            yield from _faults_in_value(each, field.child, f"{where}.{str(name)[:60]}")
    elif error := _fault_of_single_value(value, field, kind, allowed):
        yield where, *error


def _fault_of_single_value(value: Any, field: Any, kind: Any, allowed: Any) -> CodeAndDetail | None:
    """What is wrong with a single value, where a service might take it for nothing at all."""
    if allowed is not None:
        return (
            None
            if isinstance(value, str) and value in allowed
            else _fault_naming_what_is_allowed(allowed)
        )
    if getattr(kind, "is_object", False):
        return None if isinstance(value, dict) else CodeAndDetail("not_an_object", _OBJECT)
    if getattr(kind, "is_person", False):
        fine = isinstance(value, dict) and "id" in value and set(value) <= {"id", "name"}
        fine = fine or (isinstance(value, str) and value.strip() != "")
        return (
            None
            if fine
            else CodeAndDetail("unknown_member", "Name a member by id or e-mail address.")
        )
    if getattr(kind, "is_number", False):
        fault = CodeAndDetail("not_a_number", "This must be a number, as in 75.36.")
        return fault if value == "" else None
    if kind is s.BooleanField:
        boolean = isinstance(value, bool)
        return None if boolean else CodeAndDetail("not_a_boolean", "This must be true or false.")
    if kind is s.DateField:
        fine = isinstance(value, str) and value != ""
        return (
            None if fine else CodeAndDetail("not_a_date", "This must be a date, as in 2027-03-31.")
        )
    if kind is s.CharField:
        if not isinstance(value, str):
            return CodeAndDetail("not_text", "This must be text.")
        return None if value or field.allow_blank else CodeAndDetail("required", "This is needed.")
    return None


def _fault_naming_what_is_allowed(allowed: Any) -> CodeAndDetail:
    if allowed:
        return CodeAndDetail("unknown", f"This must be one of: {', '.join(map(str, allowed))}.")
    return CodeAndDetail(
        "null",
        "This cannot be null: leave it out, or send an empty value where one is allowed.",
    )
