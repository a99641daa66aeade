"""The part of its file that SQLite maps into memory (``config.database``).

What is read by the map stays in memory and counts as the process's own. For pages of a register,
read again and again, that is what it is for; bytes that a worker reads once it would only keep.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def without_memory_map() -> Iterator[None]:
    """Read without the map, which begins anew afterwards; nothing to do on another database."""
    size = _map_size_limit()
    if size:
        _set_map_size_limit(0)
    try:
        yield
    finally:
        if size:
            _set_map_size_limit(size)


def _map_size_limit() -> int:
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA mmap_size")
        # A database in memory has no answer.
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _set_map_size_limit(size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA mmap_size={size:d}")
