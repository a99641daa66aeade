"""What is measured of a run is held against the floor, and a process that it starts counts too."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import measure

pytestmark = [pytest.mark.process, pytest.mark.once]

SETTINGS = tomllib.loads((measure.ROOT / "pyproject.toml").read_text())["tool"]["coverage"]
PROJECT = """
[tool.coverage.run]
branch = true
parallel = true
patch = ["subprocess"]
source = ["."]
data_file = "data"
[tool.coverage.report]
fail_under = {floor}
"""
TESTS = """
import subprocess, sys
import pytest
from program import one, other

def test_before():
    one(1)

@pytest.mark.process
@pytest.mark.unmeasured
def test_passes_by():
    assert not sys.gettrace()
    other(1)
    subprocess.run([sys.executable, "-c", "import program; program.other(1)"], check=True)

def test_after():
    one(0)
"""
ASKED_FOR = """
def one(x):
    if x:
        return "before"
    return "after"

def other(x):
    return "only by the way"
"""
PROGRAM = """
import subprocess, sys
if sys.argv[1:]:
    print("a branch that only the second process takes")
else:
    subprocess.run([sys.executable, __file__, "again"], check=True)
"""


@pytest.fixture(autouse=True)
def _not_measured_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tests are measured, the processes that they start are not to be measured twice."""
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)


def measured(folder: Path, floor: int, *arguments: str) -> bool:
    """Whether a run of ``PROGRAM`` reaches ``floor``."""
    (folder / "pyproject.toml").write_text(PROJECT.format(floor=floor))
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, *measure.PREFIX, "program.py", *arguments]
    subprocess.run(command, cwd=folder, check=True)
    return measure.reaches_floor(folder)


def test_all_processes_together_reach_it(tmp_path: Path) -> None:
    assert measured(tmp_path, 100)


def test_what_is_not_reached_fails(tmp_path: Path) -> None:
    assert not measured(tmp_path, 90, "again")


def test_a_part_of_the_suite_is_held_against_no_floor(tmp_path: Path) -> None:
    measured(tmp_path, 90, "again")
    (tmp_path / "data").rename(tmp_path / "data.again")
    assert measure.reaches_floor(tmp_path, part=True)


def test_a_run_that_measured_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(floor=0))
    assert not measure.reaches_floor(tmp_path)


def test_what_is_reached_by_the_way_is_not_counted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(floor=80))
    (tmp_path / "program.py").write_text(ASKED_FOR)
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [
        sys.executable, *measure.PREFIX, "--omit=test_it.py", "-m", "pytest", "-q", "-p",
        "tests.levels", "-p", "tests.measuring", "-p", "no:django", "-W", "ignore", "test_it.py",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{measure.ROOT}{os.pathsep}{tmp_path}"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert measure.reaches_floor(tmp_path)
    # Of six statements one is missing, of two branches none: what nobody asks for.
    assert re.search(r"TOTAL +6 +1 +2 +0 ", capfd.readouterr().out)


PROBED = """
[tool.slipcover]
source = ["."]
omit = ["test_it.py"]
fail-under = {floor}
"""


def test_probes_tell_what_workers_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("slipcover", reason="probes are for Linux on x86-64")
    (tmp_path / "program.py").write_text(ASKED_FOR)
    (tmp_path / "test_it.py").write_text("import program\n\ndef test_it():\n    program.one(1)\n")
    (tmp_path / "pyproject.toml").write_text(PROBED.format(floor=60))
    assert not measure.probes_reach_floor(tmp_path)
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    command = [
        sys.executable, "-m", "pytest", "-q", "-n", "1", *measure.PROBES, "-p", "no:django",
        "-W", "ignore", "test_it.py",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{measure.ROOT}{os.pathsep}{tmp_path}"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    # Of six lines four are reached, of two branches one.
    assert measure.probes_reach_floor(tmp_path)
    assert "62.5 %  program.py: 2 lines, 1 branches missed" in capsys.readouterr().out
    (tmp_path / "pyproject.toml").write_text(PROBED.format(floor=63))
    assert not measure.probes_reach_floor(tmp_path)
    assert measure.probes_reach_floor(tmp_path, part=True)


def test_only_the_run_on_sqlite_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVERAGE", "1")
    assert measure.wanted("sqlite")
    assert not measure.wanted("postgresql")
    assert not measure.probes_wanted("sqlite")
    monkeypatch.setenv("COVERAGE", "probes")
    assert measure.probes_wanted("sqlite")
    assert not measure.probes_wanted("postgresql")
    assert not measure.wanted("sqlite")
    monkeypatch.setenv("COVERAGE", "0")
    assert not measure.wanted("sqlite")
    assert not measure.probes_wanted("sqlite")


def test_the_product_is_measured_by_branch_and_has_a_floor() -> None:
    assert SETTINGS["run"]["branch"]
    assert {"riskreg", "config"} <= set(SETTINGS["run"]["source"])
    assert SETTINGS["report"]["fail_under"] > 0
    assert measure.probe_settings()["fail-under"] > 0
    assert set(measure.probe_settings()["source"]) == set(SETTINGS["run"]["source"])
    assert measure.probe_settings()["omit"] == SETTINGS["run"]["omit"]
