"""Messages to people: their kinds, and when a digest is to be written."""

import datetime as dt
from collections.abc import Callable

DIGEST, INTERRUPT, ALARM = "digest", "interrupt", "alarm"


def is_digest_to_be_written(
    day: dt.date,
    hour: int,
    chosen_hour: int,
    last_digest_on: dt.date | None,
    works_on: Callable[[dt.date], bool],
) -> bool:
    """Whether the digest of ``day`` is to be written now, at ``hour`` of it in the reader's zone.

    ``chosen_hour`` is theirs, ``last_digest_on`` the day of their last digest (None: not known). On
    a day they work, from that hour on; and before it, when a day on which they worked went by
    without one, because nothing ran at that hour.
    """
    if not works_on(day):
        return False
    if hour >= chosen_hour:
        return True
    return _has_missed_a_digest(day, last_digest_on, works_on)


def is_digest_day_over(
    day: dt.date,
    hour: int,
    chosen_hour: int,
    last_digest_on: dt.date | None,
    works_on: Callable[[dt.date], bool],
) -> bool:
    """Whether ``day``, on which no digest is to be written now, has none to come: it is not worked
    on, the hour of digests has come, and nothing of the days before is owed. Values are as in
    ``is_digest_to_be_written``."""
    return (
        hour >= chosen_hour
        and not works_on(day)
        and not _has_missed_a_digest(day, last_digest_on, works_on)
    )


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
