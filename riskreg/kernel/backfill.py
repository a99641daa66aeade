"""Filling a new column of rows that are there already, beside the work of everybody else.

Used as the one operation of a migration with ``atomic = False``, after the migration that adds the
column: ``Backfill("risk", Q(state="draft", draft_due_on=None), fill, ("draft_due_on",))``. A batch
is a transaction of its own: it locks its rows, for as long as they take, and never the table. What
was filled stays filled, so a migration that was interrupted takes up where it was. Until the old
version has stopped, it writes rows that nobody fills; ``fill_unfilled`` does those, and beat calls
it (``operations.services.backfills``).
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections, transaction
from django.db.migrations.operations.base import Operation
from django.db.models import Model, Q

BATCH = 500
# For a row that somebody is changing; `migrate` then fails, and can be run again.
LOCK_SECONDS = 5
Fill = Callable[[Sequence[Any]], None]


class Backfill(Operation):
    """Set ``fields`` of the rows of ``model`` that ``unfilled`` finds.

    ``fill`` gets up to ``BATCH`` of them, with what ``related`` names, and sets the attributes. It
    must come to the same whenever it is called.
    """

    reduces_to_sql = False
    reversible = True
    elidable = False

    def __init__(
        self, model: str, unfilled: Q, fill: Fill, fields: Sequence[str],
        related: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.model = model
        self.unfilled = unfilled
        self.fill = fill
        self.fields = tuple(fields)
        self.related = tuple(related)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        given = [self.model, self.unfilled, self.fill, self.fields, self.related]
        return (self.__class__.__qualname__, given, {})

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models do not change."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.in_atomic_block:
            raise RuntimeError("a Backfill stands in a migration with atomic = False")
        model = to_state.apps.get_model(app_label, self.model)
        self.fill_unfilled(model, schema_editor.connection.alias)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """What was filled goes with its column."""

    def describe(self) -> str:
        return f"Fill {', '.join(self.fields)} of {self.model} in batches"

    def fill_unfilled(self, model: type[Model], alias: str = "default") -> int:
        """Fill what is not filled; how many rows were. Raises ``OperationalError`` when somebody
        holds one of them for longer than ``LOCK_SECONDS``; what was filled by then stays."""
        count, last = 0, 0
        while True:
            with transaction.atomic(using=alias):
                if connections[alias].vendor == "postgresql":
                    with connections[alias].cursor() as cursor:
                        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                rows = list(
                    self._unfilled_rows_for_update(model, alias).filter(pk__gt=last)[:BATCH]
                )
                if not rows:
                    return count
                self.fill(rows)
                model._base_manager.using(alias).bulk_update(rows, self.fields)
            count, last = count + len(rows), rows[-1].pk

    def _unfilled_rows_for_update(self, model: type[Model], alias: str) -> Any:
        rows = model._base_manager.using(alias).filter(self.unfilled).order_by("pk")
        if self.related:
            rows = rows.select_related(*self.related)
        return rows.select_for_update(of=("self",), no_key=True)
