"""The security log: who came, was refused, took what out, and changed who may do what.

A log of its own, one JSON object a line, whatever the level and form of the others. It names
accounts by their public id alone, what was typed as an address by a keyed hash, and a client as
SECURITY_LOG_ADDRESSES says. Nothing is written to it but what a caller of ``write_line`` names:
values that people type, and secrets, are never among it."""

import ipaddress
import json
import logging
import uuid
from contextvars import ContextVar
from enum import StrEnum
from typing import Any

import structlog
from django.conf import settings
from django.utils.crypto import salted_hmac

from riskreg.kernel import clock
from riskreg.kernel.client import client_key_of_ip_or_empty

NAME = "riskreg.security"
_logger = logging.getLogger(NAME)


class Addresses(StrEnum):
    """How a client is named: its network, a keyed hash of it, or its whole address."""

    TRUNCATED = "truncated"
    KEYED = "keyed"
    WHOLE = "whole"


_address: ContextVar[str] = ContextVar("security_log_address", default="")


def note_client_address(address: str) -> None:
    """What is recorded from here on, in this thread, comes from the client at ``address``."""
    _address.set(address)


def is_on() -> bool:
    """Whether anything is written at all."""
    return _logger.isEnabledFor(logging.INFO)


def write_line(event: str, account: uuid.UUID | None = None, /, **fields: Any) -> None:
    """Write one line; ``account`` is the public id of whoever acted, where that is known.

    ``fields``: text, numbers, ids, lists of them. What is empty or None is left out.
    """
    if not is_on():
        return
    line = {
        "at": clock.now().isoformat(timespec="milliseconds"),
        "event": event,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        "account": account,
        "from": address_for_log(_address.get()),
        **fields,
    }
    filled = {name: value for name, value in line.items() if value not in (None, "", [])}
    _logger.info(json.dumps(filled, ensure_ascii=False, default=str))


def address_for_log(address: str) -> str:
    """``address`` as the log may hold it: of IPv4 the first 24 bits, of IPv6 the first 48.

    A keyed hash is of the whole IPv4 address, or of the /64 of an IPv6 one.
    """
    if not address or settings.SECURITY_LOG_ADDRESSES == Addresses.WHOLE:
        return address
    if settings.SECURITY_LOG_ADDRESSES == Addresses.KEYED:
        return keyed_hash("client", client_key_of_ip_or_empty(address))[:12]
    bits = 48 if ":" in address else 24
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def keyed_hash(kind: str, value: str) -> str:
    """``value`` as logs and tables may hold it: equal for equal values, and not to be undone."""
    text = value.encode("utf-8", "replace").decode()
    return salted_hmac(f"riskreg.{kind}", text, algorithm="sha256").hexdigest()[:32]
