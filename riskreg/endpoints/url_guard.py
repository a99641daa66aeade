"""Addresses that somebody typed in and this server will call: which of them it may.

A server that posts to any address lets whoever types one reach what only the server can (request
forgery). So an address is read strictly, its name is looked up once, every answer must be a public
address, and the connection goes to that very answer: a name that changes its mind between the look
and the call gains nothing. The same check runs when an address is saved and each time it is called.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_LENGTH = 1000
LOOKUP_SECONDS = 5.0
PORT = 443
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
# What may stand behind the host: RFC 3986's characters, percent-encoded where it is anything else.
_TARGET = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%\[\]]*\Z")
# Names that mean this machine or this network, wherever they are asked (RFC 6761, RFC 6762, RFC
# 8375, and what home and office networks use).
_INSIDE = {
    "localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan",
    "arpa", "onion", "invalid",
}  # fmt: skip
# IANA's special-purpose registries, and the addresses at which clouds serve their machines' keys.
# Listed in full, because what a Python version calls "global" has changed more than once.
_CLOSED_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",
    )
)  # fmt: skip
# Of IPv6 only global unicast is open (RFC 4291 section 2.4), and of that not these.
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


class BlockedAddress(Exception):
    """This address must not be called; the text says why, in the active language."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Unreachable(Exception):
    """The address may be called, but nothing answered there this time."""


@dataclass(frozen=True)
class Address:
    """An address in parts; ``target`` is path and query. ``trusted``: the operator named the host.

    Shown as its host alone: path and query of such addresses are often a secret.
    """

    scheme: str
    host: str
    port: int
    target: str
    trusted: bool = False

    def __str__(self) -> str:
        return self.netloc

    def __repr__(self) -> str:
        return f"<Address {self.netloc}>"

    @property
    def netloc(self) -> str:
        """Host and, where it is not the usual one, port, as a Host header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, secrets and all."""
        return f"{self.scheme}://{self.netloc}{self.target}"


def parse_address(text: str) -> Address:
    """``text`` as an address. Raises ``BlockedAddress``; asks nobody.

    ``https`` on port 443 only, without user name, fragment or anything that two readers could
    understand differently. Hosts that the operator named in WEBHOOK_ALLOWED_HOSTS may also be
    called by ``http`` and on other ports.
    """
    if len(text) > MAX_LENGTH:
        raise BlockedAddress("too_long", _("An address has at most %d characters.") % MAX_LENGTH)
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise BlockedAddress(
            "bad_url",
            _("An address is plain ASCII; write an international name in its xn-- form."),
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BlockedAddress("bad_url", _("This is not an address.")) from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise BlockedAddress("bad_url", _("An address starts with https:// and names a host."))
    if "@" in parts.netloc:
        raise BlockedAddress("has_user", _("An address must not hold a user name or password."))
    if "#" in text:
        raise BlockedAddress("has_fragment", _("Leave out what follows the #."))
    if parts.netloc.endswith(":") or not _TARGET.match(text[text.index(parts.netloc) :]):
        raise BlockedAddress("bad_url", _("This is not an address."))
    _check_host(host)
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = port if port is not None else usual
    trusted = is_trusted(host, port)
    if not trusted:
        if parts.scheme != "https":
            raise BlockedAddress("not_https", _("Only https:// addresses are called."))
        if port != PORT:
            raise BlockedAddress("odd_port", _("Only the usual port, 443, is called."))
        _refuse_inside_host(host)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host, port, target, trusted)


def is_trusted(host: str, port: int) -> bool:
    """Whether the operator named this host, with this port or with none."""
    named = {entry.strip().lower() for entry in settings.WEBHOOK_ALLOWED_HOSTS}
    host = f"[{host}]" if ":" in host else host
    return host in named or f"{host}:{port}" in named


def resolve(address: Address) -> list[str]:
    """The IPs behind ``address``, looked up now. Raises ``BlockedAddress`` or ``Unreachable``.

    One answer that is not public refuses them all: a name that points both outside and inside is a
    trick or a mistake.
    """
    found = list(dict.fromkeys(_lookup(address.host, address.port)))
    if not found:
        raise Unreachable(gettext_noop("the name of the host is not known"))
    if not address.trusted and not all(is_public(ip) for ip in found):
        raise BlockedAddress(
            "not_public",
            _("%(host)s is not a public address; a server inside a network is not called.")
            % {"host": address.host},
        )
    return found


def parse_and_resolve(text: str) -> Address:
    """``parse_address`` and ``resolve``, for an address that is to be saved.

    Raises ``BlockedAddress``, also for a name that nobody knows.
    """
    address = parse_address(text)
    try:
        resolve(address)
    except Unreachable:
        raise BlockedAddress(
            "unknown_host", _("Nobody knows a server called %(host)s.") % {"host": address.host}
        ) from None
    return address


def is_public(ip: str) -> bool:
    """Whether an IP address is one of the open internet, also inside what wraps it."""
    try:
        found: IPAddress = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _CLOSED_4)
    if found.scope_id is not None:
        return False
    inner = _wrapped_ipv4(found)
    if inner is not None:
        return is_public(str(inner))
    return found in _OPEN_6 and not any(found in network for network in _CLOSED_6)


def _wrapped_ipv4(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056) or
    ISATAP (RFC 5214)."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if found in _SIX_TO_FOUR:
        return ipaddress.IPv4Address(int(found) >> 80 & 0xFFFFFFFF)
    if int(found) >> 32 & 0xFDFFFFFF == 0x00005EFE:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return None


def _check_host(host: str) -> None:
    """Raise ``BlockedAddress`` for a host that is written in any but the one plain way."""
    if ":" in host:
        try:
            number = ipaddress.IPv6Address(host)
        except ValueError:
            number = None
        if number is None or number.scope_id is not None:
            raise BlockedAddress("bad_host", _("This is not the name of a server."))
        return
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        raise BlockedAddress("bad_host", _("This is not the name of a server."))
    if _NUMBER.match(labels[-1]):
        # 0x7f.1, 2130706433 and 0177.0.0.1 are the same machine to some readers, not to others.
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise BlockedAddress(
                "bad_host", _("Write the number of a server as four numbers.")
            ) from None
    for label in labels:
        if label.startswith("xn--") and not _is_plain_idna(label):
            raise BlockedAddress("bad_host", _("This is not the name of a server."))


def _is_plain_idna(label: str) -> bool:
    try:
        return label.encode().decode("idna").encode("idna").decode() == label
    except UnicodeError:
        return False


def _refuse_inside_host(host: str) -> None:
    """Raise ``BlockedAddress`` for a name or number that is never one of the open internet."""
    inside = host.rpartition(".")[2] in _INSIDE or ("." not in host and ":" not in host)
    number = ":" in host or host.replace(".", "").isdigit()
    if inside or (number and not is_public(host)):
        raise BlockedAddress(
            "not_public",
            _("%(host)s is not a public address; a server inside a network is not called.")
            % {"host": host},
        )


def _lookup(host: str, port: int) -> Sequence[str]:
    """All IP addresses of ``host``; empty for a name that is not known.

    Asked in a thread, because the system's resolver knows no time limit.
    """

    def ask() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        return [str(row[4][0]) for row in found]

    return _within_seconds(LOOKUP_SECONDS, ask)


def _within_seconds(seconds: float, ask: Callable[[], list[str]]) -> list[str]:
    answer: list[list[str]] = []

    def run() -> None:
        try:
            answer.append(ask())
        except (OSError, UnicodeError):
            answer.append([])

    thread = threading.Thread(target=run, daemon=True, name="lookup")
    thread.start()
    thread.join(seconds)
    if not answer:
        raise Unreachable(gettext_noop("looking up the name of the host took too long"))
    return answer[0]
