"""riskreg with a clock that a fault run steps: every time it is asked, it adds the seconds that the
file BENCH_CLOCK holds, if there is one.

Only riskreg's own clock steps. Those of the machine, of Celery and of the database go on, as a time
that is wrong on one host alone does.
"""

import datetime as dt
import os
from pathlib import Path

from riskreg.kernel import clock

_file = Path(os.environ.get("BENCH_CLOCK", "/nonexistent"))
_plain = clock.now


def now() -> dt.datetime:
    """The present moment, and what it was stepped by."""
    try:
        return _plain() + dt.timedelta(seconds=float(_file.read_text() or 0))
    except OSError:
        return _plain()


clock.now = now

from bench.celery_app import app  # noqa: E402 - after the clock

__all__ = ["app", "now"]
