"""What the tests reach: lines and branches, put together from all processes of a run.

``COVERAGE=1`` traces (coverage.py): whatever tests ask for, in their own process and in those that
they start; it makes the run twice as long. ``COVERAGE=probes`` sets probes into the code
(SlipCover, ``tests/probes.py``): what any test reaches in its own process, for a few per cent.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Between the interpreter and what it runs.
PREFIX = ("-m", "coverage", "run")
# To pytest.
PROBES = ("-p", "tests.probes")
PROBED = Path("var") / "probes"
LEAST_REACHED = 15


def wanted(name: str) -> bool:
    """Whether the run on the database of that name is traced: one is enough, and costs enough."""
    return name == "sqlite" and os.environ.get("COVERAGE", "") not in ("", "0", "probes")


def probes_wanted(name: str) -> bool:
    """Whether the run on the database of that name is probed."""
    return name == "sqlite" and os.environ.get("COVERAGE", "") == "probes"


def erase(root: Path = ROOT) -> None:
    """Forget what earlier runs have measured."""
    shutil.rmtree(root / PROBED, ignore_errors=True)
    _coverage(root, "erase")


def reaches_floor(root: Path = ROOT, *, part: bool = False) -> bool:
    """Report what was traced; False below ``fail_under`` of pyproject.toml, or with no data.

    A ``part`` of the suite is held against no floor.
    """
    if _coverage(root, "combine", "-q") != 0:
        return False
    return _coverage(root, "report", *(["--fail-under=0"] if part else [])) == 0


def probe_settings(root: Path = ROOT) -> dict[str, Any]:
    """``tool.slipcover`` of pyproject.toml: what is probed, and the floor."""
    settings: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())
    return dict(settings["tool"]["slipcover"])


def probes_reach_floor(root: Path = ROOT, *, part: bool = False) -> bool:
    """Report what the probes of all workers met; False below ``fail-under``, or with no data."""
    # Locked for the platform of CI alone.
    import slipcover

    merged: dict[str, Any] | None = None
    for path in sorted((root / PROBED).glob("gw*.json")):
        found = json.loads(path.read_text())
        merged = slipcover.merge_coverage(merged, found) if merged else found
    if merged is None:
        print("No worker has said what its probes met")
        return False
    for name, file in sorted(merged["files"].items(), key=_missed)[:LEAST_REACHED]:
        missed = f"{len(file['missing_lines'])} lines, {len(file['missing_branches'])} branches"
        print(f"  {file['summary']['percent_covered']:5.1f} %  {name}: {missed} missed")
    reached, floor = merged["summary"]["percent_covered"], probe_settings(root)["fail-under"]
    print(f"Coverage by lines and branches: {reached:.2f} % (floor {floor} %)")
    return part or bool(reached >= floor)


def _missed(item: tuple[str, dict[str, Any]]) -> int:
    return -len(item[1]["missing_lines"]) - len(item[1]["missing_branches"])


def _coverage(root: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "coverage", *arguments]
    return subprocess.run(command, cwd=root, check=False).returncode
