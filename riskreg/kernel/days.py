"""Days from outside."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

# Near the ends of the calendar, the day after or the start of a day in a zone may not exist.
FIRST, LAST = dt.date(1900, 1, 1), dt.date(2999, 12, 31)


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
            day = dt.date.fromisoformat(str(value))
        except ValueError:
            day = None
    if day is None:
        errors.add(field, "not_a_date", _("This must be a date, as in 2027-03-31."))
    elif not FIRST <= day <= LAST:
        errors.add(field, "out_of_range", _("This must be a date, as in 2027-03-31."))
        day = None
    return day
