"""Programs that run in a fork of their supervisor, with everything that is loaded there."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

_T = TypeVar("_T")

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def die_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def point_open_files_at_devnull() -> None:
    """Close every open file but the standard ones, and keep their numbers taken.

    An object of the parent that held one closes that number once more whenever it is collected.
    Were the number free, it would be a connection of this program by then: the answer to one
    request would go to whoever got the number next.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in _open_file_numbers():
        if number > 2 and number != nothing:
            os.dup2(nothing, number, inheritable=False)
    os.close(nothing)


def _open_file_numbers() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        return [n for n in range(min(os.sysconf("SC_OPEN_MAX"), 65536)) if _is_open(n)]


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class ChildProcessEnded(Exception):
    """What was done in a process of its own was ended from outside before it was done."""


def can_fork() -> bool:
    """Whether a function may run in a fork: on Linux, and where there are no threads."""
    return sys.platform == "linux" and threading.active_count() == 1


def run_in_child_process(call: Callable[[], _T]) -> _T:
    """What ``call`` returns or raises, done in a process of its own (Linux; elsewhere in this one).

    Whatever memory it takes is given back, and every program that is forked afterwards is without
    it. Raises ``ChildProcessEnded`` when that process was ended from outside.
    """
    if not can_fork():
        return call()
    fork = multiprocessing.get_context("fork")
    mine, its = fork.Pipe(duplex=False)

    def tell() -> None:
        try:
            its.send((call(), None))
        except Exception as error:
            its.send((None, error))

    process = fork.Process(target=tell)
    process.start()
    its.close()
    try:
        answer, error = mine.recv()
    except EOFError:
        raise ChildProcessEnded from None
    finally:
        process.join()
    if error is not None:
        raise error
    return cast("_T", answer)


class Forked:
    """A function that runs in a child process; like ``Popen`` as far as the supervisor needs it."""

    stdin = None

    def __init__(
        self, name: str, call: Callable[[], object], env: Mapping[str, str], log: int
    ) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(name, call, env, log)

    @staticmethod
    def _run(name: str, call: Callable[[], object], env: Mapping[str, str], log: int) -> None:
        """Everything that the child does; it never comes back."""
        code = 1
        try:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            die_with_parent()
            ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            # The guardian's pipe above all: it must close when the supervisor ends.
            point_open_files_at_devnull()
            sys.stdin = os.fdopen(0)
            sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
            sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
            os.environ.update({**env, "PYTHONUNBUFFERED": "1"})
            call()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            if isinstance(end.code, str):
                sys.stderr.write(end.code + "\n")
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._waitpid_exit_code_or_none(os.WNOHANG)

    def wait(self) -> int:
        """The exit code, once it has ended."""
        code = self._waitpid_exit_code_or_none(0)
        assert code is not None  # noqa: S101 - a wait without a limit ends with the child
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send ``number``, unless it is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _waitpid_exit_code_or_none(self, how: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, how)
            except ChildProcessError:
                self.returncode = 0
            else:
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode
