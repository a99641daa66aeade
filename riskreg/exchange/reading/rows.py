"""The rows below a header: which are of the table, and why the others are not."""

import colorsys
import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from riskreg.exchange.reading.names import plain_header, recognise, scale_size_in_header
from riskreg.exchange.reading.table import Row, Sheet, SkippedRow, Value, as_read_in_sheet, is_blank
from riskreg.exchange.reading.words import LEGENDS, SCORES, TOTALS

_TEXTS = ("title", "event", "cause", "consequence")
_TOTALS = frozenset(plain_header(word) for word in TOTALS)
_OF_TOTALS = frozenset(["of", "all", "risk", "risks", "score", "scores", "exposure", "number"])
_LEGENDS = frozenset(plain_header(word) for word in LEGENDS)
_NUMBER = re.compile(r"[0-9][0-9.,\s]*\s*(?:%|项|項|条|條|个|個|件|risks?|items?|risiken|risques)?")
_RULE = re.compile(r"[\W_]+")


def rows_and_skipped_rows_below(
    sheet: Sheet, kind: str, names: Sequence[str], last: int
) -> tuple[list[Row], list[SkippedRow]]:
    """The rows below row ``last`` (from 0) of a sheet, and what is none."""
    rows: list[Row] = []
    skipped: list[SkippedRow] = []
    known = {place: found for place, name in enumerate(names) if (found := recognise(name))}
    texts = [place for place, found in known.items() if found.target in _TEXTS]
    judged = [place for place, found in known.items() if found.target in SCORES]
    ids = [place for place, found in known.items() if found.target == "external_id"]
    work = [place for place, found in known.items() if found.target.startswith("mitigation.")]
    if not _mostly_filled_below(sheet, last, ids):
        ids = []
    spans = _rows_with_wide_cells(sheet)
    _fill_merged_cells_down(sheet, last)
    legend = False
    as_text = kind in ("csv", "tsv", "paste")
    ends = [name.casefold()[-1:] for name in names]
    for number in range(last + 1, len(sheet.grid)):
        values = _pad_row(sheet, number, len(names))
        if sheet.colours:
            for place in judged:
                if is_blank(values[place]):
                    values[place] = colour_word(sheet.colours.get((number, place), "")) or None
        too_long = as_text and not all(map(is_blank, sheet.grid[number][len(names) :]))
        if rows and not legend and _is_plainly_a_row(values, ends, texts):
            rows.append(Row(number + 1, tuple(values), too_long))
            continue
        filled = [place for place, value in enumerate(values) if not is_blank(value)]
        if not filled:
            continue
        words = [as_read_in_sheet(values[place]) for place in filled]
        again = _is_header_again(names, filled, words)
        if len(filled) == 1 and plain_header(words[0].rstrip(":：")) in _LEGENDS:
            legend = True
        elif again:
            legend = False
        if again:
            why = _("the header again")
        elif legend:
            why = _("a legend, or a note")
        elif not rows and _is_hint(values, filled, judged):
            why = _("says how to fill a row in")
        else:
            why = _why_no_row_or_empty(values, filled, words, names, texts, ids, number in spans)
        continues = bool(why) and bool(rows) and set(filled) <= set(work) and not legend
        if continues:
            # One more measure against the risk above.
            values = [v if n in work else rows[-1].values[n] for n, v in enumerate(values)]
        elif why:
            skipped.append(SkippedRow(number + 1, why))
            continue
        rows.append(Row(number + 1, tuple(values), too_long, continues))
    return rows, skipped


def _is_plainly_a_row(values: list[Value], ends: Sequence[str], texts: list[int]) -> bool:
    """Whether none of the reasons to leave a row out can hold, as of most rows: what may happen is
    among what it says, it says two things in words, and half of it does not end as the header does
    (``ends``: the last letter of each name)."""
    if texts and all(is_blank(values[place]) for place in texts):
        return False
    wordy = other = filled = 0
    half = len(values) / 2
    for value, end in zip(values, ends, strict=True):
        if isinstance(value, str):
            if not value:
                continue
            last = value[-1]
            if last.isspace():
                return False
            wordy += value[0].isalpha()
            other += last.casefold()[-1] != end
            if other >= half and wordy > 1:
                return True
        filled += value is not None
    return wordy > 1 and other * 2 >= filled


def _why_no_row_or_empty(
    values: list[Value],
    filled: list[int],
    words: list[str],
    names: Sequence[str],
    texts: list[int],
    ids: list[int],
    spans: bool,
) -> str:
    """Why this is no row of the table; nothing for one that is."""
    if all(_RULE.fullmatch(word) for word in words):
        return _("nothing but a line")
    # What sums up says so in one of its first cells, and has only numbers beside that.
    in_words = sum(not _is_number(values[p]) for p in filled)
    if in_words < 2:
        total = next(
            (p for p in filled[:2] if _says_total(as_read_in_sheet(values[p]), p in texts)), None
        )
        if total is not None and all(_is_number(values[p]) for p in filled if p != total):
            return _("a total")
    wide = len(names) > 3
    # A heading stands alone; so may a risk, but then it has a number where all have one.
    alone = spans or filled[0] not in texts or (ids and filled[0] not in ids)
    if wide and len(filled) == 1 and alone:
        return _("a heading or a note")
    if wide and texts and not any(place in filled for place in texts):
        worked_out = all(
            _is_number(values[place]) or len(word) < 12
            for place, word in zip(filled, words, strict=True)
        )
        return _("nothing but a number") if worked_out else _("a note, without a risk")
    return ""


def _mostly_filled_below(sheet: Sheet, header_row: int, places: list[int]) -> bool:
    """Whether nearly every row that says more than one thing has something in ``places``."""
    if not places:
        return False
    rows = filled = 0
    for row in sheet.grid[header_row + 1 :]:
        cells = (v for v in row if not is_blank(v))
        if next(cells, None) is not None and next(cells, None) is not None:
            rows += 1
            filled += any(p < len(row) and not is_blank(row[p]) for p in places)
    return rows > 0 and filled >= 0.8 * rows


def _says_total(text: str, is_risk: bool) -> bool:
    """*Total*, *Average score*. *Total loss of power* is a risk where risks stand."""
    bare = plain_header(text.rstrip(":："))
    first, _blank, rest = bare.partition(" ")
    of = set(rest.split()) <= _OF_TOTALS
    return bare in _TOTALS or (first in _TOTALS and (of or not is_risk))


def _is_header_again(names: Sequence[str], filled: list[int], words: list[str]) -> bool:
    again = sum(
        names[place].casefold().endswith(" ".join(word.split()).casefold())
        for place, word in zip(filled, words, strict=True)
    )
    return len(words) > 1 and again > len(words) / 2


def _is_hint(values: list[Value], filled: list[int], judged: list[int]) -> bool:
    """A row right below the header that numbers the columns, or says what may stand in them."""
    numbers = [values[place] for place in filled]
    if len(filled) > 3 and [as_read_in_sheet(v) for v in numbers] == [str(p + 1) for p in filled]:
        return True
    hints = [p for p in judged if p in filled and scale_size_in_header(as_read_in_sheet(values[p]))]
    return bool(hints) and all(isinstance(values[p], str) for p in filled)


def _pad_row(sheet: Sheet, number: int, width: int) -> list[Value]:
    row = sheet.grid[number][:width]
    return row if len(row) == width else row + [None] * (width - len(row))


def _rows_with_wide_cells(sheet: Sheet) -> set[int]:
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


def _fill_merged_cells_down(sheet: Sheet, header: int) -> None:
    """Give each row below the header what a cell that was merged over several rows says."""
    for (first, column), (last, end) in sheet.merged:
        if column != end or first <= header or first == last:
            continue
        value = sheet.grid[first][column] if column < len(sheet.grid[first]) else None
        for number in range(first + 1, min(last, len(sheet.grid) - 1) + 1):
            if column < len(sheet.grid[number]) and is_blank(sheet.grid[number][column]):
                sheet.grid[number][column] = value


def _is_number(value: Value) -> bool:
    """A number, or how many there are: *12 risks*, *3项*."""
    if isinstance(value, int | float):
        return True
    return _NUMBER.fullmatch(str(value).strip().lstrip("=").casefold()) is not None
