"""The supervisor alone, with small programs instead of servers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from riskreg.up import forked
from riskreg.up import supervisor as module
from riskreg.up.supervisor import Program, StartError, Supervisor, is_loud

pytestmark = [pytest.mark.process, pytest.mark.once]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# A leader with a child of its own that ignores SIGTERM: what a crashed worker pool looks like.
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal, time\\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\ntime.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)",
]


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not waited for yet does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return status != "Z"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    one = Supervisor(tmp_path / "log", said.append, grace=1.0)
    yield one
    one.stop()


def test_stop_leaves_no_process_of_the_group(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Program("stubborn", STUBBORN))
    log = tmp_path / "log" / "stubborn.log"
    assert until(lambda: log.read_text().strip().isdigit())
    leader, child = supervisor.pid("stubborn"), int(log.read_text())
    assert leader is not None
    assert alive(child)
    supervisor.stop()
    assert until(lambda: not alive(leader) and not alive(child))


def test_a_dead_program_is_started_again_and_said(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(Program("sleeper", SLEEPER))
    first = supervisor.pid("sleeper")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(
        lambda: supervisor.restart_what_died() and supervisor.pid("sleeper") not in (None, first)
    )
    assert any("sleeper was ended by SIGKILL" in line for line in said)


def test_gives_up_with_one_line_after_five_quick_deaths(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    one = Supervisor(tmp_path, said.append, clock=lambda: time.monotonic() + ahead)
    one.start(Program("broken", [sys.executable, "-c", "print('no such table'); exit(3)"]))
    alive_still = True
    deadline = time.monotonic() + 20
    while alive_still and time.monotonic() < deadline:
        alive_still = one.restart_what_died()
        if one.pid("broken") is None:
            # Skip the backoff, not the deaths.
            ahead += 8.0
        time.sleep(0.02)
    one.stop()
    assert one.failed is not None
    assert "broken ended with exit code 3 5 times in a row: no such table" in one.failed
    assert "\n" not in one.failed
    assert sum("starting it again" in line for line in said) == 4


def test_a_death_while_starting_is_told_at_once(tmp_path: Path, said: list[str]) -> None:
    one = Supervisor(tmp_path, said.append)
    one.starting = True
    one.start(Program("broken", [sys.executable, "-c", "exit('no module of that name')"]))
    assert until(lambda: not one.restart_what_died())
    one.stop()
    assert one.failed is not None
    assert one.failed.startswith("broken cannot start: no module of that name (see ")
    assert said == []


def test_backoff_doubles(tmp_path: Path, said: list[str]) -> None:
    ahead = 0.0
    one = Supervisor(tmp_path, said.append, clock=lambda: time.monotonic() + ahead)
    one.start(Program("broken", [sys.executable, "-c", "exit(1)"]))
    while one.restart_what_died():
        if one.pid("broken") is None:
            ahead += 8.0
        time.sleep(0.02)
    one.stop()
    assert [line.split(" again in ")[1].split(" s")[0] for line in said] == ["1", "2", "4", "8"]


def test_a_program_that_does_not_exist_is_one_line(supervisor: Supervisor) -> None:
    with pytest.raises(StartError, match="nothing cannot be started: No such file"):
        supervisor.start(Program("nothing", ["/nonexistent/program"]))


def test_configuration_through_standard_input(supervisor: Supervisor, tmp_path: Path) -> None:
    reader = [sys.executable, "-c", "import sys, time; print(sys.stdin.read()); time.sleep(60)"]
    supervisor.start(Program("reader", reader, stdin=b"requirepass hidden"))
    log = tmp_path / "log" / "reader.log"
    assert until(lambda: "requirepass hidden" in log.read_text())
    pid = supervisor.pid("reader")
    assert b"hidden" not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_warnings_of_a_program_reach_the_terminal_and_the_rest_does_not(
    supervisor: Supervisor, said: list[str]
) -> None:
    text = "print('[INFO] quiet'); print('[ERROR] loud'); import time; time.sleep(60)"
    supervisor.start(Program("talker", [sys.executable, "-c", text]))
    assert until(lambda: supervisor.restart_what_died() and bool(said))
    assert said == ["talker: [ERROR] loud"]


def test_a_flood_of_warnings_is_counted_not_repeated(
    supervisor: Supervisor, said: list[str]
) -> None:
    text = "[print('[ERROR] loud') for _ in range(50)]"
    supervisor.start(
        Program("flood", [sys.executable, "-c", f"{text}; import time; time.sleep(60)"])
    )
    assert until(lambda: supervisor.restart_what_died() and any("more in" in line for line in said))
    assert len(said) < 20


def test_a_log_that_grew_too_long_is_put_aside(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT_BYTES", 1000)
    text = "print('x' * 2000); import time; time.sleep(60)"
    supervisor.start(Program("long", [sys.executable, "-c", text]))
    log = tmp_path / "log" / "long.log"
    old = tmp_path / "log" / "long.log.1"
    assert until(lambda: supervisor.restart_what_died() and old.exists())
    assert len(old.read_text()) >= 2000
    assert log.stat().st_size == 0


@pytest.mark.parametrize(
    ("line", "loud"),
    [
        ("2026-11-24T10:00:00Z [warning  ] task_not_woken [riskreg]", True),
        ("2026-11-24T10:00:00Z [info     ] no error here", False),
        ('{"event": "task_not_woken", "level": "warning"}', True),
        ('{"event": "fine", "level": "info"}', False),
        ("[2026-11-24 10:00:00 +0000] [12] [ERROR] Worker (pid:13) was sent SIGKILL!", True),
        ("[2026-11-24 10:00:00,000: WARNING/MainProcess] slow", True),
        ("[2026-11-24 10:00:00 +0000] [12] [INFO] Listening", False),
    ],
)
def test_what_is_loud(line: str, loud: bool) -> None:
    assert is_loud(line) is loud


def test_the_guardian_stops_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from riskreg.up.supervisor import Program, Supervisor\n"
        f"one = Supervisor(Path({str(tmp_path)!r}), print, grace=1.0)\n"
        f"one.start(Program('stubborn', {STUBBORN!r}))\n"
        "print(one.pid('stubborn'), flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    leader = int(parent.stdout.readline())
    log = tmp_path / "stubborn.log"
    assert until(lambda: log.read_text().strip().isdigit())
    child = int(log.read_text())
    parent.kill()
    parent.wait()
    # Both ignore SIGTERM, so only the guardian's SIGKILL to the group can have ended them.
    assert until(lambda: not alive(leader) and not alive(child))


# Programs that run in a fork ---------------------------------------------------------------------
FORKS = pytest.mark.usefixtures("forking")


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork whatever threads other tests of this process have left; what is run here waits for no
    lock of theirs."""
    if sys.platform != "linux":
        pytest.skip("forks on Linux only")
    monkeypatch.setattr(forked.threading, "active_count", lambda: 1)


def _says_and_sleeps() -> None:
    sys.stdout.write(f"{os.getpid()} {os.environ.get('TOLD')} {sys.stdin.read()!r}\n")
    # The guardian's pipe and whatever else the supervisor holds is not held here, but its number.
    held = [Path(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if int(n) > 2]
    files = {str(path.readlink()) for path in held if path.is_symlink()}
    sys.stdout.write(" ".join(sorted(files)) + "\n")
    time.sleep(60)


def _ends(how: object) -> None:
    raise SystemExit(how)


def _breaks() -> None:
    raise ZeroDivisionError("broken inside")


@FORKS
def test_a_function_runs_as_a_program_of_its_own(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Program("told", ["unused"], {"TOLD": "yes"}, call=_says_and_sleeps))
    log = tmp_path / "log" / "told.log"
    assert until(lambda: log.read_text().count("\n") >= 2)
    first, held = log.read_text().splitlines()[:2]
    pid = supervisor.pid("told")
    assert first == f"{pid} yes ''"
    assert set(held.split()) <= {os.devnull}
    assert "TOLD" not in os.environ
    assert os.getpgid(pid or 0) == pid
    assert Path(f"/proc/{pid}/comm").read_text().strip() == "told"
    supervisor.stop()
    assert until(lambda: not alive(pid or 0))


@FORKS
def test_a_forked_program_that_dies_is_started_again(
    supervisor: Supervisor, said: list[str]
) -> None:
    supervisor.start(Program("told", ["unused"], call=_says_and_sleeps))
    first = supervisor.pid("told")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(
        lambda: supervisor.restart_what_died() and supervisor.pid("told") not in (None, first)
    )
    assert any("told was ended by SIGKILL" in line for line in said)


@FORKS
@pytest.mark.parametrize(
    ("how", "told"),
    [(3, "ended with exit code 3"), (None, "ended with exit code 0"), ("no", "exit code 1")],
)
def test_how_a_forked_program_ended_is_said(
    supervisor: Supervisor, said: list[str], how: object, told: str
) -> None:
    supervisor.start(Program("short", ["unused"], call=lambda: _ends(how)))
    assert until(lambda: supervisor.restart_what_died() and any(told in line for line in said))


@FORKS
def test_why_a_forked_program_broke_is_in_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.starting = True
    supervisor.start(Program("broken", ["unused"], call=_breaks))
    assert until(lambda: not supervisor.restart_what_died())
    assert supervisor.failed is not None
    assert "broken cannot start: ZeroDivisionError: broken inside" in supervisor.failed


@pytest.mark.parametrize("threads", [1, 2])
def test_where_threads_run_a_function_is_not_forked(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(forked.threading, "active_count", lambda: threads)
    program = [sys.executable, "-c", "print('executed', flush=True); import time; time.sleep(60)"]
    supervisor.start(Program("either", program, call=_says_and_sleeps))
    log = tmp_path / "log" / "either.log"
    assert until(lambda: log.read_text().count("\n") >= 1)
    forks = threads == 1 and sys.platform == "linux"
    assert log.read_text().startswith("executed") is not forks
