"""A heatmap as a picture: one SVG for pages and files alike. Pure; a PNG is ``drawn``.

Colours, patterns and the line of appetite are those of the pages in daylight, since a picture is
pasted into papers; a page may give ``.sev-*`` colours of its own.
"""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.html import escape

from riskreg.exchange.drawn import svg_to_png

_SEVERITY = (
    ("#dbece4", "#1b4634"), ("#f3ecc4", "#4a420c"), ("#f8cf86", "#472b00"), ("#e98a4b", "#2a1200"),
    ("#ab231c", "#ffffff"),
)  # fmt: skip
_GAIN = (
    ("#e8eef4", "#2c3d4d"), ("#d2e6ea", "#17424c"), ("#a8d5d8", "#07343c"), ("#4f9fa6", "#001a1e"),
    ("#0e5d68", "#ffffff"),
)  # fmt: skip
_INK, _QUIET, _LINE = "#1a1c20", "#4c5058", "#83878e"
_LEGS = {"controls": _INK, "planned": "#1c4f94"}
_FONT = "Noto Sans, Noto Sans CJK SC, DejaVu Sans, sans-serif"
WIDTH = 1120
_LEFT, _EDGE, _GAP = 150, 24, 3
_HEIGHTS = {"counts": 74, "refs": 104, "titles": 128}
# So many arrows of a leg are drawn; more would hide each other and the map.
DRAWN = 20


@dataclass(frozen=True)
class CellPicture:
    """One cell: its rating in words, its step (0 to 4), how many stand in it, lines of text, how
    many are not among them, and what moved in and out."""

    rating: str
    step: int
    above: bool
    count: int
    lines: Sequence[str] = ()
    more: str = ""
    moved: str = ""


@dataclass(frozen=True)
class Arrow:
    """``count`` risks from one cell to another, each (row, column) of the picture."""

    leg: str
    start: tuple[int, int]
    end: tuple[int, int]
    count: int


@dataclass(frozen=True)
class HeatmapPicture:
    """What is drawn. ``head`` stands above the map, ``foot`` below it; ``cells``: counts, refs or
    titles; ``legs``: what the arrows of each leg are called."""

    title: str
    language: str
    head: Sequence[str]
    foot: Sequence[str]
    down: str
    across: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[CellPicture]]]
    appetite: str
    cells: str = "counts"
    gain: bool = False
    arrows: Sequence[Arrow] = ()
    legs: Mapping[str, str] = field(default_factory=dict)


def picture_svg(picture: HeatmapPicture) -> str:
    """The picture as SVG, a document of its own that needs nothing beside it."""
    return _Drawing(picture).document()


def picture_file(kind: str, picture: HeatmapPicture) -> bytes:
    """The bytes of the picture as ``picture_svg`` or ``png``."""
    text = picture_svg(picture)
    return svg_to_png(text) if kind == "png" else text.encode()


def text_width(text: str, size: float) -> float:
    """About how wide ``text`` is: what is wide in print takes an em, the rest three fifths."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return size * (wide + 0.6 * (len(text) - wide))


def wrap_text(text: str, size: float, width: float, most: int) -> list[str]:
    """``text`` in at most ``most`` lines of about ``width``; what does not fit ends in an ellipsis.

    Breaks at blanks where it can, and in Chinese anywhere.
    """
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        end = len(rest)
        while end > 1 and text_width(rest[:end], size) > width:
            end -= 1
        if end < len(rest):
            blank = rest.rfind(" ", 0, end + 1)
            end = blank if blank > 0 and not _may_break_between(rest[end - 1 : end + 1]) else end
        lines.append(rest[:end].strip())
        rest = rest[end:].strip()
    if rest and lines:
        lines[-1] = lines[-1][: max(1, len(lines[-1]) - 1)].rstrip() + "…"
    return lines


def _may_break_between(around: str) -> bool:
    """Whether a line may end between these two characters: beside one that fills its square."""
    return any(unicodedata.east_asian_width(c) in "WF" for c in around)


class _Drawing:
    """The parts of one picture, from above to below."""

    def __init__(self, picture: HeatmapPicture) -> None:
        self.picture = picture
        self.colours = _GAIN if picture.gain else _SEVERITY
        self.wide = (WIDTH - _LEFT - _EDGE) / max(1, len(picture.columns))
        self.high = _HEIGHTS[picture.cells]
        self.parts: list[str] = []

    def document(self) -> str:
        """All of it."""
        picture = self.picture
        y = self._draw_lines([picture.title], _EDGE + 12.0, 20, bold=True)
        y = self._draw_lines(picture.head, y + 4, 13, fill=_QUIET)
        self.top = y + 44
        self._draw_axes(y + 20)
        self._draw_cells()
        self._draw_appetite()
        self._draw_arrows()
        foot = self.top + len(picture.rows) * self.high + 22
        foot = self._draw_legend(foot)
        height = math.ceil(self._draw_lines(picture.foot, foot + 4, 12, fill=_QUIET)) + 8
        patterns = "".join(_pattern(step, self.colours[step][1]) for step in range(1, 5))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" xml:lang="{escape(picture.language)}" '
            f'role="img" font-family="{_FONT}"><title>{escape(picture.title)}</title>'
            f"<defs>{patterns}</defs>"
            f'<rect class="paper" width="{WIDTH}" height="{height}" fill="#ffffff"/>'
            + "".join(self.parts)
            + "</svg>\n"
        )

    def _draw_text(
        self, x: float, y: float, text: str, size: float, *, fill: str = _INK,
        anchor: str = "start", bold: bool = False, halo: str = "",
    ) -> None:  # fmt: skip
        more = ' font-weight="700"' if bold else ""
        if halo:
            more += f' paint-order="stroke" stroke="{halo}" stroke-width="4"'
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" '
            f'text-anchor="{anchor}"{more}>{escape(text)}</text>'
        )

    def _draw_lines(
        self, texts: Iterable[str], y: float, size: float, *, fill: str = _INK, bold: bool = False
    ) -> float:
        for text in texts:
            for line in wrap_text(text, size, WIDTH - 2 * _EDGE, 3):
                self._draw_text(_EDGE, y, line, size, fill=fill, bold=bold)
                y += size * 1.45
        return y

    def _corner_of_cell(self, row: int, column: int) -> tuple[float, float]:
        return _LEFT + column * self.wide, self.top + row * self.high

    def _draw_axes(self, y: float) -> None:
        picture = self.picture
        self._draw_text(_LEFT - 12, y - 2, f"{picture.down} ↓", 12, fill=_QUIET, anchor="end")
        self._draw_text(_LEFT - 12, y + 14, f"{picture.across} →", 12, fill=_QUIET, anchor="end")
        for n, name in enumerate(picture.columns):
            middle = _LEFT + (n + 0.5) * self.wide
            for k, line in enumerate(wrap_text(name, 12, self.wide - 8, 2)):
                self._draw_text(middle, y - 2 + 16 * k, line, 12, anchor="middle")
        for n, (name, _cells) in enumerate(picture.rows):
            x, top = self._corner_of_cell(n, 0)
            lines = wrap_text(name, 12, _LEFT - _EDGE - 14, 3)
            for k, line in enumerate(lines):
                offset = self.high / 2 + 4 + 15 * (k - (len(lines) - 1) / 2)
                self._draw_text(x - 12, top + offset, line, 12, anchor="end")

    def _draw_cells(self) -> None:
        for r, (_name, cells) in enumerate(self.picture.rows):
            for c, cell in enumerate(cells):
                self._draw_cell(*self._corner_of_cell(r, c), cell)

    def _draw_cell(self, x: float, y: float, cell: CellPicture) -> None:
        fill, ink = self.colours[cell.step]
        box = (
            f'x="{x + _GAP / 2:.1f}" y="{y + _GAP / 2:.1f}" width="{self.wide - _GAP:.1f}" '
            f'height="{self.high - _GAP}" rx="2"'
        )
        self.parts.append(f'<rect {box} fill="{fill}"/>')
        if cell.step:
            self.parts.append(f'<rect {box} fill="url(#heat-p{cell.step})"/>')
        inner = x + 8
        if cell.count:
            number = str(cell.count)
            self.parts.append(
                f'<rect x="{inner - 2:.1f}" y="{y + 7:.1f}" width="{14 + 10 * len(number)}" '
                f'height="22" rx="3" fill="#ffffff" stroke="{_LINE}"/>'
            )
            self._draw_text(
                inner + 5 + 5 * len(number), y + 23, number, 15, anchor="middle", bold=True
            )
        if cell.moved:
            end = x + self.wide - 8
            self._draw_text(
                end, y + 22, cell.moved, 13, fill=ink, anchor="end", bold=True, halo=fill
            )
        lines = [line for text in cell.lines for line in wrap_text(text, 11, self.wide - 16, 2)]
        for n, line in enumerate([*lines, *([cell.more] if cell.more else [])]):
            self._draw_text(inner, y + 43 + 13 * n, line, 11, fill=ink, halo=fill)
        self._draw_text(inner, y + self.high - 8, cell.rating, 11, fill=ink, halo=fill)

    def _draw_appetite(self) -> None:
        above = [[cell.above for cell in cells] for _name, cells in self.picture.rows]
        steps = []
        for r, row in enumerate(above):
            for c, here in enumerate(row):
                x, y = self._corner_of_cell(r, c)
                if c and row[c - 1] != here:
                    steps.append(f"M{x:.1f} {y:.1f}v{self.high}")
                if r and above[r - 1][c] != here:
                    steps.append(f"M{x:.1f} {y:.1f}h{self.wide:.1f}")
        if steps:
            path = "".join(steps)
            self.parts.append(
                f'<path d="{path}" fill="none" stroke="{_INK}" stroke-width="3.5" '
                'stroke-linecap="square"/>'
            )

    def _draw_arrows(self) -> None:
        for arrow in reversed(self.picture.arrows):  # the larger ones over the smaller ones
            self._draw_arrow(arrow)

    def _draw_arrow(self, arrow: Arrow) -> None:
        (x, y), (to_x, to_y) = self._middle_of_cell(arrow.start), self._middle_of_cell(arrow.end)
        length = math.hypot(to_x - x, to_y - y)
        along, aside = (to_x - x) / length, (to_y - y) / length
        # The legs run beside each other, one to the right of the way and one to its left.
        right = 8 if arrow.leg == "controls" else -8
        x, y = x - right * aside, y + right * along
        to_x, to_y = to_x - right * aside, to_y + right * along
        x, y = x + 14 * along, y + 14 * aside
        colour = _LEGS[arrow.leg]
        most = max(each.count for each in self.picture.arrows)
        width = 1.5 + 4.5 * math.sqrt(arrow.count / most)
        head = 6 + 1.6 * width
        end_x, end_y = to_x - head * along, to_y - head * aside
        dashes = ' stroke-dasharray="7 5"' if arrow.leg == "planned" else ""
        line = f"M{x:.1f} {y:.1f}L{end_x:.1f} {end_y:.1f}"
        wing_x, wing_y = -0.5 * head * aside, 0.5 * head * along
        point = (
            f"M{to_x:.1f} {to_y:.1f}L{end_x + wing_x:.1f} {end_y + wing_y:.1f}"
            f"L{end_x - wing_x:.1f} {end_y - wing_y:.1f}Z"
        )
        self.parts.append(
            f'<path d="{line}{point}" fill="none" stroke="#ffffff" stroke-width="{width + 3:.1f}"/>'
            f'<path d="{line}" stroke="{colour}" stroke-width="{width:.1f}"{dashes}/>'
            f'<path d="{point}" fill="{colour}"/>'
        )
        share = 0.45
        self._draw_text(
            x + share * (to_x - x), y + share * (to_y - y) + 4, str(arrow.count), 13, fill=colour,
            anchor="middle", bold=True, halo="#ffffff",
        )  # fmt: skip

    def _middle_of_cell(self, place: tuple[int, int]) -> tuple[float, float]:
        x, y = self._corner_of_cell(*place)
        return x + self.wide / 2, y + self.high / 2

    def _draw_legend(self, y: float) -> float:
        x = float(_EDGE)
        if self.picture.appetite:
            self.parts.append(f'<path d="M{x} {y - 4}h26" stroke="{_INK}" stroke-width="3.5"/>')
            self._draw_text(x + 34, y, self.picture.appetite, 12, fill=_QUIET)
            x += 60 + text_width(self.picture.appetite, 12)
        for leg, name in self.picture.legs.items():
            dashes = ' stroke-dasharray="7 5"' if leg == "planned" else ""
            self.parts.append(
                f'<path d="M{x:.1f} {y - 4}h30" stroke="{_LEGS[leg]}" stroke-width="3"{dashes}/>'
            )
            self._draw_text(x + 38, y, name, 12, fill=_QUIET)
            x += 64 + text_width(name, 12)
        return y + 18


def _pattern(step: int, ink: str) -> str:
    """Denser lines for what is worse, so that a grey print keeps the order."""
    gap = (0, 18, 12, 8, 5)[step]
    return (
        f'<pattern id="heat-p{step}" width="{gap}" height="{gap}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M0 0v{gap}" stroke="{ink}" '
        'stroke-opacity=".22" stroke-width="1.5"/></pattern>'
    )
