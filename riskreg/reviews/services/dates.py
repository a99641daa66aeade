"""Days as they come from outside."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors


def clean_day(errors: Errors, field: str, value: Any) -> dt.date | None:
    """``value`` as a day; None for nothing, or for what is none, which is noted in ``errors``."""
    if value in (None, ""):
        return None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        errors.add(field, "not_a_date", _("This must be a date, as in 2027-03-31."))
        return None
