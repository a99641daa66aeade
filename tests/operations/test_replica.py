"""Lists and feeds read from a standby: a real primary and a real one that follows it.

Each server writes its statements down, so that what is claimed of where something was read is what
that server was asked.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from bench import processes
from config.database import databases
from riskreg.kernel import replica
from riskreg.up.ports import free_port
from tests import migrated
from tools import postgres

SLUG = "bench-000"
WRITER, READER = f"owner-0-foton@{SLUG}.example", f"leader-0-foton@{SLUG}.example"
API, WEB = f"/api/v1/registers/{SLUG}/", f"/r/{SLUG}/"
METRICS_TOKEN = "for-the-collector"
READ = [
    *(API + name for name in (
        "risks/?count=true", "risks/?q=D&ordering=-score", "mitigations/", "controls/",
        "objectives/", "indicators/", "decisions/", "acceptances/", "comments/", "duties/",
        "relations/", "evidence/", "changes/", "changes/?limit=3", "heatmap/",
        "heatmap/?as_of=2020-01-01", "coverage/", "coverage/?by=month", "search/?q=D",
    )),
    *(WEB + name for name in (
        "risks/", "risks/?q=D", "mitigations/", "controls/", "objectives/", "indicators/",
        "heatmap/", "coverage/", "coverage/reviews/", "work/", "decisions/", "acceptances/",
    )),
    "/search/?q=D&register=" + SLUG,
]  # fmt: skip
# What decides on a write, or says who somebody is.
NOT_READ = [
    API + "risks/{ref}/", "/api/v1/me/", API + "exports/risks/?format=ndjson", WEB + "risks/{ref}/",
    WEB + "risks/new/",
]  # fmt: skip
# Asks for each address twice in one process, with the replica and without, and tells the answers
# apart from what changes with every page: the masked token, the key of a form, who asked when.
ASK = """
import json, re, sys
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from riskreg.accounts.models import User
from riskreg.kernel import replica
user = User.objects.get(email=sys.argv[1])
client = Client(headers={"host": "localhost"})
client.force_login(user)
masked = (r'(name="(csrfmiddlewaretoken|form_key)" value=|nonce=|"X-CSRFToken": )"[^"]*"')
def told(path):
    with CaptureQueriesContext(connections["replica"]) as there, \\
            CaptureQueriesContext(connections["default"]) as here:
        answer = client.get(path)
    body = answer.content.decode() if not answer.streaming else b"".join(answer).decode()
    body = re.sub(masked, "", body)
    asked = [q["sql"] for q in there.captured_queries if "pg_last_wal_replay_lsn" not in q["sql"]]
    return answer.status_code, len(asked), [q["sql"] for q in here.captured_queries], body
for path in json.loads(sys.argv[2]):
    status, asked, here, body = told(path)
    has_replica, replica.has_replica = replica.has_replica, lambda: False
    other, none, all_here, same = told(path)
    replica.has_replica = has_replica
    tables = sorted(set(re.findall(r'FROM "(\\w+)"', " ".join(here))))
    print("found", json.dumps([path, status, other, asked, none, len(here), len(all_here),
                               next((a + " / " + b for a, b in zip(body.split("\\n"),
                               same.split("\\n")) if a != b), ""), tables]))
"""


# A list there that takes too long, and one in the middle of which the standby is frozen: where each
# was read in the end, how many risks it found, and after how many seconds.
MIDWAY = """
import os, signal, sys, time
from bench import processes
from riskreg.kernel import replica
from riskreg.risks.models import Risk
server = int(sys.argv[1])
@replica.from_replica
def risks(what):
    reading = replica.reading_connection()
    if reading.alias == replica.REPLICA and what == "slow":
        with reading.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(100)")
    if reading.alias == replica.REPLICA and what == "frozen":
        for pid in [server, *processes.descendants(server)]:
            os.kill(pid, signal.SIGSTOP)
    return reading.alias, Risk.objects.count()
for what in ("well", "slow", "well", "frozen", "well"):
    began = time.monotonic()
    alias, count = risks(what)
    print("found", what, alias, count, time.monotonic() - began)
"""
# Seconds for which a connection to the primary waits for an answer: those of a statement, and 15.
ANSWER_WITHIN = 45


@dataclass
class Pair:
    """A register on a primary, the standby that follows it, and how programs are run on them."""

    primary: postgres.Cluster
    standby: postgres.Standby
    folder: Path
    marks: dict[str, int] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DATABASE_POOLER")}
        return {
            **base, "VAR_DIR": str(self.folder), "DATABASE_URL": self.primary.url,
            "DATABASE_REPLICA_URL": self.standby.url, "PYTHONPATH": str(processes.ROOT),
            "DJANGO_SETTINGS_MODULE": "config.settings", "METRICS_TOKEN": METRICS_TOKEN,
            # A machine that has other work as well may be slow to replay.
            "WEB_WORKERS": "1", "DATABASE_REPLICA_WAIT_SECONDS": "2",
        }  # fmt: skip

    def run(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=processes.ROOT, env=self.env | more,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def on_standby(self, sql: str) -> Any:
        with psycopg.connect(self.standby.url, autocommit=True) as opened:
            return opened.execute(sql).fetchone()  # type: ignore[call-overload]

    def has_all(self) -> bool:
        with psycopg.connect(self.primary.url, autocommit=True) as opened:
            row = opened.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
        assert row is not None
        found = self.on_standby(f"SELECT pg_last_wal_replay_lsn() >= '{row[0]}'::pg_lsn")
        return bool(found[0])

    def mark(self) -> None:
        """Count statements from here on."""
        self.marks = {"primary": len(self.primary.log), "standby": len(self.standby.log)}

    def risks_read(self) -> tuple[int, int]:
        """Statements of lists of risks since then, on the primary and on the standby."""
        said = (
            self.primary.log[self.marks["primary"] :], self.standby.log[self.marks["standby"] :]
        )  # fmt: skip
        first, second = (len(re.findall(r'FROM "risks_position"', text)) for text in said)
        return first, second

    def paused(self) -> contextlib.ExitStack:
        """The standby takes what comes, and replays nothing."""
        stack = contextlib.ExitStack()
        self.on_standby("SELECT pg_wal_replay_pause()")
        stack.callback(self.on_standby, "SELECT pg_wal_replay_resume()")
        wanted = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        assert processes.until(lambda: bool(self.on_standby(wanted)[0]), 30)
        return stack


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both, with a register that has risks, duties and people."""
    folder, name = tmp_path_factory.mktemp("replica"), f"replica_{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as stack:
        primary = postgres.Cluster(durable=True)
        stack.callback(primary.remove)
        primary.more = ["log_statement=all"]
        primary.start()
        primary.create_database()
        template = migrated.on_server(primary.url)
        with psycopg.connect(
            urlsplit(primary.url)._replace(path="/postgres").geturl(), autocommit=True
        ) as server:
            server.execute("DROP DATABASE riskreg")
            server.execute(f'CREATE DATABASE riskreg TEMPLATE "{template}"')
        standby = postgres.Standby(primary)
        stack.callback(standby.remove)
        standby.more = ["log_statement=all"]
        standby.start()
        made = Pair(primary, standby, folder)
        made.run(
            "-m", "bench.faults_seed", str(folder / f"{name}.json"), "--duties", "60",
            "--people", "24",
        )  # fmt: skip
        assert processes.until(made.has_all, 60)
        yield made


@dataclass(frozen=True)
class Program:
    """Asks the web process on ``port`` with a token."""

    port: int
    token: str

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def is_there(self) -> bool:
        return self("GET", "/healthz")[0] == 200

    def write(self, title: str) -> None:
        status, text = self("POST", API + "risks/", {"title": title})
        assert status == 201, text

    def lists(self, title: str) -> bool:
        """Whether the newest risks have it, and the feed has told of as many."""
        status, text = self("GET", API + "risks/?ordering=-updated_at&limit=10")
        assert status == 200, text
        return any(row["title"] == title for row in json.loads(text)["results"])


@dataclass(frozen=True)
class Site:
    """A web process, a program that writes and one of another person that reads."""

    writer: Program
    reader: Program
    web: processes.Program

    def figures(self) -> dict[str, float]:
        status, text = Program(self.writer.port, METRICS_TOKEN)("GET", "/metrics")
        assert status == 200
        return {
            name: float(value)
            for name, value in re.findall(r"(?m)^(riskreg_replica_\w+) (\S+)$", text)
        }

    def deep(self) -> str:
        _status, text = self.writer("GET", "/readyz?deep=1")
        return str(json.loads(text)["checks"]["replica"])


@contextlib.contextmanager
def serving(pair: Pair, app: str = "config.wsgi", **more: str) -> Iterator[Site]:
    port = free_port()
    tokens = [
        pair.run("manage.py", "create_token", "--user", user, "--scope", scope).strip()
        for user, scope in ((WRITER, "write"), (READER, "read"))
    ]
    web = processes.web(f"web-{port}", port, pair.env | more, pair.folder, app)
    with processes.ending([web]):
        web.start()
        writer, reader = (Program(port, token) for token in tokens)
        assert processes.until(writer.is_there, 120, 0.3), web.last_words()
        yield Site(writer, reader, web)


def is_read_there(pair: Pair, site: Site) -> bool:
    """Whether a list is read from the standby, and nothing of it from the primary."""
    pair.mark()
    site.reader.lists("")
    first, second = pair.risks_read()
    return first == 0 and second > 0


@pytest.fixture(scope="module")
def site(pair: Pair) -> Iterator[Site]:
    with serving(pair) as made:
        # Statements are written once for each process: they are from here on.
        assert made.reader.lists("") is False
        yield made


@pytest.mark.process
@pytest.mark.servers
@pytest.mark.once
@pytest.mark.slow
@pytest.mark.xdist_group("replica")
class TestServers:
    """On real servers."""

    def test_lists_feeds_and_counts_are_read_there_and_say_the_same(self, pair: Pair) -> None:
        ref = json.loads(self._first_risk(pair))
        paths = READ + [path.format(ref=ref) for path in NOT_READ]
        said = pair.run(
            "manage.py", "shell", "-v", "0", "-c", self._code(READER, paths),
            DATABASE_REPLICA_WAIT_SECONDS="5",
        )  # fmt: skip
        found = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("found ")]
        assert [row[0] for row in found] == paths
        for path, status, other, there, none, here, all_here, differs, tables in found:
            assert status == other, path
            assert none == 0, path
            if path in READ:
                assert status == 200, path
                assert differs == "", path
                # What was read there was not read here; one more tells how far the log is.
                assert there > 0, path
                assert here + there == all_here + 1, (path, here, there, all_here)
                assert not [t for t in tables if t.startswith(("risks_", "events_"))], path
            else:
                assert status in (200, 403), path
                assert there == 0, path

    def test_what_one_has_written_one_finds_also_while_nothing_is_replayed(
        self, pair: Pair, site: Site
    ) -> None:
        assert processes.until(pair.has_all, 60)
        with pair.paused():
            for n in range(3):
                site.writer.write(f"Written before it was replayed {n}")
                assert site.writer.lists(f"Written before it was replayed {n}")
            # Nor do others find less than there is.
            assert site.reader.lists("Written before it was replayed 2")
            held = pair.on_standby(
                "SELECT count(*) FROM risks_risk WHERE title LIKE 'Written before it was%'"
            )
            assert held == (0,)
            figures = site.figures()
            assert figures[replica.IN_USE] == 0
            assert figures[replica.BEHIND_BYTES] > 0
            assert "behind" in site.deep()
        assert processes.until(pair.has_all, 60)
        assert processes.until(lambda: is_read_there(pair, site), 60, 0.5)
        assert site.reader.lists("Written before it was replayed 2")
        assert site.figures() == {
            replica.IN_USE: 1, replica.BEHIND_BYTES: 0, replica.BEHIND_SECONDS: 0
        }  # fmt: skip
        assert site.deep() == "ok"

    def test_without_the_comparison_one_would_not(self, pair: Pair) -> None:
        """The planted fault: a process that takes any standby for one that has everything."""
        with serving(pair, "tests.operations.any_standby") as site:
            assert processes.until(pair.has_all, 60)
            assert site.writer.lists("") is False
            with pair.paused():
                site.writer.write("Not replayed, and not found")
                assert not site.writer.lists("Not replayed, and not found")

    def test_threads_that_share_connections_share_them_there_too(self, pair: Pair) -> None:
        with serving(pair, DATABASE_POOL="2") as site:
            assert processes.until(pair.has_all, 60)
            assert processes.until(lambda: is_read_there(pair, site), 60, 0.5)

    def test_the_feed_neither_loses_nor_repeats_while_it_moves_between_them(
        self, pair: Pair, site: Site
    ) -> None:
        """A reader that keeps its cursor reads on through a standby that stands still and goes on:
        each number once, in order, and never a 410."""
        read: dict[str, list[int]] = {"shared": [], "own": []}
        after = ""

        def go_on() -> None:
            nonlocal after
            while True:
                status, text = site.reader("GET", API + f"changes/?limit=20{after}")
                assert status == 200, text
                body = json.loads(text)
                for event in body["results"]:
                    read[event["chain"]].append(event["seq"])
                after = f"&after={body['cursor']}"
                if body["next"] is None:
                    return

        go_on()
        before = sum(map(len, read.values()))
        for n in range(4):
            with pair.paused() if n % 2 else contextlib.nullcontext():
                site.writer.write(f"For the feed {n}")
                go_on()
            go_on()
        for numbers in read.values():
            assert numbers == list(range(1, len(numbers) + 1))
        assert sum(map(len, read.values())) >= before + 4

    def test_a_standby_that_is_killed_leaves_lists_to_the_primary(
        self, pair: Pair, site: Site
    ) -> None:
        server = pair.standby.server
        assert server is not None
        assert processes.until(pair.has_all, 60)
        assert site.reader.lists("") is False
        server.send_signal(signal.SIGQUIT)
        server.wait(30)
        pair.mark()
        for _n in range(5):
            assert site.reader.lists("") is False
        assert pair.risks_read()[0] >= 5
        assert site.figures() == {replica.IN_USE: 0}
        assert "does not answer" in site.deep()
        # Ready it is: whoever serves pages is the primary.
        assert json.loads(site.writer("GET", "/readyz")[1])["checks"]["database"] == "ok"
        assert site.web.last_words(100_000).count("replica_away") == 1
        pair.standby.start()
        assert processes.until(pair.has_all, 60)

        # It is asked again when the rest is over.
        assert processes.until(lambda: is_read_there(pair, site), 60, 0.5)
        assert site.figures()[replica.IN_USE] == 1

    def test_a_frozen_one_is_given_up_soon(self, pair: Pair, site: Site) -> None:
        server = pair.standby.server
        assert server is not None
        assert processes.until(pair.has_all, 60)
        # Its first process, and each that serves a connection.
        frozen = [server.pid, *processes.descendants(server.pid)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert site.reader.lists("") is False
            # As long as any other statement may take, it was not waited for.
            assert time.monotonic() - began < ANSWER_WITHIN
        finally:
            for pid in frozen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def test_a_list_in_the_middle_of_which_it_freezes_is_answered_by_the_primary(
        self, pair: Pair
    ) -> None:
        """As is one that takes longer there than lists may take; that one does not make it rest."""
        server = pair.standby.server
        assert server is not None
        assert processes.until(pair.has_all, 60)
        code = f"import sys; sys.argv = ['', '{server.pid}']\n{MIDWAY}"
        try:
            said = pair.run(
                "manage.py", "shell", "-v", "0", "-c", code, DATABASE_CONNECT_SECONDS="1"
            )
        finally:
            for pid in [server.pid, *processes.descendants(server.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        found = [line.split()[1:] for line in said.splitlines() if line.startswith("found ")]
        assert [(what, alias) for what, alias, _count, _seconds in found] == [
            ("well", "replica"), ("slow", "default"), ("well", "replica"), ("frozen", "default"),
            ("well", "default"),
        ]  # fmt: skip
        assert len({count for _what, _alias, count, _seconds in found}) == 1
        # The limits that are asked for here are of one and of three seconds.
        assert max(float(seconds) for *_others, seconds in found) < ANSWER_WITHIN / 2

    def test_each_behind_a_pooler_of_its_own(self, pair: Pair, tmp_path: Path) -> None:
        """PgBouncer in transaction mode, which gives each statement another connection."""
        poolers = []
        with contextlib.ExitStack() as stack:
            for name, address in (("one", pair.primary.url), ("other", pair.standby.url)):
                folder = tmp_path / name
                folder.mkdir()
                folder.chmod(0o755)
                pooler = processes.Pooler(folder, address)
                stack.enter_context(processes.ending([pooler]))
                pooler.start()
                assert processes.until(pooler.answers, 30), pooler.last_words()
                poolers.append(pooler.url)
            paths = [API + "risks/?count=true", API + "changes/?limit=3", WEB + "work/"]
            said = pair.run(
                "manage.py", "shell", "-v", "0", "-c", self._code(READER, paths),
                DATABASE_URL=poolers[0], DATABASE_REPLICA_URL=poolers[1], DATABASE_POOLER="1",
                DATABASE_REPLICA_WAIT_SECONDS="5",
            )  # fmt: skip
        found = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("found ")]
        assert [row[0] for row in found] == paths
        for path, status, other, there, _none, _here, _all_here, differs, _tables in found:
            assert (status, other, differs) == (200, 200, ""), path
            assert there > 0, path

    def test_a_role_without_rights_of_its_own_may_ask(self, pair: Pair) -> None:
        asked = (
            "pg_control_system()", "pg_control_checkpoint()", "pg_last_wal_replay_lsn()",
            "pg_current_wal_lsn()", "pg_current_wal_insert_lsn()", "pg_walfile_name(pg_lsn)",
            "pg_last_xact_replay_timestamp()", "pg_is_in_recovery()",
        )  # fmt: skip
        for name in asked:
            sql = f"SELECT has_function_privilege('public', '{name}', 'EXECUTE')"
            assert pair.on_standby(sql) == (True,), name

    def test_nothing_was_written_there(self, pair: Pair) -> None:
        """Neither has anybody tried."""
        said = pair.standby.log
        assert "read-only transaction" not in said
        assert not re.search(r"(?i)(statement|execute [^:]*): (INSERT|UPDATE|DELETE|CREATE)", said)
        with (
            psycopg.connect(pair.standby.url) as opened,
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        ):
            opened.execute("DELETE FROM risks_risk")

    @staticmethod
    def _first_risk(pair: Pair) -> str:
        row = pair.on_standby(
            "SELECT to_json(p.ref) FROM risks_position p JOIN register_party y ON y.id = p.party_id"
            " WHERE y.key = 'foton' ORDER BY p.id LIMIT 1"
        )
        return json.dumps(row[0])

    @staticmethod
    def _code(user: str, paths: list[str]) -> str:
        return f"import sys; sys.argv = ['', {user!r}, {json.dumps(paths)!r}]\n{ASK}"


def given(monkeypatch: pytest.MonkeyPatch, folder: Path, **values: str) -> Any:
    base = {"DATABASE_URL": "postgres://a:b@db/name", "DATABASE_REPLICA_URL": "", **values}
    for name, value in base.items():
        monkeypatch.setenv(name, value)
    return databases(environ.Env(), folder)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"DATABASE_REPLICA_URL": "sqlite:////x"}, "SQLite has none"),
        ({"DATABASE_URL": "sqlite:////x", "DATABASE_REPLICA_URL": "postgres://a:b@db/name"},
         "SQLite has none"),
        ({"DATABASE_REPLICA_URL": "postgres://c:d@db/name"}, "of DATABASE_URL itself"),
        ({"DATABASE_REPLICA_URL": "postgres://c:d@db2/name?sslmode=require"},
         "DATABASE_REPLICA_URL has sslmode=require"),
        ({"DATABASE_REPLICA_URL": "postgres://c:d@db2/name?options=5", "DATABASE_POOLER": "1"},
         "DATABASE_REPLICA_URL has options"),
        ({"DATABASE_REPLICA_WAIT_SECONDS": "60"}, "DATABASE_REPLICA_WAIT_SECONDS is 0 to 5"),
    ],
)  # fmt: skip
def test_what_is_no_replica_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, str], why: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=why):
        given(monkeypatch, tmp_path, **values)


@pytest.mark.parametrize(
    ("values", "connect", "statement"),
    [
        ({}, 2, 5),
        ({"DATABASE_CONNECT_SECONDS": "1"}, 1, 1),
        ({"DATABASE_CONNECT_SECONDS": "0", "DATABASE_STATEMENT_SECONDS": "0"}, 2, 5),
        ({"DATABASE_STATEMENT_SECONDS": "3"}, 2, 3),
    ],
)
def test_it_has_limits_of_its_own_below_those_of_the_primary_and_takes_no_writes(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    values: dict[str, str],
    connect: int,
    statement: int,
) -> None:
    found, routers, seconds = given(
        monkeypatch, tmp_path, DATABASE_REPLICA_URL="postgres://a:b@db2/name", **values
    )
    assert (routers, seconds) == (["riskreg.kernel.replica.Router"], 0.2)
    one, other = found["default"]["OPTIONS"], found["replica"]["OPTIONS"]
    # Of what is said twice PostgreSQL takes the later.
    assert other.pop("options") == (
        one.pop("options")
        + f" -c statement_timeout={statement * 1000} -c default_transaction_read_only=on"
    )
    assert other == one | {"connect_timeout": connect, "answer_within": statement + 2.0}
    assert found["replica"]["CONN_MAX_AGE"] == found["default"]["CONN_MAX_AGE"]


def test_without_it_there_is_one_database_and_nobody_chooses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found, routers, _seconds = given(monkeypatch, tmp_path)
    assert (set(found), routers) == ({"default"}, [])
    assert not replica.has_replica()
    assert list(replica.gauges(None)) == []
    assert replica.not_in_use_sentences(None) == {}
