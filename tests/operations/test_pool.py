"""Connections that the threads of a web process share: more threads than connections, and no more
connections than were allowed.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from bench import processes
from config.database import database, pool_size, share_connections
from riskreg.kernel.away import is_database_away_error
from riskreg.kernel.postgresql.base import BoundedConnection, DatabaseWrapper
from riskreg.up.ports import free_port
from tests.threads import PATIENCE
from tools import postgres

SIZE = 2


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An empty database of its own, whose sessions are counted."""
    with postgres.cluster() as url:
        yield url


@pytest.fixture
def pooled(
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[ConnectionHandler]:
    """Connections of a process that has two for all of its threads, and waits a second for one."""
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.setenv("DATABASE_POOL", str(SIZE))
    monkeypatch.setenv("DATABASE_CONNECT_SECONDS", "1")
    monkeypatch.delenv("DATABASE_CONN_MAX_AGE", raising=False)
    env = environ.Env()
    found = database(env, tmp_path)
    share_connections(found, pool_size(env, found))
    handler = ConnectionHandler({"default": found})
    # Pools are known by name in a whole process, where others' databases have none.
    monkeypatch.setattr(DatabaseWrapper, "_connection_pools", {})
    with django_db_blocker.unblock():
        yield handler
        handler["default"].close_pool()


class Holder:
    """A thread that takes a connection and gives it back when it is told to."""

    def __init__(self, handler: ConnectionHandler) -> None:
        self.error: Exception | None = None
        self.seconds = 0.0
        self.has_it, self.may_go = threading.Event(), threading.Event()
        self._handler = handler
        self.thread = threading.Thread(target=self._hold, daemon=True)
        self.thread.start()

    def _hold(self) -> None:
        began, mine = time.monotonic(), self._handler["default"]
        try:
            with mine.cursor() as cursor:
                cursor.execute("SELECT 1")
            self.has_it.set()
            self.may_go.wait(PATIENCE)
        except Exception as error:
            self.error = error
        finally:
            self.seconds = time.monotonic() - began
            mine.close()

    def end(self) -> None:
        self.may_go.set()
        self.thread.join(PATIENCE)


def sessions(address: str) -> int:
    with psycopg.connect(address) as opened:
        row = opened.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.process
@pytest.mark.servers
@pytest.mark.once
class TestThreads:
    """On a real server."""

    def test_who_finds_none_waits_with_a_bound_and_is_told_that_it_is_away(
        self, pooled: ConnectionHandler, address: str
    ) -> None:
        holders = [Holder(pooled) for _ in range(SIZE)]
        assert all(one.has_it.wait(PATIENCE) for one in holders)
        late = Holder(pooled)
        late.thread.join(PATIENCE)
        assert isinstance(late.error, OperationalError)
        assert is_database_away_error(late.error)
        assert 0.9 <= late.seconds < PATIENCE
        assert sessions(address) == SIZE
        for one in holders:
            one.end()

    def test_a_connection_that_is_given_back_is_somebody_elses(
        self, pooled: ConnectionHandler, address: str
    ) -> None:
        """Ten threads, one after the other where they have to be; all are served."""
        holders = [Holder(pooled) for _ in range(10)]
        for one in holders:
            one.may_go.set()
        for one in holders:
            one.thread.join(PATIENCE)
        assert [one.error for one in holders] == [None] * 10
        assert sessions(address) <= SIZE

    def test_they_keep_the_limits_of_every_connection(self, pooled: ConnectionHandler) -> None:
        mine = pooled["default"]
        with mine.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("30s",)
        assert isinstance(mine.connection, BoundedConnection)
        assert mine.connection.answer_within == 45
        # One that did not answer is closed, and is nobody's afterwards.
        mine.connection.answer_within = 0.3
        with mine.cursor() as cursor, pytest.raises(OperationalError, match="did not answer"):
            cursor.execute("SELECT pg_sleep(5)")
        mine.close()
        with mine.cursor() as cursor:
            cursor.execute("SELECT 2")
            assert cursor.fetchone() == (2,)
        assert mine.connection.answer_within == 45
        mine.close()

    def test_a_web_process_shares_them(self, address: str, tmp_path: Path) -> None:
        """Eight threads that are all asked at once have two connections between them."""
        import http.client
        import os

        port = free_port()
        env = {
            **os.environ, "DATABASE_URL": address, "DATABASE_POOL": str(SIZE), "WEB_WORKERS": "1",
            "WEB_THREADS": "8", "VAR_DIR": str(tmp_path),
        }  # fmt: skip
        web = processes.web("web", port, env, tmp_path)

        def ask(_n: int = 0) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status
            except OSError:
                return 0
            finally:
                connection.close()

        # What others have left goes first.
        assert processes.until(lambda: sessions(address) == 0, 60)
        with processes.ending([web]):
            web.start()
            # The database is empty: it is asked, and found to lack its tables.
            assert processes.until(lambda: ask() == 503, 120, 0.3), web.last_words()
            answers: list[int] = []
            threads = [
                threading.Thread(target=lambda: answers.append(ask()), daemon=True)
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            assert answers == [503] * 4
            assert 1 <= sessions(address) <= SIZE


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"DATABASE_POOLER": "1"}, "DATABASE_POOLER=1"),
        ({"DATABASE_CONN_MAX_AGE": "60"}, "DATABASE_CONN_MAX_AGE"),
        ({"DATABASE_URL": "sqlite:////nowhere"}, "needs PostgreSQL"),
        ({"DATABASE_POOL": "-1"}, "DATABASE_POOL is 0"),
    ],
)
def test_what_it_does_not_go_with_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: dict[str, str], why: str
) -> None:
    given = {"DATABASE_URL": "postgres://a:b@db/name", "DATABASE_POOL": "4", **more}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=why):
        database(environ.Env(), tmp_path)


def test_without_it_every_thread_has_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@db/name")
    found: dict[str, Any] = database(environ.Env(), tmp_path)
    assert pool_size(environ.Env(), found) == 0
    assert "pool" not in found["OPTIONS"]
    assert found["CONN_MAX_AGE"] == 60
