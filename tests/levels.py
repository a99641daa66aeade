"""Four levels of tests, which run apart: ``pytest -m unit`` (or database, process, browser).

A test is at the level of the heaviest thing it uses: Chromium (marked ``browser``), a process of
its own (marked ``process``), the database (pytest-django's mark or fixtures), or none of them.
Nothing has to be marked ``unit`` or ``database``: that follows. What calls itself lighter than it
is fails: the database is closed to a test at level ``unit``, and starting a process below level
``process`` is refused. What is at level ``unit`` is run beside SQLite alone (``once``).
"""

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

LEVELS = ("unit", "database", "process", "browser")
_running: list[pytest.Item] = []
_started: list[str] = []


def level_of(item: pytest.Item) -> str:
    """The one level at which ``item`` is."""
    for level in ("browser", "process"):
        if item.get_closest_marker(level):
            return level
    fixtures = set(getattr(item, "fixturenames", ()))
    uses_database = item.get_closest_marker("django_db") or fixtures & {
        "db",
        "transactional_db",
        "django_db_setup",
    }
    return "database" if uses_database else "unit"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before ``-m`` is looked at, every test is marked with its level."""
    for item in items:
        marked = {mark.name for mark in item.iter_markers() if mark.name in LEVELS}
        level = level_of(item)
        if marked - {level}:
            raise pytest.UsageError(f"{item.nodeid} is marked {marked} and is at level {level}")
        item.add_marker(level)
        if level == "unit":
            # No database decides what opens none.
            item.add_marker("once")


def _notice_processes(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen" or not _running or level_of(_running[0]) not in LEVELS[:2]:
        return
    if not _python_looks_for_a_library():
        _started.append(str(arguments[0]))


def _python_looks_for_a_library() -> bool:
    """Whether it is ``ctypes`` that starts it: once in a process, in whichever test comes first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == "ctypes.util":
            return True
        frame = frame.f_back
    return False


sys.addaudithook(_notice_processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test below level ``process`` that starts one fails."""
    _running[:], _started[:] = [item], []
    try:
        result = yield
    finally:
        _running.clear()
    if _started:
        pytest.fail(f"mark this test process: it starts {_started[0]}", pytrace=False)
    return result
