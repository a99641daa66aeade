"""Tables as workbooks: typed, a frozen header, lists to choose from, a sheet that says what it is.

Written row by row into a file, so that memory does not grow with the rows.
"""

import datetime as dt
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, Protocol

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from riskreg.exchange.writing.files import About

_HEAD = PatternFill("solid", fgColor="FFE8EDF3")
_WRAP = Alignment(vertical="top", wrap_text=True)
_FORMATS = {"day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}
_LISTS = "Lists"
CELL_MAX = 32_767
_PIECE = 1 << 16


class ColumnLike(Protocol):
    """What a column is to be for a sheet."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def choices(self) -> Sequence[str]: ...
    @property
    def width(self) -> int: ...


class SheetLike(Protocol):
    """What a sheet is to have."""

    @property
    def title(self) -> str: ...
    @property
    def columns(self) -> Sequence[ColumnLike]: ...
    @property
    def cells(self) -> Callable[[], Iterable[Mapping[str, Any]]]: ...


def write_workbook(
    title: str,
    columns: Sequence[ColumnLike],
    rows: Iterable[Mapping[str, Any]],
    about: About,
    *,
    empty_rows: int = 0,
) -> Iterator[bytes]:
    """A workbook of one sheet, piece by piece; the rest is as in ``write_sheets``."""
    return _write_sheets([(title, columns, rows)], about, empty_rows)


def write_sheets(sheets: Sequence[SheetLike], about: About) -> Iterator[bytes]:
    """The bytes of a workbook, piece by piece. ``about`` is its last sheet."""
    return _write_sheets([(s.title, s.columns, s.cells()) for s in sheets], about, 0)


def _write_sheets(
    sheets: Sequence[tuple[str, Sequence[ColumnLike], Iterable[Mapping[str, Any]]]],
    about: About,
    empty_rows: int,
) -> Iterator[bytes]:
    """``empty_rows``: how many rows below the header are to be filled in, with lists to choose
    from."""
    book = Workbook(write_only=True)
    lists = _Lists()
    for title, columns, rows in sheets:
        _write_sheet(book, title, columns, rows, empty_rows, lists)
    other = book.create_sheet(_sheet_name(about.title))
    other.column_dimensions["A"].width, other.column_dimensions["B"].width = 32, 90
    for name, text in about.lines:
        first = _text_cell(other, name)
        first.font = Font(bold=True)
        other.append([first, _text_cell(other, text)])
    lists.write_hidden_sheet(book)
    with tempfile.TemporaryFile() as file:
        book.save(file)
        yield from _read_pieces(file)


def _write_sheet(
    book: Any,
    title: str,
    columns: Sequence[ColumnLike],
    rows: Iterable[Mapping[str, Any]],
    empty_rows: int,
    lists: "_Lists",
) -> None:
    sheet = book.create_sheet(_sheet_name(title))
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.append([_head_cell(sheet, column.label) for column in columns])
    count = 1
    for row in rows:
        count += 1
        sheet.append([_cell(sheet, column, row.get(column.name)) for column in columns])
    last = count + empty_rows
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(count, 1)}"
    for place, column in enumerate(columns, 1):
        if column.choices and last > 1:
            rule = DataValidation(
                type="list", formula1=lists.formula(column.choices), allow_blank=True
            )
            letter = get_column_letter(place)
            rule.add(f"{letter}2:{letter}{last}")
            sheet.data_validations.append(rule)


class _Lists:
    """Lists to choose from. Short ones stand in their rule; what a rule has no room for, or would
    take for several, stands on a hidden sheet."""

    def __init__(self) -> None:
        self.columns: list[Sequence[str]] = []

    def formula(self, choices: Sequence[str]) -> str:
        """What a rule names as its list."""
        listed = ",".join(choices)
        if len(listed) <= 250 and not any(c in text for text in choices for c in ',"'):
            return f'"{listed}"'
        if choices not in self.columns:
            self.columns.append(choices)
        letter = get_column_letter(self.columns.index(choices) + 1)
        return f"{_LISTS}!${letter}$1:${letter}${len(choices)}"

    def write_hidden_sheet(self, book: Any) -> None:
        """The hidden sheet, if there is anything for it."""
        if not self.columns:
            return
        sheet = book.create_sheet(_LISTS)
        sheet.sheet_state = "hidden"
        for n in range(max(map(len, self.columns))):
            sheet.append([_text_cell(sheet, c[n]) if n < len(c) else None for c in self.columns])


def _sheet_name(title: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", " ", title)[:31]


def _read_pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _head_cell(sheet: Any, label: str) -> Any:
    cell = _text_cell(sheet, label)
    cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, _WRAP
    return cell


def _cell(sheet: Any, column: ColumnLike, value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _text_cell(sheet, value)
    cell = WriteOnlyCell(sheet, float(value) if isinstance(value, Decimal) else value)
    if isinstance(value, dt.date):
        cell.number_format = _FORMATS["moment" if isinstance(value, dt.datetime) else "day"]
    return cell


def _text_cell(sheet: Any, text: str) -> Any:
    """A cell of text: what begins like a formula is none."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text)[:CELL_MAX])
    cell.data_type = "s"
    cell.alignment = _WRAP
    return cell
