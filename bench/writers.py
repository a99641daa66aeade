"""Programs that write while faults happen, each act under a key until it is answered.

As docs/integrators.md tells them: what was not answered, or with 503, is sent again with the same
key. What was answered with 2xx must be there afterwards, once.
"""

import http.client
import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.proxy import NAME

ROOT = "/api/v1/registers/"
NO_ANSWER = 0


@dataclass(frozen=True)
class Answer:
    """One answer: when it was asked for (monotonic), how long it took, and its status.

    ``NO_ANSWER`` where the connection ended before one came.
    """

    at: float
    seconds: float
    status: int


class Caller:
    """A program that calls through the proxy, over TLS, with a token."""

    def __init__(self, port: int, root: Path, token: str, register: str) -> None:
        self._port, self._token = port, token
        self._trust = ssl.create_default_context(cafile=str(root))
        self.path = f"{ROOT}{register}/"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[Answer, Any]:
        """The answer, and its JSON; ``headers`` with _ for -."""
        at = time.monotonic()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Content-Type", "application/json")
        sent["Authorization"] = f"Bearer {self._token}"
        status, found = NO_ANSWER, None
        try:
            plain = socket.create_connection(("127.0.0.1", self._port), timeout=90)
            with self._trust.wrap_socket(plain, server_hostname=NAME) as secure:
                connection = http.client.HTTPConnection(NAME)
                connection.sock = secure
                connection.request(method, self.path + path, body, sent)
                answer = connection.getresponse()
                status, text = answer.status, answer.read()
                if (answer.getheader("Content-Type") or "").endswith("json"):
                    found = json.loads(text)
        except (OSError, http.client.HTTPException, ValueError):
            status = NO_ANSWER
        return Answer(at, time.monotonic() - at, status), found


class Writers:
    """Several callers at once; ``kept`` is the ref that each key was answered with."""

    def __init__(self, caller: Caller, count: int = 3) -> None:
        self.caller = caller
        self.kept: dict[str, str] = {}
        self.answers: list[Answer] = []
        self.given_up = 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._write, daemon=True) for _ in range(count)]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish the act it is at."""
        self._ended.set()
        for thread in self._threads:
            thread.join(180)

    def between(self, since: float, until: float) -> list[Answer]:
        """The answers to what was asked in that time."""
        return [one for one in self.answers if since <= one.at <= until]

    def _write(self) -> None:
        while not self._ended.wait(0.2):
            key = uuid.uuid4().hex
            body = json.dumps({"title": title_of(key)}).encode()
            for _attempt in self._attempts():
                answer, made = self.caller.ask("POST", "risks/", body, Idempotency_Key=key)
                self.answers.append(answer)
                if answer.status == 201:
                    self.kept[key] = made["ref"]
                    break
                if answer.status not in (NO_ANSWER, 503):
                    self.given_up += 1
                    break
            self.answers.append(self.caller.ask("GET", "risks/?limit=1")[0])

    def _attempts(self) -> Iterator[None]:
        """One after the other until it is over, and half a minute longer."""
        ends = None
        while ends is None or time.monotonic() < ends:
            yield
            time.sleep(0.5)
            if self._ended.is_set() and ends is None:
                ends = time.monotonic() + 30
        self.given_up += 1


def title_of(key: str) -> str:
    """What is written under that key."""
    return f"Act {key}"


def counted(kept: dict[str, str], rows: list[tuple[Any, ...]]) -> tuple[list[str], list[str]]:
    """Keys that were answered and are lost (or stand under another ref), and titles that are there
    twice; ``rows``: (title, ref) of everything that was written."""
    found: dict[str, list[str]] = {}
    for title, ref in rows:
        found.setdefault(title, []).append(ref)
    lost = [key for key, ref in kept.items() if ref not in found.get(title_of(key), [])]
    return lost, [title for title, refs in found.items() if len(refs) > 1]
