"""The whole system under one command: broker, web, worker and beat, until Ctrl-C."""

import contextlib
import fcntl
import io
import json
import os
import runpy
import shutil
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from riskreg.kernel import health
from riskreg.kernel.after_commit import no_tasks_sent
from riskreg.up import ports, preload, valkey
from riskreg.up.forked import ChildProcessEnded, run_in_child_process
from riskreg.up.patience import CpuAndLogUsage, Patience
from riskreg.up.probe import probe
from riskreg.up.supervisor import Program, StartError, Supervisor

# A busy machine may take that long for one answer, and is asked again.
ANSWER_SECONDS = 10.0
FRESH_FILES = ("riskreg.sqlite3*", "beat-schedule*")
FRESH_FOLDERS = ("mail", "log", "metrics")
# What ``load_demo`` printed; empty where it was not asked for.
LoadDemoOutput = str


class _Awaited(NamedTuple):
    """What is waited for (empty: nothing any more), and what it has done so far; None for what
    answers."""

    what: str
    usage: CpuAndLogUsage | None


_NOTHING = _Awaited("", None)


class Command(BaseCommand):
    help = "Run web server, worker and beat, and an embedded Valkey unless REDIS_URL is set."
    # Checks may open the database; here a database that cannot be opened is one line, not a trace.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="loopback port (default 8000)")
        parser.add_argument("--migrate", action="store_true", help="apply migrations first")
        parser.add_argument(
            "--demo", action="store_true", help="apply migrations and load the demo register first"
        )
        parser.add_argument(
            "--fresh", action="store_true", help="delete the local data under VAR_DIR first"
        )
        parser.add_argument(
            "--grace", type=float, default=10.0, help="seconds a program has to stop by itself"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options)
        except StartError as error:
            # One line and nothing around it, whoever calls: a person, make, or a service manager.
            self.stderr.write(str(error))
            raise SystemExit(1) from error

    def _run(self, options: dict[str, Any]) -> None:
        # From here on a stop is a flag, so that it can never fall between a start and its record.
        stopper = _Stopper()
        port = options["port"]
        _require_free_port(port)
        var_dir: Path = settings.VAR_DIR
        with _exclusive_lock_on(var_dir):
            if options["fresh"]:
                _delete_local_data(var_dir)
            migrate, demo = options["migrate"] or options["demo"], options["demo"]
            if ports.chosen:
                preload.import_code_of_programs()
            try:
                output = run_in_child_process(
                    lambda: self._prepare_database(migrate=migrate, demo=demo)
                )
            except ChildProcessEnded:
                raise StartError("Ended from outside while preparing the database") from None
            supervisor = Supervisor(var_dir / "log", self._say, grace=options["grace"])
            supervisor.starting = True
            try:
                env = self._start_all_and_wait(supervisor, port, var_dir, stopper)
                supervisor.starting = False
                with ports.announce_while_running(var_dir, env["BASE_URL"], env["REDIS_URL"]):
                    if not stopper.asked:
                        self._greet_and_make_first_link(port, output)
                    while not stopper.asked and supervisor.restart_what_died():
                        stopper.wait(0.5)
            finally:
                if stopper.asked:
                    self._say("stopping (Ctrl-C again: at once)")
                supervisor.stop([["web", "beat"], ["worker"]], hurry=stopper.asked_twice)
            if supervisor.failed:
                raise StartError(f"Stopped everything: {supervisor.failed}")
            self._say("all stopped")

    def _prepare_database(self, *, migrate: bool, demo: bool) -> LoadDemoOutput:
        output = io.StringIO()
        try:
            _require_writable_database()
            missing = health.missing_migrations()
            if missing and migrate:
                self._say("preparing the database")
                call_command("migrate", verbosity=0, interactive=False)
            elif missing:
                raise StartError(
                    "The database is not up to date: run manage.py migrate, or start with --migrate"
                )
            if demo:
                self._say("loading the demo register")
                with no_tasks_sent():
                    call_command("load_demo", stdout=output)
        except DatabaseError as error:
            raise StartError(f"The database cannot be used: {_one_line(error)}") from error
        finally:
            connection.close()
        return output.getvalue()

    def _start_all_and_wait(
        self, supervisor: Supervisor, port: int, var_dir: Path, stopper: "_Stopper"
    ) -> dict[str, str]:
        """Start all of it and wait until it answers; what its programs are told."""
        env = {
            "BASE_URL": os.environ.get("BASE_URL", f"http://127.0.0.1:{port}"),
            "REDIS_URL": settings.REDIS_URL,
        }
        patience = Patience(self._say)
        if ports.broker or not os.environ.get("REDIS_URL"):
            server = valkey.describe_embedded(var_dir, ports.broker)
            supervisor.start(server.program)

            def broker_lacks() -> _Awaited:
                return _NOTHING if server.answers() else _answer_awaited(supervisor, "valkey")

            _wait_until_nothing_is_awaited(broker_lacks, patience, supervisor, stopper)
            env["REDIS_URL"] = server.url
        preload.freeze_loaded_objects()
        for program in programs(port, var_dir, env):
            supervisor.start(program)
        host = next((h.lstrip(".") for h in settings.ALLOWED_HOSTS if h != "*"), "")
        url = f"http://127.0.0.1:{port}/readyz"

        def web_lacks() -> _Awaited:
            status, text = probe(url, host=host, timeout=ANSWER_SECONDS)
            if status == 200:
                return _NOTHING
            if status:
                return _Awaited(_not_ready_text(text), None)
            return _answer_awaited(supervisor, "web")

        _wait_until_nothing_is_awaited(web_lacks, patience, supervisor, stopper)
        return env

    def _greet_and_make_first_link(self, port: int, text: str) -> None:
        self._say(
            f"\nriskreg is running:  http://127.0.0.1:{port}/\n"
            "It listens on this machine only (loopback). Ctrl-C stops everything.\n"
        )
        if text.strip():
            self._say(text.rstrip() + "\n")
        # Made here and not before: its hour begins when somebody can use it.
        link = io.StringIO()
        with contextlib.suppress(DatabaseError):
            call_command("first_link", stdout=link)
        connection.close()
        if link.getvalue():
            self._say(link.getvalue())
        self._say(f"Data: {settings.VAR_DIR}   Logs: {settings.VAR_DIR / 'log'}")

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.stdout.write(line)
            self.stdout.flush()


def programs(port: int, var_dir: Path, env: dict[str, str]) -> list[Program]:
    """Web server, worker and beat, to be started in this order with ``env`` added.

    Where what they are told by ``env`` was known before the settings were read, they are forked
    from this process and load nothing again.
    """
    web_env = {**env, "PROMETHEUS_MULTIPROC_DIR": str(var_dir / "metrics")}
    gunicorn = ["gunicorn", "config.wsgi:application", "-c", "config/gunicorn.py"]
    celery = ["celery", "-A", "config"]
    flags = ["-l", "INFO", "-c", "2", "--without-gossip", "--without-mingle"]
    lines = {
        "web": ([*gunicorn, "--bind", f"127.0.0.1:{port}"], web_env),
        "worker": ([*celery, "worker", *flags], env),
        "beat": ([*celery, "beat", "-l", "INFO", "--pidfile="], env),
    }
    return [
        Program(
            name,
            [sys.executable, "-m", *line],
            added,
            call=partial(_run_module_in_this_process, line) if ports.chosen else None,
        )
        for name, (line, added) in lines.items()
    ]


def _run_module_in_this_process(line: Sequence[str]) -> None:
    """What ``python -m`` with ``line`` does, in this process."""
    sys.argv = list(line)
    runpy.run_module(line[0], run_name="__main__", alter_sys=True)


class _Stopper:
    """Counts SIGINT, SIGTERM and SIGHUP instead of raising in the middle of something."""

    def __init__(self) -> None:
        self.times = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._count_signal)

    def _count_signal(self, number: int, frame: Any) -> None:
        self.times += 1

    @property
    def asked(self) -> bool:
        return self.times > 0

    def asked_twice(self) -> bool:
        return self.times > 1

    def wait(self, seconds: float) -> None:
        """Sleep, but not longer than until the next stop request."""
        deadline = time.monotonic() + seconds
        while not self.asked and time.monotonic() < deadline:
            time.sleep(0.05)


def _wait_until_nothing_is_awaited(
    awaited: Callable[[], _Awaited],
    patience: Patience,
    supervisor: Supervisor,
    stopper: _Stopper,
) -> None:
    """Wait until ``awaited`` names nothing; ``StartError`` when a program died or nothing moves."""
    while not stopper.asked:
        what, usage = awaited()
        if not what:
            return
        if not supervisor.restart_what_died():
            raise StartError(supervisor.failed or "a program failed")
        if not patience.note_progress(what, usage):
            raise StartError(f"Gave up waiting for {what}: nothing moves any more")
        stopper.wait(0.1)


def _answer_awaited(supervisor: Supervisor, name: str) -> _Awaited:
    what = f"{name} to answer (see {supervisor.log_dir / name}.log)"
    return _Awaited(what, supervisor.measure_usage(name))


def _not_ready_text(text: str) -> str:
    """What /readyz says is not ready, in words."""
    try:
        checks = json.loads(text)["checks"]
        return ", ".join(
            f"{name}: {message}" for name, message in checks.items() if message != "ok"
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the web server, which answers with an error"


def _require_free_port(port: int) -> None:
    with socket.socket() as probe_socket:
        probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe_socket.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a port number"
            raise StartError(
                f"Port {port} cannot be used ({reason}); choose another: make demo PORT={port + 1}"
            ) from error


@contextlib.contextmanager
def _exclusive_lock_on(var_dir: Path) -> Any:
    """Hold the folder's lock, so that two systems never share one embedded set of files."""
    lock: TextIO
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = (var_dir / "up.lock").open("a")
    except OSError as error:
        raise StartError(f"{var_dir} is not writable: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(
                f"Another riskreg is running on {var_dir}; stop it first, or set VAR_DIR"
            ) from error
        yield


def _delete_local_data(var_dir: Path) -> None:
    """Delete what a demo leaves under ``var_dir``; nothing outside it, and no other database."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.sqlite3" or os.environ.get("DATABASE_URL"):
        raise StartError("Starting over deletes the local SQLite data only; unset DATABASE_URL")
    for pattern in FRESH_FILES:
        for path in var_dir.glob(pattern):
            path.unlink()
    for name in FRESH_FOLDERS:
        shutil.rmtree(var_dir / name, ignore_errors=True)


def _require_writable_database() -> None:
    """Try a write, because a file that can be read and not written fails much later otherwise."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA user_version = 0")
            else:
                cursor.execute("SELECT pg_is_in_recovery()")
                if cursor.fetchone()[0]:
                    raise StartError("The database is a read-only replica")
    except DatabaseError as error:
        where = settings.DATABASES["default"]["NAME"]
        raise StartError(f"The database {where} is not writable: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
