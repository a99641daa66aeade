"""Chat services: a message into a channel or group, through the service's own webhook address.

apprise knows what each service wants to be sent; it does not get to call anybody. What it would
send is handed to ``calling`` instead, which calls the very host that the endpoint names, or nobody.
"""

import contextvars
import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from apprise import AppriseAsset, NotifyFormat, NotifyType
from apprise.plugins import dingtalk, feishu, lark, slack, wecombot, workflows
from apprise.plugins.base import NotifyBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from riskreg.notify import calling
from riskreg.notify.addresses import Address, Refused, Unreachable, read
from riskreg.notify.calling import Reply
from riskreg.notify.channels.answers import Gone, raise_for
from riskreg.notify.channels.base import Sender
from riskreg.notify.models import Channel, EndpointKind, Message
from riskreg.notify.opened import close_endpoint, open_endpoint
from riskreg.notify.policy import PassingFailure, PermanentFailure

# It would write whole addresses, which are secrets, into the log.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

_ASSET = AppriseAsset(
    app_id="riskreg", app_desc="riskreg", app_url="", async_mode=False, secure_logging=True
)
_KEY = r"[A-Za-z0-9_-]+"


@dataclass(frozen=True)
class Service:
    """A service: which addresses are its own, and how it answers.

    ``hosts`` and ``path`` are whole patterns; ``keys`` are the parts of the query that matter.
    ``limit`` is in bytes of UTF-8. ``code`` names the number in a JSON answer that is 0 when all is
    well; of its other values those in ``passing`` mean "later".
    """

    hosts: str
    path: str
    make: Callable[[Address, Mapping[str, str]], NotifyBase]
    keys: tuple[str, ...] = ()
    limit: int = 18_000
    markdown: bool = True
    code: str = ""
    passing: frozenset[int] = frozenset()


def _slack(address: Address, parts: Mapping[str, str]) -> NotifyBase:
    government = address.host.endswith("-gov.com")
    return slack.NotifySlack(
        token_a=parts["a"], token_b=parts["b"], token_c=parts["c"],
        mode=slack.SlackMode.WEBHOOK_GOV if government else slack.SlackMode.WEBHOOK,
        include_image=False, include_footer=False, asset=_ASSET,
    )  # fmt: skip


def _teams(address: Address, parts: Mapping[str, str]) -> NotifyBase:
    return workflows.NotifyWorkflows(
        host=address.host, workflow=parts["flow"], signature=parts["sig"],
        version=parts["api-version"], power_automate=bool(parts["direct"]),
        routing_id=parts["unit"] or None, include_image=False, asset=_ASSET,
    )  # fmt: skip


_HOOK = rf"/open-apis/bot/v2/hook/(?P<token>{_KEY})/?"
# The numbers that mean "too often" or "busy" are in each service's page on its webhooks.
SERVICES: dict[str, Service] = {
    EndpointKind.SLACK: Service(
        hosts=r"hooks\.slack(-gov)?\.com",
        path=r"/services/(?P<a>[A-Za-z0-9]+)/(?P<b>[A-Za-z0-9]+)/(?P<c>[A-Za-z0-9]+)/?",
        make=_slack,
        limit=2_900,
    ),
    EndpointKind.MSTEAMS: Service(
        hosts=r"[a-z0-9.-]+\.(logic\.azure\.(com|cn|us)|powerplatform\.(com|cn|microsoft\.us)"
        r"|powerplatform\.partner\.microsoftonline\.cn)",
        path=r"(?P<direct>/powerautomate/automations/direct(/cu/(?P<unit>[0-9]+))?)?"
        rf"/workflows/(?P<flow>{_KEY})/triggers/manual/paths/invoke/?",
        make=_teams,
        keys=("api-version", "sig"),
    ),
    EndpointKind.FEISHU: Service(
        hosts=r"open\.feishu\.cn",
        path=_HOOK,
        make=lambda address, parts: feishu.NotifyFeishu(token=parts["token"], asset=_ASSET),
        code="code",
        passing=frozenset({9499, 11232}),
    ),
    EndpointKind.LARK: Service(
        hosts=r"open\.larksuite\.com",
        path=_HOOK,
        make=lambda address, parts: lark.NotifyLark(token=parts["token"], asset=_ASSET),
        code="code",
        passing=frozenset({9499, 11232}),
    ),
    EndpointKind.WECOM: Service(
        hosts=r"qyapi\.weixin\.qq\.com",
        path=r"/cgi-bin/webhook/send/?",
        keys=("key",),
        make=lambda address, parts: wecombot.NotifyWeComBot(key=parts["key"], asset=_ASSET),
        limit=2_000,
        markdown=False,
        code="errcode",
        passing=frozenset({-1, 45009, 45033}),
    ),
    EndpointKind.DINGTALK: Service(
        hosts=r"oapi\.dingtalk\.com",
        path=r"/robot/send/?",
        keys=("access_token",),
        make=lambda address, parts: dingtalk.NotifyDingTalk(
            token=parts["access_token"], asset=_ASSET
        ),
        code="errcode",
        passing=frozenset({-1, 130101, 410100}),
    ),
}


def plugin_of(kind: str, address: Address) -> NotifyBase:
    """What apprise has for the service. Raises ``Refused`` for an address that is not its own.

    Made from the parts that the service's address has and no others: some that apprise understands
    would have it read files or call elsewhere.
    """
    service = SERVICES[kind]
    url = urlsplit(address.url)
    path = re.fullmatch(service.path, url.path)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    fine = (
        path
        and address.scheme == "https"
        and address.port == 443
        and re.fullmatch(service.hosts, address.host)
        and all(re.fullmatch(r"[A-Za-z0-9._-]+", query.get(name, "")) for name in service.keys)
    )
    if not fine or path is None:
        raise Refused(
            "other_service",
            _("This is not a webhook address of %(service)s; copy it from there once more.")
            % {"service": EndpointKind(kind).label},
        )
    parts = {name: value or "" for name, value in path.groupdict().items()}
    try:
        return service.make(address, parts | {name: query[name] for name in service.keys})
    except TypeError as error:
        raise Refused("other_service", str(error)) from error


class Chat(Sender):
    """Each message is a request of its own; there is no connection to keep."""

    channel = Channel.CHAT

    def send(self, message: Message, at: dt.datetime) -> None:
        """Put ``message`` into its channel. Raises ``PermanentFailure`` or ``PassingFailure``.

        ``payload["markdown"]`` is taken where there is one and the service shows it, the plain
        text otherwise. A 410 switches the endpoint off.
        """
        endpoint = open_endpoint(message.recipient)
        service = SERVICES[endpoint.kind]
        marked = (message.payload or {}).get("markdown") if service.markdown else None
        body = shorten(marked or message.text, service.limit)
        try:
            reply = _speak(endpoint.kind, read(endpoint.address), message, body, bool(marked))
        except Refused as refused:
            raise PermanentFailure(refused.detail) from refused
        except Unreachable as away:
            raise PassingFailure(str(away)) from away
        try:
            raise_for(reply, at)
        except Gone as gone:
            close_endpoint(endpoint.uuid, str(gone), at)
            raise
        _raise_for_code(service, reply)


def _speak(kind: str, address: Address, message: Message, body: str, marked: bool) -> Reply:
    """Have apprise say it. Raises ``Refused`` or ``Unreachable``."""
    plugin = plugin_of(kind, address)
    call = _Call(address)
    token = _call.set(call)
    try:
        plugin.notify(
            body=body,
            title=message.subject,
            notify_type=NotifyType.WARNING if message.urgent else NotifyType.INFO,
            body_format=NotifyFormat.MARKDOWN if marked else NotifyFormat.TEXT,
        )
    finally:
        _call.reset(token)
    if call.error is not None:
        raise call.error
    if call.reply is None:
        raise Unreachable(gettext_noop("nothing was sent"))
    return call.reply


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


# apprise's way out --------------------------------------------------------------------------------
class _Call:
    """One message on its way: whom it may go to, and what became of it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.reply: Reply | None = None
        self.error: Refused | Unreachable | None = None


_call: contextvars.ContextVar[_Call] = contextvars.ContextVar("chat_call")


class _WayOut:
    """Stands where apprise's plugins have the module ``requests``."""

    codes = requests.codes
    RequestException = requests.RequestException

    def post(self, url: str, **given: Any) -> requests.Response:
        """As ``requests.post``."""
        return self.request("post", url, **given)

    def request(self, method: str, url: str, **given: Any) -> requests.Response:
        """As ``requests.request``, for a POST to the host of the endpoint and nothing else."""
        call = _call.get()
        asked = requests.Request("POST", url, params=given.get("params")).prepare()
        where = urlsplit(str(asked.url))
        host = call.address.host
        if method != "post" or (where.scheme, where.hostname) != ("https", host):
            call.error = Refused("other_host", f"only {host} may be called")
            raise requests.RequestException(call.error.detail)
        data = given["data"]
        try:
            call.reply = calling.post(
                call.address,
                data.encode() if isinstance(data, str) else data,
                given["headers"],
                target=asked.path_url,
            )
        except (Refused, Unreachable) as error:
            call.error = error
            raise requests.ConnectionError(str(error)) from error
        answer = requests.Response()
        answer.status_code = call.reply.status
        answer._content = call.reply.body
        return answer


for _module in (dingtalk, feishu, lark, slack, wecombot, workflows):
    # Fails at once should a new version of apprise send in another way.
    assert isinstance(getattr(_module, "requests", None), (ModuleType, _WayOut))  # noqa: S101
    _module.__dict__["requests"] = _WayOut()
