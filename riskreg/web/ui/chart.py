"""The chart of an indicator: readings, limits, reviews. Pure functions; no database, no clock."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from riskreg.indicators.policy import Rule

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 84, 704, 16, 252
MAX_POINTS = 400
PATH_STEPS = 24
_DAY = dt.timedelta(days=1)


def nice_step(span: float, wanted: int = 5) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that cuts ``span`` into about ``wanted``.

    >>> [nice_step(s) for s in (100, 7, 0.3, 180000)]
    [20.0, 2.0, 0.1, 50000.0]
    """
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)


def y_ticks(low: float, high: float) -> list[float]:
    """Round values from at or below ``low`` to at or above ``high``."""
    if high <= low:
        pad = abs(high) * 0.1 or 1.0
        low, high = low - pad, high + pad
    step = nice_step(high - low)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def x_ticks(start: dt.date, end: dt.date) -> list[dt.date]:
    """Firsts of months or years between two days: between two and about eight of them."""
    months = (end.year - start.year) * 12 + end.month - start.month
    every = next((n for n in (1, 2, 3, 6, 12, 24, 60, 120) if months <= n * 8), 240)
    if months < 2:
        count = max(1, (end - start).days)
        step = max(1, math.ceil(count / 6))
        return [start + n * step * _DAY for n in range(count // step + 1)]
    ticks = []
    year, month = start.year, 1
    while (day := dt.date(year, month, 1)) <= end:
        if day >= start:
            ticks.append(day)
        month += every
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return ticks


def thin_out(points: Sequence[Any], most: int = MAX_POINTS) -> list[Any]:
    """At most about ``most`` of ``points`` (each with ``value``): first, last, and of each stretch
    its lowest and highest, so that no spike is lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / (most // 2))
    kept = {0, len(points) - 1}
    for n in range(0, len(points), size):
        stretch = range(n, min(n + size, len(points)))
        kept.add(min(stretch, key=lambda k: points[k]["value"]))
        kept.add(max(stretch, key=lambda k: points[k]["value"]))
    return [points[n] for n in sorted(kept)]


def limit_lines(rule: Rule, start: dt.date, end: dt.date) -> list[dict[str, Any]]:
    """Each limit, and the path that a pace is held against, from ``start`` to ``end``: ``tone``
    (amber, red, path) and ``points``, (day, value) pairs."""
    if rule.kind != "pace":
        named: list[tuple[str, Decimal | None]] = [("amber", rule.amber), ("red", rule.red)]
        named += [("amber", rule.amber_low), ("red", rule.red_low)]
        return [
            {"tone": tone, "points": [(start, value), (end, value)]}
            for tone, value in named
            if value is not None
        ]
    assert rule.path is not None  # noqa: S101 - a pace has a path
    days = _evenly_spaced_days(max(start, rule.path.start_on), end)
    sign = -1 if rule.direction == "lower_is_worse" else 1
    lines = []
    for tone, percent in (("path", Decimal(0)), ("amber", rule.amber), ("red", rule.red)):
        share = 1 + sign * percent / 100
        required = ((day, rule.path.required(day)) for day in days)
        points = [(day, value * share) for day, value in required if value is not None]
        if points:
            lines.append({"tone": tone, "points": points})
    return lines


def chart(
    readings: Sequence[Mapping[str, Any]],
    rule: Rule,
    reviews: Sequence[Mapping[str, Any]],
    *,
    today: dt.date,
) -> dict[str, Any] | None:
    """Lay out the picture; None without readings.

    ``readings``: {day, value, status, …} oldest first; ``reviews``: {day, …}. The time axis runs
    from the first reading to today, and a review outside it is left to the table.
    """
    if not readings:
        return None
    start: dt.date = min(readings[0]["day"], today)
    end: dt.date = max(today, readings[-1]["day"])
    if start == end:
        start -= 7 * _DAY
    lines = limit_lines(rule, start, end)
    values = [float(r["value"]) for r in readings]
    values += [float(v) for line in lines for _day, v in line["points"]]
    ticks = y_ticks(min(values), max(values))
    ticks_x = x_ticks(start, end)
    low, high = ticks[0], ticks[-1]

    def x(day: dt.date) -> float:
        return round(LEFT + (day - start).days / (end - start).days * (RIGHT - LEFT), 1)

    def y(value: Any) -> float:
        return round(BOTTOM - (float(value) - low) / (high - low) * (BOTTOM - TOP), 1)

    shown = thin_out(readings)
    marks = [{**r, "x": x(r["day"]), "y": y(r["value"])} for r in shown]
    drawn = [
        {
            "tone": line["tone"],
            "path": " ".join(f"{x(day)},{y(value)}" for day, value in line["points"]),
            "label_x": x(line["points"][-1][0]),
            "label_y": y(line["points"][-1][1]),
        }
        for line in lines
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": RIGHT,
        "top": TOP,
        "bottom": BOTTOM,
        "y": [{"value": v, "y": y(v)} for v in ticks],
        "x": [{"day": d, "x": x(d)} for d in ticks_x],
        "lines": drawn,
        "line": " ".join(f"{m['x']},{m['y']}" for m in marks),
        "marks": marks if len(marks) <= 80 else marks[-1:],
        "reviews": [{**r, "x": x(r["day"])} for r in reviews if start <= r["day"] <= end],
        "by": _precision_of_ticks(ticks_x),
    }


def _precision_of_ticks(ticks: Sequence[dt.date]) -> str:
    """How exactly days of the time axis are written: day, month or year."""
    if any(day.day != 1 for day in ticks):
        return "day"
    return "year" if all(day.month == 1 for day in ticks) else "month"


def _evenly_spaced_days(start: dt.date, end: dt.date) -> list[dt.date]:
    if end <= start:
        return [start] if end == start else []
    days = (end - start).days
    count = min(PATH_STEPS, days)
    return [start + dt.timedelta(days=round(days * n / count)) for n in range(count + 1)]
