"""The heatmap, the coverage, a history and one risk as files: what each page shows."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from riskreg.analysis.queries.estimates import estimates_of
from riskreg.events import queries as events
from riskreg.events.models import Event
from riskreg.exchange.columns import Column
from riskreg.exchange.queries.nouns import PIECE
from riskreg.exchange.queries.sheets import (
    coverage_sheet,
    heatmap_sheets,
    list_sheet,
    risk_sheets,
)
from riskreg.exchange.writing.files import Sheet
from riskreg.risks import filters
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import current_positions, risk_for
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.lists import mitigations_of
from riskreg.web.exports.base import FileView
from riskreg.web.exports.lists import RiskFiles
from riskreg.web.heatmap.page import OWN as HEATMAP_OWN
from riskreg.web.heatmap.page import days_asked
from riskreg.web.history.page import event_rows
from riskreg.web.reviews.coverage import report_asked

# A file names them all: more do not stand in one cell of a register that anybody reads.
REFS = 10_000


class HeatmapExport(FileView):
    """``as_of``, ``compare``, ``stage``, ``kind`` and the filters of the page."""

    name = "heatmap"

    def sheets(self, given: QueryDict, **named: str) -> Sequence[Sheet]:
        """The cells, and what moved."""
        chosen = filters.parse(self.viewer, given, self.at, also=HEATMAP_OWN, one_kind=True)
        as_of, compare = days_asked(given)
        shown = heatmap(
            self.viewer, stage=chosen.stage, at=self.at, as_of=as_of, compare=compare,
            chosen=chosen, kind=chosen.kind, refs_per_cell=REFS,
        )  # fmt: skip
        return heatmap_sheets(self.viewer, shown)


class CoverageExport(FileView):
    """``as_of``, ``from`` and ``by`` of the page."""

    name = "coverage"

    def sheets(self, given: QueryDict, **named: str) -> Sequence[Sheet]:
        """The table."""
        return [coverage_sheet(self.viewer, report_asked(self.viewer, given, self.at))]


class HistoryExport(FileView):
    """What people did with a risk; with ``?by=riskreg`` what riskreg noted of its own work."""

    name = "history"

    def sheets(self, given: QueryDict, ref: str = "", **named: str) -> Sequence[Sheet]:
        """In the words of the page, newest first."""
        return [history_sheet(self, risk_for(self.viewer, ref), own=given.get("by") == "riskreg")]


def history_sheet(view: FileView, risk: Risk, *, own: bool = False) -> Sheet:
    """A row for each field that an event changed, read in pieces."""
    viewer = view.viewer
    subjects = [risk.uuid, *mitigations_of(viewer, risk).values_list("uuid", flat=True)]
    history = events.history_of(viewer.audience, subjects)
    found = events.done_by_itself(history) if own else events.done_by_people(history)
    columns = [
        Column("at", _("When"), kind="moment"),
        Column("who", _("Who"), width=24),
        Column("ref", _("Ref"), width=10),
        Column("what", _("What was done"), width=30),
        Column("field", _("Field"), width=20),
        Column("before", _("Before"), width=36),
        Column("after", _("After"), width=36),
    ]

    def rows() -> Iterator[dict[str, Any]]:
        yield from _changes(viewer, found)

    def cells() -> Iterator[dict[str, Any]]:
        zone = ZoneInfo(viewer.register.time_zone)
        return (row | {"at": row["at"].astimezone(zone).replace(tzinfo=None)} for row in rows())

    def bodies() -> Iterator[dict[str, Any]]:
        return (row | {"at": row["at"].isoformat()} for row in rows())

    return Sheet("history", _("History"), columns, cells, bodies)


def _changes(viewer: Any, found: QuerySet[Event]) -> Iterator[dict[str, Any]]:
    rows = found.iterator(chunk_size=PIECE)
    while piece := list(islice(rows, PIECE)):
        for row in event_rows(viewer, piece):
            event = row["event"]
            what = {
                "at": event.at, "who": row["who"], "ref": event.subject_ref, "what": row["what"],
            }  # fmt: skip
            nothing = {"field": "", "before": "", "after": ""}
            yield from (what | change for change in row["changes"] or [nothing])


class OneRiskExport(RiskFiles):
    """A risk with what hangs on it: a sheet for each, as its page has a part for each."""

    name = "risk"

    def positions(self, given: QueryDict, ref: str = "", **named: str) -> QuerySet[Position]:
        """The risk as it stands."""
        self.risk = risk_for(self.viewer, ref)
        return current_positions(self.viewer).filter(risk=self.risk)

    def sheets(self, given: QueryDict, **named: str) -> Sequence[Sheet]:
        """The risk, and its work, controls, indicators, acceptances, estimates, history."""
        sheets = super().sheets(given, **named)
        around = risk_sheets(self.viewer, self.risk, self.at)
        return [*sheets, *around, history_sheet(self, self.risk)]


class EstimateExport(FileView):
    """The estimates of a risk that the reader is shown."""

    name = "estimates"

    def sheets(self, given: QueryDict, ref: str = "", **named: str) -> Sequence[Sheet]:
        """Newest first."""
        risk = risk_for(self.viewer, ref)
        rows = estimates_of(self.viewer, risk).select_related("risk", "expert", "party")
        return [list_sheet("estimates", self.viewer, rows, self.at)]
