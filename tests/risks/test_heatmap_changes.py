"""What the database says changed on the map is what comparing every position says."""

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from bench.history import add_history
from bench.seed import seed
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.risks.models import Position
from riskreg.risks.queries.access import positions_at
from riskreg.risks.queries.heatmap import REFS_PER_CELL, heatmap
from riskreg.risks.queries.heatmap_changes import AT_ONCE
from riskreg.risks.queries.heatmap_positions import tie_breaker

pytestmark = pytest.mark.django_db
STAGES = ("inherent", "residual", "target")


def on(viewer: Viewer, day: dt.date) -> dict[int, Position]:
    """Every visible position at the end of ``day``, by risk."""
    end = clock.start_of_next_day(day, viewer.register.time_zone) - dt.timedelta(microseconds=1)
    return {p.risk_id: p for p in positions_at(viewer, end).order_by("ref_order")}


def changes(viewer: Viewer, stage: str, before: dt.date, after: dt.date) -> dict[str, Any]:
    """What changed, by looking at every position."""
    then, now = on(viewer, before), on(viewer, after)
    found: dict[str, Any] = {"moves": [], "opened": [], "closed": []}
    for risk, position in now.items():
        was = then.get(risk)
        was_open = was is not None and was.state == "open"
        if position.state == "open" and not was_open:
            found["opened"].append(position.ref)
        elif was_open and position.state != "open":
            found["closed"].append(position.ref)
        elif position.state == "open" and was and was.cell(stage) != position.cell(stage):
            found["moves"].append((position.ref, was.cell(stage), position.cell(stage)))
    return found


def way(move: tuple[str, Any, Any]) -> int:
    """How far a move went, by score."""
    _ref, before, after = move
    return abs(after["score"] - before["score"]) if before and after else 0


@pytest.mark.parametrize("stage", STAGES)
def test_moves_opened_and_closed(stage: str) -> None:
    viewer = seed(120)
    add_history(viewer)
    # Some were opened and closed, unrated and judged in between.
    begun = Position.objects.exclude(valid_to=None)
    middle = {"likelihood": 3, "impact": 3, "score": 9, "rating": "moderate"}
    begun.update(**{f"{stage}_{part}": value for part, value in middle.items()})
    some = list(begun.order_by("pk").values_list("pk", flat=True))
    Position.objects.filter(pk__in=some[::7]).update(state="draft")
    Position.objects.filter(pk__in=some[3::11]).update(
        **{f"{stage}_{part}": None for part in ("likelihood", "impact", "score", "rating")}
    )
    Position.objects.filter(pk__in=some[5::13], state="open").update(state="closed")
    today = viewer.today(viewer.asked_at)
    for back, length in ((0, 10), (0, 90), (0, 300), (40, 60), (40, 300)):
        as_of = today - dt.timedelta(days=back)
        compare = as_of - dt.timedelta(days=length)
        shown = heatmap(viewer, stage=stage, at=viewer.asked_at, as_of=as_of, compare=compare)
        found, expected = shown.comparison, changes(viewer, stage, compare, as_of)
        assert found is not None
        moves = [(m.ref, m.before, m.after) for m in found.moves]
        assert moves == sorted(expected["moves"], key=lambda move: -way(move))
        assert (list(found.opened), list(found.closed)) == (expected["opened"], expected["closed"])
        lengths = len(found.moves), len(found.opened), len(found.closed)
        assert lengths == (len(moves), len(expected["opened"]), len(expected["closed"]))
        came = Counter((a["likelihood"], a["impact"]) for _r, _b, a in moves if a)
        left = Counter((b["likelihood"], b["impact"]) for _r, b, _a in moves if b)
        assert (found.came, found.left) == (came, left)
        wanted = {ref for ref, _b, _a in moves[::3]} | {"R-999999"}
        assert {m.ref for m in found.moves_of(wanted)} == wanted - {"R-999999"}
        if back == 0 and length == 300:
            assert len(moves) > AT_ONCE, "the second page is another query"
            assert [m.ref for m in found.moves[AT_ONCE:]] == [m[0] for m in moves[AT_ONCE:]]


@pytest.mark.parametrize("stage", STAGES)
def test_counts_and_first_refs_of_every_cell(stage: str) -> None:
    viewer = seed(90)
    shown = heatmap(viewer, stage=stage, at=viewer.asked_at, refs_per_cell=2)
    cells: dict[Any, list[Any]] = {}
    for p in on(viewer, viewer.today(viewer.asked_at)).values():
        if p.state == "open":
            tie = getattr(p, tie_breaker(stage))
            place = getattr(p, f"{stage}_likelihood"), getattr(p, f"{stage}_impact")
            cells.setdefault(place, []).append((-1 if tie is None else tie, p.ref))
    for cell in shown.cells:
        rows = sorted(cells.pop((cell.likelihood, cell.impact), []), key=lambda r: -r[0])
        assert (cell.count, cell.refs) == (len(rows), [ref for _tie, ref in rows[:2]])
    unrated = cells.pop((None, None), [])
    assert (shown.unrated_count, not cells) == (len(unrated), True)
    assert shown.unrated_refs == [ref for _tie, ref in sorted(unrated, key=lambda r: -r[0])[:2]]
    whole = heatmap(viewer, stage=stage, at=viewer.asked_at)
    assert max(len(cell.refs) for cell in whole.cells) <= REFS_PER_CELL
