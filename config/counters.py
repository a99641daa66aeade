"""Counters of the web processes in PROMETHEUS_MULTIPROC_DIR, on a disk that may be full.

The library maps files that are longer than the room they have been given: the first figure in a
page for which the disk has none ends the process (SIGBUS). Here the room is taken first; where
there is none, the process counts in its memory, for itself.
"""

import contextlib
import logging
import mmap
import os
from typing import Any

from prometheus_client import mmap_dict, values

log = logging.getLogger(__name__)


class ReservedDict(mmap_dict.MmapedDict):
    """The library's figures of one kind and process, in a file all of whose room is taken."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not _take_room(filename, mmap_dict._INITIAL_MMAP_SIZE):
            # The file is none that anybody reads, and is never written to.
            filename = os.devnull
            self._f: Any = open(filename, "rb")  # noqa: SIM115 - closed by the library
            self._fname = filename
            self._capacity = mmap_dict._INITIAL_MMAP_SIZE
            self._m: Any = mmap.mmap(-1, self._capacity)
            self._positions: dict[str, int] = {}
            self._used = 8
            mmap_dict._pack_integer(self._m, 0, self._used)  # type: ignore[no-untyped-call]
            return
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        """Make a place for a figure; where the file would have to grow and cannot, in memory."""
        # A figure has its name, padded to eight bytes, and 28 bytes besides at most.
        wanted = self._used + len(key.encode()) + 40
        size = self._capacity
        while size < wanted:
            size *= 2
        if size > self._capacity and not (
            self._fname != os.devnull and _take_room(self._fname, size)
        ):
            grown = mmap.mmap(-1, size)
            grown[: self._capacity] = self._m[:]
            self._m, self._capacity, self._fname = grown, size, os.devnull
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _take_room(path: str, size: int) -> bool:
    """Whether the file has, or could be given, that much room."""
    if not hasattr(os, "posix_fallocate"):
        return True
    # Who adds the files up ends at an empty one: it has its name once it has its room.
    made = path if os.path.exists(path) else f"{path}.new"
    try:
        with open(made, "ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)
        os.replace(made, path)
    except OSError as error:
        if made != path:
            with contextlib.suppress(OSError):
                os.unlink(made)
        log.warning("No room for the counters of this process (%s); it counts alone", error)
        return False
    return True


def take_room_first() -> None:
    """Let every counter that is made from here on be kept so."""
    values.MmapedDict = ReservedDict  # type: ignore[attr-defined]
