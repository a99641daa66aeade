"""Tables as workbooks: typed, a frozen header, lists to choose from, a sheet that says what it is.

Written row by row into a file, so that memory does not grow with the rows.
"""

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, Protocol

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

_HEAD = PatternFill("solid", fgColor="FFE8EDF3")
_WRAP = Alignment(vertical="top", wrap_text=True)
_FORMATS = {"day": "yyyy-mm-dd"}
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


def write_workbook(
    title: str,
    columns: Sequence[ColumnLike],
    rows: Iterable[Mapping[str, Any]],
    about: tuple[str, Sequence[tuple[str, str]]],
    *,
    empty_rows: int = 0,
) -> Iterator[bytes]:
    """The bytes of a workbook, piece by piece.

    ``about`` is the name and the lines of its second sheet; ``empty_rows``: how many rows below the
    header are to be filled in, with lists to choose from.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.append([_head(sheet, column.label) for column in columns])
    count = 1
    for row in rows:
        count += 1
        sheet.append([_cell(sheet, column, row.get(column.name)) for column in columns])
    last = count + empty_rows
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(count, 1)}"
    for place, column in enumerate(columns, 1):
        if column.choices and last > 1:
            listed = ",".join(column.choices)
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
            letter = get_column_letter(place)
            rule.add(f"{letter}2:{letter}{last}")
            sheet.data_validations.append(rule)
    other = book.create_sheet(about[0][:31])
    other.column_dimensions["A"].width, other.column_dimensions["B"].width = 32, 90
    for name, text in about[1]:
        first = _text(other, name)
        first.font = Font(bold=True)
        other.append([first, _text(other, text)])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        yield from _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _head(sheet: Any, label: str) -> Any:
    cell = _text(sheet, label)
    cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, _WRAP
    return cell


def _cell(sheet: Any, column: ColumnLike, value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _text(sheet, value)
    cell = WriteOnlyCell(sheet, float(value) if isinstance(value, Decimal) else value)
    if isinstance(value, dt.date):
        cell.number_format = _FORMATS["day"]
    return cell


def _text(sheet: Any, text: str) -> Any:
    """A cell of text: what begins like a formula is none."""
    cell = WriteOnlyCell(sheet, text[:CELL_MAX])
    cell.data_type = "s"
    cell.alignment = _WRAP
    return cell
