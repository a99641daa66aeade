"""The loss curves of a run as SVG paths, and bars. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from riskreg.analysis.policy.curves import index_of_last_shown_point
from riskreg.register.tolerance import chance_tolerated

WIDTH, HEIGHT = 640, 260
_LEFT, _FOOT, _TOP = 44, 26, 10
# Levels of an objective have longer names than chances.
_FAN_LEFT = 72


@dataclass(frozen=True)
class LossCurves:
    """Paths by side, and the marks of the axes as (place, value)."""

    paths: Mapping[str, str]
    amounts: tuple[tuple[float, float], ...]
    chances: tuple[tuple[float, int], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    foot: int = HEIGHT - _FOOT


@dataclass(frozen=True)
class _Axes:
    """Where an amount and a chance stand in the picture of the loss curves."""

    least: float
    most: float

    def x(self, amount: float) -> float:
        width = WIDTH - _LEFT - 8
        return round(_LEFT + width * (amount - self.least) / ((self.most - self.least) or 1), 1)

    def y(self, chance: float) -> float:
        return round(_TOP + (HEIGHT - _FOOT - _TOP) * (1 - chance), 1)


def _axes(curves: Mapping[str, Sequence[Sequence[float]]]) -> _Axes:
    return _Axes(
        min(points[0][0] for points in curves.values()),
        max(points[index_of_last_shown_point(points)][0] for points in curves.values()),
    )


def loss_curves(curves: Mapping[str, Sequence[Sequence[float]]]) -> LossCurves:
    """The chance (upwards) of a year that costs more than an amount (to the right)."""
    axes = _axes(curves)
    least, most = axes.least, axes.most
    paths = {
        side: "M"
        + " L".join(f"{axes.x(amount)} {axes.y(chance)}" for amount, chance, *_band in points
                    if amount <= most)
        for side, points in curves.items()
    }  # fmt: skip
    steps = [least + n * (most - least) / 4 for n in range(5)]
    return LossCurves(
        paths,
        tuple((axes.x(amount), amount) for amount in steps),
        tuple((axes.y(share / 100), share) for share in (0, 25, 50, 75, 100)),
    )


def tolerance_path(
    curves: Mapping[str, Sequence[Sequence[float]]], points: Sequence[Mapping[str, float]]
) -> str:
    """What is tolerated ({amount, chance} by rising amount) in the picture of ``curves``, as far as
    that goes; empty where nothing is said of what it shows."""
    axes = _axes(curves)
    if not points or points[0]["amount"] >= axes.most:
        return ""
    corners = [axes.least] if points[0]["amount"] < axes.least else [points[0]["amount"]]
    corners += [p["amount"] for p in points if axes.least < p["amount"] < axes.most]
    amounts = sorted({*corners, axes.most})
    return "M" + " L".join(f"{axes.x(a)} {axes.y(chance_tolerated(points, a))}" for a in amounts)


def percents_of_largest(values: Sequence[float]) -> list[float]:
    """Each value in per cent of the largest, for bars; never less than nothing."""
    top = max((abs(value) for value in values), default=0.0)
    return [round(100 * abs(value) / top, 2) if top else 0.0 for value in values]


class BarPlace(NamedTuple):
    """Where a bar starts, and how long it is."""

    start: float
    length: float


def bars_in_percent(bars: Sequence[Mapping[str, Any]]) -> list[BarPlace]:
    """The place of each bar of a tornado in per cent of their common scale."""
    ends = [end for bar in bars for end in (bar["low"], bar["high"])]
    least, most = min(ends, default=0.0), max(ends, default=1.0)
    scale = (most - least) or 1.0
    return [
        BarPlace(
            round(100 * (min(bar["low"], bar["high"]) - least) / scale, 2),
            round(max(0.5, 100 * abs(bar["high"] - bar["low"]) / scale), 2),
        )
        for bar in bars
    ]


@dataclass(frozen=True)
class Fan:
    """The levels of an objective year by year: bands as corners, middles as paths, the target's
    height, and the marks of the axes as (place, value)."""

    wide: str
    narrow: str
    middle: str
    after: str
    target: float
    years: tuple[tuple[float, int], ...]
    levels: tuple[tuple[float, float], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _FAN_LEFT


def fan(objective: Mapping[str, Any]) -> Fan:
    """What an objective's level may be (P5 … P95, P25 … P75 and the middle), from its start on."""
    start, years = objective["start"], [objective["start_year"], *objective["years"]]
    before = [[start] * 5, *objective["sides"]["before"]["fan"]]
    after = [[start] * 5, *objective["sides"]["after"]["fan"]]
    ends = [objective["target"], *(x for year in (*before, *after) for x in (year[0], year[4]))]
    least, most = min(ends), max(ends)
    width, depth = WIDTH - _FAN_LEFT - 24, HEIGHT - _FOOT - _TOP

    def x(year: int) -> float:
        return float(round(_FAN_LEFT + width * (year - years[0]) / (years[-1] - years[0]), 1))

    def y(level: float) -> float:
        return float(round(_TOP + depth * (most - level) / ((most - least) or 1), 1))

    def band(low: int, high: int) -> str:
        there = [f"{x(year)},{y(at[low])}" for year, at in zip(years, before, strict=True)]
        back = [f"{x(year)},{y(at[high])}" for year, at in zip(years, before, strict=True)]
        return " ".join([*there, *reversed(back)])

    def line(levels: Sequence[Sequence[float]]) -> str:
        points = (f"{x(year)} {y(at[2])}" for year, at in zip(years, levels, strict=True))
        return "M" + " L".join(points)

    every = -(-len(years) // 8)
    shown = [year for n, year in enumerate(reversed(years)) if n % every == 0]
    # The lowest stands where the years are.
    steps = [least + n * (most - least) / 4 for n in range(1, 5)]
    return Fan(
        wide=band(0, 4),
        narrow=band(1, 3),
        middle=line(before),
        after=line(after),
        target=y(objective["target"]),
        years=tuple((x(year), year) for year in reversed(shown)),
        levels=tuple((y(level), level) for level in steps),
    )


@dataclass(frozen=True)
class Frontier:
    """The least expected loss for each budget: a path of steps, its points, and the marks of the
    axes as (place, value)."""

    path: str
    points: tuple[tuple[float, float], ...]
    amounts: tuple[tuple[float, float], ...]
    losses: tuple[tuple[float, float], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _FAN_LEFT


class BudgetAndLoss(NamedTuple):
    """A budget, and the least expected loss of a year within it."""

    budget: float
    loss: float


def frontier(points: Sequence[BudgetAndLoss]) -> Frontier:
    """The least expected loss by rising budget. The axis of losses starts at nothing, so
    that a small gain looks small; below it where an expected year brings something."""
    top = points[-1][0] or 1.0
    losses = [loss for _budget, loss in points]
    least, most = min(0.0, *losses), max(0.0, *losses)
    width, depth = WIDTH - _FAN_LEFT - 24, HEIGHT - _FOOT - _TOP

    def x(budget: float) -> float:
        return round(_FAN_LEFT + width * budget / top, 1)

    def y(loss: float) -> float:
        return round(_TOP + depth * (most - loss) / ((most - least) or 1), 1)

    places = [(x(budget), y(loss)) for budget, loss in points]
    # Between two budgets the smaller one buys what it bought.
    path = f"M{places[0][0]} {places[0][1]}" + "".join(f" H{px} V{py}" for px, py in places[1:])
    return Frontier(
        path,
        tuple(places),
        tuple((x(budget), budget) for budget, _loss in points[::5]),
        tuple((y(value), value) for value in (least + n * (most - least) / 4 for n in range(5))),
    )
