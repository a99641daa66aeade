"""Shapes for templates: from plain values to what a component draws. No database, no clock.

Everything here is a pure function, so that the same input always gives the same picture on a
page, in print and in a test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.kernel.localised import number

STEPS = 5
"""How many steps the severity palette has (``.sev-0`` … ``.sev-4``)."""


def severity_step(tone: int, tones: int) -> int:
    """Place a rating among the palette's five steps.

    ``tone`` counts ratings from 0 (lowest) and ``tones`` says how many the criteria have. The
    lowest rating always takes the first step and the highest the last; with six or seven
    ratings two neighbours share a step and their word keeps them apart.

    >>> [severity_step(t, 3) for t in range(3)]
    [0, 2, 4]
    """
    if tones <= 1:
        return 0
    tone = min(max(tone, 0), tones - 1)
    return (tone * (STEPS - 1) * 2 + (tones - 1)) // (2 * (tones - 1))


def _appetite_edge_classes(above: list[list[bool]], row: int, column: int) -> list[str]:
    """Sides of a cell above appetite on which a cell within appetite lies."""
    if not above[row][column]:
        return []
    sides = [("t", row - 1, column), ("b", row + 1, column)]
    sides += [("s", row, column - 1), ("e", row, column + 1)]
    return [
        f"edge-{side}"
        for side, r, c in sides
        if 0 <= r < len(above) and 0 <= c < len(above[0]) and not above[r][c]
    ]


def shape_matrix(
    matrix: Mapping[str, Any], *, checked: str | None = None, today: str | None = None
) -> dict[str, Any]:
    """Add to a matrix what its drawing needs: severity steps, appetite edges, marks, a legend.

    ``matrix`` has ``likelihood`` (levels, highest first), ``impact`` (levels, lowest first) and
    ``rows`` of cells in the same order; sizes 3 to 7, not necessarily square. ``tones`` may say
    how many ratings the criteria have; without it, the highest tone of any cell decides.
    ``across`` may say that likelihood lies across, and ``axis_names`` what the axes are called.
    ``checked`` and ``today`` are cells written ``"likelihood,impact"``. The input is not changed.
    """
    turned = matrix.get("across") == "likelihood"
    names = matrix.get("axis_names") or {"likelihood": _("Likelihood"), "impact": _("Impact")}
    labels = {
        axis: {level["value"]: level["label"] for level in matrix[axis]}
        for axis in ("likelihood", "impact")
    }
    rows, down, across = matrix["rows"], matrix["likelihood"], matrix["impact"]
    if turned:
        # The highest impact on top, the lowest likelihood at the start.
        rows = [list(column)[::-1] for column in zip(*rows, strict=True)][::-1]
        down, across = across[::-1], down[::-1]
    tones = matrix.get("tones") or 1 + max((c["tone"] for row in rows for c in row), default=0)
    above = [[bool(c.get("above_appetite")) for c in row] for row in rows]
    legend: dict[int, dict[str, Any]] = {}
    shaped = []
    for r, (level, row) in enumerate(zip(down, rows, strict=True)):
        cells = []
        for c, cell in enumerate(row):
            value = f"{cell['likelihood']},{cell['impact']}"
            step = severity_step(cell["tone"], tones)
            legend.setdefault(cell["tone"], {"label": cell["rating_label"], "step": step})
            cells.append(
                {
                    **cell,
                    "value": value,
                    "step": step,
                    "edges": " ".join(_appetite_edge_classes(above, r, c)),
                    "words": _("%(axis)s %(level)s, %(other)s %(its)s")
                    % {
                        "axis": names["likelihood"],
                        "level": labels["likelihood"][cell["likelihood"]],
                        "other": names["impact"],
                        "its": labels["impact"][cell["impact"]],
                    },
                    "spoken": _texts_read_aloud(cell),
                    "checked": value == checked,
                    "today": value == today,
                }
            )
        shaped.append({"level": level, "cells": cells})
    return {
        "down_name": names["impact" if turned else "likelihood"],
        "across_name": names["likelihood" if turned else "impact"],
        "across": across,
        "columns": len(across),
        "gain": matrix.get("kind") == "opportunity",
        "rows": shaped,
        "legend": [legend[tone] for tone in sorted(legend)],
        "named": any(c.get("named") for row in rows for c in row),
        "moved": any(c.get("came") or c.get("left") for row in rows for c in row),
        "appetite": any(map(any, above)) and not all(map(all, above)),
    }


def _texts_read_aloud(cell: Mapping[str, Any]) -> dict[str, str]:
    """What is read aloud of the counts in a cell; made here, as a table has dozens of cells."""
    count, came, left = (cell.get(name) or 0 for name in ("count", "came", "left"))
    return {
        "count": ngettext("risk", "risks", count) if count else "",
        "came": _("%(n)s moved in") % {"n": number(came)} if came else "",
        "left": _("%(n)s moved out") % {"n": number(left)} if left else "",
    }


@dataclass(frozen=True)
class Spark:
    """A sparkline in a box of ``width`` × ``height`` pixels."""

    width: int
    height: int
    points: str
    last: tuple[float, float]
    amber: float | None
    red: float | None
    state: str


def spark(
    values: Sequence[float],
    *,
    amber: float | None = None,
    red: float | None = None,
    width: int = 96,
    height: int = 24,
) -> Spark | None:
    """Scale a series to a small line, oldest value first; None when there is nothing to draw.

    Thresholds are drawn on the series' own scale. Whether red lies above or below amber tells
    which direction is bad; ``state`` says where the last value stands: ``""``, ``amber``, ``red``.
    """
    if not values:
        return None
    pad = 3
    marks = [float(v) for v in (*values, amber, red) if v is not None]
    low, high = min(marks), max(marks)
    span = (high - low) or 1.0

    def y(value: float) -> float:
        return round(height - pad - (float(value) - low) / span * (height - 2 * pad), 1)

    step = (width - 2 * pad) / max(len(values) - 1, 1)
    points = [(round(pad + i * step, 1), y(v)) for i, v in enumerate(values)]
    if len(points) == 1:
        # One value is a dot: a line would say that it had been so for a while.
        points = [(width - pad, points[0][1])]
    sign = -1 if amber is not None and red is not None and red < amber else 1
    state = ""
    for name, threshold in (("amber", amber), ("red", red)):
        if threshold is not None and sign * float(values[-1]) >= sign * threshold:
            state = name
    return Spark(
        width,
        height,
        " ".join(f"{px},{py}" for px, py in points),
        points[-1],
        None if amber is None else y(amber),
        None if red is None else y(red),
        state,
    )


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def trail(
    points: Sequence[Mapping[str, Any]], *, until: date, top: float | None = None
) -> dict[str, Any] | None:
    """Lay out the positions of one risk over time as a stepped line; None without points.

    Each point has ``at`` (date or datetime, oldest first), ``score``, ``tone``, ``tones``,
    ``label`` (the rating's word) and may have ``brought`` (recorded later than it happened).
    ``until`` is the day the line runs to; ``top`` the highest score of the criteria.
    Coordinates are in a box 400 wide and 112 high.
    """
    if not points:
        return None
    left, right, upper, lower = 28.0, 388.0, 16.0, 88.0
    start, end = _day(points[0]["at"]), max(_day(until), _day(points[-1]["at"]))
    days = (end - start).days or 1
    highest = float(top or max(p["score"] for p in points)) or 1.0
    marks: list[dict[str, Any]] = []
    path = ""
    for point in points:
        x = round(left + (_day(point["at"]) - start).days / days * (right - left), 1)
        y = round(lower - float(point["score"]) / highest * (lower - upper), 1)
        path += f"H{x}V{y}" if path else f"M{x} {y}"
        close = bool(marks) and x - marks[-1]["x"] < 20
        marks.append(
            {
                **point,
                "x": x,
                "y": y,
                "box_x": round(x - 4, 1),
                "box_y": round(y - 4, 1),
                "text_y": round(y - 8, 1),
                "named": not close,
                "gain": point.get("kind") == "opportunity",
                "step": severity_step(point["tone"], point.get("tones", STEPS)),
            }
        )
    if marks and not marks[-1]["named"]:
        # The newest value is the one people look for: it takes the place of its neighbour's.
        marks[-2]["named"], marks[-1]["named"] = False, True
    return {
        "path": f"{path}H{right}",
        "marks": marks,
        "start": start,
        "end": end,
        "grid": [upper, round((upper + lower) / 2, 1), lower],
        "left": left,
        "right": right,
        "upper": upper,
        "lower": lower,
        "top": int(highest) if highest == int(highest) else highest,
    }
