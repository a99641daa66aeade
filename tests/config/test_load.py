"""Beyond what a web process takes at once: a real server, and requests that a lock holds."""

import fcntl
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.config.test_worker import ROOT, ask

pytestmark = [pytest.mark.process, pytest.mark.once]
METRICS_TOKEN = "for-the-collector"


@dataclass(frozen=True)
class Server:
    """One web process with two threads and six places, four for one caller."""

    port: int
    log: Path
    lock: Path

    def answer(self, path: str, who: str, *more: str) -> tuple[int, dict[str, str], bytes]:
        return ask(self.port, head(path, who, *more))

    def begin(self, who: str) -> socket.socket:
        """Ask for what is held, and do not wait for the answer."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(head("/held/", who))
        return connection

    def figure(self, name: str) -> float:
        status, _headers, body = self.answer("/metrics", METRICS_TOKEN)
        assert status == 200
        found = re.search(rf"(?m)^{re.escape(name)} (\S+)$", body.decode())
        return float(found[1]) if found else 0.0

    def until(self, name: str, value: float) -> None:
        """Wait until the gauge has come to ``value``."""
        end = time.monotonic() + 60
        while self.figure(name) != value:
            assert time.monotonic() < end, (name, self.figure(name))
            time.sleep(0.02)


def head(path: str, who: str, *more: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {who}",
             "Connection: close", *more)  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def all_of(connection: socket.socket) -> bytes:
    answer = b""
    with connection:
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    log, lock = tmp_path / "log", tmp_path / "lock"
    lock.touch()
    env = {
        **os.environ, "WEB_WORKERS": "1", "WEB_THREADS": "2", "WEB_PLACES": "6",
        "WEB_PLACES_EACH": "4", "METRICS_TOKEN": METRICS_TOKEN, "HELD_BY": str(lock),
        "VAR_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
    }  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "tests.config.held:application", "-c",
             "config/gunicorn.py", "--bind", f"127.0.0.1:{port}"],
            cwd=ROOT, env=env, stdout=out, stderr=out,
        )  # fmt: skip
    made = Server(port, log, lock)
    try:
        while True:
            assert process.poll() is None, log.read_text()
            try:
                if made.answer("/healthz", "nobody")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield made
    finally:
        process.terminate()
        process.wait()


def test_load_beyond_capacity_is_refused_fairly_and_seen(server: Server) -> None:
    with server.lock.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = [server.begin("a") for _ in range(4)]
        server.until("riskreg_requests_waiting", 3)
        # One thread is left to others, whoever came first.
        assert server.figure("riskreg_requests_in_work") == 1
        assert server.answer("/api/v1/nothing/", "b")[0] == 404
        # Its place is free again a moment after its answer is there.
        server.until("riskreg_requests_in_work", 1)

        # A fifth of one caller is refused while there are places for others.
        status, headers, body = server.answer("/api/v1/me/", "a", "X-Request-ID: mine-1")
        assert (status, headers["X-Request-ID"]) == (503, "mine-1")
        problem = json.loads(body)
        assert headers["Content-Type"] == "application/problem+json"
        assert int(headers["Retry-After"]) > 0
        assert (problem["status"], problem["type"]) == (503, "urn:riskreg:problem:unavailable")
        assert "at once than one may" in problem["detail"]

        held += [server.begin(who) for who in ("c", "d")]
        server.until("riskreg_requests_waiting", 4)
        status, headers, body = server.answer("/", "e")
        assert status == 503
        assert int(headers["Retry-After"]) > 0
        assert headers["Content-Type"].startswith("text/html")
        assert "than can be answered" in body.decode()
        chinese = server.answer("/", "e", "Accept-Language: zh-CN")[2].decode()
        assert '<html lang="zh-Hans">' in chinese
        assert "than can be answered" not in chinese

        # Whoever watches is answered, and told.
        assert server.answer("/healthz", "e")[0] == 200
        assert server.answer("/readyz", "e")[0] in (200, 503)
        assert server.figure("riskreg_requests_in_work") == 2
        assert server.figure('riskreg_requests_shed_total{reason="caller"}') == 1
        assert server.figure('riskreg_requests_shed_total{reason="full"}') == 2
    # Closing the file lets the lock go: nothing that had a place is lost.
    assert all(all_of(connection).endswith(b"done") for connection in held)
    server.until("riskreg_requests_in_work", 0)
    assert server.answer("/api/v1/nothing/", "a")[0] == 404
    assert server.log.read_text().count("requests_shed") == 1


def test_who_sends_much_and_is_refused_unseen_reads_why(server: Server) -> None:
    """More than the kernel's buffers take, sent whole before the answer is looked at, as a proxy
    does: closed upon, the connection would be reset, and the proxy say that nobody is there."""
    size = 30 * 1024 * 1024
    with server.lock.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = [server.begin(who) for who in "aabbcd"]
        server.until("riskreg_requests_waiting", 4)
        request = head("/api/v1/registers/", "e", f"Content-Length: {size}")
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(request.replace(b"GET", b"POST", 1))
            for _ in range(30):
                connection.sendall(b"a" * (size // 30))
            answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After" in answer
    assert b"than can be answered" in answer
    for connection in held:
        assert all_of(connection).endswith(b"done")


def test_connections_that_are_not_let_go_after_their_last_answer_keep_nobody_waiting(
    server: Server,
) -> None:
    # If each were waited for, for two seconds, whoever comes after them would wait for minutes.
    kept = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    for connection in kept:
        connection.sendall(head("/api/v1/nothing/", "a"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head("/api/v1/nothing/", "b"))
        assert connection.recv(12) == b"HTTP/1.1 404"
    for each in kept:
        each.close()


def test_connections_that_say_nothing_keep_nobody_waiting(server: Server) -> None:
    # If each had a reader, for five seconds, whoever comes after them would wait for minutes.
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head("/api/v1/nothing/", "a"))
        assert connection.recv(12) == b"HTTP/1.1 404"
    for each in silent:
        each.close()


def test_a_connection_is_used_again_and_requests_that_come_at_once_are_both_answered(
    server: Server,
) -> None:
    kept = head("/api/v1/nothing/", "a").replace(b"Connection: close\r\n", b"")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(kept + kept)
        answer = b""
        while answer.count(b"HTTP/1.1 404") < 2 or not answer.endswith(b"}"):
            piece = connection.recv(65536)
            assert piece
            answer += piece
        connection.sendall(head("/api/v1/nothing/", "a"))
        assert b"HTTP/1.1 404" in all_of(connection.dup())


@pytest.mark.parametrize(
    ("name", "value"), [("WEB_THREADS", "0"), ("WEB_PLACES", "3"), ("WEB_PLACES_EACH", "many")]
)
def test_a_wrong_bound_is_told_at_the_start(name: str, value: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "import config.gunicorn"],
        cwd=ROOT, env={**os.environ, name: value}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode
    assert result.stderr.strip().startswith(f"{name} is a whole number of at least")
