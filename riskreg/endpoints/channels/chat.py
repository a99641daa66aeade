"""Chat services: a message into a channel or group, through the service's own webhook address.

Only the host that the endpoint names is called, and of its address only the parts that the service
has.
"""

import datetime as dt
import json

from django.utils.translation import gettext_noop

from riskreg.endpoints import http_client
from riskreg.endpoints.channels.responses import Gone, raise_unless_2xx
from riskreg.endpoints.chat_services import SERVICES, Service, request_target
from riskreg.endpoints.credentials import load_credentials
from riskreg.endpoints.http_client import Reply
from riskreg.endpoints.services.disabling import disable_endpoint
from riskreg.endpoints.url_guard import Address, BlockedAddress, Unreachable, parse_address
from riskreg.notify.channels.base import Sender
from riskreg.notify.models import Channel, Message
from riskreg.notify.policy import PassingFailure, PermanentFailure


class Chat(Sender):
    """Each message is a request of its own; there is no connection to keep."""

    channel = Channel.CHAT

    def send(self, message: Message, at: dt.datetime) -> None:
        """Put ``message`` into its channel. Raises ``PermanentFailure`` or ``PassingFailure``.

        ``payload["markdown"]`` is taken where there is one and the service shows it, the plain
        text otherwise. A 410 switches the endpoint off.
        """
        endpoint = load_credentials(message.recipient)
        service = SERVICES[endpoint.kind]
        with_markup = (message.payload or {}).get("markdown") if service.markdown else None
        body = shorten_to_bytes(with_markup or message.text, service.limit)
        try:
            reply = _post(
                endpoint.kind, parse_address(endpoint.address), message, body, bool(with_markup)
            )
        except BlockedAddress as refused:
            raise PermanentFailure(refused.detail) from refused
        except Unreachable as away:
            raise PassingFailure(str(away)) from away
        try:
            raise_unless_2xx(reply, at)
        except Gone as gone:
            disable_endpoint(endpoint.uuid, str(gone), at)
            raise
        _raise_for_error_in_text(service, reply)


def _post(kind: str, address: Address, message: Message, body: str, with_markup: bool) -> Reply:
    """Send it. Raises ``BlockedAddress`` or ``Unreachable``."""
    target = request_target(kind, address)
    payload = SERVICES[kind].payload(
        message.subject, body, with_markup=with_markup, urgent=message.urgent
    )
    text = json.dumps(payload, ensure_ascii=False)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return http_client.post(address, text.encode(), headers, target=target)


def disarm_markup(text: str) -> str:
    """``text`` so that no service takes a part of it for a mention, a link or a mark."""
    return text.translate(_PLAIN)


_PLAIN = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "'", "*": "＊", "~": "～"})


def shorten_to_bytes(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes: whole lines, and always the last one, which leads on."""
    if len(text.encode()) <= limit:
        return text
    *lines, last = text.strip().split("\n")
    kept: list[str] = []
    left = limit - len(last.encode()) - 4
    for line in lines:
        left -= len(line.encode()) + 1
        if left < 0:
            break
        kept.append(line)
    return "\n".join([*kept, "…", last]).encode()[-limit:].decode(errors="ignore")


def _raise_for_error_in_text(service: Service, reply: Reply) -> None:
    """A service that says in the text of a 200 that it did nothing."""
    if not service.code:
        return
    try:
        body = json.loads(reply.body)
        code = int(body.get(service.code) or 0)
    except (ValueError, TypeError, AttributeError):
        raise PassingFailure(gettext_noop("its answer is not the one of the service")) from None
    if code:
        text = f"{code} {body.get('msg') or body.get('errmsg') or ''}"
        raise (PassingFailure if code in service.passing else PermanentFailure)(text)
