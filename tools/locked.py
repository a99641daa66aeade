"""What a lock file pins: packages with versions, hashes, conditions and who asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]+))?")
# What pip calls the project that the lock was made for.
PROJECT = "(pyproject.toml)"


@dataclass
class Locked:
    """One pin. ``marker``: where it is installed (empty: everywhere); ``via``: who asks for it,
    empty for the project itself."""

    name: str
    version: str
    marker: str = ""
    hashes: list[str] = field(default_factory=list)
    via: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        """Its name for programs that know of packages (https://github.com/package-url)."""
        return f"pkg:pypi/{self.name}@{self.version}"


def normal(name: str) -> str:
    """``name`` as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> list[Locked]:
    """Every pin of the lock at ``path``, in its order.

    Raises ``ValueError`` that names a line which is neither pin, hash nor comment.
    """
    found: list[Locked] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip()
        if not text or text == "# via":
            continue
        if pin := _PIN.match(line):
            name, version, marker = pin.groups()
            found.append(Locked(normal(name), version, (marker or "").strip()))
        elif found and (digest := re.match(r"--hash=sha256:([0-9a-f]{64})\b", text)):
            found[-1].hashes.append(digest[1])
        elif found and text.startswith("#"):
            asker = text.lstrip("# ").removeprefix("via ").strip()
            found[-1].via.append("" if PROJECT in asker else normal(asker.partition(" ")[0]))
        else:
            raise ValueError(f"{path.name}, line {number}: this is no pin: {text}")
    return found
