"""The web answers every route without what is installed for workers alone (``worker`` in
pyproject.toml)."""

import datetime as dt
import importlib.abc
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

from riskreg.kernel import health
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES

pytestmark = [
    pytest.mark.django_db, pytest.mark.once, pytest.mark.slow, pytest.mark.unmeasured,
]  # fmt: skip
PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def of_workers() -> set[str]:
    """The top-level modules of what is asked for by ``worker``."""
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    asked = {Requirement(line).name.lower() for line in extras["worker"]}
    return {
        module
        for module, names in metadata.packages_distributions().items()
        if asked & {name.lower() for name in names} and not module.startswith("_")
    }


class Missing(importlib.abc.MetaPathFinder):
    """As if ``names`` were not installed."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"{fullname} is installed for workers alone", name=fullname)


def built_on(names: set[str]) -> set[str]:
    """Loaded modules of riskreg that cannot be loaded without ``names``: those that hold one of
    them, or something that was made in one."""
    found: set[str] = set()

    def holds(module: ModuleType) -> bool:
        for value in list(vars(module).values()):
            home = value.__name__ if isinstance(value, ModuleType) else getattr(
                value, "__module__", None
            )  # fmt: skip
            if isinstance(home, str) and (home in found or home.partition(".")[0] in names):
                return True
        return False

    while True:
        more = {
            name
            for name, module in list(sys.modules.items())
            if name.startswith("riskreg.") and name not in found and holds(module)
        }
        if not more:
            return found
        found |= more


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


@pytest.fixture
def without(canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What workers have is away, once they have done their part of the world."""
    names = of_workers()
    gone = built_on(names)
    for name in [*gone, *(m for m in sys.modules if m.partition(".")[0] in names)]:
        parent, _dot, child = name.rpartition(".")
        if parent in sys.modules and getattr(sys.modules[parent], child, None) is not None:
            monkeypatch.delattr(sys.modules[parent], child)
        monkeypatch.delitem(sys.modules, name)
    finder = Missing(names)
    sys.meta_path.insert(0, finder)
    yield gone
    sys.meta_path.remove(finder)


def test_every_route_is_answered_without_them(canary_world: CanaryWorld, without: set[str]) -> None:
    # What draws and simulates did run before, and is truly away now.
    assert {"riskreg.quant", "riskreg.analysis.steps", "riskreg.quant.simulate"} <= without
    with pytest.raises(ModuleNotFoundError):
        import riskreg.quant  # noqa: F401
    answered, faults = 0, []
    for route in ROUTES:
        client = walk.client_for(canary_world, "manager", route)
        for visit in walk.visits(canary_world, route, thorough=False):
            try:
                status = walk.send(client, visit, visit.path).status_code
            except Exception as error:
                faults.append(f"{visit.method} {visit.path}: {type(error).__name__}: {error}")
                continue
            if status >= 500:
                faults.append(f"{visit.method} {visit.path}: {status}")
            answered += status == 200
    assert not faults, "\n".join(faults)
    assert answered > 200
