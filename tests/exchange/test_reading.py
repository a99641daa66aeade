"""What is found in a file, whatever made it; and what is refused, with the reason."""

from typing import Any

import pytest
from openpyxl.styles import PatternFill

from riskreg.exchange.reading import NotARegister, Table, as_read_in_sheet, read_file
from riskreg.exchange.reading import table as bounds
from riskreg.exchange.reading.names import recognise
from riskreg.exchange.reading.old_markings import xls_markings
from riskreg.exchange.reading.table import FormulaWithoutValue
from riskreg.exchange.reading.workbooks import read_workbook
from tests.exchange.books import HEADER, ROWS, archive, book, ods, rewritten, text
from tests.exchange.old_books import Formula, old_book

SHEET = "xl/worksheets/sheet1.xml"


def values(table: Table) -> list[list[str]]:
    return [[as_read_in_sheet(value) for value in row.values] for row in table.rows]


PLAIN = [[str(cell) for cell in row] for row in ROWS]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("xlsx", book([HEADER, *ROWS])),
        ("ods", ods([HEADER, *ROWS])),
        ("csv", text([HEADER, *ROWS]).encode()),
        ("csv", text([HEADER, *ROWS], ";").encode("utf-8-sig")),
        ("csv", text([HEADER, *ROWS], "|").encode("cp1252")),
        ("tsv", text([HEADER, *ROWS], "\t").encode("utf-16")),
        ("tsv", text([HEADER, *ROWS], "\t").encode("utf-16-le")),
        ("csv", ("sep=;\n" + text([HEADER, *ROWS], ";")).encode()),
    ],
)
def test_the_same_rows_whatever_program_wrote_them(kind: str, data: bytes) -> None:
    found = read_file(data)
    assert found.format == kind
    assert list(found.headers) == HEADER
    assert values(found) == PLAIN


@pytest.mark.parametrize(
    ("encoding", "header", "row"),
    [
        ("gb18030", "编号,风险名称,可能性,影响程度,责任人", "1,原材料涨价风险,4,5,王伟"),
        ("gb18030", "风险名称,概率,影响", "供应商破产,高,中"),
        ("shift_jis", "番号,リスク内容,発生確率,影響度,担当者", "1,納期が遅れる,3,4,佐藤"),
        ("cp1252", "Nr,Risiko,Eintrittswahrscheinlichkeit,Schadenshöhe", "1,Überschwemmung,3,4"),
        ("cp1252", "N°,Risque,Probabilité,Gravité", "1,Pénurie de pièces détachées,3,4"),
        ("utf-8", "N°,Rischio,Probabilità,Gravità", "1,Città allagata,3,4"),
    ],
)
def test_every_encoding_of_its_country_is_read(encoding: str, header: str, row: str) -> None:
    found = read_file(f"{header}\n{row}\n".encode(encoding))
    assert list(found.headers) == header.split(",")
    assert values(found) == [row.split(",")]


def test_titles_groups_headings_totals_and_notes_are_no_risks() -> None:
    def finish(sheet: Any) -> None:
        for cells in ("A1:G1", "C3:D3", "E3:F3", "A3:A4", "B3:B4", "G3:G4", "A5:G5"):
            sheet.merge_cells(cells)
        sheet.row_dimensions[7].hidden = True

    data = book(
        [
            ["Risk register 2026"],
            [],
            ["ID", "Risk", "Inherent", None, "Residual", None, "Owner"],
            [None, None, "L", "I", "L", "I", None],
            ["Strategic risks"],
            [1, "Ice", 3, 4, 2, 4, "Ann"],
            [2, "Castings", 3, 5, 2, 4, "Bo"],
            ["ID", "Risk", "L", "I", "L", "I", "Owner"],
            [3, "Permit", 3, 5, 2, 4, "Cy"],
            ["Total", None, 9, 14, 6, 12],
            [],
            ["Note: every figure is illustrative"],
        ],
        finish,
    )
    found = read_file(data)
    assert found.header_row == 4
    assert found.headers[2:6] == ("Inherent L", "Inherent I", "Residual L", "Residual I")
    assert [row.number for row in found.rows] == [6, 7, 9]
    assert [row.number for row in found.skipped_rows] == [5, 8, 10, 12]
    assert "7" in found.notes[0]


def test_the_sheet_with_the_register_is_found_and_another_can_be_named() -> None:
    def another(sheet: Any) -> None:
        other = sheet.parent.create_sheet("Lists", 0)
        other.append(["Status", "Owner"])
        other.append(["Open", "Ann"])
        more = sheet.parent.create_sheet("Old")
        more.append(HEADER)
        more.append(ROWS[0])

    data = book([HEADER, *ROWS], another)
    assert read_file(data).sheet == "Register"
    assert len(read_file(data, sheet="Old").rows) == 1
    with pytest.raises(NotARegister, match="Lists, Register, Old"):
        read_file(data, sheet="New")


def test_two_columns_of_one_name_are_told_apart() -> None:
    found = read_file(b"Risk,Owner,Likelihood,Owner\nIce,Ann,3,Bo\n")
    assert found.headers == ("Risk", "Owner", "Likelihood", "Owner (2)")


def test_a_table_drawn_with_bars_and_one_that_was_pasted() -> None:
    drawn = "| ID | Risk | Likelihood | Impact |\n|---|---|---|---|\n| 1 | Ice | 3 | 4 |\n"
    assert values(read_file(drawn.encode())) == [["1", "Ice", "3", "4"]]
    pasted = read_file(b"ID\tRisk\tLikelihood\n1\tIce\t3\n", pasted=True)
    assert pasted.format == "paste"


@pytest.mark.parametrize(
    "data",
    [
        b'[{"id": 1, "risk": "Ice", "likelihood": 3}]',
        b'{"meta": {"n": 1}, "data": {"risks": [{"id": 1, "risk": "Ice", "likelihood": 3}]}}',
        b'{"id": 1, "risk": "Ice", "likelihood": 3}\n{"id": 2, "risk": "Rain", "likelihood": 2}\n',
        b'{"1": {"risk": "Ice", "likelihood": 3}, "2": {"risk": "Rain", "likelihood": 2}}',
    ],
)
def test_json_of_every_shape(data: bytes) -> None:
    found = read_file(data)
    assert found.format == "json"
    assert dict(zip(found.headers, found.rows[0].values, strict=True))["risk"] == "Ice"


def test_nested_objects_become_columns_and_people_are_named() -> None:
    found = read_file(
        b'[{"title": "Ice", "scores": {"residual": {"likelihood": 3}}, "tags": ["a", "b"],'
        b'"owner": {"id": "x-1", "name": "Ann"}}]'
    )
    row = dict(zip(found.headers, found.rows[0].values, strict=True))
    assert row == {
        "title": "Ice", "scores.residual.likelihood": 3, "tags": "a; b", "owner": "Ann <x-1>",
    }  # fmt: skip


def test_the_register_of_nist_ir_8286_is_known() -> None:
    found = read_file(
        b'[{"ID": "1", "Risk Description": "Ice", "Current Assessment - Likelihood": "Low",'
        b'"Exposure Rating": "Low", "Risk Response Type": "Accept", "Risk Owner": "Ann"}]'
    )
    assert found.format == "json-ir8286"


def _wide(data: bytes) -> bytes:
    return data.replace(b"</sheetData>", b'<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>')


def _long(data: bytes) -> bytes:
    row = b'<row r="1048576"><c s="1" r="A1048576"><v>1</v></c></row></sheetData>'
    return data.replace(b"</sheetData>", row)


def _entity(data: bytes) -> bytes:
    where = data.index(b"<worksheet")
    return data[:where] + b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + data[where:]


GOOD = book([HEADER, *ROWS])
REFUSED: list[tuple[str, bytes, str]] = [
    ("empty", b"", "empty"),
    ("blank", b"\n \n", "empty"),
    ("a picture", b"\x89PNG\r\n\x1a\n....", "picture"),
    ("a PDF", b"%PDF-1.7 ...", "PDF"),
    ("a page", b"<html><table></table></html>", "XML"),
    ("a price list", b"Article,Description,Unit price,Stock\nA,Bolt,3,4\n", "not of risks"),
    ("a task list", b"Task,Owner,Due,Status\nPaint,Ann,2026-01-02,Open\n", "No column"),
    ("a header alone", text([HEADER]).encode(), "no risk below"),
    ("broken JSON", b'[{"risk": ', "not valid JSON"),
    ("deep JSON", b"[" * 100_000, "nested|valid"),
    ("JSON without rows", b'{"a": 1, "b": [1, 2]}', "No column|no list"),
    ("a document", archive({"word/document.xml": "<x/>"}), "no workbook"),
    ("a damaged workbook", GOOD[: len(GOOD) // 2], "damaged"),
    ("a locked workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
     + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600, "password"),
    ("an old workbook that is none", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "damaged"),
    ("16,384 columns", rewritten(GOOD, SHEET, _wide), "16384"),
    ("a million rows", rewritten(GOOD, SHEET, _long), "1048576"),
    ("an entity", rewritten(GOOD, SHEET, _entity), "XML|damaged"),
    ("only a picture in it", book([]), "no cell"),
    ("binary", bytes(range(256)) * 4, "no text"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data", "why"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_what_is_no_register_is_refused_with_the_reason(what: str, data: bytes, why: str) -> None:
    with pytest.raises(NotARegister, match=why):
        read_file(data)


def test_an_archive_that_unpacks_to_more_than_it_may_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from riskreg.exchange.reading import workbooks

    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 100_000)
    bomb = archive({"xl/workbook.xml": "<x/>", "xl/a.xml": b" " * 200_000})
    with pytest.raises(NotARegister, match="larger"):
        read_file(bomb)


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    honest = archive({"xl/workbook.xml": "<x/>", "xl/a.xml": b"A" * 100_000})
    size = (100_000).to_bytes(4, "little")
    with pytest.raises(NotARegister):
        read_file(honest.replace(size, (10).to_bytes(4, "little")))


def test_rows_repeated_without_end_are_refused() -> None:
    data = rewritten(
        ods([HEADER, *ROWS]),
        "content.xml",
        lambda xml: xml.replace(
            b"<table:table-row><table:table-cell office",
            b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell office',
            1,
        ),
    )
    with pytest.raises(NotARegister, match="1000000"):
        read_file(data)


def test_more_rows_than_are_read() -> None:
    data = text([HEADER, *(ROWS[0] for _ in range(bounds.MAX_ROWS + 1))]).encode()
    with pytest.raises(NotARegister, match="in parts"):
        read_file(data)


def test_formulas_macros_and_links_are_never_run() -> None:
    def formula(sheet: Any) -> None:
        sheet["C2"] = '=HYPERLINK("http://127.0.0.1:9/","x")'
        sheet["D2"] = "=1+1"

    found = read_file(book([HEADER, *ROWS], formula))
    assert type(found.rows[0].values[3]).__name__ == "FormulaWithoutValue"
    plain = read_file(b'Risk,Likelihood,Owner\nIce,3,"=HYPERLINK(""http://x"",""y"")"\n')
    assert as_read_in_sheet(plain.rows[0].values[2]).startswith("=HYPERLINK")


def test_a_formula_that_nobody_worked_out_is_no_value_in_any_workbook() -> None:
    """Empty or nought, as programs write it that do not work formulas out; one that comes to nought
    in truth, and any that has a result, is what it is."""
    first, *others = ROWS
    levels = (Formula(), Formula(zero=True))
    for small in (False, True):
        data = old_book([HEADER, [*first[:3], *levels, *first[5:]], *others], small=small)
        assert unworked(data) == [(2, 3), (2, 4)]
    known = old_book([HEADER, [*first[:3], Formula(3.0), Formula(0.0), *first[5:]], *others])
    assert unworked(known) == []

    def formula(sheet: Any) -> None:
        sheet["D2"], sheet["E2"] = "=1+1", "=1+2"

    def zero_is_uncalculated(xml: bytes) -> bytes:
        first, second = (f"<f>1+{n}</f><v></v>".encode() for n in (1, 2))
        assert first in xml.replace(b"<v />", b"<v></v>")
        xml = xml.replace(b"<v />", b"<v></v>").replace(first, b"<f>1+1</f><v>0</v>")
        return xml.replace(second, b"<f>1+2</f><v>3</v>")

    made = book([HEADER, *ROWS], formula)
    assert unworked(rewritten(made, SHEET, zero_is_uncalculated)) == [(2, 3)]
    # Worked out by whoever wrote it: a nought is a nought.
    done = rewritten(
        rewritten(made, SHEET, zero_is_uncalculated),
        "xl/workbook.xml",
        lambda xml: xml.replace(b'fullCalcOnLoad="1"', b""),
    )
    assert unworked(done) == []
    plain = ods([HEADER, *ROWS])
    empty = b'<table:table-cell table:formula="of:=1+1"/>'
    four = b'<table:table-cell office:value-type="string"><text:p>4</text:p></table:table-cell>'
    assert unworked(rewritten(plain, "content.xml", lambda xml: xml.replace(four, empty, 1))) == [
        (2, 3)
    ]


def unworked(data: bytes) -> list[tuple[int, int]]:
    """Row (as a spreadsheet counts them) and column (from 0) of formulas without a value."""
    return [
        (row.number, column)
        for row in read_file(data).rows
        for column, value in enumerate(row.values)
        if isinstance(value, FormulaWithoutValue)
    ]


def test_hidden_rows_of_old_and_of_open_workbooks_are_known() -> None:
    _kind, sheets = read_workbook(old_book([HEADER, *ROWS], hidden=[2]))
    assert sheets[0].hidden_rows == {2}
    hide = b'<table:table-row table:visibility="filter">'

    def second(text: bytes) -> bytes:
        at = text.index(b"A-2")
        at = text.rindex(b"<table:table-row>", 0, at)
        return text[:at] + hide + text[at + len(b"<table:table-row>") :]

    _kind, sheets = read_workbook(rewritten(ods([HEADER, *ROWS]), "content.xml", second))
    assert sheets[0].hidden_rows == {2}


@pytest.mark.parametrize("cut", range(0, 512, 4))
def test_a_damaged_container_is_refused_or_read_and_never_hangs(cut: int) -> None:
    data = old_book([HEADER, *ROWS])
    for bad in (data[: len(data) - cut * 8], data[:cut] + b"\xff\xfe\xff\xff" + data[cut + 4 :]):
        if bad.startswith(b"\xd0\xcf"):
            xls_markings(bad)


def test_colours_of_cells_without_a_value_are_seen() -> None:
    def paint(sheet: Any) -> None:
        sheet["D2"].value = None
        sheet["D2"].fill = PatternFill("solid", fgColor="FFFF0000")

    data = book([HEADER, *ROWS], paint)
    _kind, sheets = read_workbook(data)
    assert sheets[0].colours == {(1, 3): "FF0000"}
    assert read_file(data).rows[0].values[3] == "red"


HEADERS: dict[str, tuple[str, str]] = {
    "Risk No.": ("external_id", ""), "Risk Title": ("title", ""), "riskIssue": ("event", ""),
    "Root Cause": ("cause", ""), "Inherent Likelihood": ("likelihood", "inherent"),
    "Residual Impact (1-5)": ("impact", "residual"), "Target risk score": ("score", "target"),
    "Action Owner": ("mitigation.owner", ""), "Due Date": ("mitigation.due_on", ""),
    "Existing controls": ("control", ""), "Date identified": ("identified_on", ""),
    "风险编号": ("external_id", ""), "固有风险可能性": ("likelihood", "inherent"),
    "剩余风险等级": ("rating", "residual"), "责任部门": ("owner", ""),
    "应对措施": ("mitigation.title", ""),
    "Eintrittswahrscheinlichkeit": ("likelihood", ""), "Risikoeigner": ("owner", ""),
    "Bruttorisiko": ("rating", "inherent"), "Probabilité résiduelle": ("likelihood", "residual"),
    "Propriétaire du risque": ("owner", ""), "Probabilidad": ("likelihood", ""),
    "Responsable": ("owner", ""), "Probabilidade": ("likelihood", ""),
    "Prazo": ("mitigation.due_on", ""),
    "Probabilità": ("likelihood", ""), "Responsabile": ("owner", ""), "Kans": ("likelihood", ""),
    "Maatregelen": ("mitigation.title", ""),
    "発生確率": ("likelihood", ""), "担当者": ("owner", ""),
    "raisedBy": ("", ""), "Project_Name": ("", ""), "Unit price": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_columns_are_known_by_name_in_ten_languages(header: str) -> None:
    found = recognise(header)
    assert ((found.target, found.stage) if found else ("", "")) == HEADERS[header]


def test_a_cell_merged_over_rows_stands_in_each_of_them() -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("B2:B3")

    rows = [["ID", "Risk", "Likelihood", "Actions"], [1, "Ice", 3, "Grit"], [None, None, 3, "Heat"]]
    assert [row[:2] for row in values(read_file(book(rows, merge)))] == [["1", "Ice"], ["1", "Ice"]]
