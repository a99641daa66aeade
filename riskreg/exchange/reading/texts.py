"""Reading text: which encoding, which separator, which rows."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter

from charset_normalizer import from_bytes
from django.utils.translation import gettext as _

from riskreg.exchange.reading.table import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    Grid,
    NotARegister,
    Value,
)

SEPARATORS = (",", ";", "\t", "|")
# What separates cells more seldom; tried where the usual ones make no table.
BLANKS = "  "
RARE_SEPARATORS = ("^", "~", "¦", "\x1f", "\x01", "，", "；", "\u2063", "§", "#", ":", BLANKS)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = frozenset(
    "äöüÄÖÜßéèêëàâçîïôùûœæÉÈÊÀÂÇÎÔŒñóíúáÑÓÍÚÁãõÃÕìòÌÒåøÅØ°ºª²³µ€£–—’‘‚“”„…·•§«»¿¡×½¼¾©®™ "
)
# Signs that stand beside words; between two letters they are a letter of another code page.
_MISPLACED = re.compile(
    r"(?<=[^\W\d_])[³¹²¿¡ªº£¥¯¼½¾°§†‡Ÿ¢¤¦©®«»„”‚…ˆ˜‰µ]+(?=[^\W\d_])|(?<![^\W\d_])[³¹¿Ÿœ](?=[a-zó])"
)
# The letters of one language each: two of them in one text are a sign of the wrong code page.
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž",
)  # fmt: skip
_BESIDE = "äöüßÄÖÜ°–—’‘“”„…·•§€\u00a0"
_CENTRALS = tuple(frozenset(text + text.upper() + _BESIDE) for text in _CENTRAL)
_LETTERS = {
    "cp1254": (frozenset("çğıöşüÇĞİÖŞÜâîûÂÎÛ°–—’‘“”„…·•€\u00a0"),),
    "cp1250": _CENTRALS,
    "iso8859_2": _CENTRALS,
    "mac_roman": (_WESTERN,),
    "cp850": (_WESTERN,),
    "cp852": _CENTRALS,
    # A text in several languages.
    "cp1250 ": (frozenset().union(*_CENTRALS),),
}
# A capital with a mark inside a word that is none otherwise: a letter of another code page.
_MISCASED = re.compile(r"(?<=[^\W\d_])[À-ÖØ-ÞŒŸĄĆĘŁŃŚŹŻ](?=[a-zß-öø-ÿ])|(?<=[a-z])[À-ÖØ-ÞŒŸ]")
_ASCII = frozenset(map(chr, range(128)))
_HIGH = re.compile(rb"[\x80-\xff]+")
_SEP = re.compile(r"sep=(.)\s*$", re.I)
# What is written so that no spreadsheet takes it for a formula (``exchange.writing.csvs``).
_DISARMED = re.compile(r"^'('*[=+\-@\t\r])")
_RULE = re.compile(r"[\s|:+=-]*-[\s|:+=-]*")


def decode(data: bytes) -> str:
    """``data`` as text, whatever it was written in. Raises ``NotARegister`` for what is none."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise _unreadable() from None
    if b"\0" in data[:4000]:
        return _decode_two_bytes(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if _is_korean(data):
        return data.decode("cp949", "replace")
    if _is_chinese(data):
        return data.decode("gb18030")
    western = data[:200_000].decode("cp1252", "replace")
    if set(western) - _ASCII <= _WESTERN and not _MISPLACED.search(western):
        return data.decode("cp1252", "replace")
    for encoding, alphabets in _LETTERS.items():
        text = data[:200_000].decode(encoding.strip(), "replace")
        used = set(text) - _ASCII
        fits = any(used <= alphabet for alphabet in alphabets)
        if fits and not _MISPLACED.search(text) and not _MISCASED.search(text):
            return data.decode(encoding.strip(), "replace")
    best = from_bytes(data[:200_000]).best()
    for encoding in (best.encoding if best else "", "cp1252", "latin-1"):
        try:
            if encoding:
                return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise _unreadable()


def _decode_two_bytes(data: bytes) -> str:
    """Text of two bytes a character, without a mark that says in which order they stand."""
    best, most = "", 0
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        sample = text[:4000]
        if "\0" in sample or any(unicodedata.category(c) in ("Co", "Cn") for c in sample):
            continue
        # Commas, blanks, digits and ends of lines are in every table, whatever its language.
        worth = sum(c.isascii() and (c.isprintable() or c in "\t\r\n") for c in sample)
        if worth > most:
            best, most = text, worth
    if not best:
        raise _unreadable()
    return best


def _is_korean(data: bytes) -> bool:
    """Whether ``data`` is the Windows code page of Korea: its pairs are all syllables, which
    begin lower than half of what is common in Chinese."""
    try:
        text = data[:200_000].decode("cp949")
    except UnicodeDecodeError:
        return False
    wide = [c for c in text if not c.isascii()]
    syllables = sum("\uac00" <= c <= "\ud7a3" for c in wide)
    return len(wide) > 7 and syllables > 0.95 * len(wide)


def _is_chinese(data: bytes) -> bool:
    """Whether ``data`` is GB18030: most of its pairs are among the 3,755 commonest characters.

    In a Windows code page of Europe a byte above 127 stands alone or begins such a pair by chance.
    """
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    pairs = common = 0
    for run in _HIGH.findall(data[:200_000]):
        for first in run[: len(run) // 2 * 2 : 2]:
            pairs += 1
            common += 0xB0 <= first <= 0xD7 or 0xA1 <= first <= 0xA3
        pairs += len(run) % 2
    return pairs > 0 and common / pairs > 0.7


def read_text(text: str, separator: str = "") -> Grid:
    """The rows of ``text``, by ``separator`` or the one that makes the most even table of it."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first, _newline, rest = text.partition("\n")
    given = _SEP.match(first.strip())
    if given:
        # Excel's own hint; its line stays, so that row numbers are those of the file.
        return [[first], *_read_rows_strict_first(rest, given[1])]
    separator = separator or _guess_separator(text)
    if separator == BLANKS:
        text, separator = re.sub(r"(?<=\S) {2,}(?=\S)", "\t", text), "\t"
    rows = _read_rows_strict_first(text, separator)
    if separator == "|":
        rows = [_without_frame(row) for row in rows]
    return rows


def _guess_separator(text: str) -> str:
    sample = "\n".join([line for line in text.split("\n")[:400] if line.strip()][:60])
    best, most = ",", 0.0
    for separator in SEPARATORS:
        try:
            rows = list(csv.reader(io.StringIO(sample), delimiter=separator))[:50]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        worth = count / len(rows) * min(width, 40)
        if worth > most:
            best, most = separator, worth
    return best


def _read_rows_strict_first(text: str, separator: str) -> Grid:
    first = text.lstrip().partition("\n")[0]
    quote = "'" if re.fullmatch(rf"'[^']*'({re.escape(separator)}'[^']*')+\s*", first) else '"'
    try:
        return _read_rows(text, separator, quote, strict=True)
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise _unmatched_quotes() from None
        if "field larger" in str(error):
            raise NotARegister(
                _("A cell holds more text than is read (%(size)d characters). Shorten it.")
                % {"size": csv.field_size_limit()}
            ) from None
    try:
        # What stands behind a closing mark is taken as it is.
        return _read_rows(text, separator, quote, strict=False)
    except csv.Error:
        raise _unmatched_quotes() from None


def _read_rows(text: str, separator: str, quote: str, *, strict: bool) -> Grid:
    rows: Grid = []
    cells = 0
    reader = csv.reader(io.StringIO(text), delimiter=separator, quotechar=quote, strict=strict)
    for row in reader:
        cells += len(row)
        if len(rows) >= MAX_ROWS or len(row) > MAX_COLUMNS or cells > MAX_CELLS:
            raise NotARegister(
                _("At most %(rows)d rows of %(columns)d columns are read; bring it in parts.")
                % {"rows": MAX_ROWS, "columns": MAX_COLUMNS}
            )
        rows.append([_DISARMED.sub(r"\1", cell) if cell[:1] == "'" else cell for cell in row])
    return rows


def _unmatched_quotes() -> NotARegister:
    return NotARegister(
        _("The quotation marks of this text do not match, so its cells cannot be told apart.")
    )


def _without_frame(row: list[Value]) -> list[Value]:
    """A row of a table drawn with bars, without its frame; nothing for a ruled line."""
    cells = [str(cell).strip() for cell in row]
    if cells and all(not cell or _RULE.fullmatch(cell) for cell in cells):
        return []
    if cells and not cells[0]:
        cells = cells[1:]
    if cells and not cells[-1]:
        cells = cells[:-1]
    return list(cells)


def _unreadable() -> NotARegister:
    return NotARegister(
        _("This is no text and no workbook that can be read. Bring a sheet: .xlsx, .ods or .csv.")
    )
