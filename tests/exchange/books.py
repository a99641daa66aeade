"""Files as other programs write them, made for the tests; everything in them is illustrative."""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from openpyxl import Workbook

HEADER = ["ID", "Risk", "Description", "Likelihood (1-5)", "Impact (1-5)", "Owner", "Status"]
ROWS = [
    ["A-1", "Ice on the ramp", "Trucks slide at the gate", 4, 3, "Ann Example", "Open"],
    ["A-2", "Late castings", "The foundry delivers late", 2, 5, "Bo Example", "Open"],
    ["A-3", "Old permit", "The permit of the hall lapses", 5, 2, "Cy Example", "Closed"],
]


def book(rows: Sequence[Sequence[Any]], more: Callable[[Any], None] | None = None) -> bytes:
    """A workbook with ``rows`` in its one sheet; ``more`` is done to it before it is saved."""
    made = Workbook()
    sheet = made.active
    sheet.title = "Register"
    for row in rows:
        sheet.append(list(row))
    if more:
        more(sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def text(rows: Sequence[Sequence[Any]], separator: str = ",") -> str:
    """``rows`` as CSV."""
    return "\n".join(separator.join(str(cell) for cell in row) for row in rows) + "\n"


def ods(rows: Sequence[Sequence[Any]]) -> bytes:
    """``rows`` as an OpenDocument sheet, with the empty rows that every program adds."""
    lines = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        + '<table:table-cell table:number-columns-repeated="1000"/></table:table-row>'
        for row in rows
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body>'
        f'<office:spreadsheet><table:table table:name="Blatt1">{lines}'
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="1000"/></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def archive(parts: dict[str, str | bytes]) -> bytes:
    """A ZIP of ``parts``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def rewritten(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    return archive({**parts, part: change(parts[part])})
