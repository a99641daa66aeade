"""What somebody finds in their inbox."""

import uuid

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from riskreg.notify.models import Channel, Delivery, DeliveryState, Message


def inbox_of(user: uuid.UUID) -> QuerySet[Message]:
    """Messages in the inbox of ``user``, newest first."""
    there = Delivery.objects.filter(
        message=OuterRef("pk"), channel=Channel.INBOX, state=DeliveryState.SENT
    )
    return Message.objects.filter(Exists(there), recipient=user).order_by("-id")


def unread_count(user: uuid.UUID) -> int:
    """How many of them were not opened yet."""
    return inbox_of(user).filter(read_at=None).order_by().count()


def unread_expression(user: uuid.UUID) -> Coalesce:
    """``unread_count`` as an expression, for a query that is made anyhow."""
    unread = inbox_of(user).filter(read_at=None).order_by().values("recipient")
    counted = unread.annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
