"""When a token or a calendar address was last used: a day, no more."""

import datetime as dt

from django.core.cache import cache

from riskreg.accounts.models import ApiToken, CalendarFeed
from riskreg.accounts.queries import token_live_or_not
from riskreg.kernel import security_log
from riskreg.kernel.client import client_key_of_ip_or_empty

_DAY_SECONDS = 24 * 3600
# What this process has noted by now, so that the cache is asked once for each.
_noted: set[str] = set()
_MOST_NOTED = 10_000


def note_day_of_use(row: ApiToken, on: dt.date) -> None:
    """Note the day of use, at most one write a day."""
    if row.last_used_on != on:
        ApiToken.objects.filter(pk=row.pk).update(last_used_on=on)


def log_first_use_of_day(row: ApiToken, ip: str, on: dt.date) -> None:
    """Tell the security log of the first use on a day, and of each client that is new on it."""
    if not security_log.is_on():
        return
    client = security_log.keyed_hash("client", client_key_of_ip_or_empty(ip))[:12]
    key = f"token-use:{row.pk}:{on}:{client}"
    if key in _noted:
        return
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted.add(key)
    # Of several processes one tells. Without the cache each does, which is better than none.
    if cache.add(key, 1, _DAY_SECONDS) or cache.get(key) is None:
        security_log.write_line("token_used", row.user.uuid, token=row.uuid, scope=row.scope)


def log_refused_token(token: str) -> None:
    """Tell the security log of a token that opens nothing; of one that is known, which it was."""
    if not security_log.is_on():
        return
    row = token_live_or_not(token)
    if row is None:
        security_log.write_line("token_refused", why="unknown")
        return
    why = "revoked" if row.revoked_at else "account off" if not row.user.is_active else "expired"
    security_log.write_line("token_refused", row.user.uuid, token=row.uuid, why=why)


def note_day_of_feed_use(row: CalendarFeed, on: dt.date) -> None:
    """Note the day of use, at most one write a day."""
    if row.last_used_on != on:
        CalendarFeed.objects.filter(pk=row.pk).update(last_used_on=on)
