"""Run several programs as one: start in order, restart what dies, stop all of it, leave no orphan.

Three nets keep a program from outliving its supervisor:

1. a stop asks each leader with SIGTERM, waits, then kills what is left of its process group;
2. a guardian process holds a pipe to the supervisor; when the pipe closes (the supervisor was
   killed outright) it stops every group it was told of;
3. on Linux the kernel sends SIGTERM to each leader when the supervisor dies.

The module needs no Django.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from riskreg.up import guardian
from riskreg.up.forked import Forked, can_fork, die_with_parent
from riskreg.up.guardian import signal_group
from riskreg.up.patience import CpuAndLogUsage, cpu_seconds

QUICK_SECONDS = 15.0
QUICK_DEATHS = 5
LOG_LIMIT_BYTES = 5 * 1024 * 1024
TOLD_PER_POLL = 5
# False where a program cannot be kept running, and all is to be stopped.
MayGoOn = bool
_LOUD = re.compile(
    r"\[(warning|error|critical)\s*\]|[\[:] ?(WARNING|ERROR|CRITICAL)\b"
    r'|"level": ?"(warning|error|critical)"',
    re.IGNORECASE,
)


class StartError(Exception):
    """Something that must be there is not; the message is one line for the person at the screen."""


@dataclass(frozen=True)
class Program:
    """One program to keep running: its name, command line, and what to add to the environment.

    ``call``: the same program as a function, which takes the command line without the interpreter.
    It runs in a fork of the supervisor, with everything that is loaded there, and is left out
    where forking is not safe.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    call: Callable[[], object] | None = None


@dataclass
class _Running:
    program: Program
    log: Path
    process: subprocess.Popen[bytes] | Forked | None = None
    started: float = 0.0
    quick_deaths: int = 0
    start_at: float | None = None
    read_to: int = 0


def is_loud(line: str) -> bool:
    """Whether a log line is a warning or worse, in any of the formats our programs write."""
    return bool(_LOUD.search(line))


def _start_process(program: Program, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        list(program.argv),
        env={**os.environ, **program.env, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_parent if sys.platform == "linux" else None,
    )


class Supervisor:
    """Starts programs, watches them and stops them.

    ``say`` gets one line at a time for the terminal. ``grace`` is how many seconds a program has to
    stop by itself. Times are read from ``clock``, in seconds, from any origin.
    """

    def __init__(
        self,
        log_dir: Path,
        say: Callable[[str], None],
        grace: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log_dir = log_dir
        self.say = say
        self.grace = grace
        self.clock = clock
        self.failed: str | None = None
        # While the system comes up for the first time a death is a fault to report, not to mend.
        self.starting = False
        self._running: list[_Running] = []
        self._guardian: subprocess.Popen[bytes] | None = None

    def start(self, program: Program) -> None:
        """Start ``program`` and keep it running from now on.

        Raises ``StartError`` when it cannot be executed at all.
        """
        if self._guardian is None:
            self._guardian = _start_guardian(self.grace)
        self.log_dir.mkdir(parents=True, exist_ok=True)
        running = _Running(program, self.log_dir / f"{program.name}.log")
        self._launch(running)
        self._running.append(running)

    def _launch(self, running: _Running) -> None:
        program = running.program
        running.read_to = running.log.stat().st_size if running.log.exists() else 0
        process: subprocess.Popen[bytes] | Forked
        try:
            with running.log.open("ab") as log:
                if program.call is not None and can_fork():
                    process = Forked(program.name, program.call, program.env, log.fileno())
                else:
                    process = _start_process(program, log)
        except OSError as error:
            raise StartError(f"{program.name} cannot be started: {error.strerror}") from error
        self._tell_guardian(f"+{process.pid}")
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(program.stdin)
                process.stdin.close()
        running.process = process
        running.started = self.clock()
        running.start_at = None

    def _tell_guardian(self, line: str) -> None:
        if self._guardian and self._guardian.stdin:
            with contextlib.suppress(OSError):
                self._guardian.stdin.write(f"{line}\n".encode())
                self._guardian.stdin.flush()

    def pid(self, name: str) -> int | None:
        """The process id of the program ``name`` while it runs."""
        for running in self._running:
            if running.program.name == name and running.process is not None:
                return running.process.pid
        return None

    def measure_usage(self, program_name: str) -> CpuAndLogUsage:
        """What the program has used and written so far, as /proc and its log file say now."""
        pid = self.pid(program_name)
        written = 0
        with contextlib.suppress(OSError):
            written = (self.log_dir / f"{program_name}.log").stat().st_size
        return CpuAndLogUsage(cpu_seconds(pid) if pid is not None else 0.0, written)

    def last_log_line(self, program_name: str) -> str:
        """The last thing the program wrote to its log, for a one-line explanation."""
        path = self.log_dir / f"{program_name}.log"
        with contextlib.suppress(OSError):
            lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
            if lines:
                return lines[-1].strip()[:200]
        return "it wrote nothing"

    def restart_what_died(self) -> MayGoOn:
        """Look once at every program; restart what is due. False when it is time to give up."""
        for running in self._running:
            self._repeat_loud_log_lines(running)
            process = running.process
            if process is not None and process.poll() is not None:
                self._handle_death(running, process)
            elif running.start_at is not None and self.clock() >= running.start_at:
                try:
                    self._launch(running)
                except StartError as error:
                    self.failed = str(error)
            if self.failed:
                return False
        if self._guardian is not None and self._guardian.poll() is not None:
            self._guardian = _start_guardian(self.grace)
            for running in self._running:
                if running.process is not None:
                    self._tell_guardian(f"+{running.process.pid}")
        return True

    def _handle_death(self, running: _Running, process: subprocess.Popen[bytes] | Forked) -> None:
        name = running.program.name
        # What a crashed leader left behind would hold its port or take its tasks.
        signal_group(process.pid, signal.SIGKILL)
        self._tell_guardian(f"-{process.pid}")
        running.process = None
        if self.starting:
            self.failed = f"{name} cannot start: {self.last_log_line(name)} (see {running.log})"
            return
        quick = self.clock() - running.started < QUICK_SECONDS
        running.quick_deaths = running.quick_deaths + 1 if quick else 1
        how = _ending_text(process.returncode or 0)
        if running.quick_deaths >= QUICK_DEATHS:
            self.failed = (
                f"{name} {how} {QUICK_DEATHS} times in a row: {self.last_log_line(name)} "
                f"(see {running.log})"
            )
            return
        delay = float(2 ** (running.quick_deaths - 1))
        running.start_at = self.clock() + delay
        self.say(f"{name} {how}; starting it again in {delay:.0f} s (see {running.log})")

    def _repeat_loud_log_lines(self, running: _Running) -> None:
        try:
            size = running.log.stat().st_size
            if size <= running.read_to:
                running.read_to = size
                return
            with running.log.open("rb") as log:
                log.seek(running.read_to)
                text = log.read(256 * 1024)
            running.read_to += len(text)
            if size > LOG_LIMIT_BYTES:
                running.log.with_suffix(".log.1").write_bytes(running.log.read_bytes())
                os.truncate(running.log, 0)
                running.read_to = 0
        except OSError:
            return
        loud = [line for line in text.decode(errors="replace").splitlines() if is_loud(line)]
        for line in loud[:TOLD_PER_POLL]:
            self.say(f"{running.program.name}: {line.strip()[:300]}")
        if len(loud) > TOLD_PER_POLL:
            self.say(f"{running.program.name}: {len(loud) - TOLD_PER_POLL} more in {running.log}")

    def stop(self, order: Sequence[Sequence[str]] = (), hurry: Callable[[], bool] = bool) -> None:
        """Stop everything, wave by wave: the names in ``order`` first, then all that is left.

        ``hurry`` is asked while waiting; once it says True nothing is given more time.
        """
        for wave in [*order, [running.program.name for running in self._running]]:
            alive = [
                running.process
                for running in self._running
                if running.program.name in wave and running.process is not None
            ]
            for process in alive:
                # The leader alone: it knows how to let its own children finish their work.
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            deadline = self.clock() + self.grace
            while any(process.poll() is None for process in alive):
                if self.clock() >= deadline or hurry():
                    break
                time.sleep(0.05)
            for process in alive:
                signal_group(process.pid, signal.SIGKILL)
                process.wait()
                self._tell_guardian(f"-{process.pid}")
            for running in self._running:
                if running.process in alive:
                    running.process = None
        if self._guardian is not None:
            if self._guardian.stdin:
                with contextlib.suppress(OSError):
                    self._guardian.stdin.close()
            self._guardian.wait()
            self._guardian = None


def _ending_text(returncode: int) -> str:
    if returncode < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-returncode).name}"
    return f"ended with exit code {returncode}"


def _start_guardian(grace: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(Path(guardian.__file__).resolve()), str(grace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
