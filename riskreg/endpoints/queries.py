"""Reads of chats and webhooks, always for the party whose own they are."""

import uuid
from collections.abc import Collection

from django.db.models import Max, QuerySet

from riskreg.endpoints.models import Endpoint
from riskreg.events.policy import Audience
from riskreg.notify.models import Delivery, Message


def endpoints_of_party_in(audience: Audience) -> QuerySet[Endpoint]:
    """The endpoints of the audience's party in its register, oldest first; never another's."""
    if audience.party is None:
        return Endpoint.objects.none()
    return Endpoint.objects.filter(register=audience.register, party=audience.party).order_by("id")


def endpoints_by_uuid(
    audience: Audience, uuids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Endpoint]:
    """Those of the audience's endpoints that are among ``uuids``."""
    return {row.uuid: row for row in endpoints_of_party_in(audience).filter(uuid__in=set(uuids))}


def enabled_endpoints_of_parties(
    register: uuid.UUID, parties: Collection[uuid.UUID]
) -> list[Endpoint]:
    """Endpoints of these parties of a register to which things may be sent."""
    return list(
        Endpoint.objects.filter(
            register=register, party__in=set(parties), disabled_at=None
        ).order_by("id")
    )


def enabled_endpoints_among(uuids: Collection[uuid.UUID]) -> list[Endpoint]:
    """Those of ``uuids`` to which things may be sent, whosever they are: for who sends."""
    return list(Endpoint.objects.filter(uuid__in=set(uuids), disabled_at=None).order_by("id"))


def last_delivery_by_endpoint(uuids: Collection[uuid.UUID]) -> dict[uuid.UUID, Delivery]:
    """The newest delivery to each of these endpoints that was ever sent anything."""
    newest = (
        Message.objects.filter(recipient__in=set(uuids))
        .values("recipient")
        .annotate(newest=Max("id"))
        .values_list("newest", flat=True)
        .order_by()
    )
    rows = Delivery.objects.filter(message__in=list(newest)).select_related("message")
    return {row.message.recipient: row for row in rows}
