"""Recording readings by hand or from a file."""

import csv
import io
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.indicators.models import Indicator, Origin
from riskreg.indicators.queries.access import indicator_for
from riskreg.indicators.services import MAX_READINGS, Recorded, record_readings
from riskreg.kernel.errors import Invalid
from riskreg.kernel.localised import text_of
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.indicators.forms import FileForm, ReadingForm
from riskreg.web.indicators.labels import status_badge

MAX_BYTES = 2 * 1024 * 1024
COLUMNS = ("at", "value", "unit", "label", "precision", "source_title", "source_url", "correction")
_YES = ("1", "true", "yes", "是")


@adds_same_contents_once
class ReadingsPage(RegisterView):
    """One reading typed in, or many from a file; all of a file or nothing."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The two forms."""
        return self._empty_forms_page(self._indicator(ref))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """``way`` says which form it is."""
        indicator = self._indicator(ref)
        if request.POST.get("way") == "file":
            return self._record_from_file(request, indicator)
        form = ReadingForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            row = {k: data[k] for k in ("at", "value", "label", "correction")}
            if data["source_title"] or data["source_url"]:
                row["source"] = {
                    "title": data["source_title"] or data["source_url"],
                    "url": data["source_url"],
                }
            try:
                done = self._record_readings(indicator, [row], Origin.HAND)
            except Invalid as invalid:
                _add_errors_to_fields(form, invalid)
            else:
                return self._redirect_after(request, done)
        return self._page(indicator, form, FileForm(), status=400)

    def _record_from_file(self, request: HttpRequest, indicator: Indicator) -> HttpResponse:
        form = FileForm(request.POST, request.FILES)
        form.is_valid()
        errors: list[str] = []
        try:
            rows, lines = _parse_readings(_uploaded_or_pasted(form))
            try:
                return self._redirect_after(
                    request, self._record_readings(indicator, rows, Origin.CSV)
                )
            except Invalid as invalid:
                errors = _errors_as_sentences_by_line(invalid, lines)
        except Invalid as invalid:
            form.add_error(None, invalid.detail)
        return self._page(
            indicator, self._form_for_todays_reading(indicator), form, errors=errors, status=400
        )

    def _empty_forms_page(self, indicator: Indicator) -> HttpResponse:
        return self._page(indicator, self._form_for_todays_reading(indicator), FileForm())

    def _indicator(self, ref: str) -> Indicator:
        indicator = indicator_for(self.viewer, ref)
        require(self.viewer, "indicator.reading", indicator)
        return indicator

    def _form_for_todays_reading(self, indicator: Indicator) -> ReadingForm:
        """Today's reading, from where the series is read if that is known."""
        source = indicator.source
        return ReadingForm(
            initial={
                "at": self.viewer.today(self.at),
                "label": "sourced" if source else "judgement",
                "source_title": text_of(source.get("title")),
                "source_url": source.get("url", ""),
            }
        )

    def _record_readings(self, indicator: Indicator, rows: list[Any], origin: str) -> Recorded:
        return record_readings(
            actor=self.viewer, ref=indicator.ref, rows=rows, origin=origin, at=self.at
        )

    def _redirect_after(self, request: HttpRequest, done: Recorded) -> HttpResponse:
        count = len(done.readings)
        sentences = [
            ngettext("%(n)d reading is recorded.", "%(n)d readings are recorded.", count)
            % {"n": count}
        ]
        if done.unchanged:
            sentences.append(
                ngettext("%(n)d was known already.", "%(n)d were known already.", done.unchanged)
                % {"n": done.unchanged}
            )
        status = done.indicator.status
        if status != done.before:
            sentences.append(
                _("%(ref)s now stands at: %(status)s.")
                % {"ref": done.indicator.ref, "status": status_badge(status)["text"]}
            )
        if done.breaches:
            refs = enumerate_texts(b.risk.ref for b in done.breaches)
            sentences.append(_("A review is called for: %s.") % refs)
        (messages.warning if done.breaches else messages.success)(request, " ".join(sentences))
        keys = {"slug": self.viewer.register.slug, "ref": done.indicator.ref}
        return HttpResponseRedirect(reverse("web:indicator", kwargs=keys))

    def _page(
        self,
        indicator: Indicator,
        hand: ReadingForm,
        file: FileForm,
        *,
        errors: list[str] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "i": indicator,
            "title": indicator.name,
            "hand": hand,
            "file": file,
            "line_errors": errors or [],
            "columns": ", ".join(COLUMNS),
            "limit": MAX_READINGS,
        }
        return self.render("indicators/readings.html", context, status)


def _add_errors_to_fields(form: ReadingForm, invalid: Invalid) -> None:
    """``readings.0.source.0.url`` and the like, beside the field it is about."""
    renamed: dict[str, Any] = {}
    for name, errors in invalid.fields.items():
        field = name.removeprefix("readings.0.")
        field = {"source.0.url": "source_url", "source.0.title": "source_title"}.get(field, field)
        renamed.setdefault(field, []).extend(errors)
    add_errors(form, Invalid(renamed))


def _uploaded_or_pasted(form: FileForm) -> str:
    """What was uploaded or pasted. Raises ``Invalid``."""
    upload = form.cleaned_data.get("file")
    if not upload:
        text = form.cleaned_data.get("text") or ""
        if not text.strip():
            raise Invalid.one("file", "required", _("Choose a file, or paste lines."))
        return str(text)
    if upload.size > MAX_BYTES:
        raise Invalid.one("file", "too_large", _("The file is too large; send it in parts."))
    raw = upload.read(MAX_BYTES + 1)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return str(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise Invalid.one("file", "not_text", _("This file is not text; save it as CSV in UTF-8."))


class _ReadingsOfFile(NamedTuple):
    """Readings as the service takes them, and the line of the file that each stands on."""

    rows: list[dict[str, Any]]
    line_numbers: list[int]


def _parse_readings(text: str) -> _ReadingsOfFile:
    """Readings and the line each stands on. Raises ``Invalid`` for what is no table of them."""
    lines = text.lstrip("\ufeff").strip("\r\n")
    head = lines.splitlines()[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        unknown = [n for n in names if n not in COLUMNS]
        if "at" not in names or "value" not in names or unknown or len(set(names)) < len(names):
            raise Invalid.one(
                "file",
                "bad_head",
                _("The first line names the columns: at and value, and perhaps others of: %s.")
                % ", ".join(COLUMNS),
            )
        rows, numbers = [], []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise Invalid.one(
                    "file",
                    "too_many_cells",
                    _("Line %(n)d has more cells than there are columns.") % {"n": reader.line_num},
                )
            rows.append(
                _reading_from_cells({n: c.strip() for n, c in zip(names, cells, strict=False)})
            )
            numbers.append(reader.line_num)
    except csv.Error as error:
        raise Invalid.one(
            "file",
            "not_csv",
            _("Line %(n)d cannot be read: %(why)s.") % {"n": reader.line_num, "why": error},
        ) from None
    return _ReadingsOfFile(rows, numbers)


def _reading_from_cells(cells: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        k: cells[k] for k in ("at", "value", "unit", "label", "precision") if cells.get(k)
    }
    if cells.get("correction"):
        row["correction"] = cells["correction"].lower() in _YES
    title, url = cells.get("source_title", ""), cells.get("source_url", "")
    if title or url:
        row["source"] = {"title": title or url, "url": url}
    return row


def _errors_as_sentences_by_line(invalid: Invalid, lines: list[int]) -> list[str]:
    """Errors of rows as sentences that name the line and the column."""
    sentences = []
    for name, errors in invalid.fields.items():
        parts = name.split(".")
        if len(parts) >= 3 and parts[1].isdigit() and int(parts[1]) < len(lines):
            where = _("Line %(n)d, %(column)s") % {"n": lines[int(parts[1])], "column": parts[2]}
            sentences += [f"{where}: {e.detail}" for e in errors]
        else:
            sentences += [e.detail for e in errors]
    return sentences
