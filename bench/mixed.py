"""``python -m bench.mixed [--beside FOLDER --python PATH] [--seconds 30] [--rounds 2]``: how many
requests a second a web server answers when people and programs ask for all kinds of things at once.

Two web processes of four threads, on a register of a thousand risks with a year of history, asked
by eight callers; the shares are those of ``SHARES``. ``--beside`` is the folder of another version,
with the Python of its environment: then both are measured in turn (A B A B). On SQLite, and on
PostgreSQL where ``DATABASE_URL_POSTGRES`` names a server on which databases may be made. Ends with
1 when anything was answered with an error.
"""

import argparse
import contextlib
import html
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.processes import ROOT, Program, Valkey, ending, free_port, until
from bench.register import fresh_postgres

CALLERS = 8
SIZE = 1_000
WARM_SECONDS = 5.0
# Of a hundred requests; a review is a form that is read and sent, and half of what programs read of
# one risk they write as well.
SHARES = {
    "my work": 20, "risk": 15, "list": 15, "heatmap": 10, "review": 10, "API page": 10,
    "API risk": 20,
}  # fmt: skip


def main() -> int:
    """Measure, and print requests a second of each round."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixed", description=__doc__)
    parser.add_argument("--beside", default="", help="folder of another version")
    parser.add_argument("--python", default=sys.executable, help="the Python of that version")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    trees = [("this", ROOT, sys.executable)]
    if options.beside:
        trees.insert(0, ("beside", Path(options.beside).resolve(), options.python))
    failed = 0
    for vendor in ("sqlite", "postgresql"):
        if vendor == "postgresql" and not os.environ.get("DATABASE_URL_POSTGRES"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            served = [Tree(*tree, vendor, Path(folder)) for tree in trees]
            for n in range(options.rounds):
                for tree in served:
                    load = tree.measure(options.seconds)
                    failed += sum(load.errors.values())
                    print(f"{vendor:10} {n + 1} {tree.name:6} {load}", flush=True)
    return 1 if failed else 0


@dataclass
class Load:
    """What was answered in how many seconds, by kind, and what was no success."""

    seconds: float
    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rate = sum(self.done.values()) / self.seconds
        kinds = ", ".join(f"{name} {n}" for name, n in sorted(self.done.items()))
        return f"{rate:7.1f} requests/s  errors: {dict(self.errors) or 'none'}  ({kinds})"


class Tree:
    """One version with a database of its own, prepared once and served anew for each round."""

    def __init__(self, name: str, tree: Path, python: str, vendor: str, folder: Path) -> None:
        self.name, self.tree, self.python = name, tree, python
        self.folder = folder / name
        self.folder.mkdir()
        url = f"sqlite:///{self.folder}/bench.sqlite3"
        if vendor == "postgresql":
            url = fresh_postgres(os.environ["DATABASE_URL_POSTGRES"], f"riskreg_mixed_{name}")
        self.port = free_port()
        self.env = {
            **os.environ, "DATABASE_URL": url, "VAR_DIR": str(self.folder), "LOG_LEVEL": "ERROR",
            "DEBUG": "1", "WEB_WORKERS": "2", "WEB_THREADS": "4", "PYTHONPATH": str(tree),
            "BASE_URL": f"http://127.0.0.1:{self.port}",
        }  # fmt: skip
        self.env.pop("DJANGO_SETTINGS_MODULE", None)
        done = subprocess.run(
            [python, str(ROOT / "bench/mixed_case.py"), str(SIZE)],
            cwd=tree, env=self.env, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        self.known: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])

    def measure(self, seconds: float) -> Load:
        """Serve it, and ask for ``seconds``."""
        broker = Valkey(self.folder, self.env, keeps=False)
        env = {**self.env, "REDIS_URL": broker.url}
        place = ["--bind", f"127.0.0.1:{self.port}"]
        served = ["gunicorn", "config.wsgi:application", "-c", "config/gunicorn.py", *place]
        web = Program("web", [self.python, "-m", *served], env, self.folder, root=self.tree)
        with ending([broker, web]):
            broker.start()
            until(broker.answers, 10)
            web.start()
            if not until(self._answers, 60):
                raise SystemExit(f"{self.name} did not start: {web.last_words()}")
            _ask(self.port, self.known, WARM_SECONDS)
            return _ask(self.port, self.known, seconds)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False


def _ask(port: int, known: dict[str, Any], seconds: float) -> Load:
    load, lock, ended = Load(seconds), threading.Lock(), time.monotonic() + seconds

    def call(number: int) -> None:
        caller = Caller(port, known, number)
        while time.monotonic() < ended:
            for kind, status in caller.ask():
                with lock:
                    if time.monotonic() <= ended:
                        load.done[kind] += 1
                    if status >= 400 or status == 0:
                        load.errors[f"{kind} {status}"] += 1

    threads = [threading.Thread(target=call, args=[n]) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


class Caller:
    """One that asks for one thing after another, on risks that no other caller writes."""

    def __init__(self, port: int, known: dict[str, Any], number: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.random = random.Random(number)
        self.refs: list[str] = known["refs"][number::CALLERS]
        self.cookies = {known["cookie"]: known["session"]}
        self.token = known["token"]

    def ask(self) -> Iterator[tuple[str, int]]:
        """Ask for one thing by the shares; what was asked and its status."""
        [kind] = self.random.choices(list(SHARES), list(SHARES.values()))
        pages = {
            "my work": "work/", "risk": f"risks/{self.ref}/", "list": "risks/",
            "heatmap": "heatmap/",
        }  # fmt: skip
        if kind in pages:
            yield kind, self.page("GET", f"/r/bench/{pages[kind]}")[0]
        elif kind == "review":
            yield from self.review(f"/r/bench/risks/{self.ref}/review/")
        elif kind == "API page":
            yield kind, self.api("GET", "?limit=50")[0]
        else:
            yield from self.read_and_write(f"{self.ref}/")

    @property
    def ref(self) -> str:
        """One of its risks."""
        return self.random.choice(self.refs)

    def review(self, address: str) -> Iterator[tuple[str, int]]:
        """Read the form of a review, and say that nothing has changed."""
        status, text = self.page("GET", address)
        yield "review", status
        body = urlencode({**form_of(text), "comment": "", "verdict": "unchanged"})
        yield "review sent", self.page("POST", address, body)[0]

    def read_and_write(self, ref: str) -> Iterator[tuple[str, int]]:
        """Read a risk, and give it another title every second time."""
        status, etag = self.api("GET", ref)
        yield "API risk", status
        if self.random.random() < 0.5:
            body = json.dumps({"title": f"Title {uuid.uuid4().hex}"})
            yield "PATCH", self.api("PATCH", ref, body, etag)[0]

    def page(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        """As a browser does, with its cookies."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        status, headers, text = self._send(method, path, body, sent)
        for name, value in headers:
            if name.lower() == "set-cookie":
                key, _equals, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return status, text

    def api(self, method: str, path: str, body: str = "", etag: str = "") -> tuple[int, str]:
        """As a program does, with its token; the status, and the ETag."""
        sent = {"Authorization": f"Bearer {self.token}"}
        if body:
            sent |= {"Content-Type": "application/json", "If-Match": etag}
            sent["Idempotency-Key"] = uuid.uuid4().hex
        status, headers, _text = self._send(
            method, f"/api/v1/registers/bench/risks/{path}", body, sent
        )
        return status, next((v for name, v in headers if name.lower() == "etag"), "")

    def _send(
        self, method: str, path: str, body: str, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], str]:
        try:
            self.connection.request(method, path, body or None, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.getheaders(), answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0, [], ""


def form_of(text: str) -> dict[str, str]:
    """What the form of a review sends as it stands: hidden fields and the checked cell."""
    form = next(part for part in text.split("<form")[1:] if 'name="verdict"' in part)
    found: dict[str, str] = {}
    for tag in re.findall(r"<input ([^>]*)>", form):
        if 'type="hidden"' in tag or " checked" in tag:
            named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            found[named["name"]] = html.unescape(named.get("value", ""))
    return found


if __name__ == "__main__":
    sys.exit(main())
