"""The heatmap, the coverage, a history and one risk as files: what each page shows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from riskreg.analysis.queries.estimates import estimates_not_withheld_of
from riskreg.events import queries as events
from riskreg.events.models import Event
from riskreg.exchange.columns import Column
from riskreg.exchange.queries.heatmap_pictures import heatmap_picture
from riskreg.exchange.queries.nouns import PIECE
from riskreg.exchange.queries.sheets import (
    coverage_sheet,
    flows_sheet,
    heatmap_sheets,
    lazy_sheet_of_noun,
    sheets_of_rows_linked_to_risk,
)
from riskreg.exchange.writing.files import FORMATS, PICTURES, LazySheet
from riskreg.exchange.writing.heatmap_svg import picture_file
from riskreg.register.queries import choices_for
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import current_positions, risk_for
from riskreg.risks.queries.lists import mitigations_of
from riskreg.web.exports.base import FileView
from riskreg.web.exports.lists import RiskFiles
from riskreg.web.filter_form import active_filters
from riskreg.web.heatmap.asked import KEPT, HeatmapAsked
from riskreg.web.history.page import event_rows
from riskreg.web.reviews.coverage import report_asked

# A file names them all: more do not stand in one cell of a register that anybody reads.
REFS = 10_000


class HeatmapExport(FileView):
    """``as_of``, ``compare``, ``stage``, ``kind``, ``cells`` and the filters of the page."""

    name = "heatmap"
    formats = FORMATS | PICTURES

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """The cells, and what moved."""
        self.asked = HeatmapAsked.read(self.viewer, given, self.at)
        self.shown = shown = self.asked.heatmap(REFS)
        self.flows = self.asked.flows(shown, REFS)
        if self.flows is not None:
            return [flows_sheet(self.viewer, self.flows)]
        return heatmap_sheets(self.viewer, shown)

    def pieces(self, kind: str, given: QueryDict, sheets: Sequence[LazySheet]) -> Iterable[bytes]:
        """A picture of what the page shows, or a file as of every list."""
        if kind not in PICTURES:
            return super().pieces(kind, given, sheets)
        choices = choices_for(self.viewer)
        chosen = active_filters(choices, self.asked.chosen.given, {}, skip=KEPT)
        picture = heatmap_picture(
            self.viewer, self.shown, self.at, cell_content=self.asked.cells, flows=self.flows,
            filters=[each["text"] for each in chosen],
        )  # fmt: skip
        return [picture_file(kind, picture)]


class CoverageExport(FileView):
    """``as_of``, ``from`` and ``by`` of the page."""

    name = "coverage"

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """The table."""
        return [coverage_sheet(self.viewer, report_asked(self.viewer, given, self.at))]


class HistoryExport(FileView):
    """What people did with a risk; with ``?by=riskreg`` what riskreg noted of its own work."""

    name = "history"

    def sheets(self, given: QueryDict, ref: str = "", **named: str) -> Sequence[LazySheet]:
        """In the words of the page, newest first."""
        return [
            history_sheet(self, risk_for(self.viewer, ref), by_system=given.get("by") == "riskreg")
        ]


def history_sheet(view: FileView, risk: Risk, *, by_system: bool = False) -> LazySheet:
    """A row for each field that an event changed, read in pieces."""
    viewer = view.viewer
    subjects = [risk.uuid, *mitigations_of(viewer, risk).values_list("uuid", flat=True)]
    history = events.history_of(viewer.audience, subjects)
    found = events.events_by_the_system(history) if by_system else events.events_by_people(history)
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
        yield from _change_rows(viewer, found)

    def cells() -> Iterator[dict[str, Any]]:
        zone = ZoneInfo(viewer.register.time_zone)
        return (row | {"at": row["at"].astimezone(zone).replace(tzinfo=None)} for row in rows())

    def bodies() -> Iterator[dict[str, Any]]:
        return (row | {"at": row["at"].isoformat()} for row in rows())

    return LazySheet("history", _("History"), columns, cells, bodies)


def _change_rows(viewer: Any, found: QuerySet[Event]) -> Iterator[dict[str, Any]]:
    rows = found.iterator(chunk_size=PIECE)
    while piece := list(islice(rows, PIECE)):
        for row in event_rows(viewer, piece, labelled=False):
            event = row["event"]
            what = {
                "at": event.at, "who": row["who"], "ref": event.subject_ref, "what": row["what"],
            }  # fmt: skip
            nothing = {"field": "", "before": "", "after": ""}
            yield from (what | change for change in row["changes"] or [nothing])


class OneRiskExport(RiskFiles):
    """A risk with what hangs on it: a sheet for each, as its page has a part for each."""

    name = "risk"

    def positions_to_export(
        self, given: QueryDict, ref: str = "", **named: str
    ) -> QuerySet[Position]:
        """The risk as it stands."""
        self.risk = risk_for(self.viewer, ref)
        return current_positions(self.viewer).filter(risk=self.risk)

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """The risk, and its work, controls, indicators, acceptances, estimates, history."""
        sheets = super().sheets(given, **named)
        around = sheets_of_rows_linked_to_risk(self.viewer, self.risk, self.at)
        return [*sheets, *around, history_sheet(self, self.risk)]


class EstimateExport(FileView):
    """The estimates of a risk that the reader is shown."""

    name = "estimates"

    def sheets(self, given: QueryDict, ref: str = "", **named: str) -> Sequence[LazySheet]:
        """Newest first."""
        risk = risk_for(self.viewer, ref)
        rows = estimates_not_withheld_of(self.viewer, risk).select_related(
            "risk", "expert", "party"
        )
        return [lazy_sheet_of_noun("estimates", self.viewer, rows, self.at)]
