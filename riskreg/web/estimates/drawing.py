"""What is drawn of a range: its curve, and several ranges beside each other. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from riskreg.analysis.ranges import Range

WIDTH, HEIGHT, FOOT = 480, 150, 26
_POINTS = 96
# A band of ranges that spans more than this many times its low end is drawn by powers of ten.
_BY_POWERS = 30.0


@dataclass(frozen=True)
class Curve:
    """A density as an SVG path, and the places of its marks: (x, height of the curve, quantile)."""

    path: str
    marks: tuple[tuple[float, float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    foot: int = HEIGHT - FOOT


def curve_of(it: Range) -> Curve:
    """The curve of a range from its very low end to what one in forty passes."""
    low, high = it.quantile(0.001), it.quantile(0.975)
    step = (high - low) / _POINTS
    places = [low + n * step for n in range(_POINTS + 1)]
    heights = [it.density(x) for x in places]
    top = max(heights) or 1.0
    floor = HEIGHT - FOOT

    def place(x: float) -> float:
        return round(WIDTH * (x - low) / (high - low), 1)

    def height(density: float) -> float:
        return round(floor - (floor - 18) * density / top, 1)

    line = " ".join(f"L{place(x)} {height(y)}" for x, y in zip(places, heights, strict=True))
    marks = tuple(
        (place(x), height(it.density(x)), name)
        for name, q in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95))
        for x in (it.quantile(q),)
    )
    return Curve(f"M0 {floor} {line} L{WIDTH} {floor} Z", marks)


@dataclass(frozen=True)
class Bar:
    """One range among others: from its P5 to its P95 with its median, in per cent of the width."""

    start: float
    length: float
    middle: float


def bars_of(rows: Sequence[tuple[float, float, float]]) -> tuple[list[Bar], bool]:
    """(P5, P50, P95) of several ranges as bars on one scale; whether it goes by powers of ten."""
    low, high = min(row[0] for row in rows), max(row[2] for row in rows)
    powers = low > 0 and high / low > _BY_POWERS

    def place(x: float) -> float:
        if powers:
            return 100 * (log10(x) - log10(low)) / (log10(high) - log10(low))
        return 100 * (x - low) / (high - low)

    bars = [
        Bar(round(place(a), 2), round(max(0.5, place(c) - place(a)), 2), round(place(b), 2))
        for a, b, c in rows
    ]
    return bars, powers
