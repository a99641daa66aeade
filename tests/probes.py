"""Which lines and branches the tests reach, told by probes that are set into riskreg's own code.

A tracer is told of every line of Django too and makes a test of the database twice as long; a probe
is a call in a line of ours, and once it was met it says no more. So this is what CI can afford
(``tools/measure.py``); what tests are named ``unmeasured`` for, and processes that tests start, are
seen by ``make coverage`` alone.

Loaded by ``-p tests.probes``, before anything of riskreg is: modules are changed as they are
imported. Only workers of xdist run tests, so that only they are probed.
"""

import json
import os
from pathlib import Path

import slipcover

from tools import measure

# Probes that were met could be taken out again, which costs more than it saves: every function of
# every module is looked through each time.
NEVER = 2**31 - 1
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def _start() -> slipcover.Slipcover:
    settings = measure.probe_settings(Path.cwd())
    probes = slipcover.Slipcover(
        branch=True, d_miss_threshold=NEVER, source=settings["source"], omit=settings["omit"]
    )
    matcher = slipcover.FileMatcher(sources=settings["source"], omit=settings["omit"])
    slipcover.ImportManager(probes, matcher).__enter__()
    return probes


_probes = _start() if WORKER else None


def pytest_sessionfinish() -> None:
    if _probes is not None:
        measure.PROBED.mkdir(parents=True, exist_ok=True)
        (measure.PROBED / f"{WORKER}.json").write_text(json.dumps(_probes.get_coverage()))
