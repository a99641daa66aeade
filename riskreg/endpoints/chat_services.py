"""The chat services: which webhook addresses are their own, and how each answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from django.utils.translation import gettext as _

from riskreg.endpoints import chat_payloads
from riskreg.endpoints.models import EndpointKind
from riskreg.endpoints.url_guard import Address, BlockedAddress

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
