"""The reminder engine beside floors: 1M open risks with 10k due for 2k people, and a tenth of that.

- select : finding what has come to a new rung, beside one hand-written statement a register.
- memory : the peak of a whole sweep (ladders moved, digests written) in a fresh process, as a ratio
  of that at a tenth of the size.
- mails : the time a mail takes through workers, PostgreSQL and Valkey to a mail server, beside
  Celery tasks that only talk SMTP to it (``bench.reminders_mail``).

On SQLite always, on PostgreSQL where one is installed or ``DATABASE_URL_POSTGRES`` names a server.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import processes
from bench.register import fresh_postgres
from bench.rows import Row, row
from tools import postgres

NAME = "reminders"
SIZES = [100_000, 1_000_000]
SELECT_LIMIT, MEMORY_LIMIT = 1.5, 1.3
# Below this so little is due that what is measured is the cost of making twenty calls.
LIMITED_FROM = 1_000_000


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """Every figure; with ``sizes``, memory is compared with that of the smallest."""
    with vendors(NAME) as found:
        for vendor, server in found:
            yield from _sized(vendor, server, sorted(sizes or SIZES))
    if postgres.find_bin() is None:
        print("reminders: mails left out; no PostgreSQL is installed")
        return
    from bench.reminders_mail import rows

    yield from rows()


@contextlib.contextmanager
def vendors(name: str) -> Iterator[list[tuple[str, str]]]:
    """The databases there are, each with the address of its server (SQLite: empty): PostgreSQL
    where one is named, or installed, which runs while this holds."""
    with contextlib.ExitStack() as stack:
        server = os.environ.get("DATABASE_URL_POSTGRES", "")
        if not server and postgres.find_bin() is not None:
            server = stack.enter_context(postgres.cluster())
        if not server:
            print(f"{name}: PostgreSQL left out; none is installed, none is named")
        yield [("sqlite", ""), *([("postgresql", server)] if server else [])]


def _sized(vendor: str, server: str, sizes: list[int]) -> Iterator[Row]:
    base: dict[str, Any] = {}
    for size in sizes:
        label = f"{vendor} {size:,}"
        with tempfile.TemporaryDirectory(prefix="riskreg-bench-") as name:
            folder = Path(name)
            valkey = processes.Valkey(folder, dict(os.environ), keeps=False)
            url = f"sqlite:///{folder}/bench.sqlite3"
            env = {
                **os.environ,
                "DATABASE_URL": fresh_postgres(server) if vendor == "postgresql" else url,
                "REDIS_URL": valkey.url,
                "VAR_DIR": name,
                "LOG_LEVEL": "ERROR",
            }
            # A sweep wakes a worker for each mail; without a broker it would wait for one instead.
            with processes.ending([valkey]):
                valkey.start()
                case(env, "seed", str(size))
                found = case(env, "select")
                yield row(
                    "selection / SQL by hand", label, tuple(found["timing"]),
                    SELECT_LIMIT if size >= LIMITED_FROM else None,
                    note=f"{found['found']:,} due",
                )  # fmt: skip
                swept = case(env, "sweep")
            base = base or swept
            ratio = swept["peak"] / base["peak"]
            yield Row(
                name=f"peak of a sweep / at {sizes[0]:,}", size=label, ratio=round(ratio, 3),
                limit=MEMORY_LIMIT, queries=None, ok=ratio <= MEMORY_LIMIT, peak_mb=swept["peak"],
                note=f"{swept['peak']:.0f} MB ({swept['before']:.0f} before), "
                f"{swept['moved']:,} rungs, {swept['digests']:,} digests, {swept['seconds']:.0f} s",
            )  # fmt: skip


def case(env: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.reminders_case", *arguments],
        cwd=processes.ROOT, env=env, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"bench.reminders_case {' '.join(arguments)} failed ({done.returncode})")
    lines = done.stdout.splitlines()
    return dict(json.loads(lines[-1])) if lines else {}
