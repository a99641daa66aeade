"""Django's backend for PostgreSQL, whose connections do not wait for ever.

The server's own limits (``statement_timeout`` …) serve while it is well. One that is frozen, or
cut off behind a machine that still acknowledges, ends no statement: there the client gives up, and
closes the connection, since nobody knows what is still on its way.
"""

import re
from typing import Any, cast

import psycopg
from django.db.backends.postgresql import base, operations
from psycopg import errors

# Statements that a connection keeps prepared; the one that was longest not used goes first.
MOST_PREPARED = 200


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that waits ``answer_within`` seconds for an answer at most; None: for ever."""

    answer_within: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's own. Raises ``OperationalError`` when the time is over."""
        if timeout is not None or self.answer_within is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_within)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"the database did not answer within {self.answer_within:g} seconds"
            ) from None


class _Psycopg:
    """The module psycopg as Django uses it, but for how a connection is made."""

    connect = staticmethod(BoundedConnection.connect)

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class PreparedCursor(base.CursorMixin, psycopg.RawCursor[Any]):
    """A cursor whose statements have $1, $2 … for their values: they go to the server as they are,
    where psycopg would look for its own marks each time, in all of a long one."""


class DatabaseOperations(operations.DatabaseOperations):
    """What Django knows of a statement, that of one that was prepared as well."""

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """The statement with its values in it, for whoever looks at what was sent."""
        if isinstance(cursor, PreparedCursor):
            texts = [str(self.compose_sql("%s", [value])) for value in params or ()]
            return re.sub(r"\$(\d+)", lambda mark: texts[int(mark[1]) - 1], sql)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    """``OPTIONS`` may have ``answer_within``, in seconds."""

    Database = _Psycopg()  # type: ignore[assignment]
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        """What libpq knows of."""
        params: dict[str, Any] = super().get_connection_params()
        params.pop("answer_within", None)
        return params

    @property
    def pool(self) -> Any:
        """Django's pool, if there is one, of connections with their limit."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if options:
            options.setdefault("connection_class", BoundedConnection)
        return super().pool

    def get_new_connection(self, conn_params: Any) -> Any:
        """A connection with its limit."""
        made: Any = super().get_new_connection(conn_params)
        made.answer_within = self.settings_dict["OPTIONS"].get("answer_within")
        made.prepared_max = MOST_PREPARED
        return made

    @property
    def prepares_statements(self) -> bool:
        """Whether the server is to keep statements for this connection; not where it is another's
        the next time, as behind a pooler."""
        self.ensure_connection()
        return cast(Any, self.connection).prepare_threshold is not None

    def prepared_cursor(self) -> Any:
        """A cursor whose statements are prepared by the server when they come again, so that it
        reads and plans each once for a connection.

        Parameters are the server's: what they are must be told by what they stand beside.
        """
        self.ensure_connection()
        made: Any = self.connection
        usual, made.cursor_factory = made.cursor_factory, PreparedCursor
        try:
            return self.cursor()
        finally:
            made.cursor_factory = usual
