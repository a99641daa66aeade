"""Finding the table in a sheet: its header, its rows, and what is neither."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from riskreg.exchange.reading.names import (
    column_on_what_may_happen_or_empty,
    mentions_risk,
    recognise,
    stage_in,
)
from riskreg.exchange.reading.rows import rows_and_skipped_rows_below
from riskreg.exchange.reading.table import (
    NotARegister,
    Sheet,
    Table,
    Value,
    as_read_in_sheet,
    is_blank,
)
from riskreg.exchange.reading.words import RISKY, SCORES

_SEARCHED = 60


@dataclass(frozen=True)
class Header:
    """Where the header of a sheet is: the rows it takes (from 0), its names, how good it is."""

    first: int
    last: int
    names: tuple[str, ...]
    worth: int


def table_in(sheet: Sheet, kind: str) -> Table | None:
    """The table of ``sheet``, or None if nothing in it looks like one of risks."""
    header = _best_header(sheet)
    if header is None:
        return None
    rows, skipped = rows_and_skipped_rows_below(sheet, kind, header.names, header.last)
    hidden = [row.number for row in rows if row.number - 1 in sheet.hidden_rows]
    notes = []
    if hidden:
        notes.append(
            _("Hidden rows were read as well: %(rows)s.")
            % {"rows": ", ".join(map(str, hidden[:20])) + (" …" if hidden[20:] else "")}
        )
    if sheet.hidden:
        notes.append(_("The sheet %(name)s is hidden in the workbook.") % {"name": sheet.name})
    return Table(
        kind,
        sheet.name,
        header.last + 1,
        header.names,
        tuple(rows),
        tuple(skipped),
        tuple(notes),
    )


def likeness_to_register(sheet: Sheet) -> int:
    """How much ``sheet`` looks like a register: 0 is not at all."""
    header = _best_header(sheet)
    return 0 if header is None else header.worth * 1000 + min(len(sheet.grid), 900)


def is_register(table: Table) -> bool:
    """Whether ``table`` is one of risks."""
    try:
        check_is_register(table)
    except NotARegister:
        return False
    return True


def sort_key_by_likeness_to_risks(table: Table) -> tuple[bool, bool]:
    """How surely a register is one of risks, beside lists of issues and actions in one workbook."""
    found = {known.target for name in table.headers if (known := recognise(name))}
    risks = any(map(mentions_risk, (*table.headers, table.sheet)))
    return "likelihood" in found, risks


def check_is_register(table: Table) -> None:
    """Raise ``NotARegister`` for a table whose columns are not those of risks.

    There must be a text that says what may happen, and something that only risks have.
    """
    found = [known for name in table.headers if (known := recognise(name))]
    targets = {known.target for known in found}
    names = ", ".join(table.headers[:12])
    if not targets & {"title", "event"} and not column_on_what_may_happen_or_empty(table.headers):
        raise NotARegister(
            _("No column says what may happen. Columns: %(names)s.") % {"names": names}
        )
    signs = sum(RISKY.get(target, 0) for target in targets)
    signs += 2 * any(map(mentions_risk, (*table.headers, table.sheet)))
    if signs < 2:
        raise NotARegister(
            _(
                "This is a table, but not of risks: no column is a likelihood, an impact, a "
                "rating, a cause or a response. Columns: %(names)s."
            )
            % {"names": names}
        )
    if not table.rows:
        raise NotARegister(_("There is a header, and no risk below it."))


def _best_header(sheet: Sheet) -> Header | None:
    best: Header | None = None
    for number in range(min(_SEARCHED, len(sheet.grid))):
        row = sheet.grid[number]
        filled = [value for value in row if not is_blank(value)]
        if len(filled) < 2 or not all(isinstance(value, str) for value in filled):
            continue
        if sum(as_read_in_sheet(value).replace(".", "").isdigit() for value in filled) * 3 > len(
            filled
        ):
            continue
        for found in _possible_headers_with_row(sheet, number):
            if best is None or found.worth > best.worth:
                best = found
    return best


def _possible_headers_with_row(sheet: Sheet, number: int) -> Iterator[Header]:
    """The header that row ``number`` is: alone, with the groups above it, or over a second row."""
    alone = [as_read_in_sheet(value) for value in sheet.grid[number]]
    header = _header_with_worth(number, number, alone)
    yield header
    below = sheet.grid[number + 1] if number + 1 < len(sheet.grid) else []
    if _are_levels(alone, below):
        over = _group_names_by_column(sheet, number)
        names = [
            _join_header(over[c] if c < len(over) else "", as_read_in_sheet(v))
            for c, v in enumerate(below)
        ]
        names = list(_with_repeated_names_numbered(names + over[len(names) :]))
        yield Header(number, number + 1, tuple(names), header.worth and header.worth + 1)
    above = _group_names_by_column(sheet, number - 1) if number else None
    if above and sum(1 for name in above if name) > 1:
        grouped = [
            _join_header(above[c] if c < len(above) else "", alone[c] if c < len(alone) else "")
            for c in range(max(len(above), len(alone)))
        ]
        if len({name for name in above if name}) > 1:
            yield _header_with_worth(number - 1, number, grouped)


def _are_levels(names: Sequence[str], below: Sequence[Value]) -> bool:
    """Whether the row below a header counts the levels of one that reaches over several columns:
    *Likelihood* over 1 to 5, for a cross under one of them."""
    filled = [c for c, value in enumerate(below) if not is_blank(value)]
    open_ones = [c for c in filled if c >= len(names) or not names[c]]
    counted = [as_read_in_sheet(below[c]) for c in filled]
    return (
        len(filled) > 2
        and len(open_ones) * 2 > len(filled)
        and all(text.isdigit() and int(text) <= 10 for text in counted)
    )


def _header_with_worth(first: int, last: int, names: list[str]) -> Header:
    """A header is worth what is recognised in it; long sentences are none."""
    seen: dict[tuple[str, str], int] = {}
    for name in names:
        known = recognise(name) if len(name) <= 80 else None
        if known:
            place = (known.target, known.stage)
            seen[place] = max(seen.get(place, 0), known.sureness)
    worth = sum(seen.values()) + (last > first and len(seen) > 1)
    return Header(first, last, _with_repeated_names_numbered(names), worth if len(seen) > 1 else 0)


def _group_names_by_column(sheet: Sheet, number: int) -> list[str]:
    """The names in a row of groups, each over all the columns that it stands above."""
    row = [as_read_in_sheet(value) for value in sheet.grid[number]]
    merged = {start[1]: end[1] for start, end in sheet.merged if start[0] <= number <= end[0]}
    names = list(row)
    if merged:
        # Where cells are merged, the sheet itself says how far a name reaches.
        for first, last in merged.items():
            for column in range(first, min(last, len(row) - 1) + 1):
                names[column] = row[first]
        return names
    below = [as_read_in_sheet(value) for value in sheet.grid[number + 1]]
    for column in range(1, len(row)):
        lonely = column < len(below) and bool(below[column])
        if not names[column] and lonely and names[column - 1]:
            names[column] = names[column - 1]
    return names


def _join_header(group: str, name: str) -> str:
    if not name or not group or group.casefold() == name.casefold():
        return name or group
    known, whole = recognise(name), recognise(f"{group} {name}")
    if stage_in(group) and known and known.target not in SCORES and known.sureness == 100:
        # *Owner* beside what was judged *after mitigation* is none of the mitigation.
        return name
    return name if known and not whole else f"{group} {name}"


def _with_repeated_names_numbered(names: Sequence[str]) -> tuple[str, ...]:
    """``names`` without repetition: the second of one name is ``name (2)``."""
    trimmed = list(names)
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    counts: dict[str, int] = {}
    found = []
    for column, name in enumerate(trimmed):
        name = " ".join(name.split()) or f"({_column_letters(column)})"
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return tuple(found)


def _column_letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
