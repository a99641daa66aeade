"""Waiting for something that comes up, for as long as it does.

How long a start takes is the machine's affair: a laptop that compiles, a small cloud machine. So no
wait has an end by the clock. It ends when a program has died, or when the one waited for has done
nothing for long: used no processor time worth the name and written nothing.
"""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Less than so much processor time in so many seconds is what an idle server uses.
IDLE_SECONDS = 0.2
QUIET_SECONDS = 300.0
SAY_EVERY = 10.0
# Whether it is of any use to wait further.
MayWaitOn = bool


@dataclass(frozen=True)
class CpuAndLogUsage:
    """What a program has used and written so far."""

    cpu_seconds: float
    log_bytes: int


def cpu_seconds(pgid: int) -> float:
    """Processor time of all living processes of the group; 0 where there is no /proc."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = entry.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == pgid:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Patience:
    """Kept in one wait: says what is waited for, and knows when it is of no use any more."""

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.say = say
        self.clock = clock
        self.began = self.moved = self.said = clock()
        self.last: CpuAndLogUsage | None = None

    def note_progress(self, what: str, usage: CpuAndLogUsage | None) -> MayWaitOn:
        """Note how things stand; False when nothing has moved for long.

        ``usage`` None: it answers, so it is there, whatever it answers.
        """
        now = self.clock()
        last = self.last
        if usage is None or last is None or _has_moved(last, usage):
            self.moved, self.last = now, usage
        if now - self.said >= SAY_EVERY:
            self.said = now
            self.say(f"waiting for {what} ({now - self.began:.0f} s)")
        return now - self.moved < QUIET_SECONDS


def _has_moved(before: CpuAndLogUsage, after: CpuAndLogUsage) -> bool:
    # A program that was started again begins at zero.
    return (
        after.log_bytes != before.log_bytes
        or abs(after.cpu_seconds - before.cpu_seconds) >= IDLE_SECONDS
    )
