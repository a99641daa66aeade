"""The supervising command with real servers: it answers, it stops, and nothing is left behind."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests import migrated

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.process, pytest.mark.once]
NAMES = {"web", "worker", "beat", "valkey"}


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(var_dir: Path) -> set[int]:
    """Every living process that was given this folder in its environment."""
    mark = f"VAR_DIR={var_dir}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def empty(folder: Path) -> Path:
    """``folder`` with the empty database, for what is not about migrating."""
    migrated.copy_to(folder / "riskreg.sqlite3")
    return folder


class System:
    """One ``manage.py up`` on a folder and a port of its own."""

    def __init__(
        self,
        var_dir: Path,
        *arguments: str,
        port: int = 0,
        code: str = "",
        before: Sequence[str] = (),
        **env: str,
    ) -> None:
        self.var_dir = var_dir
        self.port = port or free_port()
        self.output = var_dir.parent / f"output-{self.port}"
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "REDIS_URL", "DEBUG", "BASE_URL", "EMAIL_URL")
        }
        program = ["-c", code] if code else ["manage.py"]
        command = [*before, sys.executable, *program, "up", "--port", str(self.port), *arguments]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**clean, "VAR_DIR": str(var_dir), **env},
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def running(self) -> bool:
        """Whether it came up, however long that took; it gives up by itself."""
        return until(
            lambda: "riskreg is running" in self.said or self.process.poll() is not None, 1800
        ) and ("riskreg is running" in self.said)

    def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()

    def left(self) -> set[int]:
        return processes_of(self.var_dir)


@pytest.fixture
def systems() -> Iterator[list[System]]:
    started: list[System] = []
    yield started
    for system in started:
        if system.process.poll() is None:
            system.process.kill()
            system.process.wait()
        until(lambda system=system: not system.left(), 15)
        for pid in system.left():
            os.kill(pid, signal.SIGKILL)


def test_it_answers_and_ctrl_c_stops_all_of_it(systems: list[System], tmp_path: Path) -> None:
    system = System(tmp_path / "var", "--migrate")
    systems.append(system)
    assert system.running(), system.said
    assert f"http://127.0.0.1:{system.port}/" in system.said
    assert "loopback" in system.said
    assert system.get("/readyz")[0] == 200
    status, page = system.get("/accounts/login/")
    assert status == 200
    assert "<form" in page
    # Guardian, Valkey, web with two workers, worker with two, beat: all of it is seen.
    assert until(lambda: len(system.left()) >= 9, 60), system.left()
    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(120) == 0, system.said
    assert "all stopped" in system.said
    assert not system.left()


@pytest.mark.unmeasured
def test_the_demo_comes_with_it_and_nothing_is_complained_of(
    systems: list[System], tmp_path: Path
) -> None:
    system = System(empty(tmp_path / "var"), "--demo")
    systems.append(system)
    assert system.running(), system.said
    assert "Loaded foton-catl" in system.said
    assert not re.search(r"warning|error", system.said, re.IGNORECASE), system.said
    assert "manager@foton.example" in system.get("/accounts/login/")[1]


def test_killed_outright_it_leaves_no_orphan(systems: list[System], tmp_path: Path) -> None:
    system = System(empty(tmp_path / "var"), "--migrate", "--grace", "3")
    systems.append(system)
    assert system.running(), system.said
    assert system.left()
    system.process.kill()
    system.process.wait()
    assert until(lambda: not system.left(), 20), system.left()


def test_a_worker_that_is_killed_comes_back_and_it_is_said(
    systems: list[System], tmp_path: Path
) -> None:
    system = System(empty(tmp_path / "var"), "--migrate", "--grace", "3")
    systems.append(system)
    assert system.running(), system.said
    found = [
        pid
        for pid in system.left()
        if Path(f"/proc/{pid}/comm").read_text().strip() == "worker"
        and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        == str(system.process.pid)
    ]
    assert len(found) == 1
    log = tmp_path / "var" / "log" / "worker.log"
    assert until(lambda: " ready." in log.read_text(), 30)
    os.kill(found[0], signal.SIGKILL)
    assert until(lambda: "worker was ended by SIGKILL; starting it again" in system.said, 15)
    assert until(lambda: len(re.findall(r" ready\.", log.read_text())) == 2, 30)
    system.process.send_signal(signal.SIGTERM)
    assert system.process.wait(120) == 0, system.said
    assert not system.left()


def refused(system: System) -> str:
    """The one line with which a start is refused."""
    assert system.process.wait(600) == 1, system.said
    lines = [line for line in system.said.splitlines() if line.strip()]
    # What it is at, on a slow machine with what it waits for, comes before.
    lines = [
        line for line in lines if not line.startswith(("preparing the database", "waiting for "))
    ]
    assert len(lines) == 1, system.said
    assert not system.left()
    return lines[0]


def test_a_port_that_is_taken_is_one_line(systems: list[System], tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        system = System(tmp_path / "var", "--migrate", port=port)
        systems.append(system)
        assert f"Port {port} cannot be used" in refused(system)


def test_a_database_that_cannot_be_opened_is_one_line(
    systems: list[System], tmp_path: Path
) -> None:
    (tmp_path / "var" / "riskreg.sqlite3").mkdir(parents=True)
    system = System(tmp_path / "var", "--migrate")
    systems.append(system)
    assert "riskreg.sqlite3 is not writable: unable to open" in refused(system)


def test_a_database_that_is_read_only_is_one_line(systems: list[System], tmp_path: Path) -> None:
    path = tmp_path / "frozen.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE something (id integer)")
    connection.close()
    # A write version that SQLite does not know makes it open the file read-only, even for root.
    content = bytearray(path.read_bytes())
    content[18] = 9
    path.write_bytes(content)
    system = System(tmp_path / "var", "--migrate", DATABASE_URL=f"sqlite:///{path}")
    systems.append(system)
    assert "frozen.sqlite3 is not writable: attempt to write a readonly database" in refused(system)


def test_a_folder_that_is_not_one_is_one_line(systems: list[System], tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    system = System(tmp_path / "var", "--migrate")
    systems.append(system)
    assert "is not writable" in refused(system)


def test_a_database_that_was_not_migrated_is_one_line(
    systems: list[System], tmp_path: Path
) -> None:
    system = System(tmp_path / "var")
    systems.append(system)
    assert "run manage.py migrate" in refused(system)


def test_valkey_that_cannot_start_is_one_line(systems: list[System], tmp_path: Path) -> None:
    code = (
        "import dataclasses, os, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "django.setup()\n"
        "from django.core.management import execute_from_command_line as run\n"
        "from riskreg.up import valkey\n"
        "real = valkey.describe_embedded\n"
        "def broken(folder, at=None):\n"
        "    server = real(folder, at)\n"
        "    program = dataclasses.replace(server.program, stdin=b'no such directive')\n"
        "    return dataclasses.replace(server, program=program)\n"
        "valkey.describe_embedded = broken\n"
        "import sys\n"
        "run(sys.argv)\n"
    )
    system = System(empty(tmp_path / "var"), "--migrate", code=code)
    systems.append(system)
    line = refused(system)
    assert "valkey cannot start: " in line
    assert "valkey.log" in line


def test_starting_over_never_touches_a_database_that_was_named(
    systems: list[System], tmp_path: Path
) -> None:
    path = tmp_path / "mine.sqlite3"
    path.write_bytes(b"")
    system = System(tmp_path / "var", "--fresh", DATABASE_URL=f"sqlite:///{path}")
    systems.append(system)
    assert "unset DATABASE_URL" in refused(system)
    assert path.exists()


@pytest.mark.unmeasured
def test_two_systems_never_share_one_folder(systems: list[System], tmp_path: Path) -> None:
    first = System(empty(tmp_path / "var"), "--migrate", "--grace", "3")
    systems.append(first)
    assert first.running(), first.said
    second = System(tmp_path / "var", "--migrate")
    systems.append(second)
    assert second.process.wait(600) == 1
    assert "Another riskreg is running" in second.said
    assert first.process.poll() is None


@pytest.fixture
def busy() -> Iterator[None]:
    """A program on every processor that does nothing but work, and goes before what is tried; not
    before the other tests, which would wait for as long."""
    loops = [
        subprocess.Popen(["nice", "-n", "10", sys.executable, "-c", "while True: pass"])
        for _n in range(os.cpu_count() or 1)
    ]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


@pytest.mark.unmeasured
def test_it_comes_up_as_the_least_of_all_on_a_busy_machine(
    systems: list[System], tmp_path: Path, busy: None
) -> None:
    # Migrated without the handicap: what is shown is the start.
    system = System(empty(tmp_path / "var"), before=["nice", "-n", "19"])
    systems.append(system)
    assert system.running(), system.said
    status, text = system.get("/readyz")
    assert (status, '"status": "ok"' in text) == (200, True)


@pytest.mark.unmeasured
def test_what_is_waited_for_is_said_and_what_answers_is_never_stopped(
    systems: list[System], tmp_path: Path
) -> None:
    # Room that no disk has: the web server answers, and says that it is not ready.
    system = System(empty(tmp_path / "var"), "--migrate", "--grace", "3", READY_FREE_MB="999999999")
    systems.append(system)
    assert until(
        lambda: (
            "waiting for space: less than 999999999 MB are left" in system.said
            or system.process.poll() is not None
        ),
        1800,
    )
    assert system.process.poll() is None, system.said
    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(120) == 0, system.said
    assert not system.left()
