"""When a token or a calendar address was last used: a day, no more."""

import datetime as dt

from riskreg.accounts.models import ApiToken, CalendarFeed


def mark_used(row: ApiToken, on: dt.date) -> None:
    """Note the day of use, at most one write a day."""
    if row.last_used_on != on:
        ApiToken.objects.filter(pk=row.pk).update(last_used_on=on)


def mark_feed_used(row: CalendarFeed, on: dt.date) -> None:
    """Note the day of use, at most one write a day."""
    if row.last_used_on != on:
        CalendarFeed.objects.filter(pk=row.pk).update(last_used_on=on)
