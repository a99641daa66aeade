"""Mails a second through riskreg's workers, beside Celery tasks that only talk SMTP.

Both have one worker with two processes, the same Valkey and the same mail server, and are handed
the same number of mails of the same size. The floor's tasks know no database: nothing is rendered,
claimed or recorded. riskreg's mails are digests in its outbox on PostgreSQL: each is claimed under
a lease, written anew from the rows as they stand, sent and recorded; its time ends when the last
row says so. They take turns, and the median of the pairs counts.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from statistics import median
from typing import Any

from celery import Celery

from bench import processes
from bench.rows import Row
from riskreg.up.ports import free_port

PEOPLE = 600
ROUNDS = 4
WORKERS = 2
LIMIT = 1 / 0.7
LEFT = "SELECT count(*) FROM notify_delivery WHERE state <> 'sent' AND channel = 'mail'"
RESET = (
    "DELETE FROM notify_deliveryattempt",
    "UPDATE notify_delivery SET state = 'pending', attempts = 0, sent_at = NULL, "
    "next_attempt_at = created_at WHERE channel = 'mail'",
)


class Bench:
    """The servers, both workers, and an outbox full of digests."""

    def __init__(self, folder: Path, people: int) -> None:
        self.folder = folder
        self.people = people
        self.programs: list[processes.Program] = []
        self.taken = folder / "taken"
        self.postgres = processes.Postgres()

    def start(self) -> None:
        """Start everything and write the digests."""
        self.programs.append(self.postgres)
        self.postgres.cluster.start()
        self.postgres.cluster.create_database()
        valkey = processes.Valkey(self.folder, dict(os.environ), keeps=False)
        port = free_port()
        self.ours = {
            **os.environ,
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": self.postgres.cluster.url,
            "REDIS_URL": valkey.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(processes.ROOT),
            "LOG_LEVEL": "ERROR",
        }
        floor_mail = self.folder / "mail.eml"
        floor = {
            **self.ours,
            "REDIS_URL": f"{valkey.url.rpartition('/')[0]}/1",
            "FLOOR_MAIL": str(floor_mail),
        }
        sink = processes.Program(
            "smtp-sink",
            [sys.executable, "-m", "bench.smtp_sink", str(port), str(self.taken), "--count"],
            self.ours, self.folder,
        )  # fmt: skip
        for program in (valkey, sink):
            program.start()
            self.programs.append(program)
        if not processes.until(lambda: bool(valkey.answers()), 10):
            raise RuntimeError("Valkey did not become ready")
        for command in (
            ["manage.py", "migrate", "-v", "0"],
            ["-m", "bench.faults_seed", str(self.folder / "expected.json"),
             "--duties", str(self.people * 4), "--people", str(self.people)],
            ["manage.py", "sweep_reminders"],
        ):  # fmt: skip
            subprocess.run(
                [sys.executable, *command], cwd=processes.ROOT, env=self.ours, check=True,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
        self.mails = self.ask("SELECT count(*) FROM notify_delivery WHERE channel = 'mail'")[0][0]
        floor_mail.write_bytes(self._typical())
        self.our_queue = Celery("ours", broker=valkey.url)
        self.floor_queue = Celery("floor", broker=floor["REDIS_URL"])
        # What the sweep woke is asked for again, with the clock running.
        self.our_queue.control.purge()
        for name, app, env in (("ours", "config", self.ours), ("floor", "bench.mail_floor", floor)):
            program = processes.worker(name, app, env, self.folder, WORKERS)
            program.start()
            self.programs.append(program)
            if not processes.until(lambda p=program: " ready." in p.last_words(8000), 60):
                raise RuntimeError(f"the worker {name} did not become ready")
        # A worker that starts sends at once what waits.
        if not processes.until(lambda: self.ask(LEFT)[0][0] == 0, 180):
            raise RuntimeError(f"the outbox was not sent: {self.programs[-2].last_words()}")

    def _typical(self) -> bytes:
        """A mail of the middle length, with the headers ours has."""
        subject, text, html = self.ask(
            "SELECT subject, text, html FROM notify_message ORDER BY length(html) "
            f"OFFSET {self.mails // 2} LIMIT 1"
        )[0]
        mail = EmailMessage()
        mail["From"], mail["To"] = "riskreg@localhost", "person-NUMBER@bench.example"
        mail["Subject"], mail["Message-ID"] = subject, "<NUMBER@bench.example>"
        mail.set_content(text)
        mail.add_alternative(html, subtype="html")
        return mail.as_bytes(policy=SMTP)

    def ask(self, sql: str, write: bool = False) -> list[tuple[Any, ...]]:
        """Run ``sql``; the rows it finds, unless it writes."""
        import psycopg

        with psycopg.connect(self.postgres.cluster.url) as opened:
            cursor = opened.execute(sql)  # type: ignore[call-overload]
            return [] if write else cursor.fetchall()

    def count(self) -> int:
        """How many mails the server took."""
        return self.taken.stat().st_size if self.taken.exists() else 0

    def floor(self, task: str) -> float:
        """Seconds until as many mails were taken from bare tasks."""
        return self._timed(
            lambda: [self.floor_queue.send_task(task, [n]) for n in range(self.mails)],
            lambda: True,
        )

    def ours_once(self) -> float:
        """Seconds until the whole outbox was sent and recorded, woken as posting wakes it."""
        for statement in RESET:
            self.ask(statement, write=True)
        return self._timed(
            lambda: self.our_queue.send_task("notify.deliver_due", ["mail"]),
            lambda: self.ask(LEFT)[0][0] == 0,
        )

    def _timed(self, begin: Callable[[], object], over: Callable[[], bool]) -> float:
        target, started = self.count() + self.mails, time.perf_counter()
        begin()
        if not processes.until(lambda: self.count() >= target and over(), 180, 0.005):
            raise RuntimeError(
                f"{self.count() - target + self.mails} of {self.mails} mails taken: "
                + "\n".join(p.last_words(1500) for p in self.programs[-2:])
            )
        seconds = time.perf_counter() - started
        if self.count() != target:
            raise RuntimeError("more mails were taken than asked for")
        return seconds


@contextlib.contextmanager
def started(people: int) -> Iterator[Bench]:
    """A ``Bench`` in a temporary folder; all of it is ended and removed."""
    with tempfile.TemporaryDirectory(prefix="riskreg-mails-") as folder:
        bench = Bench(Path(folder), people)
        try:
            with processes.ending(bench.programs):
                bench.start()
                yield bench
        finally:
            bench.postgres.cluster.remove()


def rows(people: int = PEOPLE) -> list[Row]:
    """Time a mail, ours ÷ each floor: the limit stands on a connection for each task."""
    floors = {"floor.send": LIMIT, "floor.send_kept": None}
    ours: list[float] = []
    theirs: dict[str, list[float]] = {task: [] for task in floors}
    with started(people) as bench:
        for number in range(ROUNDS + 1):
            times = {task: bench.floor(task) for task in floors}
            mine = bench.ours_once()
            # The first round warms both up: modules, templates, connections.
            if number:
                ours.append(mine)
                for task, seconds in times.items():
                    theirs[task].append(seconds)
        mails = bench.mails
    found = []
    for task, limit in floors.items():
        ratio = median(a / b for a, b in zip(ours, theirs[task], strict=True))
        name = "bare SMTP task" if task == "floor.send" else "kept connection"
        found.append(
            Row(
                name=f"time a mail / {name}", size=f"postgresql {mails} mails",
                ratio=round(ratio, 3), limit=limit and round(limit, 3), queries=None,
                ok=limit is None or ratio <= limit, seconds=median(ours) / mails,
                floor_seconds=median(theirs[task]) / mails,
                note=f"{mails / median(ours):.0f} a second, {1 / ratio:.2f} of the floor's "
                f"{mails / median(theirs[task]):.0f}",
            )
        )  # fmt: skip
    return found


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    print(json.dumps(rows(int(sys.argv[1]) if sys.argv[1:] else PEOPLE), indent=1))
