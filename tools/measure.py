"""What the tests reach: lines and branches, put together from all processes of a run."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Between the interpreter and what it runs.
PREFIX = ("-m", "coverage", "run")


def wanted(name: str) -> bool:
    """Whether the run on the database of that name is measured: one is enough, and costs enough."""
    return name == "sqlite" and os.environ.get("COVERAGE", "") not in ("", "0")


def erase(root: Path = ROOT) -> None:
    """Forget what earlier runs have measured."""
    _coverage(root, "erase")


def reaches_floor(root: Path = ROOT, *, part: bool = False) -> bool:
    """Report what was measured; False below ``fail_under`` of pyproject.toml, or with no data.

    A ``part`` of the suite is held against no floor.
    """
    if _coverage(root, "combine", "-q") != 0:
        return False
    return _coverage(root, "report", *(["--fail-under=0"] if part else [])) == 0


def _coverage(root: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "coverage", *arguments]
    return subprocess.run(command, cwd=root, check=False).returncode
