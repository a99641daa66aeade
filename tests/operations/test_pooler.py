"""Behind PgBouncer in transaction mode: real servers, several at once, and what must fail there.

The pooler gives each transaction another connection than the one before, so that what relies on a
session fails the first time and not on a busy day.
"""

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from bench import processes
from config.database import database
from riskreg.up.ports import free_port
from tests import migrated
from tools import postgres

pytestmark = [
    pytest.mark.process, pytest.mark.servers, pytest.mark.once, pytest.mark.slow,
    # One server and one pooler for all of them.
    pytest.mark.xdist_group("pooler"),
]  # fmt: skip
CONNECTIONS, IGNORING = 8, "ignore_startup_parameters = options\n"
SLUG = "bench-000"
OWNER = f"owner-0-foton@{SLUG}.example"


@dataclass(frozen=True)
class Behind:
    """A register behind the pooler: its two addresses, and how programs are run on it."""

    direct: str
    pooled: str
    folder: Path

    def env(self, **more: str) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DATABASE_POOLER")}
        return {
            **base, "VAR_DIR": str(self.folder), "DATABASE_URL": self.pooled,
            "DATABASE_POOLER": "1", "PYTHONPATH": str(processes.ROOT),
            "DJANGO_SETTINGS_MODULE": "config.settings", **more,
        }  # fmt: skip

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=processes.ROOT, env=self.env(**more),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def fill(self) -> None:
        """Have the pooler open all of its connections, so that there is another one to be given."""
        with contextlib.ExitStack() as stack:
            for _n in range(CONNECTIONS):
                held = stack.enter_context(psycopg.connect(self.pooled))
                held.execute("SELECT 1")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.direct) as opened:
            return opened.execute(sql).fetchall()  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """A register with due duties on a PostgreSQL of its own, and the pooler before it."""
    folder, name = tmp_path_factory.mktemp("pooled"), f"pooled_{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as stack:
        url = os.environ.get("DATABASE_URL_POSTGRES") or stack.enter_context(postgres.cluster())
        template, parts = migrated.on_server(url), urlsplit(url)
        server = stack.enter_context(
            psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True)
        )
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        stack.callback(server.execute, f'DROP DATABASE "{name}" WITH (FORCE)')
        direct = parts._replace(path=f"/{name}").geturl()
        # An operator who has met the refusal of "options" lets the pooler ignore them.
        pooler = processes.Pooler(
            folder, direct, CONNECTIONS, more="ignore_startup_parameters = options\n"
        )
        stack.enter_context(processes.ending([pooler]))
        pooler.start()
        assert processes.until(pooler.answers, 30), pooler.last_words()
        made = Behind(direct, pooler.url, folder)
        seeded = made.run(
            "-m", "bench.faults_seed", str(folder / "expected.json"),
            "--duties", "80", "--people", "24",
        )  # fmt: skip
        assert seeded.returncode == 0, seeded.stderr
        yield made


def test_sweeps_at_once_and_every_chain_after_them(behind: Behind) -> None:
    """Three sweeps at the same time: one of them used to die of a cursor that was another's."""
    with ThreadPoolExecutor(3) as pool:
        sweeps = list(pool.map(lambda _n: behind.run("manage.py", "sweep_reminders"), range(3)))
    for sweep in sweeps:
        assert sweep.returncode == 0, sweep.stderr
        assert "faults" not in sweep.stdout
    due = behind.rows(
        "SELECT kind, subject, due_on, rung FROM reminders_reminder WHERE state <> 'skipped'"
    )
    assert len(due) == len(set(due)) >= 80
    digests = behind.rows("SELECT address FROM notify_message WHERE kind = 'digest'")
    assert len(digests) == len(set(digests)) > 5
    verified = behind.run("manage.py", "verify_events")
    assert (verified.returncode, "Every chain is whole." in verified.stdout) == (0, True)
    backup = behind.run("manage.py", "backup", "--to", str(behind.folder))
    assert backup.returncode == 0, backup.stderr


@pytest.fixture
def site(behind: Behind) -> Iterator[int]:
    """The port of a web process behind the pooler."""
    port = free_port()
    web = processes.web("web", port, behind.env(WEB_WORKERS="1"), behind.folder)
    with processes.ending([web]):
        web.start()
        yield port


def test_writes_under_keys_and_lists_that_are_read_in_pieces(behind: Behind, site: int) -> None:
    made = behind.run("manage.py", "create_token", "--user", OWNER, "--scope", "write")
    assert made.returncode == 0, made.stderr
    ask = Program(site, made.stdout.strip())
    assert processes.until(ask.is_there, 120, 0.3)

    def write(n: int) -> tuple[int, str, str]:
        """The same request twice, as a program does that has not heard the first answer."""
        key, body = f"write-{n}", {"title": f"Behind the pooler {n}"}
        path = f"/api/v1/registers/{SLUG}/risks/"
        first, text = ask("POST", path, body, Idempotency_Key=key)
        again, same = ask("POST", path, body, Idempotency_Key=key)
        assert (first.status, again.status, text) == (201, 201, same), text
        assert again.getheader("Idempotent-Replayed") == "true"
        return n, json.loads(text)["ref"], key

    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(write, range(24)))
    assert len({ref for _n, ref, _key in written}) == 24
    found = behind.rows("SELECT title FROM risks_risk WHERE title LIKE 'Behind the pooler %'")
    assert len(found) == 24
    path = f"/api/v1/registers/{SLUG}/exports/risks/?format=ndjson"
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _n: ask("GET", path), range(4)))
    for answer, text in files:
        assert answer.status == 200
        assert len(text.splitlines()) >= 24
    assert behind.run("manage.py", "verify_events").returncode == 0


@dataclass(frozen=True)
class Program:
    """Asks the web process on ``port`` with a token."""

    port: int
    token: str

    def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {self.token}"
        sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return answer, answer.read().decode()

    def is_there(self) -> bool:
        try:
            return self("GET", "/healthz")[0].status == 200
        except OSError:
            return False


def test_cursors_of_the_server_fail_there(behind: Behind) -> None:
    """The planted fault: whoever forgets DATABASE_POOLER=1 finds out."""
    behind.fill()
    found = behind.run("manage.py", "verify_events", DATABASE_POOLER="0")
    assert found.returncode
    assert re.search(r'(cursor|portal) "_django_curs_\w+" does not exist', found.stderr), (
        found.stderr
    )


def test_limits_of_a_session_are_refused_by_a_pooler_that_ignores_nothing(
    behind: Behind, tmp_path: Path
) -> None:
    strict = processes.Pooler(tmp_path, behind.direct)
    with processes.ending([strict]):
        strict.start()
        assert processes.until(strict.answers, 30)
        plain = behind.run("manage.py", "verify_events", DATABASE_URL=strict.url)
        assert plain.returncode == 0, plain.stderr
        found = behind.run(
            "manage.py", "verify_events", DATABASE_URL=strict.url, DATABASE_POOLER="0"
        )
    assert "unsupported startup parameter" in found.stderr


def test_statements_that_are_prepared_on_the_server_fail_there_and_none_are(
    behind: Behind,
) -> None:
    def ask_again(opened: psycopg.Connection[Any]) -> None:
        for _n in range(20):
            opened.execute("SELECT %s::int", [1])

    behind.fill()
    # Planted: psycopg prepares what has come once already.
    with (
        psycopg.connect(behind.pooled, autocommit=True, prepare_threshold=1) as opened,
        pytest.raises(psycopg.errors.InvalidSqlStatementName),
    ):
        ask_again(opened)
    code = (
        "from django.db import connection as c\n"
        "for n in range(40):\n"
        "    c.cursor().execute('SELECT %s', [n])\n"
        "print('threshold', c.connection.prepare_threshold)"
    )
    found = behind.run("manage.py", "shell", "-v", "0", "-c", code)
    assert "threshold None" in found.stdout, found.stderr


def test_nobody_migrates_through_it(behind: Behind) -> None:
    found = behind.run("manage.py", "migrate")
    assert found.returncode
    assert "DATABASE_POOLER=0" in found.stderr
    assert "Traceback" not in found.stderr
    assert behind.run("manage.py", "migrate", "-v", "0", DATABASE_URL=behind.direct,
                      DATABASE_POOLER="0").returncode == 0  # fmt: skip


def test_nothing_but_migrate_outlasts_a_transaction() -> None:
    """Locks, settings, temporary tables and channels of a session are left to strangers there."""
    kinds = re.compile(
        r"pg_(try_)?advisory_(un)?lock\b|\bLISTEN \w|CREATE TEMP|\"SET (?!LOCAL|TRANSACTION|CONSTR)"
    )
    found = {
        path.name
        for path in (processes.ROOT / "riskreg").rglob("*.py")
        if kinds.search(path.read_text())
    }
    # What migrations are made of is run by it, and by nothing else.
    assert found == {"migrate.py", "indexes.py"}


@pytest.mark.parametrize("name", ["prepare_threshold", "options"])
def test_what_belongs_to_a_session_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgres://a:b@db/name?{name}=5")
    monkeypatch.setenv("DATABASE_POOLER", "1")
    with pytest.raises(ImproperlyConfigured, match=f"DATABASE_URL has {name}.*DATABASE_POOLER=0"):
        database(environ.Env(), tmp_path)
    monkeypatch.setenv("DATABASE_POOLER", "0")
    assert name in database(environ.Env(), tmp_path)["OPTIONS"]
