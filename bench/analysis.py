"""Runs of a register, end to end, beside the bare mathematics; and the page of what they came to.

- run : asking for it, freezing, every step as a worker does it (claims, blobs, progress), beside
  the calls of ``riskreg.quant`` for the same inputs in one process and one insert of as many rows
  and bytes. The demo, and 50 and 500 risks; a hundred thousand years each.
- results page : beside a bare template with the same figures, curves and bars.
- as many queries : a page of a hundred times the years asks the database no more.
- ten scenarios : a run of ten risks before and after, beside the 15.3 s that CISO Assistant took
  for the same ten on three stages (100,000 years; measured once, on a machine of this kind, so that
  line says more of the order than of the digit). Equal stages must differ by exactly nothing.
- memory : the most that one process takes for all steps of a run of ten risks and ten million
  years.

Every case runs in a process of its own on a fresh SQLite database.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from bench.rows import Row

NAME = "analysis"
SIZES = (50, 500)


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """The demo, ten scenarios, memory, and registers of ``sizes`` risks."""
    for case in ("demo", "ten", "memory", *map(str, sizes or SIZES)):
        yield from _case(case)


def _case(case: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-m", "bench.analysis_case", case]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise SystemExit(f"bench.analysis_case {case} failed ({done.returncode})")
        yield from json.loads(done.stdout.splitlines()[-1])
