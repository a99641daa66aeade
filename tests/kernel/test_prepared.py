"""What is written once is planned once on PostgreSQL, and gives what it gave before."""

from typing import Any

import environ
import psycopg
import pytest
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext

from config.database import database
from riskreg.kernel.compiled import Statement
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

URL = "postgres://riskreg@127.0.0.1:5432/riskreg"


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        return [statement for (statement,) in cursor.fetchall()]


def titled(register: int, title: str, other: str) -> QuerySet[Risk]:
    """Texts in two places each, and constants that SQL would take for its own."""
    rows = Risk.objects.filter(register=register)
    mine = Q(title=title) | Q(title__startswith="50 %'s") | Q(cause__contains="%s") | Q(event=other)
    return rows.filter(mine, ~Q(title=other), ~Q(ref=title)).order_by("id")


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_statement_that_comes_again_is_prepared_once(world: World) -> None:
    risks = [builders.risk(world, title=title) for title in ("One", "Two", "50 %'s of it", "%s")]
    statement = Statement(titled, int, str, str)
    for _again in range(3):
        for title, other in (("One", "Two"), ("Two", "One"), ("%s", "'")):
            found = statement(world.register.pk, title, other)
            assert list(found) == list(titled(world.register.pk, title, other))
    assert len(list(statement(world.register.pk, "One", "Two"))) == 2
    ours = [sql for sql in prepared() if "risks_risk" in sql and " LIKE " in sql]
    assert len(ours) == 1
    assert "'One'" not in ours[0]
    assert len(risks) == 4


@pytest.mark.postgres
@pytest.mark.django_db
def test_who_looks_at_what_was_sent_sees_it_with_its_values(world: World) -> None:
    statement = Statement(titled, int, str, str)
    for title in ("One", "Two", "Three"):
        with CaptureQueriesContext(connection) as sent:
            assert list(statement(world.register.pk, title, "50 %")) == []
        [query] = sent.captured_queries
        assert f"'{title}'" in query["sql"]
        assert "'50 %'" in query["sql"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_column_that_is_made_wider_beside_it_breaks_nothing(world: World) -> None:
    """As an upgrade does while the old web servers go on."""
    statement = Statement(titled, int, str, str)
    risk = builders.risk(world, title="One")
    values = (world.register.pk, "One", "x")
    for _again in range(3):
        assert list(statement(*values)) == [risk]
    given = connection.get_connection_params()
    address = {name: given[name] for name in ("host", "port", "dbname", "user", "password")
               if given.get(name)}  # fmt: skip
    try:
        for length in ("201", "200"):
            with psycopg.connect(**address, autocommit=True) as beside:
                beside.execute(f"ALTER TABLE risks_risk ALTER title TYPE varchar({length})")
            assert list(statement(*values)) == [risk]
    finally:
        connection.close()


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_statement_is_planned_once_whatever_its_values(world: World) -> None:
    """The server would plan anew for each pair of values where it takes that for the cheaper."""
    connection.ensure_connection()
    statement = Statement(titled, int, str, str)
    for n in range(8):
        assert list(statement(world.register.pk + n, f"Title {n}", "x")) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements")
        generic, custom = cursor.fetchone()
    assert generic >= 6
    assert custom == 0


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_connection_keeps_so_many_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepared_max", 3)
    for n in range(6):
        statement = Statement(
            lambda register, n=n: Risk.objects.filter(register=register, version=n), int
        )
        for _again in range(3):
            assert list(statement(world.register.pk)) == []
    # The one before is let go of with the next statement.
    assert len(prepared()) <= 3 + 1


@pytest.mark.parametrize(
    ("given", "threshold"),
    [
        ({}, 1),
        ({"DATABASE_CONN_MAX_AGE": "0"}, None),
        ({"DATABASE_CONN_MAX_AGE": "0", "DATABASE_POOL": "4"}, 1),
        ({"DATABASE_POOLER": "1"}, None),
    ],
)
def test_only_a_connection_that_stays_prepares(
    given: dict[str, str], threshold: int | None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE_URL": URL, **given}.items():
        monkeypatch.setenv(name, value)
    found = database(environ.Env(), tmp_path)
    assert found["OPTIONS"].get("prepare_threshold") == threshold
