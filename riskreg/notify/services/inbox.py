"""What people do with their inbox, and what is taken out of it again."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import QuerySet

from riskreg.notify.models import Channel, Delivery, DeliveryState, Message


def drop_unread_from_inbox(messages: Iterable[int], reason: str = "") -> None:
    """Take ``messages`` (database ids), no longer true, out of inboxes where they were not read."""
    Delivery.objects.filter(
        message__in=list(messages),
        channel=Channel.INBOX,
        state=DeliveryState.SENT,
        message__read_at=None,
    ).update(state=DeliveryState.DROPPED, last_error=reason[:500])


def mark_read(inbox: QuerySet[Message], message: uuid.UUID, at: dt.datetime) -> bool:
    """Note that ``message`` of somebody's ``inbox`` was opened. False when it is not there or was
    read.

    Goes out from what its recipient may read, so nobody can mark another's.
    """
    return bool(inbox.filter(uuid=message, read_at=None).order_by().update(read_at=at))


def mark_all_read(inbox: QuerySet[Message], at: dt.datetime) -> int:
    """Note that all of somebody's ``inbox`` was seen. Returns how many were new."""
    return inbox.filter(read_at=None).order_by().update(read_at=at)
