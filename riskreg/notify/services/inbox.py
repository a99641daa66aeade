"""What people do with their inbox, and what is taken out of it again."""

import datetime as dt
import uuid
from collections.abc import Iterable

from riskreg.notify.models import Channel, Delivery, DeliveryState
from riskreg.notify.queries.inbox import inbox_of


def drop_from_inbox(messages: Iterable[int], reason: str = "") -> None:
    """Take ``messages`` (database ids), no longer true, out of inboxes where they were not read."""
    Delivery.objects.filter(
        message__in=list(messages),
        channel=Channel.INBOX,
        state=DeliveryState.SENT,
        message__read_at=None,
    ).update(state=DeliveryState.DROPPED, last_error=reason[:500])


def mark_read(user: uuid.UUID, message: uuid.UUID, at: dt.datetime) -> bool:
    """Note that ``user`` opened ``message`` in the inbox. False when it is not there or was read.

    Goes out from the recipient, so nobody can mark another's.
    """
    return bool(inbox_of(user).filter(uuid=message, read_at=None).order_by().update(read_at=at))


def mark_all_read(user: uuid.UUID, at: dt.datetime) -> int:
    """Note that ``user`` has seen all that is in the inbox. Returns how many were new."""
    return inbox_of(user).filter(read_at=None).order_by().update(read_at=at)
