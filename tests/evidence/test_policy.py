"""Which files are taken, whatever they are called; and what they are called afterwards."""

import io
import struct

import pytest

from riskreg.evidence.policy import (
    NotTaken,
    name_with_ending_where_none,
    safe_file_name,
    type_of_taken_file,
)
from tests.evidence.making import HTML, PDF, PNG, SVG, packed

OFFICE = "[Content_Types].xml"


def told(data: bytes, name: str) -> str:
    """Its media type, or the code with which it is refused."""
    try:
        return type_of_taken_file(io.BytesIO(data), name).media_type
    except NotTaken as error:
        return f"no: {error.code}" if error.detail else "no reason"


@pytest.mark.parametrize(
    "data, name, said",
    [
        (PDF, "a.pdf", "application/pdf"),
        (PNG, "a.png", "image/png"),
        (b"\xff\xd8\xff\xe0 photo", "a.JPG", "image/jpeg"),
        (b"\xff\xd8\xff\xe0 photo", "a.jpeg", "image/jpeg"),
        (b"GIF89a\x01\x00", "a.gif", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "a.webp", "image/webp"),
        (packed(OFFICE, "word/document.xml"), "a.docx", "wordprocessingml.document"),
        (packed(OFFICE, "xl/workbook.xml"), "a.xlsx", "spreadsheetml.sheet"),
        (packed(OFFICE, "ppt/presentation.xml"), "a.pptx", "presentationml.presentation"),
        (packed(first=b"application/vnd.oasis.opendocument.text"), "a.odt", "opendocument.text"),
        (packed(first=b"application/vnd.oasis.opendocument.spreadsheet"), "a.ods", "spreadsheet"),
        (b"as agreed\n", "a.txt", "text/plain"),
        (b"as agreed\n", "a", "text/plain"),
        ("电池回收,12\n".encode("gb18030"), "a.csv", "text/csv"),
        ("电池".encode("utf-16"), "a.txt", "text/plain"),
        (b"# Heading", "a.md", "text/markdown"),
        (b"From: a@example.org\nDate: today\n folded\n\nText", "a.eml", "message/rfc822"),
        # Whatever stands behind the first bytes: a picture that is a page as well is a picture.
        (b"GIF89a/*" + HTML, "a.gif", "image/gif"),
        (PDF + HTML + packed("a"), "a.pdf", "application/pdf"),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, name: str, said: str) -> None:
    assert told(data, safe_file_name(name)).endswith(said)


@pytest.mark.parametrize(
    "data, name, code",
    [
        (b"", "a.pdf", "empty"),
        (HTML, "a.html", "markup"),
        (HTML, "a.txt", "markup"),
        (b"\xef\xbb\xbf \n" + HTML, "a.md", "markup"),
        (HTML.decode().encode("utf-16"), "a.txt", "markup"),
        (SVG, "a.svg", "markup"),
        (b'<?xml version="1.0"?>' + SVG, "a.csv", "markup"),
        (b"alert(1)", "a.js", "unknown_type"),
        (b"@echo off", "a.bat", "unknown_type"),
        (b"MZ\x90\x00\x03", "a.exe", "unknown_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.doc", "unknown_type"),
        (b"text with \x00 in it", "a.txt", "unknown_type"),
        (b"no mail", "a.eml", "damaged"),
        # A name that claims another kind.
        (PDF, "a.png", "other_ending"),
        (PNG, "invoice.pdf.exe", "other_ending"),
        (HTML + PDF, "a.pdf", "markup"),
        (packed("a.txt"), "a.zip", "archive"),
        (packed("a.txt"), "a.docx", "archive"),
        (packed("META-INF/MANIFEST.MF"), "a.jar", "archive"),
        (packed(OFFICE, "word/document.xml", "word/vbaProject.bin"), "a.docx", "macros"),
        (packed(OFFICE, "word/document.xml")[:-30], "a.docx", "damaged"),
        (b"PK\x03\x04 and nothing more", "a.docx", "damaged"),
    ],
)
def test_what_is_not_taken_is_refused_by_its_bytes(data: bytes, name: str, code: str) -> None:
    assert told(data, safe_file_name(name)) == f"no: {code}"


def test_a_list_of_parts_without_end_is_refused_before_it_is_read() -> None:
    whole = bytearray(packed(OFFICE, "word/document.xml"))
    end = whole.rfind(b"PK\x05\x06")
    whole[end + 10 : end + 12] = struct.pack("<H", 60_000)
    assert told(bytes(whole), "a.docx") == "no: too_many_parts"
    whole[end + 10 : end + 16] = struct.pack("<HI", 3, 50_000_000)
    assert told(bytes(whole), "a.docx") == "no: too_many_parts"


def test_a_bomb_is_not_unpacked() -> None:
    """A part says that it is 4 GB: nobody looks."""
    whole = bytearray(packed(OFFICE, "word/document.xml"))
    place = whole.rfind(b"PK\x01\x02")
    whole[place + 24 : place + 28] = b"\xff\xff\xff\xf0"
    assert told(bytes(whole), "a.docx").endswith("wordprocessingml.document")


@pytest.mark.parametrize(
    "raw, name",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notice.pdf", "notice.pdf"),
        ("..", "file"),
        ("", "file"),
        (".htaccess", "htaccess"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\u2066\u200b\ufeffb.pdf", "ab.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ('a"b<c>|d?.pdf', "a_b_c__d_.pdf"),
        ("动力电池回收合同（终稿）.pdf", "动力电池回收合同（终稿）.pdf"),
        ("e\u0301tude.pdf", "étude.pdf"),
        ("  two   spaces . pdf", "two spaces.pdf"),
        ("notice.PDF", "notice.pdf"),
        ("\ud800.pdf", "pdf"),
    ],
)
def test_a_name_is_made_safe(raw: str, name: str) -> None:
    assert safe_file_name(raw) == name


def test_a_long_name_is_cut_before_its_ending() -> None:
    assert safe_file_name("x" * 300 + ".pdf") == "x" * 120 + ".pdf"
    chinese = safe_file_name("合" * 300 + ".pdf")
    assert chinese.endswith("合.pdf")
    assert len(chinese.encode()) <= 240
    assert len(safe_file_name("." * 500 + "x" * 500)) <= 141


def test_a_name_without_ending_takes_that_of_what_it_is() -> None:
    assert (
        name_with_ending_where_none("notice", type_of_taken_file(io.BytesIO(PDF), "notice"))
        == "notice.pdf"
    )
