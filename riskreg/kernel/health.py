"""Is the process alive, is it ready to serve, and what has it counted: for operators only.

``/healthz`` says that the process answers. ``/readyz`` says whether a request could be served, a
write as well as a reading: database written to, room left, migrations applied and none that this
code could not live with, broker reachable; 503 names the part that fails and nothing else.
``/readyz?deep=1`` says as well whether the engine lives and keeps what it promises. ``/metrics``
is for the operator's collector: the bearer of METRICS_TOKEN. Anybody else, and everybody where none
is set, gets 404: a proxy need not say that it is one, so no address says enough.
"""

import datetime as dt
import hmac
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, Metric, generate_latest

from riskreg.kernel import clock

log = structlog.get_logger(__name__)
# How libpq and OpenSSL tell that they do not believe who answers.
_CERTIFICATE = re.compile(r"certificate verify failed|root certificate file|match host name")


class NotReady(Exception):
    """The message is what an operator may be told: no address, no secret."""


# Whether a version with these migrations may work on tables that are newer than it. Rooms add
# theirs at start.
MAY_WORK: list[Callable[[frozenset[tuple[str, str]]], bool]] = []


def check_database_writable() -> None:
    """Raises when the database cannot be written to: one may read a full disk, or a replica."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            try_write_to_sqlite(cursor)
            return
        cursor.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
        recovering, read_only = cursor.fetchone()
        if recovering or read_only == "on":
            raise NotReady("the database takes no writes")
        # A line in the log of changes that no table holds: written and flushed as any change is.
        cursor.execute("SELECT pg_logical_emit_message(true, 'riskreg', 'ready')")


def try_write_to_sqlite(cursor: Any) -> None:
    """Write a page of the file, the value that it holds already; raises ``NotReady``."""
    cursor.execute("PRAGMA busy_timeout")
    usual = cursor.fetchone()[0]
    cursor.execute("PRAGMA busy_timeout = 1000")
    try:
        cursor.execute("PRAGMA user_version = 0")
    except (OperationalError, sqlite3.OperationalError) as error:
        # Whoever holds the lock is writing at this moment.
        if "locked" not in str(error):
            raise NotReady("the database takes no writes") from error
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")


def check_disk_space() -> None:
    """Raises ``NotReady`` where this machine cannot write what is to be kept, or has less than
    READY_FREE_MB left for it."""
    folders = set()
    if connection.vendor == "sqlite":
        folders.add(Path(connection.settings_dict["NAME"]).resolve().parent)
    if settings.STORAGES["evidence"]["BACKEND"].endswith(".Folder"):
        folders.add(Path(settings.EVIDENCE_DIR).absolute())
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        folders.add(settings.VAR_DIR)
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if path.is_dir())
        if not os.access(there, os.W_OK):
            raise NotReady("a folder that files are kept in takes no writes")
        if shutil.disk_usage(there).free < settings.READY_FREE_MB * 1024 * 1024:
            raise NotReady(f"less than {settings.READY_FREE_MB} MB are left")


def check_migrations() -> None:
    """Raises ``NotReady`` unless the database has the migrations of this code, and others only
    where it says that this version may work beside the one that made them."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    if missing_migrations(applied):
        raise NotReady("unapplied migrations: run manage.py migrate")
    apps = {app for app, _name in all_migrations()}
    newer = {key for key in applied - all_migrations() if key[0] in apps}
    if newer and not any(may_work(all_migrations()) for may_work in MAY_WORK):
        raise NotReady("the database is of a newer version than this code")


def missing_migrations(applied: Iterable[tuple[str, str]] | None = None) -> set[tuple[str, str]]:
    """Migrations of this code that the database (or ``applied``) lacks."""
    if applied is None:
        applied = MigrationRecorder(connection).applied_migrations()
    return set(all_migrations()) - set(applied)


@cache
def all_migrations() -> frozenset[tuple[str, str]]:
    """Every migration of the code, read once for each process: it cannot change while it runs."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def check_broker() -> None:
    """Raises when the broker does not reply to PING within two seconds."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2, health_check_interval=0
    )
    try:
        client.ping()
    finally:
        client.close()


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database_writable,
    "space": check_disk_space,
    "migrations": check_migrations,
    "broker": check_broker,
}


# What rooms can tell of how things stand at a moment, read from the database when it is asked for:
# counters of one process would know nothing of what the workers do. Rooms add theirs at start.
GAUGES: list[Callable[[dt.datetime], Iterable[Metric]]] = []


# What ``/readyz?deep=1`` asks as well: sentences of what is not as it should be, by part; none for
# a part that is well.
DEEP: list[Callable[[dt.datetime], Mapping[str, Sequence[str]]]] = []


class _Standing:
    """A collector of what ``GAUGES`` tell."""

    def collect(self) -> Iterable[Metric]:
        """Each room's; one whose database fails is left out and logged."""
        for gauges in GAUGES:
            try:
                yield from gauges(clock.now())
            except Exception as error:
                log.warning("no_gauges", error=type(error).__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every check passes, else 503; each check is ``ok`` or says what fails.

    With ``?deep=1`` the engine is asked as well: for whoever watches the system, and not for a
    balancer, since a web server serves pages while nothing is sent.
    """
    results: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            check()
            results[name] = "ok"
        except NotReady as error:
            results[name] = str(error)
        except Exception as error:
            # The reason may carry an address or a password: it goes to the log's type name only.
            log.warning("not_ready", part=name, error=type(error).__name__)
            results[name] = _reason_text(error)
    if request.GET.get("deep") == "1":
        results |= _text_by_part_of_deep_checks()
    ready = all(result == "ok" for result in results.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": results},
        status=200 if ready else 503,
    )


def _reason_text(error: Exception) -> str:
    if _CERTIFICATE.search(str(error)):
        return "its certificate could not be verified"
    return "unreachable"


def _text_by_part_of_deep_checks() -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for ask in DEEP:
            found |= {part: "; ".join(texts) or "ok" for part, texts in ask(clock.now()).items()}
    except Exception as error:
        log.warning("not_ready", part="engine", error=type(error).__name__)
        found["engine"] = "unreachable"
    return found


def may_read_metrics(request: HttpRequest) -> bool:
    """Bearer of METRICS_TOKEN."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and (
        scheme.lower() == "bearer"
        and hmac.compare_digest(given.strip().encode(), expected.encode())
    )


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Counters and gauges in the Prometheus text format, for those who may read them."""
    if not may_read_metrics(request):
        raise Http404
    answer: HttpResponse = ExportToDjangoView(request)
    registry = CollectorRegistry()
    registry.register(_Standing())
    answer.write(generate_latest(registry))
    return answer
