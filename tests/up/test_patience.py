"""Waiting for what comes up: without an end by the clock, and not for what does nothing."""

import os
import subprocess
import sys
import time

import pytest

from riskreg.up.management.commands.up import _not_ready_text
from riskreg.up.patience import QUIET_SECONDS, SAY_EVERY, CpuAndLogUsage, Patience, cpu_seconds


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


def test_as_long_as_it_works_it_is_waited_for(clock: Clock, said: list[str]) -> None:
    patience = Patience(said.append, clock)
    for n in range(1000):
        clock.now += QUIET_SECONDS / 2
        assert patience.note_progress("web", CpuAndLogUsage(cpu_seconds=n * 0.25, log_bytes=0))


def test_as_long_as_it_writes_it_is_waited_for(clock: Clock, said: list[str]) -> None:
    patience = Patience(said.append, clock)
    for n in range(1000):
        clock.now += QUIET_SECONDS / 2
        assert patience.note_progress("web", CpuAndLogUsage(cpu_seconds=0.0, log_bytes=n))


def test_what_answers_is_waited_for_whatever_it_answers(clock: Clock, said: list[str]) -> None:
    patience = Patience(said.append, clock)
    for _n in range(1000):
        clock.now += QUIET_SECONDS / 2
        assert patience.note_progress("broker: unreachable", None)


def test_what_does_nothing_for_long_is_given_up(clock: Clock, said: list[str]) -> None:
    patience = Patience(said.append, clock)
    idle = 0.0
    assert patience.note_progress("web", CpuAndLogUsage(3.0, 10))
    clock.now += QUIET_SECONDS - 1
    # An idle server looks around now and then.
    idle += 0.1
    assert patience.note_progress("web", CpuAndLogUsage(3.0 + idle, 10))
    clock.now += 2
    assert not patience.note_progress("web", CpuAndLogUsage(3.0 + idle, 10))


def test_it_says_what_it_waits_for_and_since_when(clock: Clock, said: list[str]) -> None:
    patience = Patience(said.append, clock)
    for _n in range(25):
        clock.now += 1
        patience.note_progress("web to answer", None)
    assert said == [
        f"waiting for web to answer ({SAY_EVERY:.0f} s)",
        f"waiting for web to answer ({2 * SAY_EVERY:.0f} s)",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.process
@pytest.mark.once
def test_the_work_of_a_group_is_counted() -> None:
    worker = subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
    try:
        while cpu_seconds(worker.pid) < 0.05:
            time.sleep(0.05)
        assert cpu_seconds(worker.pid) > 0
    finally:
        worker.kill()
        worker.wait()
    assert cpu_seconds(worker.pid) == 0
    assert cpu_seconds(os.getpgrp()) > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '{"status": "unavailable", "checks": {"database": "ok", "broker": "unreachable", '
            '"space": "less than 100 MB are left"}}',
            "broker: unreachable, space: less than 100 MB are left",
        ),
        ("<h1>Bad Request</h1>", "the web server, which answers with an error"),
        ("[]", "the web server, which answers with an error"),
    ],
)
def test_what_is_not_ready_is_named(text: str, words: str) -> None:
    assert _not_ready_text(text) == words
