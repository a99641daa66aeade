"""Reads of messages and deliveries, always for an audience."""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db.models import Q, QuerySet

from riskreg.events.policy import Audience
from riskreg.notify.models import Delivery, DeliveryState, Message, MessageAudience


def claimable(at: dt.datetime) -> Q:
    """Deliveries that a sender may take at ``at``: due, or claimed by one who let time run out."""
    return Q(state=DeliveryState.PENDING, next_attempt_at__lte=at) | Q(
        state=DeliveryState.SENDING, claimed_until__lt=at
    )


def next_due(at: dt.datetime) -> uuid.UUID | None:
    """A delivery that may be taken now, longest waiting first; None when there is none."""
    due = Delivery.objects.filter(state=DeliveryState.PENDING, next_attempt_at__lte=at)
    lost = Delivery.objects.filter(state=DeliveryState.SENDING, claimed_until__lt=at)
    for rows in (lost.order_by("claimed_until", "id"), due.order_by("next_attempt_at", "id")):
        found = rows.values_list("uuid", flat=True).first()
        if found is not None:
            return found
    return None


def deliveries_for(audience: Audience) -> QuerySet[Delivery]:
    """Deliveries that the managers of ``audience`` look after, newest first.

    Only those to people of that party in that register; never all parties' at once.
    """
    return (
        Delivery.objects.filter(
            message__audiences__register=audience.register,
            message__audiences__party=audience.party,
        )
        .select_related("message")
        .order_by("-id")
    )


def readable_among(audience: Audience, messages: Collection[int]) -> set[int]:
    """Which of ``messages`` (database ids) tell of nothing but what concerns ``audience``."""
    return set(
        MessageAudience.objects.filter(
            message__in=messages, register=audience.register, party=audience.party, whole=True
        ).values_list("message_id", flat=True)
    )


def message_exists(key: str) -> bool:
    """Whether a message of that key was posted already."""
    return Message.objects.filter(key=key).exists()


def may_have_arrived(message: uuid.UUID) -> bool:
    """Whether ``message`` was handed to a server before the present attempt, as far as is known."""
    return Delivery.objects.filter(
        Q(sent_at__isnull=False) | Q(attempts__gt=1), message__uuid=message
    ).exists()
