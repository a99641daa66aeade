"""Dates in words, in the reader's language."""

from datetime import date, datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NEAR_DAYS = 21
"""Up to how many days from today a date is written in words."""

SOON_DAYS = 3
"""Up to how many days ahead something due is emphasised."""


def words_for_days_if_near(days: int) -> str | None:
    """Say a distance in days from today; None beyond ``NEAR_DAYS``, where the date says more."""
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    if days == -1:
        return _("yesterday")
    if abs(days) > NEAR_DAYS:
        return None
    if days > 0:
        return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day ago", "%(n)d days ago", -days) % {"n": -days}


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def date_in_words(value: date | None, today: date | None, *, due: bool = False) -> dict[str, Any]:
    """Everything that showing a date needs: words, exact form, machine form, tone.

    Datetimes are taken in the active time zone. Without ``today`` there are no words, only the
    exact date. With ``due``, what has passed is ``late`` and counted in days overdue, and what
    falls within ``SOON_DAYS`` is ``soon``.
    """
    if value is None:
        return {"value": None}
    if isinstance(value, datetime):
        local = _local(value)
        day, machine = local.date(), local.isoformat(timespec="minutes")
        exact = formats.date_format(local, "DATETIME_FORMAT")
    else:
        day, machine, exact = value, value.isoformat(), formats.date_format(value, "DATE_FORMAT")
    if isinstance(today, datetime):
        today = _local(today).date()
    words, tone = None, ""
    if today is not None:
        days = (day - today).days
        words = words_for_days_if_near(days)
        if due and days < 0:
            tone = "late"
            words = ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}
        elif due and days <= SOON_DAYS:
            tone = "soon"
    return {
        "value": value,
        "machine": machine,
        "exact": exact,
        "words": words,
        "short": formats.date_format(day, "DATE_FORMAT"),
        "tone": tone,
    }
