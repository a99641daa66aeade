"""What came of reminders in a fault run: rows of the database, and what the mail server took."""

import contextlib
import json
import signal
import sqlite3
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.faults_check import Record
from bench.processes import Program


class Outbox:
    """A look into both; ``duties`` are to be told in the end, ``mails`` is the sink's record."""

    def __init__(self, mails: Path, address: str = "", duties: int = 0) -> None:
        self.mails = mails
        self.address = address
        self.duties = duties

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows that ``sql`` finds."""
        if self.address.startswith("sqlite"):
            path = self.address.removeprefix("sqlite:///")
            with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
                return connection.execute(sql).fetchall()
        import psycopg

        with psycopg.connect(self.address, connect_timeout=5) as opened:
            return opened.execute(sql).fetchall()  # type: ignore[call-overload,no-any-return]

    def taken(self) -> int:
        """How many mails the server took so far."""
        return self.mails.read_bytes().count(b"\n") if self.mails.exists() else 0

    def open_work(self) -> str:
        """What is still to be done, in words; empty when nothing is."""
        waiting = self.ask(
            "SELECT count(*) FROM notify_delivery WHERE state IN ('pending', 'sending')"
        )[0][0]
        due, sent = self.ask(
            "SELECT count(CASE WHEN state = 'due' THEN 1 END), "
            "count(CASE WHEN state = 'sent' THEN 1 END) FROM reminders_reminder"
        )[0]
        if sent >= self.duties and not due and not waiting:
            return ""
        return f"{sent} of {self.duties} duties told, {due} wait, {waiting} mails under way"

    def settle(self, quiet: float, patience: float = 120.0) -> str:
        """Wait until all is done and stays so for ``quiet`` seconds. Returns what is left when
        nothing happens any more for ``patience`` seconds."""
        before, changed = ("", -1), time.monotonic()
        while time.monotonic() - changed < patience:
            now = (self.open_work(), self.taken())
            if now != before:
                before, changed = now, time.monotonic()
            elif not now[0] and time.monotonic() - changed >= quiet:
                return ""
            time.sleep(0.5)
        return before[0] or "mails still come in"

    def record(self, expected: Mapping[str, Any], kills: Mapping[str, int]) -> Record:
        """Everything to be checked."""
        lines = self.mails.read_text().splitlines() if self.mails.exists() else []
        return Record(
            expected=expected["people"],
            urgent=expected["urgent"],
            duties=expected["duties"],
            reviews=expected["reviews"],
            silent=expected["silent"],
            mails=[json.loads(line) for line in lines],
            messages=self.ask("SELECT message_id, address, kind FROM notify_message"),  # type: ignore[arg-type]
            deliveries=self.ask(
                "SELECT m.message_id, d.state FROM notify_delivery d "
                "JOIN notify_message m ON m.id = d.message_id WHERE d.channel = 'mail'"
            ),  # type: ignore[arg-type]
            reminders=[
                (kind, uuid.UUID(str(subject)).hex, str(due), str(rung), state)
                for kind, subject, due, rung, state in self.ask(
                    "SELECT kind, subject, due_on, rung, state FROM reminders_reminder"
                )
            ],
            review_dates={
                uuid.UUID(str(risk)).hex: str(due)
                for risk, due in self.ask("SELECT uuid, next_review_on FROM risks_risk")
            },
            kills=dict(kills),
        )


def sink_counts(sink: Program, mails: Path) -> dict[str, int]:
    """Stop the mail server and read what it did to those who sent."""
    assert sink.process is not None
    sink.signal(signal.SIGTERM)
    sink.process.wait(10)
    return dict(json.loads(Path(f"{mails}.counts").read_text()))
