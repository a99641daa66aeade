"""The process that stops all programs when their supervisor was killed outright.

It needs nothing but this file: the supervisor runs it by its path.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence


def is_group_alive(pgid: int) -> bool:
    """Whether any process of the group still exists (a zombie counts until it is reaped)."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def signal_group(pgid: int, number: signal.Signals) -> None:
    """Send ``number`` to every process of the group; one that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, number)


def stop_groups_left_when_input_ends(
    lines: Sequence[str] | None = None, grace: float = 10.0
) -> None:
    """Collect ``+pgid`` and ``-pgid`` lines until they end, then stop every group still listed.

    Reads standard input when ``lines`` is None; its end means that the supervisor is gone.
    """
    groups: set[int] = set()
    for line in sys.stdin if lines is None else lines:
        number = int(line[1:])
        if line.startswith("+"):
            groups.add(number)
        else:
            groups.discard(number)
    for pgid in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pgid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(is_group_alive(pgid) for pgid in groups) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pgid in groups:
        signal_group(pgid, signal.SIGKILL)


if __name__ == "__main__":
    for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(_number, signal.SIG_IGN)
    stop_groups_left_when_input_ends(grace=float(sys.argv[1]))
