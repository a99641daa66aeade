"""A list of risks as a file: exactly the rows that it shows, in their order; and an empty one."""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.exchange.columns import Column, columns_for
from riskreg.exchange.queries.exports import export_rows
from riskreg.exchange.writing.csvs import csv_lines
from riskreg.exchange.writing.jsons import ir8286_rows, json_pieces, ndjson_lines
from riskreg.kernel.errors import Invalid
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView
from riskreg.web.risks.listing import matching

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    "xlsx": (XLSX, "xlsx"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "json": ("application/json", "json"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "ir8286": ("application/json", "ir8286.json"),
}
TEMPLATE_ROWS = 500


def _writer() -> Callable[..., Iterator[bytes]]:
    """What writes workbooks. Loaded when the first one is asked for: its library takes NumPy along
    where that is installed, and the web process is to start without it."""
    module = import_module("riskreg.exchange.writing.workbooks")
    write: Callable[..., Iterator[bytes]] = module.write_workbook
    return write


class RiskExport(RegisterView):
    """``?format=`` and the filters of the list."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The file; a list that cannot be shown as asked is refused as the page refuses it."""
        given = request.GET.copy()
        kind = str(given.pop("format", ["xlsx"])[-1])
        if kind not in FORMATS:
            return _refused(_("Formats are: %s.") % ", ".join(FORMATS))
        try:
            _chosen, positions = matching(self.viewer, given, self.at)
        except Invalid as invalid:
            return _refused(invalid.detail)
        rows = export_rows(self.viewer, positions, get_language() or "en")
        columns = columns_for(self.viewer)
        day = self.viewer.today(self.at).isoformat()
        content_type, ending = FORMATS[kind]
        response = StreamingHttpResponse(
            self._pieces(kind, columns, rows, given.urlencode()), content_type=content_type
        )
        name = f"{self.viewer.register.slug}-{day}.{ending}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _pieces(
        self, kind: str, columns: list[Column], rows: Iterable[dict[str, Any]], asked: str
    ) -> Iterable[Any]:
        names = [column.name for column in columns]
        about = self._about(asked)
        if kind == "csv":
            table = ([row.get(name) for name in names] for row in rows)
            return csv_lines([column.label for column in columns], table)
        if kind == "ndjson":
            return ndjson_lines(rows, names)
        if kind == "json":
            return json_pieces(rows, names, dict(about))
        if kind == "ir8286":
            register = list(ir8286_rows(rows))
            return json_pieces(register, list(register[0]) if register else [], dict(about))
        return _writer()(_("Register"), columns, rows, (_("About"), about))

    def _about(self, asked: str) -> list[tuple[str, str]]:
        viewer = self.viewer
        seen_by = viewer.party.name if viewer.party else _("the programme")
        return [
            (_("Register"), viewer.register.name),
            (_("As of"), self.at.isoformat(timespec="seconds")),
            (_("For"), f"{viewer.user} ({seen_by})"),
            (_("Filters"), asked or _("those of the list: drafts and open risks")),
            (
                _("Labels"),
                _("Scores are judgements of members; what was brought in from elsewhere says so."),
            ),
            (_("Levels"), self._levels()),
        ]

    def _levels(self) -> str:
        criteria = self.viewer.criteria
        return f"{len(criteria.likelihood)} × {len(criteria.impact)}"


class RegisterTemplate(RegisterView):
    """An empty workbook to fill in, which the import knows column by column."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """In the reader's language."""
        require(self.viewer, "import.make")
        columns = [column for column in columns_for(self.viewer) if column.fill]
        lines = [(column.label, " ".join(filter(None, (str(column.help), self._words(column)))))
                 for column in columns]  # fmt: skip
        pieces = _writer()(_("Register"), columns, (), (_("Help"), lines), empty_rows=TEMPLATE_ROWS)
        response = StreamingHttpResponse(pieces, content_type=XLSX)
        name = f"{self.viewer.register.slug}-template-{get_language()}.xlsx"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _words(self, column: Column) -> str:
        return _("One of: %s.") % ", ".join(column.choices) if column.kind == "choice" else ""


def _refused(why: str) -> HttpResponse:
    return HttpResponse(why, status=400, content_type="text/plain; charset=utf-8")


urlpatterns = [
    path("risks/export/", RiskExport.as_view(), name="risk_export"),
    path("imports/template.xlsx", RegisterTemplate.as_view(), name="import_template"),
]
