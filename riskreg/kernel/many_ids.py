"""Asking for the rows of many ids: as one value of the statement, and not as a place for each.

An ``IN`` of a thousand places is written, checked and adapted id by id, which costs more than the
rows that it finds.
"""

from collections.abc import Collection

from django.db import connection
from django.db.models import BooleanField, F, Func, Value


def among(field: str, ids: Collection[int]) -> Func:
    """The condition that ``field`` is one of ``ids``: ``filter(among("risk_id", ids))``."""
    listed = ",".join(map(str, ids))
    if connection.vendor == "sqlite":
        joined, ending, listed = " IN (SELECT value FROM json_each(", "))", f"[{listed}]"
    else:
        # Not one of a set of rows: the planner would read the whole table to find them.
        joined, ending, listed = " = ANY(", "::bigint[])", f"{{{listed}}}"
    return Func(
        F(field), Value(listed), arg_joiner=joined, template=f"(%(expressions)s{ending})",
        output_field=BooleanField(),
    )  # fmt: skip
