"""Coverage counts what a test asks for, not what a walk comes by.

Tests marked ``unmeasured`` (walks over every route, made-up calls and lives, hostile values, two
worlds, query counts, programs that are killed) and those of the browser run at full speed while the
others are measured: what only they reach has no test that says what it should do, and they are the
ones that tracing makes twice as long.
"""

import os
from collections.abc import Iterator

import pytest

from tests.levels import level_of

_OF_CHILDREN = "COVERAGE_PROCESS_CONFIG"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """The tracer rests while an unmeasured test is made ready, runs and is cleaned up."""
    measured = None
    passed_by = item.get_closest_marker("unmeasured") or level_of(item) == "browser"
    if passed_by and os.environ.get(_OF_CHILDREN):
        import coverage

        measured = coverage.Coverage.current()
    if measured is None:
        return (yield)
    settings = os.environ.pop(_OF_CHILDREN)
    measured.stop()
    try:
        return (yield)
    finally:
        os.environ[_OF_CHILDREN] = settings
        measured.start()
