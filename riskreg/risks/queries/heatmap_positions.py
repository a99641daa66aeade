"""The open risks that a heatmap counts, on any day: those that are asked for, without those that
stand behind another one."""

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import TIE_BREAKERS, Position, State
from riskreg.risks.parts import is_left_out_as_part_or_whole
from riskreg.risks.queries.access import current_positions, positions_at


def tie_breaker(stage: str) -> str:
    """The column that orders risks which stand in one cell at ``stage``."""
    return f"{TIE_BREAKERS[stage]}_score"


@dataclass(frozen=True)
class OpenRisks:
    """The open risks of ``chosen`` at ``moment`` (None: now). What is asked of all risks has
    statements that are written once. ``apart``: it is known that none is behind another."""

    viewer: Viewer
    moment: dt.datetime | None
    chosen: RiskFilter
    apart: bool = False

    @functools.cached_property
    def positions(self) -> QuerySet[Position]:
        return narrow_by_today(
            self.viewer, open_positions_at(self.viewer, self.moment), self.chosen
        )

    @functools.cached_property
    def left_out(self) -> Q:
        """Of positions: those that are not counted."""
        return is_left_out_at(self.viewer, self.moment, self.chosen.parts, self.chosen.on_map)

    @functools.cached_property
    def counted(self) -> QuerySet[Position]:
        return self.positions if self.apart else self.positions.filter(~self.left_out)

    def counts_by_cell(self, stage: str) -> Iterable[tuple[Any, ...]]:
        if self.chosen.takes_all:
            return _open_counts_by_cell(
                self.viewer, self.moment, stage=stage, parts=self.chosen.parts
            )
        return counts_by_kind_and_cell(self.positions, self.left_out, stage)

    def left_out_refs(self, kind: str, most: int) -> list[str]:
        """The first ``most`` refs of what is behind others."""
        rows = self.positions.filter(self.left_out, kind=kind).order_by("ref_order")
        return list(rows.values_list("ref", flat=True)[:most])

    def left_out_ids(self, *, narrow: bool = True) -> list[int]:
        """Database ids of the risks that are behind others, without ``narrow`` of all that the map
        has: read, as a comparison that looked them up in each of its parts would be nested deeper
        than databases parse."""
        if self.chosen.takes_all:
            return ids_of_open_risks_left_out(self.viewer, self.moment, parts=self.chosen.parts)
        rows = self.positions if narrow else open_positions_at(self.viewer, self.moment)
        return list(rows.filter(self.left_out).order_by().values_list("risk_id", flat=True))


def narrow_by_today(
    viewer: Viewer, positions: QuerySet[Position], chosen: RiskFilter
) -> QuerySet[Position]:
    """``positions`` of the risks that ``chosen`` picks by what they are today."""
    if not chosen.conditions:
        return positions
    return positions.filter(risk__in=chosen.apply(current_positions(viewer)).values("risk_id"))


def is_left_out_on_day(viewer: Viewer, day: dt.date, today: dt.date, chosen: RiskFilter) -> Q:
    """Of positions: those not counted on the map of that day, because what they are part of is (or
    their parts are, as ``chosen`` says)."""
    return is_left_out_at(
        viewer, end_of_day_or_none_today(viewer, day, today), chosen.parts, chosen.on_map
    )


def is_left_out_at(
    viewer: Viewer, moment: dt.datetime | None, parts: str, on_map: Q | None = None
) -> Q:
    among = open_positions_at(viewer, moment)
    if on_map:
        still = current_positions(viewer).filter(on_map)
        among = among.filter(risk__in=still.values("risk_id"))
    return is_left_out_as_part_or_whole(viewer, parts, among, moment)


@written_once()
def ids_of_open_risks_left_out(
    viewer: Viewer, moment: dt.datetime | None, *, parts: str
) -> QuerySet[Position, int]:
    rows = open_positions_at(viewer, moment).filter(is_left_out_at(viewer, moment, parts))
    return rows.order_by().values_list("risk_id", flat=True)


def end_of_day_or_none_today(viewer: Viewer, day: dt.date, today: dt.date) -> dt.datetime | None:
    """The last one of that day in the register; None for today, which is not over."""
    if day >= today:
        return None
    return clock.start_of_next_day(day, viewer.register.time_zone) - dt.timedelta(microseconds=1)


def open_positions_on(viewer: Viewer, day: dt.date, today: dt.date) -> QuerySet[Position]:
    """Where each visible open risk stood at the end of ``day`` (now, if that is today)."""
    return open_positions_at(viewer, end_of_day_or_none_today(viewer, day, today))


def open_positions_at(viewer: Viewer, moment: dt.datetime | None) -> QuerySet[Position]:
    return positions_at(viewer, moment).filter(state=State.OPEN)


@written_once()
def _open_counts_by_cell(
    viewer: Viewer, moment: dt.datetime | None, *, stage: str, parts: str
) -> QuerySet[Position, tuple[Any, ...]]:
    return counts_by_kind_and_cell(
        open_positions_at(viewer, moment), is_left_out_at(viewer, moment, parts), stage
    )


def counts_by_kind_and_cell(
    positions: QuerySet[Position], left_out: Q, stage: str
) -> QuerySet[Position, tuple[Any, ...]]:
    """Of those that stand alike: kind, likelihood and impact, the newest criteria that any of them
    was rated by, how many they are, and how many of these are ``left_out``."""
    return (
        positions.order_by()
        .values_list("kind", f"{stage}_likelihood", f"{stage}_impact")
        .annotate(
            used=Max("criteria"), n=Count("risk_id"), hidden=Count("risk_id", filter=left_out)
        )
    )
