"""What web and beat do with files of their own where a disk has no room."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import mmap_dict

from config.beat import Remembered, Scheduler
from config.celery import app
from config.counters import ReservedDict

MANY = 3000


def count(figures: Any) -> None:
    """More figures than the first piece of a file has room for."""
    for n in range(MANY):
        figures.write_value(f"figure {n}", float(n), 0.0)


def counted(figures: Any) -> list[float]:
    return [figures.read_value(f"figure {n}")[0] for n in range(MANY)]


def test_room_for_counters_is_taken_before_they_are_written(tmp_path: Path) -> None:
    """A page without room would end the process when the first figure comes to it."""
    path = tmp_path / "counter_1.db"
    figures = ReservedDict(str(path))
    assert path.stat().st_blocks * 512 >= mmap_dict._INITIAL_MMAP_SIZE
    count(figures)
    assert path.stat().st_blocks * 512 >= path.stat().st_size > mmap_dict._INITIAL_MMAP_SIZE
    assert counted(figures) == [float(n) for n in range(MANY)]
    # Whoever adds them up reads them from the file.
    read = mmap_dict.MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
    assert sum(value for _key, value, _stamp, _pos in read) == sum(range(MANY))
    figures.close()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("from_the_start", [True, False])
def test_where_there_is_none_a_process_counts_in_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_the_start: bool
) -> None:
    plain = os.posix_fallocate

    def full(handle: int, offset: int, size: int) -> None:
        if from_the_start or size > mmap_dict._INITIAL_MMAP_SIZE:
            raise OSError(errno.ENOSPC, "No space left on device")
        plain(handle, offset, size)

    monkeypatch.setattr(os, "posix_fallocate", full)
    figures = ReservedDict(str(tmp_path / "counter_1.db"))
    count(figures)
    assert counted(figures) == [float(n) for n in range(MANY)]
    # The other processes still tell theirs: of this one nothing is left that they cannot read.
    for path in tmp_path.iterdir():
        mmap_dict.MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
    figures.close()  # type: ignore[no-untyped-call]


def test_beat_remembers_from_one_start_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    first = Remembered(path)
    first["entries"] = {"sweep": 1}
    first.sync()
    assert dict(Remembered(path)) == {"entries": {"sweep": 1}}
    path.write_bytes(b"no such thing")
    assert dict(Remembered(path)) == {}


def test_beat_goes_on_where_it_cannot_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    beat = Scheduler(app=app, schedule_filename=str(tmp_path / "beat"))
    assert "sweep-reminders" in beat.schedule
    beat.sync()
    beat.close()
    assert "No space left" in caplog.text
    assert not list(tmp_path.iterdir())
