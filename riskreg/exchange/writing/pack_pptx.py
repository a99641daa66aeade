"""A pack as slides: native tables and text, one idea to a slide, all of it to be edited. Loads
python-pptx, so for workers alone.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches, Pt

from riskreg.exchange.writing.packs import (
    Text,
    TextInLanguage,
    text_in_all_languages,
    texts_by_language,
)

# python-pptx says nothing of its types here.
_rgb: Any = RGBColor
_TITLE_ONLY = 5
_WIDTH, _HEIGHT, _EDGE = 13.333, 7.5, 0.5
_TOP, _BOTTOM = 1.35, 6.75
_INK, _GREY, _LINE = _rgb(17, 17, 17), _rgb(80, 80, 80), _rgb(232, 237, 243)
_TONES = {
    1: _rgb(0xD9, 0xEC, 0xDB), 2: _rgb(0xEE, 0xF1, 0xC6), 3: _rgb(0xFD, 0xE9, 0xB4),
    4: _rgb(0xF9, 0xD0, 0xA8), 5: _rgb(0xF2, 0xB3, 0xA9),
}  # fmt: skip
_WHITE = _rgb(255, 255, 255)
_LANGUAGES = {"en": "en-GB", "zh-hans": "zh-CN"}
_SIZES = (16, 14, 12, 11)
# What does not fit in letters of this size goes on upon another slide.
_SMALLEST = 10
_NOTE = 0.2
_FONTS = {"en": "Calibri", "zh-hans": "Microsoft YaHei"}
# What a line of a cell takes beyond its letters, and a cell beyond its lines.
_LEADING, _PADDING = 1.3, 0.12
_LONGEST = 900
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_pack(contents: Mapping[str, Any], languages: Sequence[str], day: dt.date) -> bytes:
    """The bytes of the slides; the same for the same contents."""
    deck = _Deck(contents, languages)
    deck.add_cover_slide()
    for section in contents["sections"]:
        blocks = section["blocks"]
        for n, block in enumerate(blocks):
            if block["kind"] != "note":
                notes = []
                for other in blocks[n + 1 :]:
                    if other["kind"] != "note":
                        break
                    notes.append(other["text"])
                deck.add_slides_of_block(section["title"], block, notes)
    moment = dt.datetime.combine(day, dt.time(), dt.UTC).replace(tzinfo=None)
    about = deck.show.core_properties
    about.title, about.author = text_in_all_languages(contents["title"], " "), "riskreg"
    about.subject = f"{text_in_all_languages(contents['register'], ' ')}, {day.isoformat()}"
    about.language = _LANGUAGES[languages[0]]
    about.last_modified_by, about.revision = "riskreg", 1
    about.created = about.modified = about.last_printed = moment
    out = io.BytesIO()
    deck.show.save(out)
    return _without_times(out.getvalue())


def _without_times(data: bytes) -> bytes:
    """The same zip without the time at which it was written."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as there,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in there.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, there.read(name))
    return out.getvalue()


class _Layout(NamedTuple):
    """Rows as they stand on slides, the row above them if there is one, and how many inches below
    the edge they begin."""

    rows: list[list[Text]]
    head: list[list[Text]]
    top: float


class _Deck:
    """Slides, one after the other."""

    def __init__(self, contents: Mapping[str, Any], languages: Sequence[str]) -> None:
        self.contents, self.languages = contents, languages
        self.show: Any = Presentation()
        self.show.slide_width, self.show.slide_height = Inches(_WIDTH), Inches(_HEIGHT)

    def add_cover_slide(self) -> None:
        """What it is, of when, for whom, and the figures that matter."""
        contents = self.contents
        slide = self._add_titled_slide(contents["title"])
        frame = _add_text_box(slide, _EDGE, _TOP, 5.6, 4.6)
        for n, key in enumerate(("register", "as_of", "since", "notice")):
            self._write_text(
                frame, contents[key], 18 if n else 24, first=not n, bold=key == "notice"
            )
        rows: list[list[Text]] = [[one["label"], one["value"]] for one in contents["figures"]]
        inches = _column_inches([4, 2], _WIDTH - 6.6 - _EDGE)
        self._add_grid(slide, rows, inches, _TOP, {1}, 14, left=6.6)

    def add_slides_of_block(
        self, title: Text, block: Mapping[str, Any], notes: Sequence[Text]
    ) -> None:
        """One idea; a table that has no room on one slide goes on upon the next."""
        if block["kind"] == "matrix":
            slide = self._add_titled_slide(title)
            self._add_matrix(slide, block)
            self._write_notes(slide, notes)
            return
        is_table = block["kind"] == "table"
        rows, head, top = self._layout(block)
        widths = (
            block["widths"] if is_table else [2, *[10 / len(self.languages)] * len(self.languages)]
        )
        inches = _column_inches(widths, _WIDTH - 2 * _EDGE)
        room = (
            _BOTTOM
            - 0.1
            - top
            - _NOTE * sum(len(text_in_all_languages(n).split("\n")) for n in notes)
        )
        size = next(
            (s for s in _SIZES if _height_in_inches([*head, *rows], inches, s) <= room), _SMALLEST
        )
        pieces = list(_rows_by_slide(rows, head, inches, size, room))
        for n, piece in enumerate(pieces):
            slide = self._add_titled_slide(title)
            if is_table:
                self._add_caption(slide, block["caption"])
            numbers = set(block.get("numbers", ()))
            table = self._add_grid(slide, [*head, *piece], inches, top, numbers, size)
            if is_table:
                _mark_first_row_as_header(table)
            else:
                self._merge_cells_same_in_all_languages(table, piece)
            if n == len(pieces) - 1:
                self._write_notes(slide, notes)

    def _layout(self, block: Mapping[str, Any]) -> _Layout:
        """The rows of a table or of facts, the row above them, and how far down they begin."""
        if block["kind"] == "table":
            none = [self.contents["none"], *[""] * (len(block["head"]) - 1)]
            return _Layout(block["rows"] or [none], [block["head"]], _TOP + 0.45)
        count = len(self.languages)
        rows = []
        for label, text in block["rows"]:
            found: list[Text] = [text]
            if isinstance(text, Mapping):
                # Texts of two languages stand side by side.
                found = [{lang: part} for lang, part in text.items()]
            rows.append([label, *found, *[""] * (count - len(found))])
        return _Layout(rows, [], _TOP)

    def _merge_cells_same_in_all_languages(
        self, table: Any, rows: Sequence[Sequence[Text]]
    ) -> None:
        """What is the same in both languages goes over both columns."""
        count = len(self.languages)
        for n, row in enumerate(rows):
            if count > 1 and not isinstance(row[1], Mapping):
                table.cell(n, 1).merge(table.cell(n, count))

    def _write_notes(self, slide: Any, notes: Sequence[Text]) -> None:
        if notes:
            high = _NOTE * sum(len(text_in_all_languages(note).split("\n")) for note in notes)
            frame = _add_text_box(slide, _EDGE, _BOTTOM - high + 0.1, _WIDTH - 2 * _EDGE, high)
            for n, note in enumerate(notes):
                self._write_text(frame, note, 10, first=not n, colour=_GREY)

    # Parts -----------------------------------------------------------------------------------
    def _add_titled_slide(self, title: Text) -> Any:
        slide = self.show.slides.add_slide(self.show.slide_layouts[_TITLE_ONLY])
        shape = slide.shapes.title
        shape.left, shape.top = Inches(_EDGE), Inches(0.3)
        shape.width, shape.height = Inches(_WIDTH - 2 * _EDGE), Inches(0.95)
        shape.text_frame.word_wrap = True
        shape.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        size = 26 if len(text_in_all_languages(title)) < 70 else 18
        self._write_text(shape.text_frame, title, size, first=True, bold=True)
        for paragraph in shape.text_frame.paragraphs:
            paragraph.alignment = PP_ALIGN.LEFT
        foot = _add_text_box(slide, _EDGE, _HEIGHT - 0.5, _WIDTH - 2 * _EDGE, 0.4)
        number = f"{len(self.show.slides)} · "
        notice = _prefixed(number, self.contents["notice"])
        self._write_text(foot, notice, 9, first=True, colour=_GREY, between=" · ")
        return slide

    def _add_caption(self, slide: Any, caption: Text) -> None:
        frame = _add_text_box(slide, _EDGE, _TOP - 0.05, _WIDTH - 2 * _EDGE, 0.4)
        self._write_text(frame, caption, 14, first=True, between=" · ")

    def _add_grid(
        self,
        slide: Any,
        rows: Sequence[Sequence[Text]],
        inches: Sequence[float],
        top: float,
        numbers: set[int],
        size: int,
        left: float = _EDGE,
    ) -> Any:
        places = (left, top, sum(inches), 0.3 * len(rows))
        shape = slide.shapes.add_table(len(rows), len(inches), *map(Inches, places))
        table = shape.table
        table.horz_banding = table.first_row = False
        for n, inch in enumerate(inches):
            table.columns[n].width = Inches(inch)
        for y, row in enumerate(rows):
            table.rows[y].height = Inches(_height_in_inches([row], inches, size))
            for x, text in enumerate(row):
                cell = table.cell(y, x)
                _fill_cell(cell, _WHITE)
                cell.margin_top = cell.margin_bottom = Inches(0.04)
                self._write_text(cell.text_frame, _shorten_for_slide(text), size, first=True)
                if x in numbers:
                    for paragraph in cell.text_frame.paragraphs:
                        paragraph.alignment = PP_ALIGN.RIGHT
        return table

    def _add_matrix(self, slide: Any, block: Mapping[str, Any]) -> None:
        down, across = (text_in_all_languages(axis, " ") for axis in block["axes"])
        rows, columns = len(block["rows"]) + 1, len(block["head"]) + 1
        high = (_BOTTOM - 0.55 - _TOP) / rows
        shape = slide.shapes.add_table(
            rows, columns, Inches(_EDGE), Inches(_TOP), Inches(_WIDTH - 2 * _EDGE),
            Inches(high * rows),
        )  # fmt: skip
        table = shape.table
        table.horz_banding = table.first_row = False
        grid: list[list[Any]] = [[f"{down} ↓ · {across} →", *block["head"]]]
        grid += [[row["name"], *row["cells"]] for row in block["rows"]]
        for y, row in enumerate(grid):
            table.rows[y].height = Inches(high)
            for x, value in enumerate(row):
                cell = table.cell(y, x)
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                if not (x and y):
                    _fill_cell(cell, _WHITE)
                    self._write_text(cell.text_frame, value, 12, first=True)
                    continue
                _fill_cell(cell, _TONES[value["tone"]])
                self._write_text(cell.text_frame, value["text"] or "·", 18, first=True, bold=True)
                self._write_text(cell.text_frame, value["rating"], 8, between=" ")
                for paragraph in cell.text_frame.paragraphs:
                    paragraph.alignment = PP_ALIGN.CENTER

    def _write_text(
        self,
        frame: Any,
        text: Text,
        size: int,
        *,
        first: bool = False,
        bold: bool = False,
        colour: RGBColor = _INK,
        between: str = "\n",
    ) -> None:
        """A text, each language in a paragraph of its own, marked as what it is."""
        frame.word_wrap = True
        for lang, part in _paragraphs(text, self.languages[0], between):
            paragraph = frame.paragraphs[0] if first else frame.add_paragraph()
            first = False
            run = paragraph.add_run()
            run.text = part
            font = run.font
            font.size, font.bold, font.color.rgb = Pt(size), bold, colour
            font.name = _FONTS[lang]
            run._r.get_or_add_rPr().set("lang", _LANGUAGES[lang])


def _paragraphs(text: Text, language: str, between: str) -> Iterator[TextInLanguage]:
    if between == "\n":
        for lang, part in texts_by_language(text, language):
            for line in part.split("\n"):
                yield TextInLanguage(lang, line)
    else:
        yield TextInLanguage(language, text_in_all_languages(text, between))


def _prefixed(before: str, text: Text) -> str:
    return before + text_in_all_languages(text, " · ")


def _shorten_for_slide(text: Text) -> Text:
    """What no slide has room for ends with a sign that there is more: in the register, and in the
    PDF."""
    if isinstance(text, Mapping):
        return {lang: str(_shorten_for_slide(part)) for lang, part in text.items()}
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _rows_by_slide(
    rows: Sequence[Sequence[Text]],
    head: Sequence[Sequence[Text]],
    inches: Sequence[float],
    size: int,
    room: float,
) -> Iterator[list[Sequence[Text]]]:
    """``rows`` as many at a time as a slide has room for, one at least."""
    room -= _height_in_inches(head, inches, size)
    piece: list[Sequence[Text]] = []
    for row in rows:
        if piece and _height_in_inches([*piece, row], inches, size) > room:
            yield piece
            piece = []
        piece.append(row)
    yield piece


def _column_inches(widths: Sequence[float], width: float) -> list[float]:
    return [width * each / sum(widths) for each in widths]


def _mark_first_row_as_header(table: Any) -> None:
    """The first row names the columns, for readers and for whoever has it read aloud."""
    table.first_row = True
    for cell in table.rows[0].cells:
        _fill_cell(cell, _LINE)
        for paragraph in cell.text_frame.paragraphs:
            for run in paragraph.runs:
                run.font.bold = True


def _height_in_inches(rows: Sequence[Sequence[Text]], inches: Sequence[float], size: int) -> float:
    """How many inches ``rows`` take in letters of ``size`` points."""
    line = size * _LEADING / 72
    return sum(
        max(
            _line_count(_shorten_for_slide(text), inch, size)
            for text, inch in zip(row, inches, strict=True)
        )
        * line
        + _PADDING
        for row in rows
    )


def _line_count(text: Text, inch: float, size: int) -> int:
    """Lines of a text in a cell; a Chinese letter is as wide as two others."""
    room = max(1.0, (inch - 0.2) * 72 / (size * 0.51))
    count = 0
    for part in text_in_all_languages(text).split("\n"):
        wide = sum(2 if ord(c) > 0x2E7F else 1 for c in part)
        count += max(1, -int(-wide // room))
    return count


def _add_text_box(slide: Any, left: float, top: float, width: float, height: float) -> Any:
    shape = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    return shape.text_frame


def _fill_cell(cell: Any, colour: RGBColor) -> None:
    cell.fill.solid()
    cell.fill.fore_color.rgb = colour
