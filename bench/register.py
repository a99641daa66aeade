"""The register at 1k, 10k and 100k risks, and 1M risks over 1,000 registers, beside floors.

Every case runs in a process of its own against a fresh database: SQLite always, PostgreSQL where
``DATABASE_URL_POSTGRES`` names a server on which databases may be made.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from urllib.parse import urlsplit

from bench.register_case import MANY
from bench.rows import Row

NAME = "register"
SIZES = [1_000, 10_000, 100_000]


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """Measure every size on every database there is; ``sizes`` at or above 1M are spread out."""
    for vendor in ("sqlite", "postgresql"):
        if vendor == "postgresql" and not os.environ.get("DATABASE_URL_POSTGRES"):
            print("register: PostgreSQL left out; DATABASE_URL_POSTGRES names no server")
            continue
        for size in sizes or [*SIZES, MANY]:
            found = _case(vendor, size)
            yield from found
            if size >= MANY:
                # Measured anew right after, so that both see the machine in the same mood.
                yield from _crowding(vendor, _case(vendor, SIZES[0]), found)


def _case(vendor: str, size: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        if vendor == "postgresql":
            url = fresh_postgres(os.environ["DATABASE_URL_POSTGRES"])
        env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(
            [sys.executable, "-m", "bench.register_case", str(size)],
            env=env,
            stdout=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"bench.register_case {size} on {vendor} failed ({done.returncode})")
        return [
            Row(**{**found, "size": f"{vendor} {found['size']}"})
            for found in json.loads(done.stdout.splitlines()[-1])
        ]


def fresh_postgres(url: str, name: str = "riskreg_bench") -> str:
    """An empty database of that name on the server at ``url``; the address of it."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _crowding(vendor: str, alone: list[Row], crowded: list[Row]) -> Iterator[Row]:
    """How much a register's own figures change when 999,000 risks lie elsewhere (≤ 1.2 ×)."""
    for mine in crowded:
        other = next((r for r in alone if r["name"] == mine["name"]), None)
        if other is None or "best_seconds" not in mine:
            continue
        ratio = mine["best_seconds"] / other["best_seconds"]
        yield Row(
            name=f"{mine['name']}, 1M elsewhere",
            size=f"{vendor} 1k of 1M",
            ratio=round(ratio, 3),
            limit=1.2,
            queries=mine.get("queries"),
            ok=ratio <= 1.2,
            seconds=mine["best_seconds"],
            floor_seconds=other["best_seconds"],
        )
