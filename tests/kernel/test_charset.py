"""No charset that a request names is obeyed."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from config.wsgi import application
from tests import builders
from tests.builders import SLUG, World

HALF = "%2B2AA-"
CHARSETS = (
    "utf-7", "utf-8", '"UTF-7"', "utf-16", "idna", "rot13", "unicode_escape", "no-such", "",
)  # fmt: skip


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """A WSGI server closes old connections around each request; the test's own must stay."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


def asked(client: Client, path: str, query: str = "", body: bytes = b"", kind: str = "") -> Any:
    """Status and body of the answer of the entry point of servers."""
    environ = client._base_environ(
        PATH_INFO=path,
        QUERY_STRING=query,
        REQUEST_METHOD="POST" if body else "GET",
        CONTENT_TYPE=kind,
        CONTENT_LENGTH=str(len(body)),
        **{"wsgi.input": io.BytesIO(body)},
    )
    answered: list[str] = []
    parts = application(environ, lambda status, headers, *rest: answered.append(status))
    return int(answered[0].split()[0]), b"".join(parts)


@pytest.mark.django_db
def test_no_charset_is_obeyed(world: World, kept_connection: None) -> None:
    builders.risk(world, title="Zölle 关税")
    program, browser = builders.api(world.manager), builders.web(world.manager)
    for name in CHARSETS:
        kind = f"text/plain; charset={name}"
        for client, path in (
            (program, f"/api/v1/registers/{SLUG}/risks/"), (browser, f"/r/{SLUG}/risks/"),
        ):  # fmt: skip
            status, body = asked(client, path, "q=Z%C3%B6lle", kind=kind)
            assert status == 200, (name, path)
            assert "关税" in body.decode()
            assert asked(client, path, f"q={HALF}", kind=kind)[0] == 200, (name, path)
            assert asked(client, path, "&" * 3000, kind=kind)[0] in (200, 400), (name, path)


@pytest.mark.django_db
def test_parameters_that_cannot_be_read(world: World, kept_connection: None) -> None:
    program = builders.api(world.manager)
    for parameters in ("charset*=utf-7''x", "x*=no-such''y", 'charset="', "charset", "=;=;;", "\0"):
        kind = f"application/json; {parameters}"
        path = f"/api/v1/registers/{SLUG}/risks/"
        assert asked(program, path, kind=kind)[0] == 200, parameters
        assert asked(program, path, body=b'{"title": "x"}', kind=kind)[0] == 201, parameters


@pytest.mark.django_db
def test_what_is_sent_in_parts_arrives(world: World, kept_connection: None) -> None:
    sent = {"csrfmiddlewaretoken": "a" * 32, "theme": "dark"}
    form = "".join(
        f'--a;b c\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in sent.items()
    )
    client = builders.web(world.manager)
    client.cookies["csrftoken"] = "a" * 32
    kind = 'multipart/form-data; CHARSET=utf-7; boundary="a;b c"'
    status, body = asked(client, "/theme/", "", f"{form}--a;b c--\r\n".encode(), kind)
    assert status == 302, body
