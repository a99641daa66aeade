"""A sweep in which nothing has moved, at 1, 100 and 1,000 registers of a hundred told duties each.

The figure is CPU of the sweep's process as a ratio of that at the fewest registers; beside it
statements, rows fetched, wall time and peak of memory. On SQLite the database works in the same
process, so there the look at every told duty is in the CPU as well; on PostgreSQL it is in the wall
time. On SQLite always, on PostgreSQL where one is installed or ``DATABASE_URL_POSTGRES`` names a
server.
"""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

from bench.register import fresh_postgres
from bench.reminders import case, vendors
from bench.rows import Row

NAME = "idle_sweep"
SIZES = [1, 100, 1_000]
STATEMENTS = 20
# For a thousand times the registers and the duties.
LIMITS = {"sqlite": 3.0, "postgresql": 1.5}


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """Every size on every database there is; ``sizes`` are numbers of registers."""
    with vendors(NAME) as databases:
        for vendor, server in databases:
            base: dict[str, Any] = {}
            for size in sorted(sizes or SIZES):
                found = _measured(vendor, server, size)
                base = base or found
                yield _row(vendor, size, found, base)


def _measured(vendor: str, server: str, size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="riskreg-bench-") as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        if vendor == "postgresql":
            url = fresh_postgres(server)
        # Nothing is sent, so no broker is asked.
        env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
        case(env, "told", str(size))
        return case(env, "idle")


def _row(vendor: str, size: int, found: dict[str, Any], base: dict[str, Any]) -> Row:
    ratio, limit = found["cpu"] / base["cpu"], LIMITS[vendor]
    few = found["statements"] <= min(STATEMENTS, base["statements"])
    return Row(
        name="idle sweep, CPU / at fewest", size=f"{vendor} {size:,}", ratio=round(ratio, 2),
        limit=limit, queries=found["statements"], ok=few and ratio <= limit,
        peak_mb=found["peak"],
        note=f"{found['told']:,} told, {found['cpu'] * 1e3:.0f} ms CPU, "
        f"{found['wall'] * 1e3:.0f} ms wall, {found['rows']:,} rows, {found['peak']:.0f} MB",
    )  # fmt: skip
