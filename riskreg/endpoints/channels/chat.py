"""Chat services: a message into a channel or group, through the service's own webhook address.

Only the host that the endpoint names is called, and of its address only the parts that the service
has.
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from riskreg.endpoints import http_client
from riskreg.endpoints.channels import chat_payloads
from riskreg.endpoints.channels.responses import Gone, raise_for
from riskreg.endpoints.credentials import disable_endpoint, load_credentials
from riskreg.endpoints.http_client import Reply
from riskreg.endpoints.models import EndpointKind
from riskreg.endpoints.url_guard import Address, BlockedAddress, Unreachable, read
from riskreg.notify.channels.base import Sender
from riskreg.notify.models import Channel, Message
from riskreg.notify.policy import PassingFailure, PermanentFailure

_KEY = r"[A-Za-z0-9_-]+"


@dataclass(frozen=True)
class Service:
    """A service: which addresses are its own, what it is sent, and how it answers.

    ``hosts`` and ``path`` are whole patterns; ``keys`` are the parts of the query that an address
    must have, ``more_keys`` those it may have; no other is sent. ``limit`` is in bytes of UTF-8.
    ``code`` names the number in a JSON answer that is 0 when all is well; of its other values those
    in ``passing`` mean "later".
    """

    hosts: str
    path: str
    payload: Callable[..., chat_payloads.Payload]
    keys: tuple[str, ...] = ()
    more_keys: tuple[str, ...] = ()
    limit: int = 18_000
    markdown: bool = True
    code: str = ""
    passing: frozenset[int] = frozenset()


_HOOK = rf"/open-apis/bot/v2/hook/{_KEY}/?"
# The numbers that mean "too often" or "busy" are in each service's page on its webhooks.
SERVICES: dict[str, Service] = {
    EndpointKind.SLACK: Service(
        hosts=r"hooks\.slack(-gov)?\.com",
        path=r"/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+/?",
        payload=chat_payloads.slack,
        limit=2_900,
    ),
    EndpointKind.MSTEAMS: Service(
        hosts=r"[a-z0-9.-]+\.(logic\.azure\.(com|cn|us)|powerplatform\.(com|cn|microsoft\.us)"
        r"|powerplatform\.partner\.microsoftonline\.cn)",
        path=r"(/powerautomate/automations/direct(/cu/[0-9]+)?)?"
        rf"/workflows/{_KEY}/triggers/manual/paths/invoke/?",
        payload=chat_payloads.teams,
        keys=("api-version", "sig"),
        more_keys=("sp", "sv"),
    ),
    EndpointKind.FEISHU: Service(
        hosts=r"open\.feishu\.cn",
        path=_HOOK,
        payload=chat_payloads.feishu,
        code="code",
        passing=frozenset({9499, 11232}),
    ),
    EndpointKind.LARK: Service(
        hosts=r"open\.larksuite\.com",
        path=_HOOK,
        payload=chat_payloads.feishu,
        code="code",
        passing=frozenset({9499, 11232}),
    ),
    EndpointKind.WECOM: Service(
        hosts=r"qyapi\.weixin\.qq\.com",
        path=r"/cgi-bin/webhook/send/?",
        keys=("key",),
        payload=chat_payloads.wecom,
        limit=2_000,
        markdown=False,
        code="errcode",
        passing=frozenset({-1, 45009, 45033}),
    ),
    EndpointKind.DINGTALK: Service(
        hosts=r"oapi\.dingtalk\.com",
        path=r"/robot/send/?",
        keys=("access_token",),
        payload=chat_payloads.dingtalk,
        code="errcode",
        passing=frozenset({-1, 130101, 410100}),
    ),
}


def request_target(kind: str, address: Address) -> str:
    """Path and query to send to, made of the parts that the service's addresses have.

    Raises ``BlockedAddress`` for an address that is not the service's own.
    """
    service = SERVICES[kind]
    url = urlsplit(address.url)
    given = {name: values[0] for name, values in parse_qs(url.query).items()}
    query = {name: given.get(name, "") for name in service.keys}
    query |= {name: given[name] for name in service.more_keys if name in given}
    fine = (
        address.scheme == "https"
        and address.port == 443
        and re.fullmatch(service.hosts, address.host)
        and re.fullmatch(service.path, url.path)
        and all(re.fullmatch(r"[A-Za-z0-9._-]+", query[name]) for name in service.keys)
    )
    if not fine:
        raise BlockedAddress(
            "other_service",
            _("This is not a webhook address of %(service)s; copy it from there once more.")
            % {"service": EndpointKind(kind).label},
        )
    return f"{url.path}?{urlencode(query)}" if query else url.path


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
        marked = (message.payload or {}).get("markdown") if service.markdown else None
        body = shorten(marked or message.text, service.limit)
        try:
            reply = _post(endpoint.kind, read(endpoint.address), message, body, bool(marked))
        except BlockedAddress as refused:
            raise PermanentFailure(refused.detail) from refused
        except Unreachable as away:
            raise PassingFailure(str(away)) from away
        try:
            raise_for(reply, at)
        except Gone as gone:
            disable_endpoint(endpoint.uuid, str(gone), at)
            raise
        _raise_for_code(service, reply)


def _post(kind: str, address: Address, message: Message, body: str, marked: bool) -> Reply:
    """Send it. Raises ``BlockedAddress`` or ``Unreachable``."""
    target = request_target(kind, address)
    payload = SERVICES[kind].payload(message.subject, body, marked=marked, urgent=message.urgent)
    text = json.dumps(payload, ensure_ascii=False)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return http_client.post(address, text.encode(), headers, target=target)


def plain(text: str) -> str:
    """``text`` so that no service takes a part of it for a mention, a link or a mark."""
    return text.translate(_PLAIN)


_PLAIN = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "'", "*": "＊", "~": "～"})


def shorten(text: str, limit: int) -> str:
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


def _raise_for_code(service: Service, reply: Reply) -> None:
    """A service that says in the text of a 200 that it did nothing."""
    if not service.code:
        return
    try:
        said = json.loads(reply.body)
        code = int(said.get(service.code) or 0)
    except (ValueError, TypeError, AttributeError):
        raise PassingFailure(gettext_noop("its answer is not the one of the service")) from None
    if code:
        text = f"{code} {said.get('msg') or said.get('errmsg') or ''}"
        raise (PassingFailure if code in service.passing else PermanentFailure)(text)
