"""Days from outside."""

import datetime as dt
import re
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

# Near the ends of the calendar, the day after or the start of a day in a zone may not exist.
FIRST, LAST = dt.date(1900, 1, 1), dt.date(2999, 12, 31)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


def parse_iso_day(text: str) -> dt.date:
    """The day that ``text`` spells as 2027-03-31. Raises ``ValueError`` for any other spelling.

    ISO 8601 has more of them (20270331, 2027-W13-3); who sends one of those by mistake should
    hear of it, and the schema promises one.
    """
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def parse_iso_moment(text: str) -> dt.datetime:
    """The time that ``text`` spells as 2027-03-31T09:00:00+08:00; aware if it has an offset.

    Raises ``ValueError`` for any other spelling.
    """
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    return dt.datetime.fromisoformat(text.upper())


def clean_day(errors: Errors, field: str, value: Any, *, required: bool = False) -> dt.date | None:
    """``value`` as a day from 1900 to 2999; None for nothing, or for what is none.

    What is wrong, also that nothing was given where it is ``required``, is noted in ``errors``.
    """
    if value in (None, ""):
        if required:
            errors.add(field, "required", _("This is needed."))
        return None
    if isinstance(value, dt.datetime):
        day = None
    elif isinstance(value, dt.date):
        day = value
    else:
        try:
            day = parse_iso_day(str(value))
        except ValueError:
            day = None
    if day is None:
        errors.add(field, "not_a_date", _("This must be a date, as in 2027-03-31."))
    elif not FIRST <= day <= LAST:
        errors.add(field, "out_of_range", _("This must be a date, as in 2027-03-31."))
        day = None
    return day
