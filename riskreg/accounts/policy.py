"""Secrets that open an account, and the days on which a person works: pure functions."""

import datetime as dt
import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

import holidays
import structlog

log = structlog.get_logger(__name__)

TOKEN_PREFIX = "rr_"  # noqa: S105 - the public mark of our tokens, not a secret
WEEKDAYS = (1, 2, 3, 4, 5, 6, 7)


def token_digest(token: str) -> str:
    """The stored form of ``token``; it has 256 bits of its own, so a plain hash suffices."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def works_on(day: dt.date, working_days: Collection[int], calendar: str) -> bool:
    """Whether somebody works on ``day``.

    ``working_days`` are ISO weekdays (1 is Monday). Public holidays of ``calendar`` (such as CN or
    DE-BY; empty: none) are off, weekend days that are worked to make up for one are on, as China's
    are. A calendar that the holidays library does not have (any more) counts as none; the log says
    so once for each process.
    """
    if calendar:
        off, made_up = _special_days(calendar, day.year)
        if day in made_up:
            return True
        if day in off:
            return False
    return day.isoweekday() in working_days


def calendar_exists(calendar: object) -> bool:
    """Whether ``calendar`` is empty or a code of the holidays library in its plain form."""
    if calendar == "":
        return True
    if not isinstance(calendar, str):
        return False
    country, dash, subdivision = calendar.partition("-")
    if country not in calendar_country_codes():
        return False
    return subdivision in subdivision_codes(country) if dash else True


@lru_cache(maxsize=1)
def calendar_country_codes() -> tuple[str, ...]:
    """The codes of every country that has a calendar, in order; none of the calendars is loaded."""
    codes = holidays.registry.EntityLoader.get_country_codes(include_aliases=False)
    return tuple(sorted(code for code in codes if len(code) == 2 and code.isupper()))


@lru_cache(maxsize=64)
def subdivision_codes(country: str) -> tuple[str, ...]:
    """The codes of the parts of ``country`` that have a calendar of their own.

    What the library divides further than ISO 3166 does (single cities, say) is left out.
    """
    found = getattr(holidays, country).subdivisions
    return tuple(s for s in found if len(s) <= 3 and s.isascii() and s.isalnum())


class SpecialDays(NamedTuple):
    """The public holidays of a year, and the weekend days worked to make up for some."""

    holidays: frozenset[dt.date]
    worked_weekend_days: frozenset[dt.date]


@lru_cache(maxsize=512)
def _special_days(calendar: str, year: int) -> SpecialDays:
    """Those of ``year``; none for a calendar that is not known."""
    country, _dash, subdivision = calendar.partition("-")
    # The last days of a year can be worked for a holiday of the next. The object is read once and
    # thrown away: it fills itself as it is asked, which threads that share it would see half done.
    try:
        days = holidays.country_holidays(
            country, subdiv=subdivision or None, years=(year, min(year + 1, dt.MAXYEAR))
        )
    except NotImplementedError:
        _warn_of_unknown(calendar)
        return SpecialDays(frozenset(), frozenset())
    return SpecialDays(
        frozenset(day for day in days if day.year == year),
        frozenset(day for day in days.weekend_workdays if day.year == year),
    )


@lru_cache(maxsize=512)
def _warn_of_unknown(calendar: str) -> None:
    """Once, however many days and people are asked about."""
    log.warning("holiday_calendar_unknown", calendar=calendar)
