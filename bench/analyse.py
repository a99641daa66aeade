"""The planner's figures after rows were made by the hundred thousand."""

from django.db import connection


def analyse() -> None:
    """Tell the database how our tables are filled; also vacuums PostgreSQL where that may be.

    Inside a transaction, as in a test, PostgreSQL cannot vacuum. Our tables alone are looked at:
    those of the server would stay held until the transaction ends, against all who do the same in
    another database of that server.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE")
            return
        verb = "ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE"
        ours = map(connection.ops.quote_name, connection.introspection.table_names(cursor))
        cursor.execute(f"{verb} {', '.join(ours)}")
