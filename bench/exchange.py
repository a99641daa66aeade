"""Files that come in and go out: the dry run of a workbook, its commit, a large register as NDJSON.

Every case runs in a process of its own against a fresh database: SQLite always, PostgreSQL where
``DATABASE_URL_POSTGRES`` names a server on which databases may be made.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from bench.register import fresh_postgres
from bench.rows import Row

NAME = "exchange"
ROWS = 10_000
RISKS = 100_000


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """Measure on every database there is. ``sizes``: rows of the workbook, and of the register ten
    times as many risks."""
    for vendor in ("sqlite", "postgresql"):
        if vendor == "postgresql" and not os.environ.get("DATABASE_URL_POSTGRES"):
            print("exchange: PostgreSQL left out; DATABASE_URL_POSTGRES names no server")
            continue
        for size in sizes or [ROWS]:
            yield from _case(vendor, "come_in", size)
            yield from _case(vendor, "go_out", size * RISKS // ROWS)


def _case(vendor: str, what: str, size: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        if vendor == "postgresql":
            url = fresh_postgres(os.environ["DATABASE_URL_POSTGRES"])
        env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(
            [sys.executable, "-m", "bench.exchange_case", what, str(size)],
            env=env,
            stdout=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"bench.exchange_case {what} {size} on {vendor}: {done.returncode}")
        return [
            Row(**{**found, "size": f"{vendor} {found['size']}"})
            for found in json.loads(done.stdout.splitlines()[-1])
        ]
