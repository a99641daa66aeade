"""Files that go out: lists and reports whole, in one answer, and everything a party may see."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from riskreg.api.core import row_parameters, schema, schema_exports
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.errors import InvalidQuery
from riskreg.api.core.of_risks import parse_state_and_risk_filters
from riskreg.api.core.query import check_choices, parse_day, with_errors_in_query
from riskreg.api.coverage import PARAMS as COVERAGE_PARAMS
from riskreg.decisions.models import AcceptanceState, DecisionState
from riskreg.events.queries import history_of
from riskreg.exchange.about import about_lines
from riskreg.exchange.queries.exports import export_rows
from riskreg.exchange.queries.nouns import NOUNS, uncorrected_readings_of
from riskreg.exchange.queries.party import files_of_all_viewer_may_see, party_file_name
from riskreg.exchange.queries.sheets import (
    coverage_sheet,
    empty_workbook,
    empty_workbook_name,
    events_sheet,
    lazy_sheet_of_noun,
    risks_sheet,
    sheets_of_rows_linked_to_risk,
    with_only_columns,
)
from riskreg.exchange.writing.files import (
    FORMATS,
    RISK_FORMATS,
    XLSX,
    About,
    AboutLine,
    LazySheet,
    file_pieces,
    made_in_language,
    with_rows_counted_as_read,
)
from riskreg.exchange.writing.risk_files import risk_file_pieces
from riskreg.exchange.writing.zips import zip_pieces
from riskreg.kernel.errors import Errors
from riskreg.kernel.security_middleware import note_row_count_for_security_log
from riskreg.register.filtering import sort_rows
from riskreg.register.permissions import require
from riskreg.reviews.queries.coverage import coverage, default_first_day
from riskreg.risks import filters
from riskreg.risks.models import Position
from riskreg.risks.queries.access import current_positions, risk_for
from riskreg.risks.queries.lists import mitigations_of, risk_list

OWN = ("format", "columns")
_MEDIA = [kind for kind, _ending in FORMATS.values() if "/json" not in kind]


def renderer_class_for(content_type: str) -> type[JSONRenderer]:
    """A name of what a file can be, so that whoever accepts it alone is answered."""
    media = content_type.partition(";")[0]
    return type("FileType", (JSONRenderer,), {"media_type": media, "format": media})


class FileApi(RegisterApi):
    """GET answers with a file: ``format`` says in what, ``columns`` with which columns."""

    http_method_names = ["get", "head"]
    renderer_classes = [JSONRenderer, *map(renderer_class_for, _MEDIA)]
    formats: ClassVar[dict[str, tuple[str, str]]] = FORMATS
    name: ClassVar[str] = ""

    def sheets(self, params: Any, **named: str) -> Sequence[LazySheet]:
        """What is in the file. Raises ``InvalidQuery``."""
        raise NotImplementedError

    def pieces(
        self, kind: str, sheets: Sequence[LazySheet], about: Sequence[AboutLine]
    ) -> Iterable[bytes]:
        """The bytes of the file."""
        return file_pieces(kind, sheets, About(_("About"), about))

    def file(self, request: Request, **named: str) -> StreamingHttpResponse:
        """The file that is asked for."""
        params = request.query_params
        kind = params.get("format", "ndjson")
        errors = Errors()
        check_choices(errors, "format", [kind], self.formats)
        with_errors_in_query(errors.raise_if_any)
        sheets, rows = with_rows_counted_as_read(self.sheets(params, **named))
        columns = [name for name in params.get("columns", "").split(",") if name]
        sheets[0] = with_errors_in_query(lambda: with_only_columns(sheets[0], columns))
        about = about_lines(self.viewer, self.at, params.lists())
        content_type, ending = self.formats[kind]
        name = f"{self.viewer.register.slug}-{'-'.join([self.name, *named.values()])}"
        name += f"-{self.viewer.today(self.at).isoformat()}.{ending}"
        return note_row_count_for_security_log(
            as_file(self.pieces(kind, sheets, about), content_type, name), rows
        )

    @staticmethod
    def parse_days(params: Any, *names: str) -> list[dt.date | None]:
        """The days that parameters name."""
        errors = Errors()
        found = [parse_day(errors, name, params.get(name)) for name in names]
        with_errors_in_query(errors.raise_if_any)
        return found


def as_file(pieces: Iterable[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """``pieces`` as a download called ``name``, made in the language of the request."""
    made = made_in_language(get_language() or "en", pieces)
    response = StreamingHttpResponse(made, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-cache"
    return response


class RiskFiles(FileApi):
    """What answers with risks, also in the formats that are for risks alone."""

    formats = FORMATS | RISK_FORMATS

    def positions_to_export(self, params: Any, **named: str) -> QuerySet[Position]:
        """The risks."""
        chosen = with_errors_in_query(
            lambda: filters.parse(self.viewer, params, self.at, other_params=("ordering", *OWN))
        )
        errors = Errors()
        column, descending = filters.parse_risk_ordering(
            errors, params.get("ordering"), chosen.stage, "ref"
        )
        with_errors_in_query(errors.raise_if_any)
        rows = risk_list(self.viewer, chosen).select_related(None)
        if column == "ref_order":
            return rows.order_by("-ref_order" if descending else "ref_order")
        by = F(column).desc(nulls_last=True) if descending else F(column).asc(nulls_last=True)
        return rows.order_by(by, "ref_order")

    def sheets(self, params: Any, **named: str) -> Sequence[LazySheet]:
        """With a row for each measure."""
        self.found = self.positions_to_export(params, **named)
        return [risks_sheet(self.viewer, self.found, get_language() or "en")]

    def pieces(
        self, kind: str, sheets: Sequence[LazySheet], about: Sequence[AboutLine]
    ) -> Iterable[bytes]:
        """In a format of its own, or as every list."""
        if kind not in RISK_FORMATS:
            return super().pieces(kind, sheets, about)
        if kind == "oscal" and not self.found.exists():
            text = _("An OSCAL plan has at least one risk; this list has none.")
            raise InvalidQuery.one("format", "empty", text)
        rows = export_rows(self.viewer, self.found, get_language() or "en")
        return risk_file_pieces(kind, self.viewer.register, rows, about, self.at)


class RisksExport(RiskFiles):
    """Risks."""

    name = "risks"

    @schema_exports.file("Export risks", "risks", schema.RISK_FILTERS, FORMATS | RISK_FORMATS)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """All that the filters find, by ref if no order is asked for, a row for each measure.
        `ir8286` and `oscal` are JSON as others have laid it down."""
        return self.file(request)


class RiskExport(RiskFiles):
    """One risk with what hangs on it."""

    name = "risk"

    def positions_to_export(self, params: Any, ref: str = "", **named: str) -> QuerySet[Position]:
        """The risk as it stands."""
        self.refuse_unknown_params(*OWN)
        self.risk = risk_for(self.viewer, ref)
        return current_positions(self.viewer).filter(risk=self.risk)

    def sheets(self, params: Any, **named: str) -> Sequence[LazySheet]:
        """The risk, and a sheet for each of what hangs on it."""
        risk = list(super().sheets(params, **named))
        viewer = self.viewer
        subjects = [
            self.risk.uuid, *mitigations_of(viewer, self.risk).values_list("uuid", flat=True),
        ]  # fmt: skip
        history = events_sheet(viewer, history_of(viewer.audience, subjects))
        return [*risk, *sheets_of_rows_linked_to_risk(viewer, self.risk, self.at), history]

    @schema_exports.file("Export a risk", "risks", (), FORMATS | RISK_FORMATS)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponseBase:
        """With its mitigations, controls, indicators, acceptances, estimates and history, in the
        formats that have room for several lists (`xlsx`, `json`)."""
        return self.file(request, ref=ref)


class HistoryExport(FileApi):
    """The history of a risk."""

    name = "history"

    def sheets(self, params: Any, ref: str = "", **named: str) -> Sequence[LazySheet]:
        """Newest first."""
        self.refuse_unknown_params(*OWN)
        viewer, risk = self.viewer, risk_for(self.viewer, ref)
        subjects = [risk.uuid, *mitigations_of(viewer, risk).values_list("uuid", flat=True)]
        return [events_sheet(viewer, history_of(viewer.audience, subjects))]

    @schema_exports.file("Export the history of a risk", "events")
    def get(self, request: Request, slug: str, ref: str) -> HttpResponseBase:
        """Events of a risk and of the mitigations that serve it, newest first."""
        return self.file(request, ref=ref)


class CoverageExport(FileApi):
    """Review coverage of a period."""

    name = "coverage"

    def sheets(self, params: Any, **named: str) -> Sequence[LazySheet]:
        """A row for each group, and one for all."""
        self.refuse_unknown_params("as_of", "from", "by", *OWN)
        require(self.viewer, "coverage.view")
        as_of, first = self.parse_days(params, "as_of", "from")
        last = as_of or self.viewer.today(self.at)
        report = with_errors_in_query(
            lambda: coverage(
                self.viewer, by=params.get("by") or "party", first=first or default_first_day(last),
                as_of=last, at=self.at,
            )
        )  # fmt: skip
        return [coverage_sheet(self.viewer, report)]

    @schema_exports.file("Export the review coverage", "coverage", COVERAGE_PARAMS)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """As `coverage/` has it, with a row of key `all`."""
        return self.file(request)


class ListExport(FileApi):
    """The list of a noun, narrowed and ordered as the list of the API."""

    noun: ClassVar[str] = ""

    def rows(self, params: Any) -> QuerySet[Any]:
        """What the filters find."""
        noun = NOUNS[self.noun]
        rows = noun.rows(self.viewer, self.at)
        chosen = noun.filters
        if chosen is None:
            self.refuse_unknown_params(*OWN)
            return rows
        self.refuse_unknown_params(*chosen.NAMES, "ordering", *OWN)
        condition = with_errors_in_query(
            lambda: chosen.parse(self.viewer, params, self.at)
        ).condition
        rows = rows.filter(condition)
        if (order := params.get("ordering")) is not None:
            errors = Errors()
            rows = sort_rows(rows, errors, chosen.ORDERINGS, order)
            with_errors_in_query(errors.raise_if_any)
        return rows

    def sheets(self, params: Any, **named: str) -> Sequence[LazySheet]:
        """One sheet."""
        return [lazy_sheet_of_noun(self.name, self.viewer, self.rows(params), self.at)]


# By its other filters an indicator is found as well.
_OF_READINGS = [p for p in row_parameters.INDICATOR_FILTERS if p.name != "external_id"]


class ReadingsExport(ListExport):
    """The readings of the indicators that the filters find."""

    name, noun = "readings", "indicators"

    def rows(self, params: Any) -> QuerySet[Any]:
        """Newest first of each."""
        names = (p.name for p in _OF_READINGS)
        self.refuse_unknown_params(*names, *OWN)
        return uncorrected_readings_of(super().rows(params))

    @schema_exports.file("Export readings", "readings", _OF_READINGS)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Those that count, of the indicators that the filters find."""
        return self.file(request)


class _OfRisks(ListExport):
    """What is about risks and stands somewhere: narrowed by ``states`` and ``risk``."""

    states: ClassVar[Sequence[str]]
    risk: ClassVar[str] = "risk"

    def rows(self, params: Any) -> QuerySet[Any]:
        """Newest first."""
        self.refuse_unknown_params("state", "risk", *OWN)
        asked = parse_state_and_risk_filters(self.viewer, params, self.states, self.risk)
        return NOUNS[self.noun].rows(self.viewer, self.at).filter(asked)


class AcceptancesExport(_OfRisks):
    """Acceptances."""

    name = noun = "acceptances"
    states = AcceptanceState.values

    @schema_exports.file("Export acceptances", "acceptances", schema.ACCEPTANCE_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Newest first, with how each stands today."""
        return self.file(request)


class DecisionsExport(_OfRisks):
    """Decisions."""

    name = noun = "decisions"
    states, risk = DecisionState.values, "risks"

    @schema_exports.file("Export decisions", "decisions", schema.DECISION_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Newest first, each with its options, arguments, conditions, and what became of it."""
        return self.file(request)


def _list_export(noun: str, parameters: Sequence[Any] = ()) -> type[ListExport]:
    """The view of a noun that has nothing of its own."""

    @schema_exports.file(f"Export {noun}", noun, parameters)
    def get(self: ListExport, request: Request, slug: str) -> HttpResponseBase:
        """All that the filters find, in the order of their list."""
        return self.file(request)

    words = {"__doc__": f"All {noun} that the filters find.", "__module__": __name__}
    return type(f"{noun.capitalize()}Export", (ListExport,),
                {**words, "name": noun, "noun": noun, "get": get})  # fmt: skip


LISTS = {
    "mitigations": _list_export("mitigations", row_parameters.MITIGATION_FILTERS),
    "controls": _list_export("controls", row_parameters.CONTROL_FILTERS),
    "indicators": _list_export("indicators", row_parameters.INDICATOR_FILTERS),
    "objectives": _list_export("objectives", row_parameters.OBJECTIVE_FILTERS),
    **{noun: _list_export(noun) for noun in ("meetings", "drivers", "beliefs", "links", "models")},
    "estimates": _list_export("estimates"),
    "relations": _list_export("relations"),
}


class RegisterTemplate(RegisterApi):
    """An empty workbook."""

    http_method_names = ["get", "head"]
    renderer_classes = [JSONRenderer, renderer_class_for(XLSX)]

    @schema_exports.workbook_to_fill_in("Read the workbook to fill in")
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The columns that an import knows, with lists to choose from and help. For managers."""
        self.refuse_unknown_params()
        return as_file(empty_workbook(self.viewer), XLSX, empty_workbook_name(self.viewer))


class PartyExport(RegisterApi):
    """Everything at once."""

    http_method_names = ["get", "head"]
    renderer_classes = [JSONRenderer, renderer_class_for("application/zip")]

    @schema_exports.zipped("Export everything")
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """A zip with NDJSON of every noun, the frame, and all events that the caller's party may
        see. For managers."""
        self.refuse_unknown_params()
        files = files_of_all_viewer_may_see(self.viewer, self.at)
        pieces = zip_pieces(files, self.at)
        return as_file(pieces, "application/zip", party_file_name(self.viewer, self.at))
