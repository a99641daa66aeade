"""What the images install: parts of requirements.lock, which is what the tests run with.

``tools/locks.py`` writes requirements.runtime.lock (web and workers) and requirements.web.lock
(without what nothing but ``worker`` of pyproject.toml asks for). Each pins what the whole does, to
the hash, so that nothing is shipped that was not tested. Needs neither a network nor anything but
Python.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from locked import normal

ROOT = Path(__file__).resolve().parent.parent
WHOLE = ROOT / "requirements.lock"
# {file: extras of pyproject.toml that it has besides}
PARTS = {
    ROOT / "requirements.runtime.lock": ("worker",),
    ROOT / "requirements.web.lock": (),
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def asked_for(*extras: str) -> list[str]:
    """What pyproject.toml asks for to run, and with ``extras``, in its own lines."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]


def part_of(whole: str, lines: list[str]) -> str:
    """The part of the lock ``whole`` that ``lines`` come to, with the askers that are left."""
    blocks = [block for block in re.split(r"(?m)^(?=[A-Za-z0-9])", whole) if block.strip()]
    askers = {normal(_name(block)): set[str]() for block in blocks}
    for block in blocks:
        askers[normal(_name(block))] |= {normal(one) for one in _via(block)}
    kept = {normal(_name(line)) for line in lines}
    while more := {name for name, asking in askers.items() if asking & kept} - kept:
        kept |= more
    return "".join(_asked_by(block, kept) for block in blocks if normal(_name(block)) in kept)


def _name(block: str) -> str:
    match = _NAME.match(block)
    assert match is not None
    return match[0]


def _via(block: str) -> list[str]:
    """Who asks for it, as the comments of its block say."""
    comments = [
        line.strip().lstrip("# ").removeprefix("via").strip()
        for line in block.splitlines()
        if line.strip().startswith("#")
    ]
    return [comment for comment in comments if comment]


def _asked_by(block: str, kept: set[str]) -> str:
    pins = [line for line in block.splitlines() if not line.strip().startswith("#")]
    asking = [one for one in _via(block) if one.endswith("(pyproject.toml)") or normal(one) in kept]
    via = (
        [f"    # via {asking[0]}"]
        if len(asking) == 1
        else ["    # via", *(f"    #   {one}" for one in asking)]
    )
    return "\n".join([*pins, *via, ""])


def main() -> int:
    """Write them."""
    whole = WHOLE.read_text()
    for file, extras in PARTS.items():
        file.write_text(part_of(whole, asked_for(*extras)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
