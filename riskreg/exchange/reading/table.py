"""What is read out of a file: a table with a header, its rows, and what was left out of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from riskreg.kernel.errors import FieldError, Invalid

Value = str | int | float | bool | dt.date | dt.datetime | None
Grid = list[list[Value]]

# What a file may be. A register of people's risks is far below; what is above is no such thing, and
# reading on would only cost.
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 200 * 1024 * 1024
MAX_PARTS = 5_000
MAX_ROWS = 20_000
MAX_COLUMNS = 500
MAX_CELLS = 2_000_000
MAX_TEXT = 100_000


class NotARegister(Invalid):
    """The file cannot be taken as a register; ``detail`` says why, and the way out."""

    def __init__(self, detail: object) -> None:
        super().__init__({"file": FieldError("not_a_register", str(detail))})


class FormulaWithoutValue(str):
    """A cell that has a formula, and no value that was worked out of it. Never worked out here."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """One sheet as it was found, from the first row and column on.

    ``merged`` are ((row, column), (row, column)) from 0, ``hidden_rows`` row numbers from 0,
    ``colours`` what a cell is filled with: {(row, column): "RRGGBB"}, of cells without a value.
    """

    name: str
    grid: Grid
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()
    hidden_rows: frozenset[int] = frozenset()
    colours: Mapping[tuple[int, int], str] = field(default_factory=dict)
    hidden: bool = False


class Row(NamedTuple):
    """One row: its number in the file (from 1), and its values under the headers. ``too_long``: a
    text has more cells in it than the header, so that they stand under the wrong names;
    ``continues``: it says one more measure against the risk of the row above."""

    number: int
    values: tuple[Value, ...]
    too_long: bool = False
    continues: bool = False


class SkippedRow(NamedTuple):
    """A row of a file that is none of its table: its number in the file (from 1), and why."""

    number: int
    why: str


class OwnText(str):
    """A text of a file that riskreg has written: what looks like a tag there is what was meant."""

    __slots__ = ()


class CellUnderHeader(NamedTuple):
    """What stands in a row, and what its file calls the column."""

    header: str
    value: Value


# Cells of one row, by the names of ours that their columns are taken for (``title``,
# ``mitigation.due_on``).
CellsByTarget = Mapping[str, CellUnderHeader]


@dataclass(frozen=True)
class SeparateMitigation:
    """Planned work that stands apart from its risk: of the risk with the id ``of``, or of row
    ``row``; ``where`` it stands."""

    of: str
    row: int | None
    given: CellsByTarget
    where: str


@dataclass(frozen=True)
class Table:
    """What was found: ``header_row`` is the number of the row right above the first one (None where
    the format has no such row); ``skipped_rows`` those that are none of the table, ``notes``
    sentences, ``separate_mitigations`` what stands apart from the rows; ``levels``: how many its
    scales of likelihood and impact have, where the file says so for all of its rows."""

    format: str
    sheet: str
    header_row: int | None
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    skipped_rows: tuple[SkippedRow, ...] = ()
    notes: tuple[str, ...] = ()
    separate_mitigations: tuple[SeparateMitigation, ...] = ()
    levels: Mapping[str, int] = field(default_factory=dict)

    def column(self, header: str) -> Sequence[Value]:
        """The values under ``header``, one for each row; of one that is askew, nothing."""
        return self._columns[self.headers.index(header)] if self.rows else ()

    def first_value_by_text(self, header: str) -> Mapping[str, Value]:
        """The different values under ``header`` that are not blank, as they read: {what a person
        reads: the first value that reads so}. Most columns have few, however many rows there are,
        so what is asked of a column is asked of these."""
        if header not in self._first_values:
            found: dict[str, Value] = {}
            for value in self.column(header):
                text = str.strip(value) if value.__class__ is str else as_read_in_sheet(value)
                if text and text not in found:
                    found[text] = value
            self._first_values[header] = found
        return self._first_values[header]

    @cached_property
    def _columns(self) -> Sequence[tuple[Value, ...]]:
        askew = (None,) * len(self.headers)
        return list(zip(*(askew if row.too_long else row.values for row in self.rows), strict=True))

    @cached_property
    def _first_values(self) -> dict[str, Mapping[str, Value]]:
        return {}


def is_blank(value: Value) -> bool:
    """Whether there is nothing to be read in a cell."""
    return value is None or (isinstance(value, str) and not value.strip())


def as_read_in_sheet(value: Value) -> str:
    """A value as a person would have read it in the sheet."""
    if value.__class__ is str:  # as most are
        return str.strip(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value).strip()
