"""What operators may ask a running system, and what it tells whom."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from riskreg.kernel import health


def well() -> None:
    """A part that works."""


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    checks: dict[str, Any] = {"database": well, "migrations": well, "broker": well}
    monkeypatch.setattr(health, "CHECKS", checks)
    return checks


def test_healthz_needs_nothing(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready(client: Client, parts: dict[str, Any]) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["checks"].values()) == {"ok"}


@pytest.mark.parametrize("part", ["database", "broker"])
def test_not_ready_names_the_part_and_no_secret(
    client: Client, parts: dict[str, Any], part: str
) -> None:
    def broken() -> None:
        raise OperationalError("connection to postgres://riskreg:secret@db failed")

    parts[part] = broken
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"][part] == "unreachable"
    assert b"secret" not in answer.content


@pytest.mark.django_db
def test_the_database_and_its_migrations_are_really_asked(client: Client) -> None:
    health.check_database()
    health.check_migrations()


@pytest.mark.django_db
def test_an_unapplied_migration_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: [1])
    with pytest.raises(health.NotReady, match=r"run manage\.py migrate"):
        health.check_migrations()


def test_a_broker_that_is_not_there_is_found_out(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        health.check_broker()


def test_metrics_for_a_direct_local_caller(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


@pytest.mark.parametrize(
    "extra",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
    ],
)
def test_metrics_are_not_there_for_others(
    client: Client, settings: Any, extra: dict[str, str]
) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", **extra).status_code == 404


def test_with_a_token_only_its_bearer_reads_metrics(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "collector"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer other").status_code == 404
    answer = client.get("/metrics", HTTP_AUTHORIZATION="Bearer collector", REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 200
