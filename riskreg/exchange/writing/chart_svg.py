"""A chart as a picture: an SVG of its own, with its title, axes and legend in it. Pure.

Colours are those of the pages in daylight, since a picture is pasted into papers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape

from riskreg.exchange.drawn import svg_to_png
from riskreg.exchange.writing.heatmap_svg import wrap_text

_INK, _QUIET, _GRID = "#1a1c20", "#4c5058", "#d9dbdf"
_FONT = "Noto Sans, Noto Sans CJK SC, DejaVu Sans, sans-serif"
_EDGE = 20
# How high a text is.
TEXT = 11
# How each kind of line or area is drawn.
STYLES = {
    "before": 'fill="none" stroke="#1c4f94" stroke-width="2"',
    "after": 'fill="none" stroke="#0b6b4f" stroke-width="2" stroke-dasharray="6 3"',
    "tolerance": 'fill="none" stroke="#ab231c" stroke-width="2" stroke-dasharray="2 3"',
    "target": 'fill="none" stroke="#1a1c20" stroke-dasharray="2 3"',
    "wide": 'fill="#1c4f94" fill-opacity="0.12" stroke="none"',
    "narrow": 'fill="#1c4f94" fill-opacity="0.2" stroke="none"',
    "bar": 'fill="#1c4f94" stroke="none"',
    "bar_after": 'fill="#0b6b4f" stroke="none"',
}


@dataclass(frozen=True)
class Mark:
    """A text in the drawing."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Shape:
    """A path (``d``) in one of ``STYLES``."""

    style: str
    path: str


@dataclass(frozen=True)
class Chart:
    """What is drawn: ``head`` stands above it and ``foot`` below; ``width`` and ``height`` are of
    the drawing itself, in which shapes, marks and the heights of grid lines are given."""

    title: str
    language: str
    head: Sequence[str]
    foot: Sequence[str]
    width: float
    height: float
    shapes: Sequence[Shape]
    marks: Sequence[Mark]
    grid: Sequence[float] = ()
    left: float = 0
    legend: Sequence[tuple[str, str]] = ()


def polygon_path(points: str) -> str:
    """``x,y x,y …`` as a closed path."""
    return "M" + " L".join(point.replace(",", " ") for point in points.split()) + " Z"


def bar_path(x: float, y: float, width: float, height: float) -> str:
    """A rectangle as a path."""
    return f"M{x:.1f} {y:.1f} h{width:.1f} v{height:.1f} h{-width:.1f} Z"


def chart_svg(chart: Chart) -> str:
    """The chart as SVG, a document of its own that needs nothing beside it."""
    wide = chart.width + 2 * _EDGE
    parts: list[str] = []

    def lines(texts: Iterable[str], y: float, size: float, fill: str, weight: str = "") -> float:
        for text in texts:
            for line in wrap_text(text, size, chart.width, 3):
                y += size * 1.4
                parts.append(_text(Mark(_EDGE, y, line, "start"), size, fill, weight))
        return y

    y = lines([chart.title], 10, 16, _INK, ' font-weight="700"')
    y = lines(chart.head, y + 2, TEXT, _QUIET) + 14
    parts.append(f'<g transform="translate({_EDGE} {y:.1f})">')
    for height in chart.grid:
        parts.append(
            f'<path d="M{chart.left:g} {height:g} H{chart.width:g}" fill="none" stroke="{_GRID}"/>'
        )
    parts += [f'<path d="{shape.path}" {STYLES[shape.style]}/>' for shape in chart.shapes]
    parts += [_text(mark, TEXT, _INK) for mark in chart.marks]
    parts.append("</g>")
    y += chart.height + 8
    for style, text in chart.legend:
        is_line = STYLES[style].startswith('fill="none"')
        path = f"M{_EDGE} {y + 6:.1f} h26" if is_line else bar_path(_EDGE, y + 1, 26, 9)
        parts.append(f'<path d="{path}" {STYLES[style]}/>')
        parts.append(_text(Mark(_EDGE + 34, y + 10, text, "start"), TEXT, _INK))
        y += 17
    height = math.ceil(lines(chart.foot, y, TEXT, _QUIET) + 14)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {height}" '
        f'width="{wide:g}" height="{height}" xml:lang="{escape(chart.language)}" role="img" '
        f'font-family="{_FONT}"><title>{escape(chart.title)}</title>'
        f'<rect width="{wide:g}" height="{height}" fill="#ffffff"/>' + "".join(parts) + "</svg>\n"
    )


def _text(mark: Mark, size: float, fill: str, more: str = "") -> str:
    return (
        f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{size:g}" fill="{fill}" '
        f'text-anchor="{mark.anchor}"{more}>{escape(mark.text)}</text>'
    )


def chart_file(kind: str, chart: Chart) -> bytes:
    """The bytes of the chart as ``svg`` or ``png``."""
    text = chart_svg(chart)
    return svg_to_png(text) if kind == "png" else text.encode()
