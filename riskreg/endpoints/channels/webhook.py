"""Webhooks: a signed POST to a program, after Standard Webhooks (standardwebhooks.com)."""

import datetime as dt
import json

from standardwebhooks import Webhook as Signer

from riskreg.endpoints import http_client
from riskreg.endpoints.channels.responses import Gone, raise_unless_2xx
from riskreg.endpoints.credentials import load_credentials
from riskreg.endpoints.services.disabling import disable_endpoint
from riskreg.endpoints.url_guard import BlockedAddress, Unreachable, parse_address
from riskreg.notify.channels.base import Sender
from riskreg.notify.models import Channel, Message
from riskreg.notify.policy import PassingFailure, PermanentFailure


class Webhook(Sender):
    """Each message is a request of its own; there is no connection to keep."""

    channel = Channel.WEBHOOK

    def send(self, message: Message, at: dt.datetime) -> None:
        """POST ``message`` to its endpoint. Raises ``PermanentFailure`` or ``PassingFailure``.

        ``webhook-id`` is the same at every attempt, so that a receiver knows what it has had
        already; the time is that of the attempt, because receivers refuse what is old. A 410
        switches the endpoint off.
        """
        endpoint = load_credentials(message.recipient)
        body = body_of(message)
        name = str(message.uuid)
        signed = (Signer(s).sign(name, at, body) for s in endpoint.secrets.valid(at))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signed),
        }
        try:
            reply = http_client.post(parse_address(endpoint.address), body.encode(), headers)
        except BlockedAddress as refused:
            raise PermanentFailure(refused.detail) from refused
        except Unreachable as away:
            raise PassingFailure(str(away)) from away
        try:
            raise_unless_2xx(reply, at)
        except Gone as gone:
            disable_endpoint(endpoint.uuid, str(gone), at)
            raise


def body_of(message: Message) -> str:
    """The JSON text that is signed and sent: ``{type, timestamp, data}``."""
    written = message.created_at.isoformat().replace("+00:00", "Z")
    envelope = {"type": message.kind, "timestamp": written, "data": message.payload or {}}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
