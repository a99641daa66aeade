"""What is drawn of a range: its curve, and several ranges beside each other. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import NamedTuple

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


class Quantiles(NamedTuple):
    """Where a range has one in twenty below, half, and one in twenty above."""

    p5: float
    p50: float
    p95: float


class BarsOnOneScale(NamedTuple):
    """``by_powers_of_ten``: the scale is that of logarithms."""

    bars: list[Bar]
    by_powers_of_ten: bool


def bars_on_one_scale(ranges: Sequence[Quantiles]) -> BarsOnOneScale:
    """Several ranges as bars."""
    low, high = min(each.p5 for each in ranges), max(each.p95 for each in ranges)
    powers = low > 0 and high / low > _BY_POWERS

    def place(x: float) -> float:
        if powers:
            return 100 * (log10(x) - log10(low)) / (log10(high) - log10(low))
        return 100 * (x - low) / (high - low)

    bars = [
        Bar(round(place(a), 2), round(max(0.5, place(c) - place(a)), 2), round(place(b), 2))
        for a, b, c in ranges
    ]
    return BarsOnOneScale(bars, powers)
