"""Whose machine a request comes from, as far as that can be trusted."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

_IPV6_NETWORK = 64


def client_ip_or_empty(request: HttpRequest) -> str:
    """The address of the client; empty when it cannot be known.

    Without TRUST_PROXY_HEADERS it is whoever holds the connection. With it, every proxy of the
    operator's (PROXY_HOPS of them) has added the address it was called from at the end of
    X-Forwarded-For: the entry that the outermost one wrote counts, and what stands before it was
    written by the caller and is not believed.
    """
    direct = _plain_ip_or_empty(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUST_PROXY_HEADERS:
        return direct
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(entries) < settings.PROXY_HOPS:
        return direct
    return _plain_ip_or_empty(entries[-settings.PROXY_HOPS]) or direct


def client_key_or_empty(request: HttpRequest) -> str:
    """The network of the client; see ``client_key_of_ip_or_empty``."""
    return client_key_of_ip_or_empty(client_ip_or_empty(request))


def client_key_of_ip_or_empty(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer is given.

    Empty for what is no address.
    """
    address = _plain_ip_or_empty(address)
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{_IPV6_NETWORK}", strict=False).network_address)


def _plain_ip_or_empty(text: str) -> str:
    """``text`` in its plain form, without a port; empty if it is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    plain = mapped or address
    if getattr(plain, "scope_id", None):
        plain = ipaddress.ip_address(str(plain).partition("%")[0])
    return str(plain)
