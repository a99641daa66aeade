"""What operators may ask a running system, and what it tells whom."""

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from riskreg.kernel import health
from riskreg.operations.models import NeededMigration
from riskreg.operations.services.needed import record_migrations_of_version_before


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
    health.check_database_writable()
    health.check_migrations()


@pytest.mark.django_db
def test_an_unapplied_migration_is_said() -> None:
    MigrationRecorder(connection).record_unapplied("accounts", "0001_initial")
    with pytest.raises(health.NotReady, match=r"run manage\.py migrate"):
        health.check_migrations()


@pytest.mark.django_db
def test_a_database_that_is_newer_than_the_code_is_said() -> None:
    recorder = MigrationRecorder(connection)
    # What another program keeps there is none of ours.
    recorder.record_applied("elsewhere", "0001_initial")
    health.check_migrations()
    recorder.record_applied("accounts", "9999_of_a_later_version")
    NeededMigration.objects.all().delete()
    with pytest.raises(health.NotReady, match="newer version than this code"):
        health.check_migrations()


@pytest.mark.django_db
def test_a_newer_database_says_that_the_version_before_may_work_on(client: Client) -> None:
    MigrationRecorder(connection).record_applied("accounts", "9999_of_the_next_version")
    # What the next version's `migrate` notes: what this one has.
    record_migrations_of_version_before()
    health.check_migrations()
    # And the one after the next, which this one is too old for.
    NeededMigration.objects.filter(room="accounts").update(name="9999_of_the_next_version")
    with pytest.raises(health.NotReady, match="newer version than this code"):
        health.check_migrations()


@pytest.mark.django_db
def test_too_little_room_is_said(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.VAR_DIR = tmp_path / "not made yet"
    settings.READY_FREE_MB = 0
    health.check_disk_space()
    settings.READY_FREE_MB = 10**12
    with pytest.raises(health.NotReady, match="MB are left"):
        health.check_disk_space()


def test_a_folder_that_takes_no_writes_is_told(
    settings: Any, evidence_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.READY_FREE_MB = 0
    evidence_folder.mkdir()
    closed = evidence_folder.resolve()
    plain = os.access
    monkeypatch.setattr(
        health.os, "access", lambda path, how: Path(path).resolve() != closed and plain(path, how)
    )
    with pytest.raises(health.NotReady, match="takes no writes"):
        health.check_disk_space()


PROBE = """
import os, resource, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.db import connection
from riskreg.kernel import health
from riskreg.operations.models import NeededMigration
from riskreg.operations.services.needed import record_migrations_of_version_before
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS something (id integer)")
health.check_database_writable()
size = os.path.getsize(connection.settings_dict["NAME"] + "-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM something")
try:
    health.check_database_writable()
except health.NotReady as error:
    print("said:", error)
"""


@pytest.mark.process
@pytest.mark.once
def test_a_database_that_can_be_read_and_not_written_is_not_ready(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/full.sqlite3"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "said: the database takes no writes" in result.stdout, result.stderr


def test_a_database_that_somebody_writes_to_is_ready(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "busy.sqlite3")) as connection_:
        connection_.execute("PRAGMA journal_mode=WAL")
        connection_.execute("CREATE TABLE something (id integer)")
        with contextlib.closing(
            sqlite3.connect(tmp_path / "busy.sqlite3", isolation_level=None)
        ) as writer:
            writer.execute("BEGIN IMMEDIATE")
            health.try_write_to_sqlite(connection_.cursor())


def test_a_broker_that_is_not_there_is_found_out(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        health.check_broker()


@pytest.mark.parametrize(
    "extra",
    [
        # A proxy on this machine that adds no header looks like that as well.
        {},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
    ],
)
def test_without_a_token_metrics_are_there_for_nobody(
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
    assert b"django_http_requests" in answer.content
