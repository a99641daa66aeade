"""What the reader of workbooks leaves out: hidden rows, colours, formulas without a value.

Read from the XML of the sheets by a parser that resolves no entity and opens no address.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml import ElementTree as Xml
from django.utils.translation import gettext as _

from riskreg.exchange.reading.table import MAX_COLUMNS, MAX_ROWS, NotARegister

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass
class Markings:
    """Of one sheet; rows and columns from 0."""

    hidden_rows: frozenset[int] = frozenset()
    colours: Mapping[tuple[int, int], str] = field(default_factory=dict)
    without_value: tuple[tuple[int, int], ...] = ()


def part_by_sheet_name(archive: zipfile.ZipFile) -> dict[str, str]:
    """{name of a sheet: the part of the archive that holds it}."""
    book = _parse_xml(archive, "xl/workbook.xml")
    try:
        relations = _parse_xml(archive, "xl/_rels/workbook.xml.rels")
    except KeyError:
        return {}
    targets = {node.get("Id"): node.get("Target") or "" for node in relations}
    found = {}
    for node in book.iter():
        if not str(node.tag).endswith("}sheet"):
            continue
        target = targets.get(node.get(_RELATION) or node.get(_STRICT_RELATION), "")
        path = posixpath.normpath(
            target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        )
        if target and path in archive.namelist():
            found[node.get("name") or ""] = path
    return found


def has_uncalculated_formulas(archive: zipfile.ZipFile) -> bool:
    """Whether whoever wrote the workbook worked nothing out, and says so: its formulas have nought
    for a result until a spreadsheet opens it."""
    asked = [n.get("fullCalcOnLoad") for n in _parse_xml(archive, "xl/workbook.xml").iter()]
    return any(value in ("1", "true") for value in asked)


def markings_of(
    archive: zipfile.ZipFile, part: str, zero_is_uncalculated: bool = False
) -> Markings:
    """What is marked in the sheet that ``part`` holds. ``zero_is_uncalculated``: a formula that
    comes to nought was not worked out (``has_uncalculated_formulas``)."""
    fills = _fill_colours_by_style(archive)
    if not any(fills) and not _may_be_marked(archive, part):
        return Markings()
    hidden: set[int] = set()
    colours: dict[tuple[int, int], str] = {}
    without: list[tuple[int, int]] = []
    number = -1
    try:
        with archive.open(part) as source:
            for _event, node in Xml.iterparse(source, events=("end",), forbid_dtd=True):
                if not str(node.tag).endswith("}row"):
                    continue
                number = int(node.get("r") or number + 2) - 1
                if node.get("hidden") in ("1", "true"):
                    hidden.add(number)
                _add_markings_of_row(node, number, fills, colours, without, zero_is_uncalculated)
                node.clear()
    except (ParseError, DefusedXmlException, ValueError):
        raise _bad_xml() from None
    return Markings(frozenset(hidden), colours, tuple(without))


# A formula, a hidden row, a declaration that is not to be there. What each has in it is looked for
# first, as that is much faster.
_PARTS_OF_MARKS = (b"<f", b":f", b"hidden", b"<!")
_MARK = re.compile(rb"<(?:\w+:)?f[\s/>]|\bhidden\s*=|<!")


def _may_be_marked(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether a sheet without colours has anything to look for: to take its XML apart costs more
    than to read its cells."""
    rest = b""
    with archive.open(part) as source:
        while piece := source.read(1 << 20):
            text = rest + piece
            if any(part in text for part in _PARTS_OF_MARKS) and _MARK.search(text):
                return True
            rest = piece[-64:]
    return False


def ods_markings(archive: zipfile.ZipFile) -> dict[str, Markings]:
    """{name of a sheet: what is marked in it} of an OpenDocument workbook, read row by row."""
    found: dict[str, Markings] = {}
    name, number = "", 0
    hidden: set[int] = set()
    without: list[tuple[int, int]] = []
    try:
        with archive.open("content.xml") as source:
            for event, node in Xml.iterparse(source, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    if node.tag == f"{_TABLE}table":
                        name, number, hidden, without = (
                            node.get(f"{_TABLE}name") or "",
                            0,
                            set(),
                            [],
                        )
                elif node.tag == f"{_TABLE}table":
                    found[name] = Markings(frozenset(hidden), {}, tuple(without))
                elif node.tag == f"{_TABLE}table-row":
                    times = int(node.get(f"{_TABLE}number-rows-repeated") or 1)
                    # What is empty is repeated to the end of the sheet, further than anything read.
                    marked = range(number, min(number + times, MAX_ROWS))
                    if node.get(f"{_TABLE}visibility") in ("collapse", "filter"):
                        hidden.update(marked)
                    without += [
                        (n, column) for column in _ods_columns_without_value(node) for n in marked
                    ]
                    number += times
                    node.clear()
    except (ParseError, DefusedXmlException, ValueError):
        raise _bad_xml() from None
    return found


def _ods_columns_without_value(row: Any) -> Iterator[int]:
    """The columns of ``row`` with a formula and no value."""
    column = 0
    for cell in row:
        times = int(cell.get(f"{_TABLE}number-columns-repeated") or 1)
        worked_out = cell.get(f"{_OFFICE}value-type") is not None or len(cell)
        if cell.get(f"{_TABLE}formula") and not worked_out:
            yield from range(column, column + min(times, MAX_COLUMNS))
        column += times


def _add_markings_of_row(
    row: Any,
    number: int,
    fills: list[str],
    colours: dict[tuple[int, int], str],
    without: list[tuple[int, int]],
    zero_is_uncalculated: bool,
) -> None:
    column = -1
    for cell in row:
        letters = "".join(c for c in cell.get("r") or "" if c.isalpha())
        column = _column_index(letters) if letters else column + 1
        tags = {str(part.tag).rpartition("}")[2]: part for part in cell}
        value = tags.get("v")
        empty = "is" not in tags and (value is None or not value.text)
        nought = zero_is_uncalculated and value is not None and value.text == "0"
        if (empty or nought) and "f" in tags:
            without.append((number, column))
        style = cell.get("s")
        if empty and style and style.isdigit() and int(style) < len(fills) and fills[int(style)]:
            colours[number, column] = fills[int(style)]


def _column_index(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _fill_colours_by_style(archive: zipfile.ZipFile) -> list[str]:
    """The colour (RRGGBB, or nothing) that each style fills its cell with."""
    try:
        styles = _parse_xml(archive, "xl/styles.xml")
    except KeyError:
        return []
    fills: list[str] = []
    used: list[str] = []
    for group in styles:
        name = str(group.tag).rpartition("}")[2]
        if name == "fills":
            for fill in group:
                solid = next((p for p in fill if p.get("patternType") == "solid"), None)
                front = None if solid is None else next(iter(solid), None)
                rgb = (front.get("rgb") or "") if front is not None else ""
                fills.append(rgb[-6:].upper() if len(rgb) in (6, 8) else "")
        elif name == "cellXfs":
            for style in group:
                place = int(style.get("fillId") or 0)
                used.append(fills[place] if place < len(fills) else "")
    return used


def _parse_xml(archive: zipfile.ZipFile, part: str) -> Any:
    try:
        return Xml.fromstring(archive.read(part), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise _bad_xml() from None


def _bad_xml() -> NotARegister:
    return NotARegister(
        _("This workbook holds XML that no program writes (or that points elsewhere); not read.")
    )
