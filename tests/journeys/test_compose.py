"""The commands of docker-compose.yml, run by hand with its environment against real servers."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from riskreg.up import valkey
from riskreg.up.probe import probe
from riskreg.up.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.process, pytest.mark.postgres]
GIVEN = {
    "SECRET_KEY": "test-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "register.example",
    "BASE_URL": "https://register.example",
    "POSTGRES_PASSWORD": "unused",
    "VALKEY_PASSWORD": "unused",
    "EMAIL_URL": "files:",
}


def filled_in(text: str) -> str:
    """Compose's substitution, as far as the file uses it: ${NAME:?why} and ${NAME:-default}."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if name in GIVEN:
            return GIVEN[name]
        assert kind == ":-", f"{name} has no value and no default"
        return str(rest)

    return re.sub(r"\$\{(\w+)(:[?-])([^}]*)\}", value, text)


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database of its own on the PostgreSQL server of this run."""
    server = os.environ["DATABASE_URL_POSTGRES"]
    name = f"compose_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_its_commands_start_and_answer_ready(database: str, tmp_path: Path) -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    values: list[str] = []
    supervisor = Supervisor(tmp_path / "log", values.append, grace=15)
    server = valkey.describe_embedded(tmp_path)
    environment = {
        key: GIVEN.get(key) if text is None else filled_in(text)
        for key, text in services["web"]["environment"].items()
    }
    environment = {key: text for key, text in environment.items() if text is not None}
    assert environment["DEBUG"] == "0"
    environment.update(
        DATABASE_URL=database,
        REDIS_URL=server.url,
        VAR_DIR=str(tmp_path / "data"),
        STATIC_ROOT=str(tmp_path / "static"),
        # As the image has it, for all of them; it is not there yet.
        PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "tmp" / "metrics"),
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    )
    (tmp_path / "data").mkdir()

    def once(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
            check=True,
        )  # fmt: skip

    once("python", "manage.py", "collectstatic", "--noinput", "-v", "0")
    with contextlib.ExitStack() as stack:
        stack.callback(supervisor.stop, [["web", "beat"], ["worker"]])
        supervisor.start(server.program)
        for name in ("migrate", "web", "worker", "beat"):
            command = [
                part.replace("0.0.0.0:8000", f"127.0.0.1:{port}").replace(
                    "/tmp/beat-schedule", str(tmp_path / "beat-schedule")
                )
                for part in services[name]["command"]
            ]
            if name == "migrate":
                once(*command)
            else:
                path = Path(sys.executable).parent / command[0]
                supervisor.start(Program(name, [str(path), *command[1:]], environment))
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        status, text = 0, ""
        while status != 200 and time.monotonic() < deadline:
            assert supervisor.restart_what_died(), supervisor.failed
            status, text = probe(f"{url}/readyz", host="register.example")
            time.sleep(0.3)
        assert status == 200, text
        assert values == []
        # A host it does not serve is refused.
        assert probe(f"{url}/accounts/login/", host="other.example")[0] == 400
        check = services["worker"]["healthcheck"]["test"][1].replace(
            "$$HOSTNAME", socket.gethostname()
        )
        # The web process is ready before the worker is; the check is repeated as compose does.
        deadline = time.monotonic() + 300
        while True:
            answer = subprocess.run(
                ["sh", "-c", check], cwd=ROOT, env=environment, capture_output=True, text=True,
                timeout=60, check=False,
            )  # fmt: skip
            if answer.returncode == 0 or time.monotonic() > deadline:
                break
            assert supervisor.restart_what_died(), supervisor.failed
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert "pong" in answer.stdout
        # With its broker gone the system says so, and does not claim to be ready.
        broker = supervisor.pid("valkey")
        assert broker is not None
        os.kill(broker, signal.SIGKILL)
        status, text = probe(f"{url}/readyz", host="register.example", timeout=10)
        assert (status, '"broker": "unreachable"' in text) == (503, True), text
