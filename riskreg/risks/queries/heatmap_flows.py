"""How risks go over one map, from inherent over residual to target: counted by the database."""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from riskreg.register.access import Viewer
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import visible_risks
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.heatmap_positions import (
    is_left_out_on_day,
    narrow_by_today,
    open_positions_on,
)

# What the address calls the stage that shows all three.
MOVEMENT = "movement"
LEGS = {"controls": ("inherent", "residual"), "planned": ("residual", "target")}
"""What takes a risk from one stage to the next."""
# A way names so many of its risks, unless asked otherwise.
NAMED = 12
_Cell = tuple[int, int]


@dataclass(frozen=True)
class Flow:
    """``count`` risks that stand in the cell ``start`` (likelihood, impact) at the first stage of
    ``leg`` and in ``end`` at the second; ``refs``: the first of them."""

    leg: str
    start: _Cell
    end: _Cell
    count: int
    refs: list[str]


@dataclass(frozen=True)
class Flows:
    """The ways of each leg, the most risks first. By leg ``sum(flows) + stayed + unrated`` is the
    map's total; unrated are those without a cell at one of the two stages."""

    flows: list[Flow]
    stayed: dict[str, int]
    unrated: dict[str, int]

    def of_leg(self, leg: str) -> list[Flow]:
        """The ways of one leg."""
        return [flow for flow in self.flows if flow.leg == leg]


class WithoutMovement(NamedTuple):
    """A query string (a QueryDict) without the stage that filters do not know, and whether that was
    asked for."""

    params: Any
    asked_for_movement: bool


def split_off_movement(params: Any) -> WithoutMovement:
    """``params`` (a QueryDict) with a stage that filters know, and whether the movement was asked
    for."""
    if params.getlist("stage")[-1:] != [MOVEMENT]:
        return WithoutMovement(params, False)
    rest = params.copy()
    del rest["stage"]
    return WithoutMovement(rest, True)


def flows_on(
    viewer: Viewer,
    shown: Heatmap,
    chosen: RiskFilter,
    at: dt.datetime,
    named: int = NAMED,
) -> Flows:
    """The ways of the risks that ``shown`` counts, on its day. Each way names the first ``named``
    of its risks, by ref."""
    today = viewer.today(at)
    positions = narrow_by_today(viewer, open_positions_on(viewer, shown.as_of, today), chosen)
    behind = is_left_out_on_day(viewer, shown.as_of, today, chosen)
    positions = positions.filter(~behind, kind=shown.kind)
    flows: list[Flow] = []
    stayed: dict[str, int] = {}
    unrated: dict[str, int] = {}
    for leg in LEGS:
        counts, stayed[leg], unrated[leg] = _counts_stayed_and_unrated(positions, leg)
        refs = _first_refs_by_way(positions, leg, named) if counts else {}
        ways = sorted(counts.items(), key=lambda way: (-way[1], way[0]))
        flows += [Flow(leg, *way, n, refs.get(way, [])) for way, n in ways]
    return Flows(flows, stayed, unrated)


def _columns_of_ends(leg: str) -> list[str]:
    return [f"{stage}_{axis}" for stage in LEGS[leg] for axis in ("likelihood", "impact")]


def _counts_stayed_and_unrated(
    positions: QuerySet[Position], leg: str
) -> tuple[Counter[tuple[_Cell, _Cell]], int, int]:
    counts: Counter[tuple[_Cell, _Cell]] = Counter()
    stayed = unrated = 0
    for x, y, to_x, to_y, n in (
        positions.order_by().values_list(*_columns_of_ends(leg)).annotate(n=Count("pk"))
    ):
        if x is None or to_x is None:
            unrated += n
        elif (x, y) == (to_x, to_y):
            stayed += n
        else:
            counts[(x, y), (to_x, to_y)] += n
    return counts, stayed, unrated


def _first_refs_by_way(
    positions: QuerySet[Position], leg: str, named: int
) -> dict[tuple[_Cell, _Cell], list[str]]:
    """The first refs of each way."""
    ends = _columns_of_ends(leg)
    stands = Q(**{ends[2]: F(ends[0]), ends[3]: F(ends[1])})
    rated = Q(**{f"{ends[0]}__isnull": False, f"{ends[2]}__isnull": False})
    place = Window(RowNumber(), partition_by=[F(end) for end in ends], order_by="ref_order")
    rows = positions.order_by().filter(rated).exclude(stands).annotate(place=place)
    found: dict[tuple[_Cell, _Cell], list[str]] = {}
    listed = rows.filter(place__lte=named).order_by("place").values_list(*ends, "ref")
    for x, y, to_x, to_y, ref in listed:
        found.setdefault(((x, y), (to_x, to_y)), []).append(ref)
    return found


def titles_by_ref(viewer: Viewer, refs: Collection[str]) -> dict[str, str]:
    """The titles of ``refs`` in the reader's language, by ref; those that are visible."""
    if not refs:
        return {}
    rows: QuerySet[Risk] = visible_risks(viewer).filter(ref__in=list(refs))
    return {row.ref: row.localized("title") for row in rows.only("ref", "title", "translations")}
