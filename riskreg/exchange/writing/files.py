"""A file that goes out: its sheets in one of the formats, piece by piece."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, NamedTuple

from django.utils import translation

from riskreg.exchange.columns import Column
from riskreg.exchange.writing.csvs import csv_pieces
from riskreg.exchange.writing.jsons import ndjson_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv; charset=utf-8"
# {format: (content type, end of the file's name)}; what every list can be had as.
FORMATS = {
    "xlsx": (XLSX, "xlsx"),
    "csv": (CSV, "csv"),
    "json": (JSON, "json"),
    "ndjson": (NDJSON, "ndjson"),
}
# What risks alone can be had as.
RISK_FORMATS = {"ir8286": (JSON, "ir8286.json"), "oscal": (JSON, "oscal-poam.json")}
# What a map can be had as besides.
PICTURES = {"svg": ("image/svg+xml", "svg"), "png": ("image/png", "png")}
Cells = Mapping[str, Any]


class NamedFile(NamedTuple):
    """A file among others, read piece by piece when its turn comes."""

    name: str
    pieces: Iterable[bytes]


class AboutLine(NamedTuple):
    """One line of what a file says of itself."""

    name: str
    text: str


class About(NamedTuple):
    """What a file says of itself, under a title."""

    title: str
    lines: Sequence[AboutLine]


@dataclass(frozen=True)
class LazySheet:
    """``cells`` are the rows of a table, ``bodies`` the same as JSON; each is read when it is
    asked for, and not before."""

    name: str
    title: str
    columns: Sequence[Column]
    cells: Callable[[], Iterable[Cells]]
    bodies: Callable[[], Iterable[Mapping[str, Any]]]


def with_rows_counted_as_read(
    sheets: Iterable[LazySheet],
) -> tuple[list[LazySheet], Callable[[], int]]:
    """``sheets``, and what says how many of their rows have been read so far."""
    read = 0

    def counting(rows: Callable[[], Iterable[Any]]) -> Callable[[], Iterator[Any]]:
        def each() -> Iterator[Any]:
            nonlocal read
            for row in rows():
                read += 1
                yield row

        return each

    counted = [
        replace(sheet, cells=counting(sheet.cells), bodies=counting(sheet.bodies))
        for sheet in sheets
    ]
    return counted, lambda: read


def file_pieces(kind: str, sheets: Sequence[LazySheet], about: About) -> Iterator[bytes]:
    """The bytes of a file of ``sheets``; what has no sheets holds the first of them (CSV, NDJSON),
    and says nothing of itself."""
    first = sheets[0]
    if kind == "xlsx":
        write: Callable[..., Iterator[bytes]] = _load_workbook_writer().write_sheets
        return write(sheets, about)
    if kind == "csv":
        names = [column.name for column in first.columns]
        table = ([row.get(name) for name in names] for row in first.cells())
        return encode_in_pieces(csv_pieces([column.label for column in first.columns], table))
    if kind == "ndjson":
        return ndjson_of(first.bodies())
    return encode_in_pieces(_json_pieces_of_sheets(sheets, dict(about.lines)))


def _json_pieces_of_sheets(sheets: Sequence[LazySheet], about: Mapping[str, str]) -> Iterator[str]:
    yield f'{{"about": {json.dumps(about, ensure_ascii=False)}'
    for sheet in sheets:
        yield f",\n{json.dumps(sheet.name)}: ["
        for n, body in enumerate(sheet.bodies()):
            yield (",\n" if n else "\n") + json.dumps(body, ensure_ascii=False)
        yield "\n]"
    yield "}\n"


def encode_in_pieces(pieces: Iterable[str], size: int = 32_000) -> Iterator[bytes]:
    """Texts as bytes, several in one piece: a piece a row would cost more than the rows."""
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length > size:
            yield "".join(waiting).encode()
            waiting, length = [], 0
    if waiting:
        yield "".join(waiting).encode()


def made_in_language(language: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """``pieces``, each made in ``language``: a response is sent when the request is over."""
    found = iter(pieces)
    while True:
        with translation.override(language):
            piece = next(found, None)
        if piece is None:
            return
        yield piece


def template_pieces(
    title: str, columns: Sequence[Column], about: About, rows: int
) -> Iterator[bytes]:
    """A workbook with a header and ``rows`` empty rows, with lists to choose from."""
    write: Callable[..., Iterator[bytes]] = _load_workbook_writer().write_workbook
    return write(title, columns, (), about, empty_rows=rows)


def _load_workbook_writer() -> Any:
    """What writes workbooks. Loaded when the first one is asked for: its library takes NumPy along
    where that is installed, and the web process is to start without it."""
    return import_module("riskreg.exchange.writing.workbooks")
