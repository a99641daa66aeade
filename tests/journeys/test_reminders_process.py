"""Real broker, worker, beat and mail server: a reminder arrives once, whatever is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from riskreg.up import valkey
from tests import migrated
from tests.notify.sink import Sink, serving

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.process, pytest.mark.once, pytest.mark.unmeasured]
# Long enough for a loaded machine to send within it, or it would rightly be taken over.
LEASE = 10
# A risk whose first review has been due for ten days, while nothing ran.
SET_UP = """
import datetime as dt, django
django.setup()
from riskreg.kernel import clock
from tests import builders
world = builders.build_world.plainly(clock.now() - dt.timedelta(days=40))
builders.risk(world, rated=(5, 5))
"""


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def postgres_url() -> str:
    """A PostgreSQL server to make a database on; empty when there is none."""
    for name in ("DATABASE_URL_POSTGRES", "DATABASE_URL"):
        if os.environ.get(name, "").startswith("postgres"):
            return os.environ[name]
    return ""


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, Callable[[str], list[Any]]]]:
    """An empty database, migrated already: its address, and a reader of it."""
    if kind == "sqlite":
        import sqlite3

        path = folder / "journey.sqlite3"
        migrated.copy_to(path)

        def ask(sql: str) -> list[Any]:
            with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
                return connection.execute(sql).fetchall()

        yield f"sqlite:///{path}", ask
        return
    import psycopg

    base = postgres_url()
    name = f"journey_{os.getpid()}_{time.time_ns()}"
    server = urlsplit(base)._replace(path="/postgres").geturl()
    address = urlsplit(base)._replace(path=f"/{name}").geturl()
    empty = migrated.on_server(base)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{empty}"')

    def ask_postgres(sql: str) -> list[Any]:
        with psycopg.connect(address) as connection:
            return connection.execute(sql).fetchall()

    try:
        yield address, ask_postgres
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class System:
    """Valkey, and whatever workers and beats a test starts, on one database and one mail server."""

    def __init__(self, folder: Path, address: str, mail_port: int) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        server = valkey.describe_embedded(folder)
        self.env = {
            **os.environ,
            "VAR_DIR": str(folder),
            "DATABASE_URL": address,
            "REDIS_URL": server.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "SWEEP_SECONDS": "1",
            "DELIVER_SECONDS": "1",
            "DELIVERY_LEASE_SECONDS": str(LEASE),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [sys.executable, "-c", SET_UP], cwd=ROOT, env=self.env, capture_output=True, timeout=120
        )
        assert done.returncode == 0, done.stderr.decode()
        self._start("valkey", list(server.program.argv), server.program.stdin)
        assert until(server.answers, 10)

    def worker(self) -> subprocess.Popen[bytes]:
        options = ["-c", "2", "-l", "INFO", "--without-gossip", "--without-mingle"]
        return self._celery("worker", *options)

    def beat(self, name: str) -> subprocess.Popen[bytes]:
        schedule = str(self.folder / f"schedule-{name}")
        return self._celery("beat", "-l", "INFO", "--pidfile=", "-s", schedule)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 the process and all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def _celery(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self._start(
            arguments[0], [sys.executable, "-m", "celery", "-A", "config", *arguments]
        )

    def _start(self, name: str, argv: list[str], given: bytes = b"") -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}-{len(self.started)}.log").open("wb") as log:
            process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        self.started.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(p.read_text(errors="replace")[-3000:] for p in self.folder.glob("*.log"))


MAILS = "SELECT state, attempts FROM notify_delivery WHERE channel = 'mail' ORDER BY id"
KINDS = ["sqlite", *(["postgres"] if postgres_url() else [])]


Stage = tuple[System, Sink, Callable[[str], list[Any]]]


@contextlib.contextmanager
def stage(kind: str, folder: Path) -> Iterator[Stage]:
    """The system, its mail server, and a look into its database."""
    folder.mkdir()
    with database(kind, folder) as (address, ask), serving() as (sink, port):
        system = System(folder, address, port)
        try:
            yield system, sink, ask
        finally:
            for process in reversed(system.started):
                system.kill(process)


def on_each_database(folder: Path, play: Callable[[System, Sink, Any], None]) -> None:
    """Play it on all of them beside each other, as most of it is waiting; raises what one fails
    with, once all are over."""
    with contextlib.ExitStack() as opened, ThreadPoolExecutor(len(KINDS)) as pool:
        stages = {kind: opened.enter_context(stage(kind, folder / kind)) for kind in KINDS}
        played = {kind: pool.submit(play, *found) for kind, found in stages.items()}
        wait(played.values())
    for kind, future in played.items():
        if (error := future.exception()) is not None:
            error.add_note(f"on {kind}")
            raise error


def test_two_beats_and_a_worker_bring_each_person_one_mail(tmp_path: Path) -> None:
    on_each_database(tmp_path, one_mail_each)


def one_mail_each(system: System, sink: Sink, ask: Any) -> None:
    system.worker()
    for name in ("one", "two"):
        system.beat(name)
    assert until(lambda: len(sink.mails) >= 2, 60), system.logs()
    # Several more sweeps and rounds of both beats say nothing more.
    time.sleep(5)
    assert sorted(m["To"] for m in sink.mails) == [
        "manager@foton-catl.example",
        "owner@foton-catl.example",
    ]
    assert all("10 days overdue" in m.get_body(("plain",)).get_content() for m in sink.mails)
    assert sorted(ask("SELECT rung, state FROM reminders_reminder")) == [
        (-14, "skipped"),
        (-3, "skipped"),
        (0, "skipped"),
        (7, "sent"),
    ]
    assert ask(MAILS) == [("sent", 1), ("sent", 1)]
    assert sorted(ask("SELECT verb FROM events_event WHERE verb LIKE 'reminder.%'")) == [
        ("reminder.sent",),
        ("reminder.skipped",),
        ("reminder.skipped",),
        ("reminder.skipped",),
    ]


def test_a_worker_killed_between_claim_and_sending_loses_nothing(tmp_path: Path) -> None:
    on_each_database(tmp_path, nothing_lost_by_a_killed_worker)


def nothing_lost_by_a_killed_worker(system: System, sink: Sink, ask: Any) -> None:
    sink.hold = True
    worker = system.worker()
    system.beat("one")
    assert until(lambda: sink.held >= 1 and ask(MAILS)[1:] != [], 60), system.logs()
    system.kill(worker)
    # Both may be in one sender's hands, who was at the first.
    claimed = ask(MAILS)
    tried = sum(attempts for _state, attempts in claimed)
    assert tried >= 1
    assert sink.mails == []
    sink.hold = False
    system.worker()
    assert until(lambda: len(sink.mails) >= 2, 60 + LEASE), system.logs()
    time.sleep(LEASE + 2)
    written = sorted(ask("SELECT address, message_id FROM notify_message"))
    assert sorted((m["To"], m["Message-ID"]) for m in sink.mails) == written
    # What was being sent cost an attempt; what only waited its turn did not.
    assert sorted(a for _state, a in ask(MAILS)) == sorted(1 + a for _state, a in claimed)
    outcomes = ask("SELECT outcome FROM notify_deliveryattempt ORDER BY outcome")
    assert outcomes == [("lost",)] * tried + [("sent",)] * 2
