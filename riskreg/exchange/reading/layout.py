"""Finding the table in a sheet: its header, its rows, and what is neither."""

import colorsys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from riskreg.exchange.reading.names import mentions_risk, plain, recognise
from riskreg.exchange.reading.table import NotARegister, Row, Sheet, Table, Value, is_blank, shown
from riskreg.exchange.reading.words import RISKY, SCORES, TOTALS

_SEARCHED = 60
_TEXTS = ("title", "event", "cause", "consequence")
_TOTALS = frozenset(plain(word) for word in TOTALS)


@dataclass(frozen=True)
class Header:
    """Where the header of a sheet is: the rows it takes (from 0), its names, how good it is."""

    first: int
    last: int
    names: tuple[str, ...]
    worth: int


def table_in(sheet: Sheet, kind: str) -> Table | None:
    """The table of ``sheet``, or None if nothing in it looks like one of risks."""
    header = _header(sheet)
    if header is None:
        return None
    rows: list[Row] = []
    left_out: list[tuple[int, str]] = []
    places = _text_columns(header.names)
    judged = [
        place
        for place, name in enumerate(header.names)
        if sheet.colours and (known := recognise(name)) and known.target in SCORES
    ]
    spans = _spans(sheet)
    _fill_down(sheet, header)
    for number in range(header.last + 1, len(sheet.grid)):
        values = _padded(sheet, number, len(header.names))
        for place in judged:
            if is_blank(values[place]):
                values[place] = colour_word(sheet.colours.get((number, place), "")) or None
        if all(is_blank(value) for value in values):
            continue
        beyond = sheet.grid[number][len(header.names) :]
        too_long = kind in ("csv", "tsv", "paste") and not all(map(is_blank, beyond))
        why = _why_no_row(values, header, places, number in spans)
        if why:
            left_out.append((number + 1, why))
        else:
            rows.append(Row(number + 1, tuple(values), too_long))
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
        tuple(left_out),
        tuple(notes),
    )


def worth_of(sheet: Sheet) -> int:
    """How much ``sheet`` looks like a register: 0 is not at all."""
    header = _header(sheet)
    return 0 if header is None else header.worth * 1000 + min(len(sheet.grid), 900)


def check_is_register(table: Table) -> None:
    """Raise ``NotARegister`` for a table whose columns are not those of risks.

    There must be a text that says what may happen, and something that only risks have.
    """
    found = [known for name in table.headers if (known := recognise(name))]
    targets = {known.target for known in found}
    names = ", ".join(table.headers[:12])
    if not targets & {"title", "event"}:
        raise NotARegister(
            _("No column says what may happen. Columns: %(names)s.") % {"names": names}
        )
    risky = targets & set(RISKY) or any(map(mentions_risk, (*table.headers, table.sheet)))
    if not risky:
        raise NotARegister(
            _(
                "This is a table, but not of risks: no column is a likelihood, an impact, a "
                "rating, a cause or a response. Columns: %(names)s."
            )
            % {"names": names}
        )
    if not table.rows:
        raise NotARegister(_("There is a header, and no risk below it."))


def _header(sheet: Sheet) -> Header | None:
    best: Header | None = None
    for number in range(min(_SEARCHED, len(sheet.grid))):
        row = sheet.grid[number]
        filled = [value for value in row if not is_blank(value)]
        if len(filled) < 2 or not all(isinstance(value, str) for value in filled):
            continue
        for found in _readings(sheet, number):
            if best is None or found.worth > best.worth:
                best = found
    return best


def _readings(sheet: Sheet, number: int) -> Iterator[Header]:
    """The header that row ``number`` is: alone, with the groups above it, or over a second row."""
    alone = [shown(value) for value in sheet.grid[number]]
    yield _header_with_worth(number, number, alone)
    above = _spread(sheet, number - 1) if number else None
    if above and sum(1 for name in above if name) > 1:
        grouped = [
            _joined(above[c] if c < len(above) else "", alone[c] if c < len(alone) else "")
            for c in range(max(len(above), len(alone)))
        ]
        if len({name for name in above if name}) > 1:
            yield _header_with_worth(number - 1, number, grouped)


def _header_with_worth(first: int, last: int, names: list[str]) -> Header:
    """A header is worth what is recognised in it; long sentences are none."""
    seen: dict[tuple[str, str], int] = {}
    for name in names:
        known = recognise(name) if len(name) <= 80 else None
        if known:
            place = (known.target, known.stage)
            seen[place] = max(seen.get(place, 0), known.sureness)
    worth = sum(seen.values())
    return Header(first, last, _unique(names), worth if len(seen) > 1 else 0)


def _spread(sheet: Sheet, number: int) -> list[str]:
    """The names in a row of groups, each over all the columns that it stands above."""
    row = [shown(value) for value in sheet.grid[number]]
    merged = {start[1]: end[1] for start, end in sheet.merged if start[0] <= number <= end[0]}
    names = list(row)
    if merged:
        # Where cells are merged, the sheet itself says how far a name reaches.
        for first, last in merged.items():
            for column in range(first, min(last, len(row) - 1) + 1):
                names[column] = row[first]
        return names
    below = [shown(value) for value in sheet.grid[number + 1]]
    for column in range(1, len(row)):
        lonely = column < len(below) and bool(below[column])
        if not names[column] and lonely and names[column - 1]:
            names[column] = names[column - 1]
    return names


def _joined(group: str, name: str) -> str:
    if not name or not group or group.casefold() == name.casefold():
        return name or group
    return f"{group} {name}"


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """``names`` without repetition: the second of one name is ``name (2)``."""
    trimmed = list(names)
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    counts: dict[str, int] = {}
    found = []
    for column, name in enumerate(trimmed):
        name = " ".join(name.split()) or f"({_letters(column)})"
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return tuple(found)


def _letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _padded(sheet: Sheet, number: int, width: int) -> list[Value]:
    row = list(sheet.grid[number][:width])
    return row + [None] * (width - len(row))


def _text_columns(names: Sequence[str]) -> list[int]:
    return [
        place
        for place, name in enumerate(names)
        if (known := recognise(name)) and known.target in _TEXTS
    ]


def _spans(sheet: Sheet) -> set[int]:
    """Rows of which a cell reaches over three columns and more: a heading in the middle."""
    return {start[0] for start, end in sheet.merged if end[1] - start[1] > 1}


def colour_word(rgb: str) -> str:
    """Which colour of a traffic light ``RRGGBB`` is; nothing for white, grey and blue."""
    if len(rgb) != 6:
        return ""
    parts = (int(rgb[n : n + 2], 16) / 255 for n in (0, 2, 4))
    hue, saturation, value = colorsys.rgb_to_hsv(*parts)
    if saturation < 0.2 or value < 0.2:
        return ""
    bounds = ((15, "red"), (45, "orange"), (70, "yellow"), (170, "green"), (345, ""))
    return next((word for most, word in bounds if hue * 360 < most), "red")


def _fill_down(sheet: Sheet, header: Header) -> None:
    """Give each row below the header what a cell that was merged over several rows says."""
    for (first, column), (last, end) in sheet.merged:
        if column != end or first <= header.last or first == last:
            continue
        value = sheet.grid[first][column] if column < len(sheet.grid[first]) else None
        for number in range(first + 1, min(last, len(sheet.grid) - 1) + 1):
            if column < len(sheet.grid[number]) and is_blank(sheet.grid[number][column]):
                sheet.grid[number][column] = value


def _why_no_row(values: list[Value], header: Header, texts: list[int], spans: bool) -> str:
    """Why this is no row of the table; nothing for one that is."""
    filled = [place for place, value in enumerate(values) if not is_blank(value)]
    words = [shown(values[place]) for place in filled]
    again = sum(
        header.names[place].casefold().endswith(word.casefold())
        for place, word in zip(filled, words, strict=True)
    )
    if len(words) > 1 and again > len(words) / 2:
        return _("the header again")
    if plain(words[0].rstrip(":：")) in _TOTALS or plain(words[0]).split(" ")[0] in _TOTALS:
        numbers = all(_is_number(values[place]) for place in filled[1:])
        if numbers:
            return _("a total")
    wide = len(header.names) > 3
    if wide and len(filled) == 1 and (spans or filled[0] not in texts):
        return _("a heading or a note")
    if wide and texts and not any(place in filled for place in texts):
        worked_out = all(_is_number(values[place]) or len(word) < 12 for place, word in
                         zip(filled, words, strict=True))  # fmt: skip
        return _("nothing but a number") if worked_out else _("a note, without a risk")
    return ""


def _is_number(value: Value) -> bool:
    if isinstance(value, int | float):
        return True
    return (
        bool(value)
        and str(value)
        .strip()
        .lstrip("=")
        .replace(".", "")
        .replace(",", "")
        .replace("%", "")
        .isdigit()
    )
