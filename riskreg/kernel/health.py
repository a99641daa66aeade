"""Is the process alive, is it ready to serve, and what has it counted: for operators only.

``/healthz`` says that the process answers. ``/readyz`` says whether a request could be served:
database reachable, migrations applied, broker reachable; 503 names the part that fails and nothing
else. ``/metrics`` is for the operator's collector: with METRICS_TOKEN set, the bearer of it; with
none set, only a direct caller on the machine itself. Anybody else gets 404.
"""

import datetime as dt
import hmac
from collections.abc import Callable, Iterable

import redis
import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, Metric, generate_latest

from riskreg.kernel import clock

log = structlog.get_logger(__name__)
_LOOPBACK = {"127.0.0.1", "::1"}


class NotReady(Exception):
    """The message is what an operator may be told: no address, no secret."""


def check_database() -> None:
    """Raises when the database does not answer a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    """Raises ``NotReady`` while a migration of this code has not been applied."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady("unapplied migrations: run manage.py migrate")


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
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
}


# What rooms can tell of how things stand at a moment, read from the database when it is asked for:
# counters of one process would know nothing of what the workers do. Rooms add theirs at start.
GAUGES: list[Callable[[dt.datetime], Iterable[Metric]]] = []


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
    """200 when every check passes, else 503; each check is ``ok`` or says what fails."""
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
            results[name] = "unreachable"
    ready = all(result == "ok" for result in results.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "checks": results},
        status=200 if ready else 503,
    )


def may_read_metrics(request: HttpRequest) -> bool:
    """Bearer of METRICS_TOKEN; or, with no token set, a caller on this machine without a proxy."""
    if settings.METRICS_TOKEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode(), settings.METRICS_TOKEN.encode()
        )
    proxied = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded"))
    return request.META.get("REMOTE_ADDR") in _LOOPBACK and not proxied


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Counters and gauges in the Prometheus text format, for those who may read them."""
    if not may_read_metrics(request):
        raise Http404
    answer: HttpResponse = ExportToDjangoView(request)
    standing = CollectorRegistry()
    standing.register(_Standing())
    answer.write(generate_latest(standing))
    return answer
