"""What tests of backups share."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import builders
from tests.builders import World


@pytest.fixture
def lived(world: World) -> World:
    """A register in which something of every kind has happened."""
    row = builders.risk(world, title="Ausfuhrregeln, 出口管制 and “quotes”")
    builders.assess(world, row, (3, 4))
    builders.review(world, row)
    builders.mitigation(world, row)
    builders.objective(world)
    return world


@pytest.fixture
def backup(lived: World, at: dt.datetime, tmp_path: Path) -> Path:
    """A backup of ``lived``."""
    from riskreg.operations.services.backing_up import make_backup

    path = tmp_path / "one.backup.zip"
    make_backup(path, at)
    return path


@pytest.fixture
def rewritten(tmp_path: Path) -> Callable[..., Path]:
    """``rewritten(path, manifest=…, rows={label: …})``: a copy, changed by functions of text."""
    import zipfile

    def rewrite(
        path: Path, manifest: Callable[[str], str] = str, **rows: Callable[[str], str]
    ) -> Path:
        changed = tmp_path / "changed.backup.zip"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
            for name in old.namelist():
                text = old.read(name).decode()
                change: Any = manifest if name == "manifest.json" else str
                for label, act in rows.items():
                    if name == f"rows/{label.replace('_', '.', 1)}.jsonl":
                        change = act
                new.writestr(name, change(text))
        return changed

    return rewrite
