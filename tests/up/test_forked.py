"""A program in a fork of its supervisor: what the supervisor had open is not the program's."""

import gc
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from riskreg.up import forked
from riskreg.up.forked import ChildProcessEnded, Forked, run_in_child_process


class _Cycle:
    """Holds a file and itself, so that it goes when garbage is collected, and not before."""

    def __init__(self, number: int) -> None:
        self.file = os.fdopen(number, "wb", buffering=0)
        self.me = self


def test_what_the_parent_left_open_closes_nothing_of_the_program(tmp_path: Path) -> None:
    """The parent's garbage is collected while the program has files under numbers of its own."""
    gc.disable()
    try:
        for _ in range(5):
            _Cycle(os.open(os.devnull, os.O_WRONLY))
        said = tmp_path / "said"

        def call() -> None:
            pairs = [socket.socketpair() for _ in range(5)]
            gc.collect()
            for here, there in pairs:
                here.sendall(b"whole ")
                said.open("ab").write(there.recv(6))

        log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
        program = Forked("program", call, {}, log)
        code = program.wait()
        os.close(log)
    finally:
        gc.enable()
        gc.collect()
    assert (tmp_path / "log").read_text() == ""
    assert code == 0
    assert said.read_text() == "whole " * 5


def test_a_pipe_of_the_parent_is_closed_in_the_program(tmp_path: Path) -> None:
    """A guardian waits for its end."""
    reads, writes = os.pipe()
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)

    def call() -> None:
        # It lives until it is asked to end, and what it was left with is no pipe any more.
        assert os.fstat(writes).st_rdev == os.stat(os.devnull).st_rdev
        signal_file.touch()
        while not asked.exists():
            time.sleep(0.01)

    signal_file, asked = tmp_path / "began", tmp_path / "end"
    program = Forked("program", call, {}, log)
    os.close(writes)
    while not signal_file.exists() and program.poll() is None:
        time.sleep(0.01)
    try:
        assert os.read(reads, 1) == b"", "the last writer is gone while the program lives"
        assert program.poll() is None
    finally:
        asked.touch()
        assert program.wait() == 0
        for number in (reads, log):
            os.close(number)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of other tests and of whoever runs them are not those of a program that starts."""
    monkeypatch.setattr(forked.threading, "active_count", lambda: 1)


@pytest.mark.usefixtures("no_threads")
def test_what_is_done_aside_comes_back_and_leaves_nothing_behind() -> None:
    here: list[int] = []

    def done() -> tuple[int, int]:
        here.append(1)
        return os.getpid(), os.getppid()

    pid, parent = run_in_child_process(done)
    assert parent == os.getpid() != pid
    assert here == []
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


@pytest.mark.usefixtures("no_threads")
def test_what_goes_wrong_aside_is_told_here() -> None:
    def wrong() -> None:
        raise ValueError("in its own words")

    with pytest.raises(ValueError, match="in its own words"):
        run_in_child_process(wrong)


@pytest.mark.usefixtures("no_threads")
def test_a_kill_aside_is_told_here_instead_of_waited_for() -> None:
    with pytest.raises(ChildProcessEnded):
        run_in_child_process(lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_where_threads_run_nothing_is_forked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They would be missing in the other process, with whatever they hold locked."""
    monkeypatch.setattr(forked.threading, "active_count", lambda: 2)
    assert run_in_child_process(os.getpid) == os.getpid()
