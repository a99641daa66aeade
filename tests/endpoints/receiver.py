"""A server on loopback that takes what is posted, with or without TLS, and stubs for the way to it.

Nothing here speaks to anything but loopback.
"""

import contextlib
import datetime as dt
import http.server
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from riskreg.endpoints import http_client


@dataclass(frozen=True)
class Got:
    """One request; names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and what is answered: (status, headers, body)."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"ok")
    dribble: str = ""
    hang_up: bool = False
    over: threading.Event = field(default_factory=threading.Event)


def _handler(receiver: Receiver) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(Got("POST", self.path, headers, self.rfile.read(size)))
            if receiver.hang_up:
                return
            with contextlib.suppress(OSError):
                self._answer()

        def _answer(self) -> None:
            status, headers, body = receiver.answer
            if receiver.dribble == "before":
                receiver.over.wait(5)
            self.send_response(status)
            while receiver.dribble == "headers" and not receiver.over.wait(0.05):
                self.wfile.write(b"X")
                self.wfile.flush()
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            while receiver.dribble == "body" and not receiver.over.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Says nothing."""

    return Handler


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that gives up is what some tests are about."""


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def serving_tls(*hosts: str) -> Iterator[tuple[Receiver, ssl.SSLContext]]:
    """A receiver that proves to be ``hosts``, and a context that believes it."""
    certificate, key = _certificate(hosts)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_bytes(key + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
    trust = ssl.create_default_context(cadata=certificate.decode())
    names: list[str] = []
    context.sni_callback = lambda wire, name, _context: names.append(name or "")
    with serving(context) as receiver:
        receiver.names = names
        yield receiver, trust


def _certificate(hosts: tuple[str, ...]) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(dt.datetime(2090, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Names(dict[str, list[str]]):
    """What a resolver knows, and which names it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []


def stub_names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Put a resolver of one's own where the standard library asks the system's."""
    names = Names()

    def getaddrinfo(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        try:
            numbers = [str(ipaddress.ip_address(host))]
        except ValueError:
            names.asked.append(host)
            numbers = names.get(host, [])
        if not numbers:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (
                socket.AF_INET6 if ":" in number else socket.AF_INET,
                socket.SOCK_STREAM, 6, "",
                (number, port, 0, 0) if ":" in number else (number, port),
            )
            for number in numbers
        ]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


def asked(names: Any) -> list[str]:
    """The names that were asked for so far."""
    return list(names.asked)


def reach(monkeypatch: pytest.MonkeyPatch, receiver: Receiver, trust: ssl.SSLContext) -> list[str]:
    """Let every connection to a judged number end at ``receiver``; returns those numbers."""
    opened: list[str] = []
    plain = http_client._open

    def open_(number: str, port: int, seconds: float) -> socket.socket:
        opened.append(number)
        assert port == 443
        return plain("127.0.0.1", receiver.port, seconds)

    monkeypatch.setattr(http_client, "_open", open_)
    monkeypatch.setattr(http_client, "tls_context", lambda: trust)
    return opened
