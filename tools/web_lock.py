"""What the web's image installs: of requirements.runtime.lock what is not for workers alone.

``tools/web_lock.py [FILE]`` writes requirements.web.lock. It leaves out what nothing but
pyproject's ``worker`` asks for, and pins nothing otherwise than the lock it is made from: web and
workers have the same versions. Needs neither a network nor anything but Python.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from locked import normal

ROOT = Path(__file__).resolve().parent.parent
WHOLE, WEB = ROOT / "requirements.runtime.lock", ROOT / "requirements.web.lock"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def project_needs() -> set[str]:
    """The packages that pyproject.toml asks for without any extra."""
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return {normal(match[0]) for line in lines if (match := _NAME.match(line))}


def web_lock(whole: str, needs: set[str]) -> str:
    """The part of the lock ``whole`` that ``needs`` come to, with the askers that are left."""
    blocks = [block for block in re.split(r"(?m)^(?=[A-Za-z0-9])", whole) if block.strip()]
    askers = {normal(_name(block)): set[str]() for block in blocks}
    for block in blocks:
        askers[normal(_name(block))] |= {normal(one) for one in _via(block)}
    kept = set(needs)
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
    """Write it."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else WEB
    file.write_text(web_lock(WHOLE.read_text(), project_needs()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
