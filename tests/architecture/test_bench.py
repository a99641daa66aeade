"""Benchmarks are run by hand: a name that is another one since is found here."""

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("riskreg", "config")


def missing(source: str) -> Iterator[str]:
    """What ``source`` imports of the product and is not there."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.split(".")[0] not in OURS:
            continue
        module = importlib.import_module(node.module)
        for alias in node.names:
            full, is_package = f"{node.module}.{alias.name}", hasattr(module, "__path__")
            found = hasattr(module, alias.name)
            if not found and not (is_package and importlib.util.find_spec(full)):
                yield full


def test_what_benchmarks_import_is_there() -> None:
    paths = sorted((ROOT / "bench").rglob("*.py"))
    assert len(paths) > 30
    assert [f"{path.name}: {name}" for path in paths for name in missing(path.read_text())] == []


def test_a_name_that_is_gone_is_found() -> None:
    gone = "def run():\n    from riskreg.reminders.services.recorded import recorded_sweep\n"
    assert list(missing(gone)) == ["riskreg.reminders.services.recorded.recorded_sweep"]
    assert list(missing("from riskreg.reminders.services import recorded\nimport json\n")) == []
