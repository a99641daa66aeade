"""What the reader of old workbooks (.xls) leaves out: hidden rows, formulas without a value.

An .xls is a container of streams (MS-CFB), one of which is a row of records (MS-XLS). Of these only
what marks a row or a formula is looked at; nothing is worked out. What cannot be followed marks
nothing: whether the file can be read at all is said by the reader of its cells.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from riskreg.exchange.reading.markings import Markings

_END = 0xFFFFFFF0  # from here on a number of a sector is none
_FORMULA, _ROW, _BOUNDSHEET, _EOF = 0x0006, 0x0208, 0x0085, 0x000A
_HIDDEN = 0x20
# Of a formula: its result is to be worked out when the file is opened.
_UNRELIABLE = 0x02


def xls_markings(data: bytes) -> list[Markings]:
    """What is marked in each sheet of the book, charts among them, in their order."""
    try:
        stream = _stream_of_records(data)
        starts = [
            struct.unpack_from("<I", body)[0]
            for kind, body in _records(stream, 0)
            if kind == _BOUNDSHEET
        ]
        return [_read_markings(stream, start) for start in starts]
    except (struct.error, IndexError, ValueError):
        return []


def _read_markings(stream: bytes, start: int) -> Markings:
    hidden: set[int] = set()
    without: list[tuple[int, int]] = []
    for kind, body in _records(stream, start):
        if kind == _ROW and struct.unpack_from("<H", body, 12)[0] & _HIDDEN:
            hidden.add(struct.unpack_from("<H", body)[0])
        elif kind == _FORMULA and _is_formula_without_result(body):
            without.append(struct.unpack_from("<HH", body))
    return Markings(frozenset(hidden), {}, tuple(without))


def _is_formula_without_result(body: bytes) -> bool:
    """Whether a formula came without a result: an empty text, or a zero that whoever wrote it left
    to be worked out by the program that opens the file."""
    result, flags = body[6:14], struct.unpack_from("<H", body, 14)[0]
    if result[6:] == b"\xff\xff":
        return result[0] == 3
    return bool(flags & _UNRELIABLE) and result == bytes(8)


class _Record(NamedTuple):
    """One record of a stream: its kind as a number, and what follows its head."""

    kind: int
    body: bytes


def _records(stream: bytes, start: int) -> Iterator[_Record]:
    """Each record from ``start`` to the end of its sheet."""
    while start + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, start)
        yield _Record(kind, stream[start + 4 : start + 4 + size])
        if kind == _EOF:
            return
        start += 4 + size


def _stream_of_records(data: bytes) -> bytes:
    """The stream of records. Raises ``ValueError`` where there is none."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    small = 1 << struct.unpack_from("<H", data, 32)[0]
    if not 64 <= small <= size <= 1 << 16:
        raise ValueError("no container")
    directory, least, small_table = (struct.unpack_from("<I", data, at)[0] for at in (48, 56, 60))
    table = _next_sector_of_each(data, size)
    entries = _read_chain(data, size, table, directory)
    root: tuple[int, int] | None = None
    for at in range(0, len(entries) - 127, 128):
        length = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(0, length - 2)].decode("utf-16-le", "replace")
        first, whole = struct.unpack_from("<II", entries, at + 116)
        if root is None:
            root = first, whole
        if name not in ("Workbook", "Book"):
            continue
        if whole >= least:
            return _read_chain(data, size, table, first)[:whole]
        smalls = _read_chain(data, size, table, root[0])
        numbers = _read_chain(data, size, table, small_table)
        places = list(struct.unpack(f"<{len(numbers) // 4}I", numbers[: len(numbers) // 4 * 4]))
        found = [smalls[n * small : (n + 1) * small] for n in _sectors_from(places, first)]
        return b"".join(found)[:whole]
    raise ValueError("no book")


def _next_sector_of_each(data: bytes, size: int) -> list[int]:
    """Which sector follows which."""
    listed = list(struct.unpack_from("<109I", data, 76))
    further, known = struct.unpack_from("<I", data, 68)[0], 0
    while further < _END and known < len(data) // size:
        more = struct.unpack_from(f"<{size // 4}I", data, (further + 1) * size)
        listed += more[:-1]
        further, known = more[-1], known + 1
    table: list[int] = []
    for sector in listed:
        if sector < _END:
            table += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    return table


def _read_chain(data: bytes, size: int, table: list[int], first: int) -> bytes:
    return b"".join(data[(n + 1) * size : (n + 2) * size] for n in _sectors_from(table, first))


def _sectors_from(table: list[int], first: int) -> Iterator[int]:
    """The sectors from ``first`` on. Raises ``ValueError`` where they go in a circle."""
    for _n in range(len(table) + 1):
        if first >= _END:
            return
        yield first
        first = table[first]
    raise ValueError("a circle")
