"""Indexes on tables that are in use, made while everybody goes on writing."""

from typing import Any

from django.db.migrations.operations import AddIndex
from django.db.models import F, Index

# PostgreSQL leaves an index that it could not finish, which serves nobody and costs every write.
_UNFINISHED = """
SELECT 1 FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relname = %s AND NOT i.indisvalid AND pg_table_is_visible(c.oid)"""


class NullsLastIndex(Index):
    """An index of fields in which those that descend (``-score``) have what is empty last.

    SQLite has it last anyway, and does not let an index say so.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        columns = [
            F(name).desc(nulls_last=True) if order else F(name)
            for name, order in self.fields_orders
        ]
        spelt = Index(*columns, name=self.name, condition=self.condition)
        return spelt.create_sql(model, schema_editor, using, **kwargs)


class AddIndexBeside(AddIndex):
    """``AddIndex`` that keeps nobody waiting, in a migration with ``atomic = False``.

    One that is there already is left as it is, so an interrupted migration can be run again.
    """

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        connection = schema_editor.connection
        if connection.in_atomic_block:
            raise RuntimeError("an AddIndexBeside stands in a migration with atomic = False")
        model = to_state.apps.get_model(app_label, self.model_name)
        options: dict[str, Any] = {}
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                options = {"concurrently": True}
                cursor.execute("SHOW lock_timeout")
                usual = cursor.fetchone()[0]
                # It waits for the end of older transactions, such as a backup's, and nobody for it.
                cursor.execute("SET lock_timeout = 0")
                cursor.execute(_UNFINISHED, [self.index.name])
                if cursor.fetchone():
                    schema_editor.remove_index(model, self.index, **options)
            there = connection.introspection.get_constraints(cursor, model._meta.db_table)
            if self.index.name not in there:
                schema_editor.add_index(model, self.index, **options)
            if options:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [usual])

    def describe(self) -> str:
        return f"{super().describe()}, beside the work of everybody else"
