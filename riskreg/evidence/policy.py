"""Which files are taken, told by their bytes and never by what they claim; and how they are called.

The list is of what evidence comes as and what no browser runs. Nothing is unpacked: of a packed
document only its list of contents is read, within bounds.
"""

import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _

MOST_CHARACTERS, MOST_BYTES = 120, 240
MOST_PARTS, MOST_DIRECTORY = 10_000, 1_000_000

_ZIP_END = b"PK\x05\x06"
_ZIP_END_SIZE = 22
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f"))
_HEADER = re.compile(rb"\A(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+\r?\n", re.ASCII)
_FORBIDDEN = dict.fromkeys(map(ord, '<>:"|?*'), "_")


@dataclass(frozen=True)
class FileType:
    """What a file is: how it is served, and the endings its name may have (the first if none)."""

    media_type: str
    endings: tuple[str, ...]


_PDF = FileType("application/pdf", ("pdf",))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
# By the folder that holds the parts of the document.
_OFFICE_TYPES = {
    "word/": FileType(f"{_OFFICE}wordprocessingml.document", ("docx",)),
    "xl/": FileType(f"{_OFFICE}spreadsheetml.sheet", ("xlsx",)),
    "ppt/": FileType(f"{_OFFICE}presentationml.presentation", ("pptx",)),
}
_OPEN_TYPES = {
    f"{_OPEN}text": FileType(f"{_OPEN}text", ("odt",)),
    f"{_OPEN}spreadsheet": FileType(f"{_OPEN}spreadsheet", ("ods",)),
    f"{_OPEN}presentation": FileType(f"{_OPEN}presentation", ("odp",)),
}
_BEGINNINGS: tuple[tuple[Callable[[bytes], bool], FileType], ...] = (
    (lambda head: head.startswith(b"%PDF-"), _PDF),
    (
        lambda head: head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR",
        FileType("image/png", ("png",)),
    ),
    (lambda head: head.startswith(b"\xff\xd8\xff"), FileType("image/jpeg", ("jpg", "jpeg"))),
    (lambda head: head[:6] in (b"GIF87a", b"GIF89a"), FileType("image/gif", ("gif",))),
    (
        lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
        FileType("image/webp", ("webp",)),
    ),
)
_TEXT = FileType("text/plain", ("txt", "log"))
_TEXTS = (
    _TEXT,
    FileType("text/csv", ("csv",)),
    FileType("text/markdown", ("md",)),
    FileType("message/rfc822", ("eml",)),
)
# What is said of the kinds that are taken.
TAKEN = "PDF, PNG, JPEG, GIF, WebP, DOCX, XLSX, PPTX, ODT, ODS, ODP, TXT, CSV, MD, EML"


class NotTaken(Exception):
    """Why a file is not taken: a stable code, and a sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def type_of_taken_file(file: IO[bytes], name: str) -> FileType:
    """What the bytes are, of the kinds that are taken; ``name`` only tells texts apart, and must
    not claim to be another kind. Raises ``NotTaken``."""
    file.seek(0)
    head = file.read(64)
    if not head:
        raise NotTaken("empty", _("The file is empty. Choose the one with something in it."))
    found = next((kind for begins, kind in _BEGINNINGS if begins(head)), None)
    if found is None and head.startswith(b"PK\x03\x04"):
        found = _type_of_taken_document(file)
    ending = ending_of(name)
    if found is None:
        found = _type_of_taken_text(file, ending)
    if ending and ending not in found.endings:
        text = _(
            "The name ends in .%(ending)s, and the file is something else (.%(found)s). Give it "
            "its right ending, if it is what you mean."
        )
        raise NotTaken("other_ending", text % {"ending": ending[:20], "found": found.endings[0]})
    return found


def ending_of(name: str) -> str:
    """What stands behind the last point of a cleaned name, in small letters; empty for none."""
    stem, point, ending = name.rpartition(".")
    return ending.lower() if point and stem else ""


def safe_file_name(raw: str) -> str:
    """A name that is safe to write down and to save under, as close to ``raw`` as it can be.

    Without folders, without characters that are not seen or turn the reading direction, and short
    enough for every file system; never empty.
    """
    text = unicodedata.normalize("NFC", re.split(r"[/\\]", str(raw))[-1])
    text = "".join(char for char in text if unicodedata.category(char) not in _UNSEEN)
    text = " ".join(text.translate(_FORBIDDEN).split()).strip(". ")
    text = re.sub(r" *\. *(?=[^.]*\Z)", ".", text)
    ending = ending_of(text)[:20]
    stem = text[: -len(ending) - 1].rstrip(". ") if ending else text
    stem = stem[:MOST_CHARACTERS]
    while len(f"{stem}.{ending}".encode()) > MOST_BYTES:
        stem = stem[:-1]
    stem = stem.rstrip(". ") or "file"
    return f"{stem}.{ending}" if ending else stem


_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def name_with_ending_where_none(name: str, found: FileType) -> str:
    """``name`` with the ending of what it is, where it has none."""
    return name if ending_of(name) else f"{name}.{found.endings[0]}"


def _type_of_taken_document(file: IO[bytes]) -> FileType:
    """Which document a packed file is, by its list of contents."""
    names = _names_in_packed(file)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        text = _("The document has macros. Save it without them (.docx, .xlsx, .pptx).")
        raise NotTaken("macros", text)
    if "[Content_Types].xml" in names:
        for folder, found in _OFFICE_TYPES.items():
            if any(name.startswith(folder) for name in names):
                return found
    # An open document says what it is in its first part, which is stored as it is.
    file.seek(0)
    head = file.read(200)
    if head[30:38] == b"mimetype":
        size = struct.unpack("<I", head[18:22])[0]
        declared = head[38 : 38 + min(size, 100)].decode("ascii", "replace")
        if declared in _OPEN_TYPES:
            return _OPEN_TYPES[declared]
    text = _("Archives are not taken: nobody sees what is in them. Send what it holds one by one.")
    raise NotTaken("archive", text)


def _names_in_packed(file: IO[bytes]) -> list[str]:
    """The names in a packed file. Raises ``NotTaken`` for one that is damaged, or has more of them
    than any document has: the end of the file says how many before they are read."""
    damaged = NotTaken("damaged", _("The document is damaged or not whole. Send it again."))
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    place = tail.rfind(_ZIP_END)
    if place < 0 or len(tail) - place < _ZIP_END_SIZE:
        raise damaged
    parts, directory = struct.unpack("<HI", tail[place + 10 : place + 16])
    if parts > MOST_PARTS or directory > MOST_DIRECTORY:
        raise NotTaken("too_many_parts", _("The document has more parts than can be looked at."))
    try:
        with zipfile.ZipFile(file) as packed:
            return packed.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise damaged from error


def _type_of_taken_text(file: IO[bytes], ending: str) -> FileType:
    """Which text it is, by its ending: bytes that are no controls, and no page of markup."""
    file.seek(0)
    whole = file.read()
    wide = whole[:2] in (b"\xff\xfe", b"\xfe\xff")
    if wide:
        whole = whole.decode("utf-16", "replace").encode()
    if len(whole) != len(whole.translate(None, _CONTROLS)):
        text = _("This kind of file is not taken. Taken are: %(kinds)s.") % {"kinds": TAKEN}
        raise NotTaken("unknown_type", text)
    begins = whole[:4000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins.startswith(b"<"):
        text = _(
            "Web pages, drawings and other markup (HTML, SVG, XML) are not taken: they can carry "
            "programs. Print it to a PDF, and send that."
        )
        raise NotTaken("markup", text)
    found = next((kind for kind in _TEXTS if ending in kind.endings), None if ending else _TEXT)
    if found is None:
        text = _("This kind of file is not taken. Taken are: %(kinds)s.") % {"kinds": TAKEN}
        raise NotTaken("unknown_type", text)
    if ending == "eml" and not _HEADER.match(whole[:200_000].replace(b"\r\n", b"\n")):
        raise NotTaken("damaged", _("This is no mail: it does not begin with the lines of one."))
    return found
