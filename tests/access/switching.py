"""The places of the source where a query is told who asks, and a switch for each of them."""

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import riskreg
from riskreg.events.models import Chain
from riskreg.events.policy import Audience
from riskreg.kernel.compiled import Statement
from riskreg.register.visibility import PartyBoundQuerySet
from tests.written_anew import ANEW

ROOT = Path(riskreg.__file__).parent


@dataclass(frozen=True)
class Site:
    """One place where a query is told who asks."""

    file: str
    function: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


def sites(wanted: Callable[[ast.AST], int | None]) -> list[Site]:
    """Every place of the source for which ``wanted`` gives a line."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        file = path.relative_to(ROOT)
        if "migrations" in file.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for outer in ast.walk(tree):
            if isinstance(outer, ast.FunctionDef):
                for node in ast.walk(outer):
                    if (line := wanted(node)) is not None:
                        found.append(Site(str(file), outer.name, line))
    return found


def _visible_to(node: ast.AST) -> int | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.end_lineno if node.func.attr == "visible_to" else None
    return None


def _keys(node: ast.AST) -> int | None:
    if not isinstance(node, ast.Attribute) or node.attr != "readable_chain_keys":
        return None
    of_audience = isinstance(node.value, ast.Name) and node.value.id == "audience"
    return node.end_lineno if of_audience else None


@cache
def every_site() -> list[Site]:
    """Every place where a query is narrowed to what its viewer may know of."""
    return sites(_visible_to) + sites(_keys)


def place(site: Site) -> tuple[str, int]:
    """The file and line of ``site``, as a frame that comes by has them."""
    return str(ROOT / site.file), site.line


class Switch:
    """Knows who came by since it was reset, and can switch one place off."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed: set[tuple[str, int]] = set()
        self.off: set[tuple[str, int]] = set()
        plain = PartyBoundQuerySet.visible_to
        plain_keys = Audience.readable_chain_keys.fget
        switch = self

        def visible_to(self: Any, viewer: Any) -> Any:
            if switch.is_off(sys._getframe(1)):
                return self.filter(register_id=viewer.register.pk)
            return plain(self, viewer)

        def keys(self: Audience) -> list[str]:
            if switch.is_off(sys._getframe(1)):
                every = Chain.objects.filter(key__startswith=str(self.register))
                return list(every.values_list("key", flat=True))
            assert plain_keys is not None
            return plain_keys(self)

        # A statement that was written once would not come by here again.
        for name, anew in ANEW.items():
            monkeypatch.setattr(Statement, name, anew)
        monkeypatch.setattr(PartyBoundQuerySet, "visible_to", visible_to)
        monkeypatch.setattr(Audience, "readable_chain_keys", property(keys))

    def is_off(self, frame: Any) -> bool:
        if frame.f_code.co_filename.endswith("manager.py"):
            # A manager hands its query set's methods on.
            frame = frame.f_back
        place = (frame.f_code.co_filename, frame.f_lineno)
        self.passed.add(place)
        return place in self.off
