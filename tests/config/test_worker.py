"""What the web server refuses before the application has seen it, asked over a real socket."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.once]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a web server with our settings, its worker among them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = int(listener.getsockname()[1])
    log = tmp_path_factory.mktemp("web") / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi:application", "-c",
             "config/gunicorn.py", "--bind", f"127.0.0.1:{number}"],
            cwd=ROOT, env={**os.environ, "WEB_WORKERS": "1"}, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        while not _answers(number):
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    try:
        return (
            ask(port, b"GET /api/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[0] > 0
        )
    except OSError:
        return False


def ask(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to ``request`` as it stands."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _gap, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize(
    "status, request_, words",
    [
        (414,
         b"GET /api/v1/me/?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", "8190"),
        (431, b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
         "8190"),
        (431, b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\n"
         + b"".join(b"X-%d: x\r\n" % n for n in range(120)) + b"\r\n", "100 headers"),
        (400, b"NO SENSE\r\n\r\n", "well-formed"),
    ],
)  # fmt: skip
def test_refused_as_a_problem_document(port: int, status: int, request_: bytes, words: str) -> None:
    found, headers, body = ask(port, request_)
    assert found == status
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Content-Length"]) == len(body)
    assert len(headers["X-Request-ID"]) == 36
    problem = json.loads(body)
    assert problem["status"] == status
    assert words in problem["detail"]
    assert problem["type"].startswith("urn:riskreg:problem:")


def test_a_hundred_filters_fit(port: int) -> None:
    """Longer than what a web server takes unless it is told to take more."""
    query = b"&".join(b"external_id=" + b"%036d" % n for n in range(160))
    assert len(query) > 7_000
    request = (
        b"GET /api/v1/me/?" + query + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert ask(port, request)[0] == 401


def test_who_sends_too_much_reads_why_and_not_that_nobody_answers(port: int) -> None:
    """More than the kernel's buffers take, none of which the application reads: all of it can be
    sent, as a proxy does before it looks for an answer, and the connection is good for another."""
    size = 30 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(
            b"POST /api/v1/registers/ HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
        )
        for _ in range(30):
            connection.sendall(b"a" * (size // 30))
        connection.sendall(
            b"GET /api/v1/me/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        answers = b""
        while piece := connection.recv(65536):
            answers += piece
    assert answers.count(b"HTTP/1.1 4") == 2
    assert answers.count(b'"status": 401') == 2


def test_head_sends_no_body(port: int) -> None:
    answers = [
        ask(
            port, method + b" /api/schema/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        for method in (b"GET", b"HEAD")
    ]
    (_, got, body), (status, headers, nothing) = answers
    assert (status, nothing) == (200, b"")
    assert headers["Content-Length"] == got["Content-Length"] == str(len(body))
