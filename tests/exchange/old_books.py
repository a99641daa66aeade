"""Old workbooks (.xls) as programs have written them, made for the tests: one sheet, BIFF8."""

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

_SECTOR = 512
_FREE, _LAST, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


@dataclass(frozen=True)
class Formula:
    """A cell with a formula; ``value`` None: no result came with it. ``zero``: whoever wrote it put
    a nought there, to be worked out when the file is opened."""

    value: float | None = None
    zero: bool = False


def old_book(
    rows: Sequence[Sequence[Any]], *, hidden: Collection[int] = (), small: bool = False
) -> bytes:
    """A workbook with ``rows`` in its one sheet; ``hidden`` rows by number from 0. ``small``: in
    the place that the container has for small streams."""
    bof = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    name = b"Register"
    listed = _record(0x85, struct.pack("<IBBBB", 0, 0, 0, len(name), 0) + name)
    code_page = _record(0x42, struct.pack("<H", 1200))
    start = len(_record(0x809, bof) + code_page + listed + _record(0x0A))
    listed = _record(0x85, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name)
    book = _record(0x809, bof) + code_page + listed + _record(0x0A)
    book += _record(0x809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    width = max(len(row) for row in rows)
    book += _record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for number in range(len(rows)):
        flags = 0x100 | (0x20 if number in hidden else 0)
        book += _record(0x208, struct.pack("<HHHHHHHH", number, 0, width, 255, 0, 0, flags, 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            book += _cell(number, column, value)
    book += _record(0x0A)
    return _contained(book, small)


def _cell(row: int, column: int, value: Any) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if value is None:
        return b""
    if isinstance(value, Formula):
        result = struct.pack("<d", value.value or 0.0)
        if value.value is None and not value.zero:
            result = b"\x03\0\0\0\0\0\xff\xff"
        tokens = b"\x1e\x01\x00\x1e\x01\x00\x03"  # 1 + 1
        flags = 0x02 if value.zero else 0
        return _record(0x06, place + result + struct.pack("<HIH", flags, 0, len(tokens)) + tokens)
    if isinstance(value, int | float):
        return _record(0x203, place + struct.pack("<d", value))
    text = value.encode("utf-16-le")
    return _record(0x204, place + struct.pack("<HB", len(text) // 2, 1) + text)


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _contained(stream: bytes, small: bool) -> bytes:
    """``stream`` as the book of a container: table, directory, table of small ones, stream."""
    size = len(stream) if small else max(len(stream), 4096)
    stream = stream.ljust(-(-size // _SECTOR) * _SECTOR, b"\0")
    count = len(stream) // _SECTOR
    table = [_FAT, _LAST, _LAST] + [n + 4 for n in range(count - 1)] + [_LAST]
    smalls = -(-size // 64)
    small_table = [*range(1, smalls), _LAST] if small else []
    assert len(table) <= 128
    assert len(small_table) <= 128
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
                          2 if small else _LAST, 1 if small else 0, _LAST, 0)  # fmt: skip
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    root = _entry("Root Entry", 5, 3 if small else _LAST, smalls * 64 if small else 0, child=1)
    entries = root + _entry("Workbook", 2, 0 if small else 3, size)
    return b"".join([header, _numbers(table), entries.ljust(_SECTOR, b"\0"),
                     _numbers(small_table), stream])  # fmt: skip


def _numbers(values: list[int]) -> bytes:
    return struct.pack("<128I", *values, *[_FREE] * (128 - len(values)))


def _entry(name: str, kind: int, first: int, size: int, child: int = _FREE) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
        + bytes(36)
        + struct.pack("<IQ", first, size)
    )
