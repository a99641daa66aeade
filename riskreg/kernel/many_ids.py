"""Asking for the rows of many ids: as one value of the statement, and not as a place for each.

An ``IN`` of a thousand places is written, checked and adapted id by id, which costs more than the
rows that it finds.
"""

from collections.abc import Collection

from django.db import connection
from django.db.models import BooleanField, F, Func, Value


def is_among(field: str, ids: Collection[int]) -> Func:
    """The condition that ``field`` is one of ``ids``: ``filter(is_among("risk_id", ids))``."""
    return is_among_listed(field, ids_as_one_value(ids))


def ids_as_one_value(ids: Collection[int]) -> str:
    """``ids`` as the one value that ``is_among_listed`` takes."""
    text = ",".join(map(str, ids))
    return f"[{text}]" if connection.vendor == "sqlite" else f"{{{text}}}"


def is_among_listed(field: str, ids: str) -> Func:
    """``is_among`` for a statement that is written once, to which ``ids`` (``ids_as_one_value``)
    are a value."""
    if connection.vendor == "sqlite":
        joined, ending = " IN (SELECT value FROM json_each(", "))"
    else:
        # Not one of a set of rows: the planner would read the whole table to find them.
        joined, ending = " = ANY(", "::bigint[])"
    return Func(
        F(field), Value(ids), arg_joiner=joined, template=f"(%(expressions)s{ending})",
        output_field=BooleanField(),
    )  # fmt: skip
