"""The only clock: everything else is handed a time."""

import datetime as dt
import functools
import zoneinfo

# Clocks of two machines differ by less. What lies further in the future than that was written
# before the clock was set back.
CLOCK_SLACK = dt.timedelta(minutes=5)


def now() -> dt.datetime:
    """The present moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251


@functools.cache
def time_zones() -> frozenset[str]:
    """The names of all time zones; the system's folder of them is read once per process."""
    return frozenset(zoneinfo.available_timezones())


def local_date(at: dt.datetime, zone: str) -> dt.date:
    """The calendar day that ``at`` falls on in the IANA time zone ``zone``.

    Raises ``zoneinfo.ZoneInfoNotFoundError`` for a zone that does not exist.
    """
    return at.astimezone(zoneinfo.ZoneInfo(zone)).date()


def start_of_day(day: dt.date, zone: str) -> dt.datetime:
    """The first moment of ``day`` in ``zone``, as UTC."""
    local = dt.datetime.combine(day, dt.time.min, tzinfo=zoneinfo.ZoneInfo(zone))
    return local.astimezone(dt.UTC)


def start_of_next_day(day: dt.date, zone: str) -> dt.datetime:
    """The first moment after ``day`` in ``zone``, as UTC."""
    return start_of_day(day + dt.timedelta(days=1), zone)
