"""What messages said is not kept for ever: that they were sent, and when, is."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from riskreg.notify.models import Delivery, DeliveryState, Message

_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)
# A statement touches no more than so many, so that no row is locked for long.
_AT_ONCE = 1000
_NOTHING: dict[str, Any] = {
    "address": "", "subject": "", "text": "", "html": "", "unsubscribe_url": "", "payload": None,
}  # fmt: skip


def empty_old_messages(before: dt.datetime, at: dt.datetime) -> int:
    """Empty messages written earlier than ``before`` that nobody is sending; how many."""
    return _empty_unless_waiting(Message.objects.filter(created_at__lt=before), at)


def empty_messages(messages: QuerySet[Message], at: dt.datetime) -> int:
    """Empty ``messages`` at once; what waits to be sent is not sent any more. How many."""
    Delivery.objects.filter(message__in=messages, state=DeliveryState.PENDING).update(
        state=DeliveryState.DROPPED
    )
    return _empty_unless_waiting(messages, at)


def _empty_unless_waiting(messages: QuerySet[Message], at: dt.datetime) -> int:
    open_ones = Delivery.objects.filter(message=OuterRef("pk"), state__in=_OPEN)
    rows = messages.filter(~Exists(open_ones), emptied_at=None).order_by("pk")
    count = 0
    while some := list(rows.values_list("pk", flat=True)[:_AT_ONCE]):
        count += Message.objects.filter(pk__in=some).update(emptied_at=at, **_NOTHING)
    return count


def delete_old_mail_files(before: dt.datetime) -> int:
    """Delete mails that went to files instead of a server, written before; how many."""
    if not settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return 0
    count = 0
    for file in Path(settings.EMAIL_FILE_PATH).glob("*.log"):
        if file.stat().st_mtime < before.timestamp():
            file.unlink(missing_ok=True)
            count += 1
    return count
