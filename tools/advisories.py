"""Whether what is locked has known flaws, without a network; and what one lock has that another
had not.

``tools/advisories.py --known FOLDER [--lock LOCK]``: FOLDER holds advisories in the OSV format
(https://ossf.github.io/osv-schema/), JSON files or zips of them, which somebody has fetched where
there is a network. ``--before OLD_LOCK`` names what was added, changed and removed since, and looks
at that alone. Ends with 1 where a flaw was found, with 2 where FOLDER holds no advisory.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

sys.path.insert(0, str(Path(__file__).parent))
from locked import Locked, normal, read_lock

ROOT = Path(__file__).resolve().parent.parent


def changes(before: list[Locked], after: list[Locked]) -> list[str]:
    """What is otherwise in ``after``, a line for each package."""
    old, new = _versions(before), _versions(after)
    lines = []
    for name in sorted(old.keys() | new.keys()):
        was, is_ = ", ".join(old.get(name, [])), ", ".join(new.get(name, []))
        if not was:
            lines.append(f"added {name} {is_}")
        elif not is_:
            lines.append(f"removed {name} {was}")
        elif was != is_:
            lines.append(f"changed {name} {was} to {is_}")
    return lines


def _versions(pins: list[Locked]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pin in pins:
        found.setdefault(pin.name, []).append(pin.version)
    return found


def read_advisories(folder: Path) -> Iterator[dict[str, Any]]:
    """Every advisory below ``folder``; what was withdrawn is none."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            texts = [path.read_bytes()]
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                texts = [archive.read(n) for n in archive.namelist() if n.endswith(".json")]
        else:
            continue
        for text in texts:
            advisory = json.loads(text)
            if not advisory.get("withdrawn"):
                yield advisory


def flaws(pins: list[Locked], advisories: list[dict[str, Any]]) -> list[str]:
    """A line for each pin that an advisory names."""
    by_name: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for advisory in advisories:
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            if package.get("ecosystem") == "PyPI":
                by_name.setdefault(normal(package["name"]), []).append((advisory, affected))
    return [
        f"{pin.name} {pin.version}: {advisory['id']} {advisory.get('summary', '')}".rstrip()
        for pin in pins
        for advisory, affected in by_name.get(pin.name, [])
        if is_affected(pin.version, affected)
    ]


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Whether an advisory's ``affected`` names ``version``: listed, or within a range of it."""
    if version in affected.get("versions", []):
        return True
    return any(
        _within(Version(version), span["events"])
        for span in affected.get("ranges", [])
        if span.get("type") == "ECOSYSTEM"
    )


def _within(version: Version, events: list[dict[str, str]]) -> bool:
    """Whether the last event that is not after ``version`` began the flaw."""
    moments = []
    for event in events:
        (kind, text), *_rest = event.items()
        try:
            moments.append((Version("0.dev0" if text == "0" else text), kind))
        except InvalidVersion:
            continue
    inside = False
    # Of one version the end comes after the beginning.
    for at, kind in sorted(moments, key=lambda one: (one[0], one[1] != "introduced")):
        if kind == "introduced" and at <= version:
            inside = True
        elif (kind == "fixed" and at <= version) or (kind == "last_affected" and at < version):
            inside = False
    return inside


def main() -> int:
    """Say what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.runtime.lock")
    parser.add_argument("--before", type=Path, help="the lock of before")
    parser.add_argument("--known", type=Path, help="a folder of advisories in the OSV format")
    given = parser.parse_args()
    pins = read_lock(given.lock)
    if given.before:
        before = read_lock(given.before)
        print("\n".join(changes(before, pins)) or "the same packages")
        there = {(pin.name, pin.version) for pin in before}
        pins = [pin for pin in pins if (pin.name, pin.version) not in there]
    if not given.known:
        return 0
    advisories = list(read_advisories(given.known))
    if not advisories:
        print(f"{given.known} holds no advisory", file=sys.stderr)
        return 2
    found = flaws(pins, advisories)
    print("\n".join(found) or f"none of {len(pins)} packages is named by {len(advisories)}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
