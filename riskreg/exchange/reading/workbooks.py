"""Reading workbooks: xlsx, xlsm, ods and xls, by python-calamine. Nothing in one is ever run.

A workbook is a ZIP of XML, so before the reader is let near it, it is unpacked once piece by piece:
what unpacks to more than it may, or spreads over more cells than a register has, is refused while
that is still cheap. Formulas, macros and links to other files are text here, and stay so.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import python_calamine as calamine
from django.utils.translation import gettext as _

from riskreg.exchange.reading.markings import (
    Markings,
    has_uncalculated_formulas,
    markings_of,
    ods_markings,
    part_by_sheet_name,
)
from riskreg.exchange.reading.old_markings import xls_markings
from riskreg.exchange.reading.table import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_PARTS,
    MAX_ROWS,
    MAX_UNPACKED,
    FormulaWithoutValue,
    Grid,
    NotARegister,
    Sheet,
    Value,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CELL = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
# A cell that may be beyond the bounds: behind column Z, or far down. Few sheets have one, and where
# none is, no cell needs to be counted: these many rows and columns are within the bounds.
_FAR_CELL = re.compile(rb"r\s*=\s*[\"'](?:[A-Z]{2}|[A-Z](?:[2-9][0-9]{4}|[0-9]{6}))")
_REPEATED = re.compile(
    rb"<table:table-(row|cell)\b[^>]*?number-(?:rows|columns)-repeated=\"([0-9]+)\"[^>]*?(/?)>"
)
_TIMES = frozenset((dt.time, dt.timedelta))
_CHUNK = 1 << 20
_UNMARKED = Markings()


class FormatAndSheets(NamedTuple):
    """What kind of workbook it is (xlsx, xlsm, xls, ods), and its sheets in their order."""

    format: str
    sheets: list[Sheet]


def read_workbook(data: bytes) -> FormatAndSheets:
    """The sheets of a workbook that holds no more than may be read. Raises ``NotARegister``."""
    if data.startswith(OLE):
        old = _open_xls(data)
        every = (known.name for known in old.sheets_metadata)
        markings = dict(zip(every, xls_markings(data), strict=False))
        return FormatAndSheets("xls", _sheets(old, markings))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise _damaged() from None
    with archive:
        names = _part_names_checked_for_bounds(archive)
        if "xl/workbook.xml" in names:
            kind = "xlsm" if any(name.endswith("vbaProject.bin") for name in names) else "xlsx"
            return FormatAndSheets(kind, _read_checked_xlsx(data, archive))
        if "content.xml" in names and _mimetype(archive).endswith("opendocument.spreadsheet"):
            _check_ods(archive)
            return FormatAndSheets("ods", _sheets(_open(data), ods_markings(archive)))
        if "xl/workbook.bin" in names:
            raise NotARegister(
                _("This is a binary workbook (.xlsb). Save it as .xlsx and bring that.")
            )
    raise NotARegister(
        _("This is an archive or a document, and no workbook. Bring a sheet: .xlsx, .ods or .csv.")
    )


def _part_names_checked_for_bounds(archive: zipfile.ZipFile) -> set[str]:
    """The parts of ``archive``, once every one of them has been unpacked within the bounds."""
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _too_large()
    for part in parts:
        if part.flag_bits & 1:
            raise _locked()
        try:
            for _piece in _unpacked_pieces(archive, part.filename):
                pass
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError):
            raise _damaged() from None
        except Exception as error:
            # zlib and lzma each have an error of their own.
            if type(error).__module__ in ("zlib", "lzma", "_lzma"):
                raise _damaged() from None
            raise
    return set(archive.namelist())


def _unpacked_pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as part:
        while piece := part.read(_CHUNK):
            yield piece


def _read_checked_xlsx(data: bytes, archive: zipfile.ZipFile) -> list[Sheet]:
    parts = part_by_sheet_name(archive)
    for part in parts.values():
        _check_extent(archive, part)
    zero_is_uncalculated = has_uncalculated_formulas(archive)
    markings = {
        name: markings_of(archive, part, zero_is_uncalculated) for name, part in parts.items()
    }
    return _sheets(_open(data), markings)


def _check_extent(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a sheet that names a cell beyond the bounds: the reader makes a place for each."""
    if not any(_FAR_CELL.search(text) for text in _overlapping_pieces(archive, name)):
        return
    rows, columns = 0, 0
    for text in _overlapping_pieces(archive, name):
        for letters, digits in _CELL.findall(text):
            rows, columns = max(rows, int(digits)), max(columns, _column_number(letters))
    if rows > MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise _too_wide(rows, columns)


def _overlapping_pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The pieces of a sheet, each with the end of the one before: no name of a cell is cut."""
    rest = b""
    for piece in _unpacked_pieces(archive, name):
        text = rest + piece
        if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise _damaged()
        yield text
        rest = text[-64:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _check_ods(archive: zipfile.ZipFile) -> None:
    """Refuse a sheet that repeats what it holds more often than a register has rows and columns.

    Empty rows and cells are repeated to the end of the sheet by every program; they cost nothing.
    """
    text = archive.read("content.xml")
    filled = 0
    for found in _REPEATED.finditer(text):
        kind, count, empty = found[1], int(found[2]), bool(found[3])
        if kind == b"row":
            row = text[found.end() : text.find(b"</table:table-row>", found.end())]
            empty = b"<text:" not in row and b"office:value" not in row
        filled += 0 if empty else count
    if filled > MAX_ROWS or text.count(b"<table:table-row") > MAX_ROWS:
        raise _too_wide(max(filled, text.count(b"<table:table-row")), 0)


def _open_xls(data: bytes) -> calamine.CalamineWorkbook:
    if "EncryptedPackage".encode("utf-16-le") in data[: 1 << 20]:
        raise _locked()
    return _open(data)


def _open(data: bytes) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise _locked() from None
    except Exception as error:
        raise _damaged() from error


def _sheets(book: calamine.CalamineWorkbook, markings: Mapping[str, Markings]) -> list[Sheet]:
    sheets = []
    for known in book.sheets_metadata:
        if known.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        try:
            sheet = book.get_sheet_by_name(known.name)
            if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS:
                raise _too_wide(sheet.total_height, sheet.total_width)
            # A time of day, or a span, is a text here: no column holds one.
            grid: Grid = [
                row if _TIMES.isdisjoint(map(type, row)) else _day_times_and_spans_as_text(row)  # type: ignore[misc]
                for row in sheet.to_python(skip_empty_area=False)
            ]
            merged = tuple(sheet.merged_cell_ranges or ())
        except NotARegister:
            raise
        except Exception as error:
            raise _damaged() from error
        marking = markings.get(known.name, _UNMARKED)
        for row, column in marking.without_value:
            # Some programs write what they have not worked out as nought.
            if row < len(grid) and column < len(grid[row]) and grid[row][column] in ("", 0):
                grid[row][column] = FormulaWithoutValue("=")
        hidden = known.visible != calamine.SheetVisibleEnum.Visible
        sheets.append(Sheet(known.name, grid, merged, marking.hidden_rows, marking.colours, hidden))
    return sheets


def _day_times_and_spans_as_text(row: list[Any]) -> list[Value]:
    return [str(value) if type(value) in _TIMES else value for value in row]


def _mimetype(archive: zipfile.ZipFile) -> str:
    try:
        return archive.read("mimetype")[:100].decode("ascii", "replace").strip()
    except KeyError:
        return ""


def _damaged() -> NotARegister:
    return NotARegister(
        _("This workbook is damaged and cannot be read. Open it, save it anew and bring that.")
    )


def _locked() -> NotARegister:
    return NotARegister(
        _("This workbook is protected by a password. Save it without one and bring that.")
    )


def _too_large() -> NotARegister:
    return NotARegister(
        _("Unpacked, this file is far larger than a register is (more than %(size)d MB).")
        % {"size": MAX_UNPACKED // 1024 // 1024}
    )


def _too_wide(rows: int, columns: int) -> NotARegister:
    return NotARegister(
        _(
            "A sheet reaches over %(rows)d rows and %(columns)d columns; at most %(most_rows)d "
            "rows and %(most_columns)d columns are read. Delete what is empty, or bring it in "
            "parts."
        )
        % {
            "rows": rows,
            "columns": columns,
            "most_rows": MAX_ROWS,
            "most_columns": MAX_COLUMNS,
        }
    )
