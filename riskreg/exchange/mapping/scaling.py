"""The scales of a file: for each column of levels, which level of ours each value is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from riskreg.exchange.mapping.answers import Answers
from riskreg.exchange.mapping.columns import STAGES
from riskreg.exchange.mapping.context import Context
from riskreg.exchange.mapping.levels import (
    Scale,
    fold_value,
    highest_number_in,
    parse_level_number,
    parse_level_word,
    propose_scale,
)
from riskreg.exchange.mapping.values import is_nothing
from riskreg.exchange.reading import Table, as_read_in_sheet, is_blank
from riskreg.exchange.reading.names import scale_size_in_header
from riskreg.exchange.reading.table import FormulaWithoutValue

AXES = ("likelihood", "impact")
FEWEST = 3
Level = int | str | None


@dataclass
class Scaling:
    """``shown``: {column: {their value: our level, a cell as 3x4, or None}}; ``asked``:
    {column: [(row, question)]}."""

    shown: dict[str, dict[str, Level]] = field(default_factory=dict)
    asked: dict[str, list[tuple[int | None, str]]] = field(default_factory=dict)

    def level(self, column: str, value: str) -> Level:
        """What ``value`` under ``column`` is, as far as it is known."""
        return self.shown.get(column, {}).get(value)


def scales_of(
    table: Table, columns: Mapping[str, str | None], answers: Answers, context: Context
) -> Scaling:
    """The scale of every column that places a risk on the matrix."""
    scaling = Scaling()
    placed = {ours: theirs for theirs, ours in columns.items() if ours}
    axes = [theirs for theirs, ours in columns.items() if ours and ours.rpartition(".")[2] in AXES]
    distinct = {theirs: _distinct_levels(table, theirs) for theirs in axes}
    steps = highest_number_in([distinct[theirs] for theirs in axes])
    for theirs in axes:
        ours = columns[theirs] or ""
        axis = ours.rpartition(".")[2]
        names = context.levels[axis]
        own = scale_size_in_header(theirs) or table.levels.get(axis) or steps
        same_scale = [
            value
            for other in axes
            if (columns[other] or "").rpartition(".")[2] == axis
            for value in distinct[other]
        ]
        if len({parse_level_word(value) for value in same_scale}) < FEWEST:
            # Two words do not show how long a scale is; the other axis may.
            same_scale = [value for other in axes for value in distinct[other]]
        found = propose_scale(distinct[theirs], names, steps=own, same_scale=same_scale)
        _note_scale_and_questions(table, scaling, theirs, found, answers, names)
    for stage in STAGES:
        if f"{stage}.likelihood" in placed and f"{stage}.impact" in placed:
            continue
        for part in ("score", "rating"):
            theirs = placed.get(f"{stage}.{part}", "")
            if theirs:
                _note_cells_and_questions(
                    table, scaling, theirs, _distinct_levels(table, theirs), answers, context
                )
                break
    return scaling


def _distinct_levels(table: Table, column: str) -> list[str]:
    # Not a number is no level, and whoever wrote it is asked what it should have been.
    return [
        text
        for text, value in table.first_value_by_text(column).items()
        if not isinstance(value, FormulaWithoutValue)
        and (not is_nothing(text) or fold_value(text) == "nan")
    ]


def _first_row_number(table: Table, column: str, value: str | None = None) -> int | None:
    for row, cell in zip(table.rows, table.column(column), strict=True):
        if not is_blank(cell) and (value is None or as_read_in_sheet(cell) == value):
            return row.number
    return None


def _note_scale_and_questions(
    table: Table,
    scaling: Scaling,
    column: str,
    found: Scale,
    answers: Answers,
    names: Sequence[Sequence[str]],
) -> None:
    given = answers.scales.get(column, {})
    levels: dict[str, Level] = {}
    open_ones = []
    for value, level in found.levels.items():
        if value in given and _is_none_or_level_up_to(given[value], len(names)):
            levels[value] = given[value]
        else:
            levels[value] = level
            open_ones.append(value)
    scaling.shown[column] = levels
    questions: list[tuple[int | None, str]] = []
    unknown = [value for value in found.unknown if value in open_ones]
    proposed = [value for value in open_ones if value not in unknown]
    if proposed and not found.sure and found.why != "unknown":
        sides = ", ".join(f"{value} → {levels[value]}" for value in proposed[:12])
        at_row = _first_row_number(table, column, proposed[0])
        questions.append((at_row, _question_by_reason(found.why) % {
            "size": len(names), "sides": sides}))  # fmt: skip
    for value in unknown[:50]:
        questions.append(
            (
                _first_row_number(table, column, value),
                _("Which level, 1 to %(size)d, is “%(value)s”?")
                % {"size": len(names), "value": value[:80]},
            )
        )
    if questions:
        scaling.asked[column] = questions


def _is_none_or_level_up_to(level: object, size: int) -> bool:
    whole_number = isinstance(level, int) and not isinstance(level, bool)
    return level is None or (whole_number and 1 <= level <= size)  # type: ignore[operator]


def _question_by_reason(why: str) -> str:
    return {
        "roman": _(
            "Is I the worst here? Proposed for the levels 1 to %(size)d of this register: "
            "%(sides)s."
        ),
        "parts": _(
            "These are parts of one or of a hundred. Proposed for the levels 1 to %(size)d of this "
            "register: %(sides)s. Is that so?"
        ),
    }.get(
        why,
        _(
            "This is another scale than the levels 1 to %(size)d of this register. Proposed: "
            "%(sides)s. Is that so?"
        ),
    )


def _note_cells_and_questions(
    table: Table,
    scaling: Scaling,
    column: str,
    values: list[str],
    answers: Answers,
    context: Context,
) -> None:
    """A product or a rating alone: a cell is certain only where no other has that score."""
    given = answers.scales.get(column, {})
    sizes = {axis: len(context.levels[axis]) for axis in AXES}
    levels: dict[str, Level] = {}
    questions: list[tuple[int | None, str]] = []
    for value in values:
        if value in given and (given[value] is None or parse_cell(given[value], sizes)):
            levels[value] = given[value]
            continue
        number = parse_level_number(value) if fold_value(value).replace(".", "").isdigit() else None
        cells = list(context.cells.get(number, ())) if number is not None else []
        levels[value] = f"{cells[0][0]}x{cells[0][1]}" if len(cells) == 1 else None
        if len(cells) == 1:
            continue
        if cells:
            which = ", ".join(f"{likelihood}x{impact}" for likelihood, impact in cells)
            text = _("Which cell, likelihood x impact, is %(value)s: %(which)s?")
        else:
            which = ""
            text = _(
                "Which cell, likelihood x impact as in 3x4, is “%(value)s”? No column says both."
            )
        questions.append(
            (_first_row_number(table, column, value), text % {"value": value[:80], "which": which})
        )
    scaling.shown[column] = levels
    if questions:
        scaling.asked[column] = questions[:100]


class CellLevels(NamedTuple):
    """Where a cell of the matrix lies; 1 is lowest."""

    likelihood: int
    impact: int


def parse_cell(text: object, sizes: Mapping[str, int]) -> CellLevels | None:
    """The cell written ``3x4``: likelihood 3, impact 4. None for anything else, and for a cell that
    a matrix of ``sizes`` does not have."""
    parts = str(text).replace("×", "x").split("x")
    if len(parts) != 2 or not all(
        part.strip().isascii() and part.strip().isdigit() for part in parts
    ):
        return None
    likelihood, impact = int(parts[0]), int(parts[1])
    fits = 1 <= likelihood <= sizes["likelihood"] and 1 <= impact <= sizes["impact"]
    return CellLevels(likelihood, impact) if fits else None
