"""What is read once is not kept in memory by SQLite's map of its file."""

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from riskreg.kernel import sqlite_map

SIZE = 1 << 20


def test_reads_go_past_the_map_and_it_is_there_again_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sqlite3.connect(tmp_path / "x.sqlite3")
    file.execute(f"PRAGMA mmap_size={SIZE}")

    def mapped() -> int:
        return int(file.execute("PRAGMA mmap_size").fetchone()[0])

    class Cursor(sqlite3.Cursor):
        def __enter__(self) -> "Cursor":
            return self

        def __exit__(self, *_raised: object) -> None:
            self.close()

    given = SimpleNamespace(vendor="sqlite", cursor=lambda: file.cursor(Cursor))
    monkeypatch.setattr(sqlite_map, "connection", given)
    seen = []

    def dies() -> None:
        with sqlite_map.without_memory_map():
            seen.append(mapped())
            raise KeyError

    with pytest.raises(KeyError):
        dies()
    assert seen == [0]
    assert mapped() == SIZE
    given.vendor = "postgresql"
    with sqlite_map.without_memory_map():
        assert mapped() == SIZE
    file.close()
