"""What waits to be sent, and what became of it."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from riskreg.events.policy import Audience
from riskreg.notify.models import (
    Channel,
    Circuit,
    Delivery,
    DeliveryState,
    Message,
    MessageAudience,
)


def is_due(at: dt.datetime) -> Q:
    """Deliveries that may be taken at ``at``."""
    return Q(state=DeliveryState.PENDING, next_attempt_at__lte=at)


class DueDestination(NamedTuple):
    """Where something is due to be sent, and by which channel."""

    destination: str
    channel: str


def due_destinations(at: dt.datetime) -> list[DueDestination]:
    """Of all that is due, mail and then what has urgent things first."""
    rows = (
        Delivery.objects.filter(is_due(at))
        .values_list("destination", "channel")
        .annotate(urgent=Count("id", filter=Q(urgent=True)))
        .order_by()
    )
    found = sorted(rows, key=lambda r: (r[1] != Channel.MAIL, not r[2], r[0]))
    return [DueDestination(destination, channel) for destination, channel, _urgent in found]


def due_delivery_count(destination: str, at: dt.datetime, most: int) -> int:
    """How many deliveries to ``destination`` may be taken at ``at``, counted up to ``most``."""
    return Delivery.objects.filter(is_due(at), destination=destination)[:most].count()


def is_worker_on_its_way(channel: str, before_delivery_id: int, at: dt.datetime) -> bool:
    """Whether somebody was woken for ``channel`` already and will look once more.

    True where one older than ``before_delivery_id`` waits for being taken, or one is being sent.
    """
    rows = Delivery.objects.filter(channel=channel)
    return (
        rows.filter(is_due(at), pk__lt=before_delivery_id).exists()
        or rows.filter(state=DeliveryState.SENDING, claimed_until__gte=at).exists()
    )


def deliveries_looked_after_by(audience: Audience) -> QuerySet[Delivery]:
    """Deliveries that the managers of ``audience`` look after, newest first: of messages that tell
    of that party in that register, to people and to endpoints; never all parties' at once.
    """
    return (
        Delivery.objects.filter(
            message__audiences__register=audience.register,
            message__audiences__party=audience.party,
        )
        .select_related("message")
        .order_by("-id")
    )


def messages_readable_among(audience: Audience, messages: Collection[int]) -> set[int]:
    """Which of ``messages`` (database ids) tell of nothing but what concerns ``audience``."""
    return set(
        MessageAudience.objects.filter(
            message__in=messages, register=audience.register, party=audience.party, whole=True
        ).values_list("message_id", flat=True)
    )


def message_exists(key: str) -> bool:
    """Whether a message of that key was posted already."""
    return Message.objects.filter(key=key).exists()


def unsent_and_unopened(kinds: Collection[str]) -> QuerySet[Message]:
    """Messages of ``kinds`` to people that wait for being sent and were not opened in the inbox."""
    waiting = Delivery.objects.filter(message=OuterRef("pk"), state=DeliveryState.PENDING)
    return Message.objects.filter(Exists(waiting), kind__in=kinds, read_at=None)


def may_have_arrived(message: uuid.UUID) -> bool:
    """Whether ``message`` came to somebody before the present attempt, as far as is known.

    Handed to a server, or perhaps so; or opened in the inbox.
    """
    return _was_opened_or_handed_over(message, Q(sent_at__isnull=False) | Q(attempts__gt=1))


def has_arrived(message: uuid.UUID) -> bool:
    """Whether ``message`` was handed to a server, or opened in the inbox, as far as is known."""
    return _was_opened_or_handed_over(message, Q(sent_at__isnull=False))


def _was_opened_or_handed_over(message: uuid.UUID, handed_over: Q) -> bool:
    handed = Delivery.objects.filter(handed_over, message=OuterRef("pk")).exclude(
        channel=Channel.INBOX
    )
    return (
        Message.objects.filter(uuid=message)
        .filter(Q(read_at__isnull=False) | Exists(handed))
        .exists()
    )


def open_circuits_holding_up(audience: Audience) -> QuerySet[Circuit]:
    """Servers that are left alone for now and that something of ``audience`` waits for.

    Of another party's endpoints nothing is told, not even that they share a host.
    """
    waiting = Delivery.objects.filter(
        destination=OuterRef("destination"),
        state__in=[DeliveryState.PENDING, DeliveryState.SENDING],
        message__audiences__register=audience.register,
        message__audiences__party=audience.party,
    )
    return (
        Circuit.objects.filter(opened_at__isnull=False)
        .filter(Exists(waiting))
        .order_by("destination")
    )


class WaitingOfChannel(NamedTuple):
    """How many deliveries wait for a channel, and since when the oldest does."""

    channel: str
    waiting: int
    since: dt.datetime


def waiting_by_channel() -> list[WaitingOfChannel]:
    """Of each channel for which any waits."""
    rows = (
        Delivery.objects.filter(state__in=[DeliveryState.PENDING, DeliveryState.SENDING])
        .values_list("channel")
        .annotate(Count("id"), Min("created_at"))
        .order_by("channel")
    )
    return [WaitingOfChannel(*row) for row in rows]


def failed_counts_by_channel() -> dict[str, int]:
    """How many deliveries were given up, by channel, until somebody sends them again."""
    rows = Delivery.objects.filter(state=DeliveryState.FAILED).values_list("channel")
    return dict(rows.annotate(Count("id")).order_by("channel"))


def open_circuit_counts() -> dict[str, int]:
    """How many servers are left alone for now, by channel."""
    rows = Circuit.objects.filter(opened_at__isnull=False).values_list("destination", flat=True)
    return dict(Counter(destination.partition(":")[0] for destination in rows))
