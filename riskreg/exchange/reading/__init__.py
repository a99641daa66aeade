"""Reading a file that somebody brings. Pure: no database, no network, nothing in it is ever run."""

from dataclasses import replace

from django.utils.translation import gettext as _

from riskreg.exchange.reading.jsons import read_json
from riskreg.exchange.reading.layout import (
    check_is_register,
    is_register,
    likeness_to_register,
    sort_key_by_likeness_to_risks,
    table_in,
)
from riskreg.exchange.reading.separate_mitigations import separate_mitigations_on_sheets
from riskreg.exchange.reading.table import (
    MAX_BYTES,
    NotARegister,
    Row,
    Sheet,
    Table,
    Value,
    as_read_in_sheet,
    is_blank,
)
from riskreg.exchange.reading.texts import RARE_SEPARATORS, decode, read_text
from riskreg.exchange.reading.workbooks import OLE, read_workbook

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*")


def read_file(data: bytes, *, sheet: str | None = None, pasted: bool = False) -> Table:
    """The register in ``data``; what kind of file it is, is seen by what is in it.

    ``sheet`` names one of several. Raises ``NotARegister`` with the reason and the way out.
    """
    table = _read(data, sheet, pasted)
    check_is_register(table)
    return table


def _read(data: bytes, sheet: str | None, pasted: bool) -> Table:
    if len(data) > MAX_BYTES:
        raise NotARegister(
            _("This file is larger than %(size)d MB.") % {"size": MAX_BYTES // 1024 // 1024}
        )
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise NotARegister(_("This file is empty."))
    if data.startswith(_PICTURES):
        raise NotARegister(_("This is a picture. Type its rows into a sheet, and bring that."))
    if data.startswith(b"%PDF"):
        raise NotARegister(_("This is a PDF. Bring the sheet that it was made of."))
    if data.startswith((b"PK", OLE)):
        kind, sheets = read_workbook(data)
        return _from_workbook(kind, sheets, sheet)
    text = decode(data)
    start = text.lstrip("\ufeff \t\r\n")[:200]
    if start.startswith(("{", "[")):
        return read_json(text.lstrip("\ufeff"))
    if start.startswith("<") and not start.startswith("<>"):
        raise NotARegister(_("This is a page or XML, and no sheet. Save it as .xlsx or .csv."))
    kind = "paste" if pasted else "tsv" if "\t" in text[:2000] else "csv"
    grid = read_text(text)
    found = table_in(Sheet("", grid), kind)
    if found is None:
        for separator in RARE_SEPARATORS:
            if text.count(separator) > 2 and (
                other := table_in(Sheet("", read_text(text, separator)), kind)
            ):
                return other
        raise NotARegister(_no_header_text(grid))
    return found


def _from_workbook(kind: str, sheets: list[Sheet], wanted: str | None) -> Table:
    if wanted is not None:
        chosen = [sheet for sheet in sheets if sheet.name == wanted]
        if not chosen:
            names = ", ".join(sheet.name for sheet in sheets)
            raise NotARegister(_("There is no such sheet. Sheets: %(names)s.") % {"names": names})
    else:
        shown_ones = [sheet for sheet in sheets if not sheet.hidden]
        chosen = sorted(shown_ones or sheets, key=likeness_to_register, reverse=True)
    if not any(not is_blank(v) for sheet in sheets for row in sheet.grid for v in row):
        raise NotARegister(
            _("This workbook has no cell with a value; a picture of a table cannot be read.")
        )
    found = [table for one in chosen if (table := table_in(one, kind)) is not None]
    if not found:
        raise NotARegister(_no_header_text(chosen[0].grid))
    registers = sorted(filter(is_register, found), key=sort_key_by_likeness_to_risks, reverse=True)
    if not registers:
        return found[0]
    apart = separate_mitigations_on_sheets([table for table in found if table not in registers])
    registers[0] = replace(registers[0], separate_mitigations=apart)
    others = ", ".join(table.sheet for table in registers[1:])
    if not others:
        return registers[0]
    note = _("Read was the sheet %(name)s. Others look like registers as well: %(others)s.")
    notes = (*registers[0].notes, note % {"name": registers[0].sheet, "others": others})
    return replace(registers[0], notes=notes)


def _no_header_text(grid: list[list[Value]]) -> str:
    filled = [row for row in grid if any(not is_blank(v) for v in row)]
    first = next((row for row in filled if sum(not is_blank(v) for v in row) > 1), [])
    first = first or (filled[0] if filled else [])
    names = ", ".join(as_read_in_sheet(value)[:40] for value in first[:12] if not is_blank(value))
    return _(
        "No row was found that names the columns of a register. It starts with: %(names)s."
    ) % {"names": names or "–"}


__all__ = ["NotARegister", "Row", "Table", "Value", "as_read_in_sheet", "is_blank", "read_file"]
