"""A database that is away is no fault of ours: 503, one line in the log, and no claim."""

import logging
import sqlite3
import time
from typing import Any

import environ
import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError, connection

from config.database import database
from riskreg.kernel.away import is_database_away_error
from riskreg.kernel.postgresql.base import DatabaseWrapper
from tests import builders
from tests.api.conftest import ROOT, is_problem
from tests.builders import World


def caused(error: Exception, by: Exception | None) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (caused(OperationalError("x"), psycopg.errors.AdminShutdown()), True),
        (caused(OperationalError("x"), psycopg.errors.TooManyConnections()), True),
        (caused(OperationalError("x"), psycopg.errors.QueryCanceled()), True),
        (caused(OperationalError("x"), psycopg.errors.LockNotAvailable()), True),
        (caused(OperationalError("x"), psycopg.OperationalError("connection refused")), True),
        (caused(InterfaceError("closed"), None), True),
        (caused(OperationalError("x"), sqlite3.OperationalError("database is locked")), True),
        (caused(OperationalError("x"), sqlite3.OperationalError("no such table: x")), False),
        (caused(IntegrityError("x"), psycopg.errors.UniqueViolation()), False),
        (caused(ProgrammingError("x"), psycopg.errors.UndefinedTable()), False),
        (ValueError(), False),
        (None, False),
    ],
)
def test_what_counts_as_away(error: Exception | None, away: bool) -> None:
    assert is_database_away_error(error) is away


def fails(*_: object) -> Any:
    """What each statement comes to while the database is away."""
    raise OperationalError("secret") from psycopg.errors.AdminShutdown()


def test_pages_and_api_say_so_and_claim_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    row = builders.risk(world)
    people, programs = builders.web(world.owner), builders.api(world.owner)
    people.raise_request_exception = programs.raise_request_exception = False
    for ask in (
        lambda: people.get(f"/r/{world.register.slug}/risks/"),
        lambda: people.post(f"/r/{world.register.slug}/risks/{row.ref}/edit/", {"title": "New"}),
        lambda: programs.get(f"{ROOT}risks/"),
        lambda: programs.post(f"{ROOT}risks/", {"title": "New"}, content_type="application/json"),
    ):
        caplog.clear()
        with connection.execute_wrapper(fails):
            answer = ask()
        assert answer.status_code == 503
        assert answer["Retry-After"] == "10"
        text = answer.content.decode()
        assert "look whether it is there" in text
        assert "nothing was changed" not in text
        assert "secret" not in text
        loud = [r for r in caplog.records if r.levelno >= logging.WARNING]
        assert len(loud) == 1, [r.getMessage() for r in loud]
        assert "database_away" in loud[0].getMessage()
    is_problem(answer, 503)


@pytest.mark.parametrize("pooler", [False, True])
def test_every_wait_has_an_end_and_a_pooler_gets_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, pooler: bool
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@db/name?connect_timeout=3")
    monkeypatch.setenv("DATABASE_POOLER", "1" if pooler else "0")
    monkeypatch.setenv("DATABASE_LOCK_SECONDS", "7")
    found = database(environ.Env(), tmp_path)
    options = found["OPTIONS"]
    assert int(options["connect_timeout"]) == 3
    assert options["keepalives"] == 1
    assert options["answer_within"] == 45
    assert found["DISABLE_SERVER_SIDE_CURSORS"] is pooler
    assert found["CONN_MAX_AGE"] == (0 if pooler else 60)
    assert ("options" in options) is not pooler
    if not pooler:
        assert "-c lock_timeout=7000" in options["options"]
        assert "-c statement_timeout=30000" in options["options"]
    assert (
        "answer_within" not in DatabaseWrapper({**found, "TIME_ZONE": None}).get_connection_params()
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_server_that_does_not_answer_is_left_by_the_client() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)
        cursor.execute("SET statement_timeout = 0")
        connection.connection.answer_within = 0.3
        began = time.monotonic()
        with pytest.raises(OperationalError, match=r"did not answer within 0\.3 seconds") as found:
            cursor.execute("SELECT pg_sleep(30)")
        assert time.monotonic() - began < 25
        assert is_database_away_error(found.value)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
