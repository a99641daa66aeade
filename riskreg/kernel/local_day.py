"""The day of a moment in a time zone that the row itself names, for queries."""

from typing import Any

from django.db.models import DateField, F, Func


class LocalDay(Func):
    """The day that it is at the moment in column ``at``, in the time zone that column ``zone``
    names. Django's ``TruncDate`` has one zone for the whole query."""

    output_field = DateField()

    def __init__(self, at: Any, zone: Any, **extra: Any) -> None:
        super().__init__(*(F(it) if isinstance(it, str) else it for it in (at, zone)), **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By AT TIME ZONE."""
        template = "(%(expressions)s)::date"
        return self.as_sql(
            compiler, connection, template=template, arg_joiner=" AT TIME ZONE ", **extra
        )

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """By Django's own function; moments are kept in UTC."""
        return self.as_sql(
            compiler,
            connection,
            template="django_datetime_cast_date(%(expressions)s, 'UTC')",
            **extra,
        )
