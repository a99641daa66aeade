"""Messages to people: their kinds, and when a digest is to be written."""

import datetime as dt
import enum
from collections.abc import Callable

DIGEST, INTERRUPT, ALARM = "digest", "interrupt", "alarm"


class DigestOfDay(enum.Enum):
    """Whether somebody's digest of a day is to be written now, is still to come, or none is."""

    DUE = "due"
    TO_COME = "to come"
    NONE = "none"


def digest_of_day(
    day: dt.date,
    hour: int,
    chosen_hour: int,
    last_digest_on: dt.date | None,
    works_on: Callable[[dt.date], bool],
) -> DigestOfDay:
    """How it stands with the digest of ``day`` at ``hour`` of it in the reader's zone.

    ``chosen_hour`` is theirs, ``last_digest_on`` the day of their last digest (None: not known). On
    a day they work it is due from that hour on; and before it, when a day on which they worked went
    by without one, because nothing ran at that hour. On another day there is none once the hour has
    come, unless such a day is still owed.
    """
    hour_has_come = hour >= chosen_hour
    owed = _has_missed_a_digest(day, last_digest_on, works_on)
    if works_on(day):
        return DigestOfDay.DUE if hour_has_come or owed else DigestOfDay.TO_COME
    return DigestOfDay.NONE if hour_has_come and not owed else DigestOfDay.TO_COME


def _has_missed_a_digest(
    day: dt.date, last_digest_on: dt.date | None, works_on: Callable[[dt.date], bool]
) -> bool:
    if last_digest_on is None:
        return False
    return any(
        works_on(last_digest_on + dt.timedelta(days=n))
        for n in range(1, (day - last_digest_on).days)
    )


def next_digest_day(
    local: dt.datetime, chosen_hour: int, works_on: Callable[[dt.date], bool], limit: int = 400
) -> dt.date | None:
    """The day of the first digest at or after the local time ``local``; None if they never work."""
    first = local.date() if local.hour <= chosen_hour else local.date() + dt.timedelta(days=1)
    days = (first + dt.timedelta(days=n) for n in range(limit))
    return next((day for day in days if works_on(day)), None)
