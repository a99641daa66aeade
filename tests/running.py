"""How tests are run: in a shuffled order, and with their CPU seconds told.

``--shuffle SEED`` runs the modules, and the tests in each, in an order that the seed decides.
``--cpu N`` names the N tests that took most CPU at the end: on a shared machine the clock on the
wall says little about a test.
"""

import gc
import random
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

_seconds: dict[str, float] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", metavar="SEED", help="run the tests in an order of this seed")
    parser.addoption("--cpu", metavar="N", type=int, default=0, help="name the N costliest tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A module's tests stay together, as they may share what is made once for a module."""
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    drawn = random.Random(seed)
    modules = [list(found) for _path, found in groupby(items, key=lambda item: item.path)]
    drawn.shuffle(modules)
    for module in modules:
        drawn.shuffle(module)
    items[:] = [item for module in modules for item in module]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no test need look through it for garbage.

    Of these half a million objects the collector made a tenth of the CPU of tests, and a third of
    that of migrations.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Set-up, call and tear-down each tell what they cost since the one before."""
    report: Any = yield
    now = time.process_time()
    began = item.stash.get(_BEGAN, _last[0])
    report.user_properties = [*report.user_properties, ("cpu", now - began)]
    item.stash[_BEGAN] = _last[0] = now
    return report


_BEGAN = pytest.StashKey[float]()
_last = [time.process_time()]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # The properties of an item are handed on from phase to phase; the last is this phase's.
    spent = [value for name, value in report.user_properties if name == "cpu"]
    if spent:
        _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + float(spent[-1])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    wanted = config.getoption("--cpu")
    if not wanted:
        return
    terminalreporter.section(f"CPU seconds: {sum(_seconds.values()):.0f} in tests")
    folders: dict[str, float] = {}
    for nodeid, seconds in _seconds.items():
        folder = str(Path(nodeid.split("::")[0]).parent)
        folders[folder] = folders.get(folder, 0.0) + seconds
    for found, limit in ((folders, len(folders)), (_seconds, wanted)):
        for name, seconds in sorted(found.items(), key=lambda pair: -pair[1])[:limit]:
            terminalreporter.line(f"{seconds:8.2f} {name}")
