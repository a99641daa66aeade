"""Lists as files: exactly the rows that each shows, in their order; and an empty one to fill in."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.exchange.queries.exports import export_rows
from riskreg.exchange.queries.nouns import NOUNS, uncorrected_readings_of
from riskreg.exchange.queries.sheets import (
    empty_workbook,
    empty_workbook_name,
    lazy_sheet_of_noun,
    risks_sheet,
)
from riskreg.exchange.writing.files import FORMATS, RISK_FORMATS, XLSX, LazySheet
from riskreg.exchange.writing.risk_files import risk_file_pieces
from riskreg.kernel.errors import Invalid
from riskreg.risks.models import Position
from riskreg.web.acceptances.pages import rows_of_tab_or_all_of_risk
from riskreg.web.base import RegisterView
from riskreg.web.decisions.pages import decisions_of_tab
from riskreg.web.exports.base import FileView, as_file
from riskreg.web.indicators.listing import IndicatorList
from riskreg.web.list_page import ListPage
from riskreg.web.risks.listing import filter_and_rows


class RiskFiles(FileView):
    """What answers with risks, also in the formats that are for risks alone."""

    formats = FORMATS | RISK_FORMATS

    def positions_to_export(self, given: QueryDict, **named: str) -> QuerySet[Position]:
        """The risks. Raises ``Invalid`` for what cannot be shown."""
        return filter_and_rows(self.viewer, given, self.at)[1]

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """One sheet, with a row for each measure."""
        self.found = self.positions_to_export(given, **named)
        return [risks_sheet(self.viewer, self.found, get_language() or "en")]

    def pieces(self, kind: str, given: QueryDict, sheets: Sequence[LazySheet]) -> Iterable[bytes]:
        """In a format of its own, or as every list."""
        if kind not in RISK_FORMATS:
            return super().pieces(kind, given, sheets)
        if kind == "oscal" and not self.found.exists():
            raise Invalid({}, _("An OSCAL plan has at least one risk; this list has none."))
        rows = export_rows(self.viewer, self.found, get_language() or "en")
        register = self.viewer.register
        return risk_file_pieces(kind, register, rows, self.about(given), self.at)


class RiskExport(RiskFiles):
    """The list of risks."""

    name = "risks"

    def default_filter_text(self) -> str:
        """Closed ones."""
        return _("those of the list: drafts and open risks")

    def file_name_parts(self, **named: str) -> Iterator[str]:
        """The register itself."""
        return iter(())


class ListExport(FileView):
    """The list that ``page`` shows; ``page`` and ``name`` are given by the address."""

    page: ClassVar[type[ListPage]] = ListPage

    def rows(self, given: QueryDict) -> QuerySet[Any]:
        """What the page finds."""
        page = self.page()
        page.viewer, page.at = self.viewer, self.at
        return page.filters_and_rows(given)[1]

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """The rows."""
        return [lazy_sheet_of_noun(self.name, self.viewer, self.rows(given), self.at)]

    def default_filter_text(self) -> str:
        """The filters that the page has anyway."""
        return "; ".join(f"{name} = {', '.join(v)}" for name, v in self.page.unasked.items())


class ReadingExport(ListExport):
    """The readings of the indicators that the list shows."""

    name = "readings"
    page = IndicatorList

    def rows(self, given: QueryDict) -> QuerySet[Any]:
        """Newest first of each."""
        return uncorrected_readings_of(super().rows(given))


class WholeExport(FileView):
    """Lists that are not narrowed: ``names`` are their nouns, the first of which is the file's."""

    names: ClassVar[Sequence[str]]

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """A sheet for each."""
        return [
            lazy_sheet_of_noun(name, self.viewer, NOUNS[name].rows(self.viewer, self.at), self.at)
            for name in self.names
        ]


class MeetingExport(WholeExport):
    """Meetings, newest first."""

    name, names = "meetings", ("meetings",)


class DriverExport(WholeExport):
    """Drivers, what is believed of them, and what they move."""

    name, names = "drivers", ("drivers", "beliefs", "links")


class AcceptanceExport(RiskFiles):
    """Acceptances as the page shows them: ``?show=``, or all of ``?risk=``; what needs one is a
    list of risks."""

    name = "acceptances"
    formats = FORMATS

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """The list that is shown."""
        show = given.get("show") or "needed"
        risk = given.get("risk") or ""
        rows: Any = rows_of_tab_or_all_of_risk(self.viewer, show, self.viewer.today(self.at), risk)
        if show == "needed" and not risk:
            return [risks_sheet(self.viewer, rows, get_language() or "en")]
        return [lazy_sheet_of_noun("acceptances", self.viewer, rows, self.at)]

    def default_filter_text(self) -> str:
        """Which of its lists it is."""
        return "show = needed"


class DecisionExport(FileView):
    """Decisions as the page shows them: ``?show=``."""

    name = "decisions"

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """The list that is shown."""
        show = given.get("show") or "waiting"
        rows = decisions_of_tab(self.viewer, show, self.viewer.today(self.at))
        return [lazy_sheet_of_noun("decisions", self.viewer, rows, self.at)]

    def default_filter_text(self) -> str:
        """Which of its lists it is."""
        return "show = waiting"


class EmptyImportWorkbook(RegisterView):
    """An empty workbook to fill in, which the import knows column by column."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """In the reader's language."""
        return as_file(empty_workbook(self.viewer), XLSX, empty_workbook_name(self.viewer))
