"""What was put into somebody's inbox. Who asks may not be who may read it still: see
``register.access.inbox_of``, which every reader goes through."""

import uuid

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from riskreg.notify.models import Channel, Delivery, DeliveryState, Message


def unemptied_inbox_messages(recipient_id: uuid.UUID) -> QuerySet[Message]:
    """Messages that were put into somebody's inbox and have their text still, newest first."""
    there = Delivery.objects.filter(
        message=OuterRef("pk"), channel=Channel.INBOX, state=DeliveryState.SENT
    )
    return Message.objects.filter(Exists(there), recipient=recipient_id, emptied_at=None).order_by(
        "-id"
    )


def unread_count(inbox: QuerySet[Message]) -> int:
    """How many of one person's ``inbox`` were not opened yet."""
    return inbox.filter(read_at=None).order_by().count()


def unread_expression(inbox: QuerySet[Message]) -> Coalesce:
    """``unread_count`` as an expression, for a query that is made anyhow."""
    unread = inbox.filter(read_at=None).order_by().values("recipient")
    counted = unread.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
