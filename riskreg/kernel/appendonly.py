"""Tables that only grow: the database itself refuses UPDATE and DELETE.

Used in migrations as ``AppendOnly("risks_assessment")``. ``when`` limits the rule to rows that
match an SQL condition over OLD (a criteria row may change until it is used); ``columns`` limits the
rule on UPDATE to these, for a row that has one thing about it that can still happen.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

_FUNCTION = """
CREATE OR REPLACE FUNCTION riskreg_append_only() RETURNS trigger AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END; $$ LANGUAGE plpgsql
"""


def create_sql(vendor: str, table: str, when: str = "", columns: tuple[str, ...] = ()) -> list[str]:
    """The statements that make ``table`` append-only on ``vendor`` (sqlite or postgresql)."""
    condition = f"WHEN ({when})" if when else ""
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    events = {"UPDATE": update, "DELETE": "DELETE"}
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {event} ON {table} {condition} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {verb} on {table} is refused'); END"
            for verb, event in events.items()
        ]
    statements = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {event} ON {table} FOR EACH ROW "
        f"{condition} EXECUTE FUNCTION riskreg_append_only()"
        for verb, event in events.items()
    ]
    if not when:
        statements.append(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION riskreg_append_only()"
        )
    return [_FUNCTION, *statements]


def drop_sql(vendor: str, table: str, when: str = "") -> list[str]:
    """The statements that take the rule away again (a migration undone)."""
    on = "" if vendor == "sqlite" else f" ON {table}"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}" for verb in _verbs_refused(vendor, when)
    ]


def append_only_rules_of_migrations() -> "list[AppendOnly]":
    """Every append-only rule that the migrations make, once for each table."""
    found = {
        operation.table: operation
        for _key, migration in sorted(MigrationLoader(None).disk_migrations.items())
        for operation in migration.operations
        if isinstance(operation, AppendOnly)
    }
    return list(found.values())


def missing_append_only_rules(connection: BaseDatabaseWrapper) -> list[str]:
    """Triggers of the migrations' rules that the database does not have, or has switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'")
        there = {row[0] for row in cursor.fetchall()}
    wanted = {
        f"{rule.table}_no_{verb}"
        for rule in append_only_rules_of_migrations()
        for verb in _verbs_refused(connection.vendor, rule.when)
    }
    return sorted(wanted - there)


def _verbs_refused(vendor: str, when: str) -> list[str]:
    return ["update", "delete"] + ([] if vendor == "sqlite" or when else ["truncate"])


def execute_all(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    """Execute each statement on ``connection``."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class AppendOnly(Operation):
    """Migration operation: see the module."""

    reversible = True

    def __init__(
        self, table: str, when: str = "", columns: tuple[str, ...] = (), again: bool = False
    ) -> None:
        self.table = table
        self.when = when
        self.columns = tuple(columns)
        # The rule is there already, with other columns.
        self.again = again

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (
            self.__class__.__qualname__,
            [self.table],
            {"when": self.when, "columns": self.columns, "again": self.again},
        )

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models do not change."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        connection = schema_editor.connection
        if self.again:
            self.database_backwards(app_label, schema_editor, from_state, to_state)
        for statement in create_sql(connection.vendor, self.table, self.when, self.columns):
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        connection = schema_editor.connection
        for statement in drop_sql(connection.vendor, self.table, self.when):
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return f"Refuse UPDATE and DELETE on {self.table}"
