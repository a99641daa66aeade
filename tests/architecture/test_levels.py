"""Every test is at one level, and what `make quick` looks at is what a change touches."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.levels import LEVELS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import quick  # noqa: E402

PLANTED = """
import ctypes.util, subprocess, sys
import pytest
from riskreg.accounts.models import User

def test_unit(): pass

def test_looks_for_a_library(): assert ctypes.util.find_library("c")

@pytest.mark.django_db
def test_database(): User.objects.count()

@pytest.mark.process
def test_process(): subprocess.run([sys.executable, "-c", ""], check=True)

@pytest.mark.browser
def test_browser(): pass

def test_reads_without_saying(): User.objects.count()

def test_starts_without_saying(): subprocess.run([sys.executable, "-c", ""], check=True)
"""

FROM_A_MODULE = """
import pytest
from riskreg.accounts.models import User

@pytest.fixture(scope="module")
def users(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield User.objects.count()

def test_it(users): assert users == 0
"""


def test_every_test_is_at_exactly_one_level(request: pytest.FixtureRequest) -> None:
    assert request.session.items
    for item in request.session.items:
        levels = [mark.name for mark in item.iter_markers() if mark.name in LEVELS]
        assert len(set(levels)) == 1, (item.nodeid, levels)
        # No database decides what opens none, so it is not run beside each.
        assert item.get_closest_marker("once") or levels != ["unit"], item.nodeid


def _run(folder: Path, text: str, *arguments: str) -> str:
    """What pytest says about a file of ``text`` that stands among our tests' settings."""
    file = folder / "test_planted.py"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-c", str(ROOT / "pyproject.toml"),
         f"--rootdir={ROOT}", "-p", "tests.levels", *arguments, str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.process
@pytest.mark.once
def test_what_is_heavier_than_it_says_fails(tmp_path: Path) -> None:
    told = _run(tmp_path, PLANTED, "-m", "unit")
    assert "2 failed, 2 passed, 3 deselected" in told, told
    assert "Database access not allowed" in told
    assert "mark this test process: it starts" in told
    marked = "import pytest\n@pytest.mark.unit\n@pytest.mark.django_db\ndef test_it(): pass\n"
    assert "is marked {'unit'} and is at level database" in _run(tmp_path, marked)


@pytest.mark.process
@pytest.mark.once
def test_a_database_that_comes_from_a_module_is_there_without_other_tests(tmp_path: Path) -> None:
    ours = "django_db_keepdb, django_db_setup, pytest_configure, pytest_unconfigure"
    (tmp_path / "conftest.py").write_text(f"from tests.conftest import {ours}\n")
    told = _run(tmp_path, FROM_A_MODULE)
    assert "1 passed" in told, told


@pytest.mark.parametrize(
    "changed, expected",
    [
        ("tests/events/test_feed.py", ["tests/events/test_feed.py"]),
        ("tests/notify/sink.py", ["tests/notify"]),
        ("riskreg/web/heatmap/page.py", ["tests/web/test_heatmap.py"]),
        ("templates/notify/inbox.html", ["tests/web/test_inbox.py"]),
        ("requirements.lock", ["tests/architecture"]),
    ],
)
def test_a_change_is_looked_at_by_the_tests_near_it(changed: str, expected: list[str]) -> None:
    assert quick.choose_tests([changed]) == expected


def test_tests_of_other_rooms_that_import_what_changed_look_at_it_too() -> None:
    found = quick.choose_tests(["riskreg/events/policy.py"])
    assert {"tests/events/test_chain.py", "tests/risks/test_concurrency.py"} <= set(found)


def test_every_module_of_a_room_is_looked_at_by_tests_that_exist() -> None:
    for path in ROOT.glob("riskreg/*/**/*.py"):
        found = quick.choose_tests([str(path.relative_to(ROOT))])
        assert found, path
        assert all((ROOT / name).exists() for name in found), path
