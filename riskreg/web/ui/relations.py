"""The small graph of what a risk is related to. A pure function, as all of ``drawing``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, ROW, TEXT = 400.0, 26.0, 62.0
LEFT, MIDDLE, RIGHT = 8.0, 170.0, 330.0
# Of one side; the list beside the graph has them all.
MOST = 5
_IN, _OUT = ("cause", "worsens"), ("effect", "worsened", "duplicate")
_DASH = {"worsens": "6 3", "worsened": "6 3", "duplicate": "1 3", "parent": "2 3", "part": "2 3"}


@dataclass(frozen=True)
class Node:
    """A risk in the graph: ``step`` of the severity palette (None: not rated)."""

    ref: str
    step: int | None
    gain: bool = False
    open: bool = True


def relation_graph(this: Node, others: Mapping[str, Sequence[Node]]) -> dict[str, Any]:
    """Lay out ``others`` (by role) around ``this``: what leads to it before it, what it leads to
    after it, what it is part of above, its parts below. ``more``: how many were left out.
    """
    before = [(role, node) for role in _IN for node in others.get(role, ())]
    after = [(role, node) for role in _OUT for node in others.get(role, ())]
    above = [("parent", node) for node in others.get("parent", ())]
    below = [("part", node) for node in others.get("part", ())]
    more = sum(max(0, len(side) - MOST) for side in (before, after, above, below))
    before, after, above, below = (side[:MOST] for side in (before, after, above, below))
    top = ROW * (1.5 if above else 0.5)
    rows = max(len(before), len(after), 1)
    middle = top + (rows - 1) * ROW / 2 + ROW / 2
    nodes = [_placed(this, MIDDLE, middle, this=True)]
    lines = []
    for side, x in ((before, LEFT), (after, RIGHT)):
        for n, (role, node) in enumerate(side):
            y = middle + (n - (len(side) - 1) / 2) * ROW
            nodes.append(_placed(node, x, y))
            ends = (LEFT + TEXT, y, MIDDLE - 6, middle), (MIDDLE + TEXT, middle, RIGHT - 6, y)
            lines.append(_line(role, *ends[x == RIGHT]))
    bottom = top + rows * ROW
    for side, y in ((above, ROW / 2), (below, bottom + ROW)):
        for n, (role, node) in enumerate(side):
            x = MIDDLE + (n - (len(side) - 1) / 2) * (TEXT + 14)
            nodes.append(_placed(node, x, y))
            down, up = (middle + 9, y - 10) if side is below else (middle - 10, y + 9)
            start, end = (x + 8, up), (MIDDLE + 8, down)
            if side is above:
                start, end = (MIDDLE + 8, down), (x + 8, up)
            lines.append(_line(role, *start, *end))
    height = bottom + (ROW * 1.5 if below else ROW / 2)
    return {
        "nodes": nodes,
        "lines": lines,
        "width": WIDTH,
        "height": round(height, 1),
        "more": more,
    }


def _placed(node: Node, x: float, y: float, *, this: bool = False) -> dict[str, Any]:
    return {
        "ref": node.ref,
        "step": node.step,
        "gain": node.gain,
        "open": node.open,
        "this": this,
        "x": round(x, 1),
        "y": round(y, 1),
        "box_y": round(y - 4, 1),
        "text_x": round(x + 12, 1),
        "text_y": round(y + 4, 1),
    }


def _line(role: str, x: float, y: float, to_x: float, to_y: float) -> dict[str, Any]:
    """A line with an arrow at its end."""
    length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5 or 1.0
    along, across = ((to_x - x) / length, (to_y - y) / length), (-(to_y - y), to_x - x)
    back = (to_x - 7 * along[0], to_y - 7 * along[1])
    side = (3.5 * across[0] / length, 3.5 * across[1] / length)
    tips = [(back[0] + sign * side[0], back[1] + sign * side[1]) for sign in (1, -1)]
    head = " ".join(f"L{a:.1f} {b:.1f}" for a, b in (tips[0], tips[1]))
    return {
        "path": f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}",
        "head": f"M{to_x:.1f} {to_y:.1f}{head}Z",
        "dash": _DASH.get(role, ""),
    }
