"""Days in hand-written SQL: of a moment in a time zone, between two days, the month of one.

Each function gives a piece of SQL for the database in use (SQLite or PostgreSQL). What is handed in
is SQL itself (the name of a column), never something typed by somebody.
"""

import datetime as dt
import functools
import zoneinfo

from django.db import connection

_FIRST_YEAR = 1970
_WEEK = dt.timedelta(days=7)


def sql_of_local_day(column: str, zone: str, until: dt.date) -> str:
    """The calendar day of the moment in ``column`` in the IANA time zone ``zone``, as
    ``clock.local_date`` has it, for moments up to the year after ``until``.

    SQLite knows no time zones, and a call of Python for each row would cost more than all the rest.
    """
    if connection.vendor != "sqlite":
        # The name is a key of the time zone database: letters, digits and -+_/ alone.
        return f"({column} AT TIME ZONE '{zoneinfo.ZoneInfo(zone).key}')::date"
    *later, (_always, first) = _utc_offsets_newest_first(zone, until.year + 2)
    # Without its fraction, which SQLite would round up to the next second, and so to the next day.
    day = f"date(substr({column}, 1, 19), '{{}} seconds')"
    whens = "".join(f" WHEN {column} >= '{since}' THEN {day.format(o)}" for since, o in later)
    return f"(CASE{whens} ELSE {day.format(first)} END)" if whens else day.format(first)


def sql_of_days_between(earlier: str, later: str) -> str:
    """How many days ``later`` is after ``earlier``, both days."""
    if connection.vendor != "sqlite":
        return f"({later} - {earlier})"
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


def sql_of_month(day: str) -> str:
    """The month of a day, as in 2026-03."""
    return f"substr({day}, 1, 7)" if connection.vendor == "sqlite" else f"to_char({day}, 'YYYY-MM')"


@functools.lru_cache(maxsize=64)
def _utc_offsets_newest_first(zone: str, until_year: int) -> tuple[tuple[str, int], ...]:
    """Since when (in UTC, as SQLite keeps it) which offset in seconds held, the newest first; the
    last one holds for all before it."""
    place = zoneinfo.ZoneInfo(zone)

    def offset(at: dt.datetime) -> int:
        found = at.astimezone(place).utcoffset()
        return int(found.total_seconds()) if found else 0

    start = dt.datetime(_FIRST_YEAR, 1, 1, tzinfo=dt.UTC)
    end = dt.datetime(until_year, 1, 1, tzinfo=dt.UTC)
    found = [("", offset(start))]
    while start < end:
        # No two changes lie within a week of each other.
        if offset(start + _WEEK) != found[0][1]:
            low, high = start, start + _WEEK
            while high - low > dt.timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == found[0][1] else (low, middle)
            found.insert(0, (f"{high:%Y-%m-%d %H:%M:%S}", offset(high)))
        start += _WEEK
    return tuple(found)
