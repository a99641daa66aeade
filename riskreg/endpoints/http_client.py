"""Posting to an address that somebody typed in; ``addresses`` says why this has rules of its own.

One request, no redirects followed, no proxy, a bound on time and on how much of the answer is read.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from riskreg.endpoints.url_guard import Address, BlockedAddress, Unreachable, resolve

__all__ = ["BlockedAddress", "Reply", "Unreachable", "post"]

SECONDS = 15.0
CONNECT_SECONDS = 5.0
READ_BYTES = 16 * 1024
AGENT = "riskreg"
TOO_LONG = gettext_noop("the server took too long to answer")


@dataclass(frozen=True)
class Reply:
    """What a server answered: status, headers (names in lower case), the beginning of the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def post(
    address: Address,
    body: bytes,
    headers: Mapping[str, str],
    *,
    target: str = "",
    seconds: float = SECONDS,
) -> Reply:
    """POST ``body`` to ``address``; ``target`` in place of its path and query, where it is given.

    Raises ``BlockedAddress`` before anything is sent, where the name leads to an IP address that
    must not be called, and ``Unreachable`` where nothing answered within ``seconds``.
    """
    ips = resolve(address)
    deadline = time.monotonic() + seconds
    connection = _connect(address, ips, deadline)
    # A server that answers a byte at a time never lets a read time out; this ends it all the same.
    too_late = threading.Event()
    # The connection lets go of its socket once the headers are read; the body may still drip.
    left = max(0.1, deadline - time.monotonic())
    end = threading.Timer(left, _cut_connection, (connection.sock, too_late))
    end.daemon = True
    end.start()
    try:
        connection.request(
            "POST",
            target or address.target,
            body=body,
            headers={"User-Agent": AGENT, "Connection": "close", **headers},
        )
        answer = connection.getresponse()
        body = answer.read(READ_BYTES)
        if too_late.is_set():
            raise Unreachable(TOO_LONG)
        return Reply(answer.status, {n.lower(): v for n, v in answer.getheaders()}, body)
    except (OSError, http.client.HTTPException) as error:
        if too_late.is_set() or isinstance(error, TimeoutError):
            raise Unreachable(TOO_LONG) from error
        raise Unreachable(_reason_without_address(error)) from error
    finally:
        end.cancel()
        connection.close()


def tls_context() -> ssl.SSLContext:
    """How a server has to prove who it is: a certificate for its name from a known authority."""
    return ssl.create_default_context()


def _connect(address: Address, ips: list[str], deadline: float) -> http.client.HTTPConnection:
    """A connection to one of ``ips``, which were looked up and judged; no name is asked again.

    What goes over it, SNI and Host, is the name.
    """
    last: Exception | None = None
    for ip in ips[:3]:
        left = min(CONNECT_SECONDS, deadline - time.monotonic())
        if left <= 0:
            break
        try:
            plain = _open(ip, address.port, left)
        except OSError as error:
            last = error
            continue
        plain.settimeout(max(0.1, deadline - time.monotonic()))
        connection = http.client.HTTPConnection(address.host, address.port)
        # The connection would look the name up itself if it had no socket yet.
        connection.sock = plain
        connection.auto_open = 0
        if address.scheme == "https":
            # So that the Host header leaves the usual port out.
            connection.default_port = 443
            try:
                connection.sock = tls_context().wrap_socket(plain, server_hostname=address.host)
            except (OSError, ValueError) as error:
                plain.close()
                raise Unreachable(_reason_without_address(error)) from error
        return connection
    raise Unreachable(_reason_without_address(last) if last else TOO_LONG) from last


def _open(ip: str, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    plain = socket.socket(family, socket.SOCK_STREAM)
    try:
        plain.settimeout(seconds)
        plain.connect((ip, port))
    except BaseException:
        plain.close()
        raise
    return plain


def _cut_connection(wire: socket.socket, too_late: threading.Event) -> None:
    too_late.set()
    with contextlib.suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)


def _reason_without_address(error: Exception) -> str:
    """What went wrong, without the address, which may be a secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no secure connection: {error.reason or 'TLS failed'}"
    if isinstance(error, TimeoutError):
        return TOO_LONG
    if isinstance(error, http.client.RemoteDisconnected):
        return gettext_noop("the server closed the connection without an answer")
    if isinstance(error, http.client.HTTPException):
        return f"what it answered is not HTTP ({type(error).__name__})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
