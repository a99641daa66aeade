"""Bringing a file in: choose or paste it, look it through, take it; and what became of it."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from riskreg.exchange.mapping import Asked, Plan
from riskreg.exchange.models import Import, ImportDraft
from riskreg.exchange.queries import (
    import_of_own_party,
    imported_rows_of,
    imported_rows_waiting_for_owner,
    imports_of_own_party,
    own_import_draft,
    progress_of_draft_or_none,
    refused_imported_rows_of,
)
from riskreg.exchange.reading import as_read_in_sheet, is_blank
from riskreg.exchange.reading.table import MAX_BYTES
from riskreg.exchange.services import (
    Brought,
    answer_draft,
    commit_draft_or_start_job,
    drop_draft,
    preview_draft,
    replace_own_draft,
    undo_import,
)
from riskreg.exchange.writing.csvs import csv_pieces
from riskreg.jobs.models import OPEN, JobState
from riskreg.jobs.queries import Progress
from riskreg.kernel.errors import Conflict, Invalid, NotFound
from riskreg.kernel.localised import localised
from riskreg.kernel.punctuation import join_sentences
from riskreg.register.permissions import require
from riskreg.register.queries import parties_for
from riskreg.risks.services import copy_open_risks_from_register
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.imports.answers import answers_with_posted
from riskreg.web.imports.copying import CopyForm
from riskreg.web.imports.labels import (
    column_meaning_choices,
    field_label,
    format_label,
    outcome_labels,
)
from riskreg.web.table_form import get_choices

LISTED, SHOWN = 100, 200
_ORDER = {"refused": 0, "new": 1, "updated": 2, "skipped": 3}


class FileForm(forms.Form):
    """A file, or rows copied out of a sheet."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        allow_empty_file=True,
        help_text=gettext_lazy(
            "xlsx, xlsm, xls, ods, csv, tsv or JSON; at most 20 MB. Nothing in it is ever run."
        ),
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or rows copied from a sheet, with their header"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    sheet = forms.CharField(
        label=gettext_lazy("Sheet"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Leave it empty to have the sheet found."),
    )

    def uploaded_or_pasted(self) -> Brought:
        """What was sent. Raises ``Invalid`` for nothing."""
        sent, pasted = self.cleaned_data["file"], self.cleaned_data["pasted"]
        sheet = self.cleaned_data["sheet"] or None
        if sent:
            return Brought(str(sent.name), sent.read(MAX_BYTES + 1), sheet)
        if pasted.strip():
            return Brought(_("pasted rows"), pasted.encode(), None, pasted=True)
        raise Invalid.one("file", "required", _("Choose a file, or paste rows."))


class Imports(RegisterView):
    """What was brought in, what waits to be assigned, and the form for a file."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self._page(FileForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the file and lead to its preview; a file that is no register is refused."""
        require(self.viewer, "import.make")
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                draft = replace_own_draft(
                    actor=self.viewer, brought=form.uploaded_or_pasted(), at=self.at
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                return self.redirect_to("import_draft", draft.uuid)
        return self._page(form, 400)

    def redirect_to(self, name: str, *keys: Any) -> HttpResponse:
        """Lead to a page of this register."""
        slug = self.viewer.register.slug
        return HttpResponseRedirect(reverse(f"web:{name}", args=[slug, *keys]))

    def _page(
        self, form: FileForm, status: int = 200, copying: CopyForm | None = None
    ) -> HttpResponse:
        require(self.viewer, "import.make")
        words = " ".join(self.request.GET.get("q", "")[:100].split())
        copying = copying or CopyForm(self.viewer, words)
        waiting = list(imported_rows_waiting_for_owner(self.viewer)[: LISTED + 1])
        context = {
            "title": _("Bring a spreadsheet in"),
            "form": form,
            "copying": copying if words or get_choices(copying, "register") else None,
            "words": words,
            "offered": len(get_choices(copying, "register")),
            "imports": list(imports_of_own_party(self.viewer)[:LISTED]),
            "waiting": waiting[:LISTED],
            "waiting_more": len(waiting) > LISTED,
        }
        return self.render("imports/index.html", context, status)


@adds_same_contents_once
class CopyRegister(Imports):
    """The open risks of another register of one's own, as drafts here."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make them, and lead to the drafts."""
        require(self.viewer, "import.make")
        form = CopyForm(self.viewer, data=request.POST)
        if not form.is_valid():
            return self._page(FileForm(), 400, form)
        given = form.cleaned_data
        copied = copy_open_risks_from_register(
            actor=self.viewer, slug=given["register"], visibility=given["visibility"], at=self.at
        )
        n = len(copied.made)
        words = [ngettext("%(n)d draft was made.", "%(n)d drafts were made.", n) % {"n": n}]
        if copied.there:
            words.append(_("Left out, of a title that is here: %(n)d.") % {"n": copied.there})
        if copied.left:
            words.append(_("Copy once more for the rest: %(n)d.") % {"n": copied.left})
        messages.success(request, join_sentences(words))
        slug = self.viewer.register.slug
        return HttpResponseRedirect(reverse("web:risks", args=[slug]) + "?state=draft")


class DraftPage(Imports):
    """A file looked through: columns, scales, questions, and what becomes of each row."""

    def get(self, request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        """The preview; while a worker brings it in, how far that is; then what became of it."""
        require(self.viewer, "import.make")
        try:
            draft = own_import_draft(self.viewer, uuid)
        except NotFound:
            return self.redirect_to("import", import_of_own_party(self.viewer, uuid).uuid)
        going = progress_of_draft_or_none(draft)
        if going is not None and going.state in OPEN:
            return self._progress_page(draft, going)
        failed = going is not None and going.state == JobState.FAILED
        return self._preview_page(
            draft, [str(going.failure["detail"])] if going and failed else None
        )

    def _progress_page(self, draft: ImportDraft, going: Progress) -> HttpResponse:
        waits = going.state == JobState.QUEUED
        context = {
            "title": _("pasted rows") if draft.pasted else draft.file_name,
            "draft": draft,
            "percent": None,
            "state": _("It waits for a worker.") if waits else _("A worker is bringing it in."),
        }
        return self.render("imports/taking.html", context)

    def post(self, request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        """Read it otherwise, take it, or leave it."""
        require(self.viewer, "import.make")
        draft = own_import_draft(self.viewer, uuid)
        act = request.POST.get("act")
        try:
            if act == "drop":
                drop_draft(actor=self.viewer, draft=uuid, at=self.at)
                messages.success(request, _("The file is left; nothing was brought in."))
                return self.redirect_to("imports")
            if act == "take":
                made = commit_draft_or_start_job(actor=self.viewer, draft=uuid, at=self.at)
                if isinstance(made, ImportDraft):
                    return self.redirect_to("import_draft", made.uuid)
                messages.success(request, _("It is brought in."))
                return self.redirect_to("import", made.uuid)
            plan = preview_draft(actor=self.viewer, draft=draft, at=self.at)
            mapping = answers_with_posted(plan, request.POST, draft.answers)
            answer_draft(actor=self.viewer, draft=uuid, mapping=mapping)
        except Invalid as invalid:
            return self._preview_page(
                draft, [e.detail for es in invalid.fields.values() for e in es]
            )
        return self.redirect_to("import_draft", uuid)

    def _preview_page(self, draft: ImportDraft, problems: list[str] | None = None) -> HttpResponse:
        try:
            plan = preview_draft(actor=self.viewer, draft=draft, at=self.at)
        except Invalid as invalid:
            # An answer left no column that says what may happen: the file is read anew without any.
            draft.answers = {}
            problems = [*(problems or []), invalid.detail]
            plan = preview_draft(actor=self.viewer, draft=draft, at=self.at)
        rows = sorted(plan.rows, key=lambda row: (_ORDER[row.outcome], row.number))
        why = {r.row: r for r in plan.refused}
        labels = outcome_labels()
        context = {
            "title": _("pasted rows") if draft.pasted else draft.file_name,
            "format": format_label(plan.table.format),
            "draft": draft,
            "plan": plan,
            "problems": problems or [],
            "columns": self._columns(plan),
            "groups": column_meaning_choices(self.viewer),
            "scales": self._scales(plan),
            "questions": [self._question(n, q) for n, q in enumerate(plan.asked)],
            "counts": [(labels[name], plan.count(name)) for name in labels],
            "takes": plan.count("new") + plan.count("updated"),
            "one_party": parties_for(self.viewer).count() < 2,
            "rows": [
                {
                    "plan": row,
                    "outcome": labels[row.outcome],
                    "title": row.fields.get("title", ""),
                    "why": why[row.number].why if row.number in why else row.why,
                    "levels": [
                        {"name": field_label(stage), "likelihood": likelihood, "impact": impact}
                        for stage, (likelihood, impact) in row.levels.items()
                    ],
                    "changes": [
                        {"name": field_label(name), "before": change[0], "after": change[1]}
                        for name, change in row.changes.items()
                    ],
                }
                for row in rows[:SHOWN]
            ],
            "rows_more": max(0, len(rows) - SHOWN),
        }
        return self.render("imports/preview.html", context, 400 if problems else 200)

    def _columns(self, plan: Plan) -> list[dict[str, Any]]:
        found = []
        for n, header in enumerate(plan.table.headers):
            values = [
                as_read_in_sheet(v)[:60] for v in plan.table.column(header) if not is_blank(v)
            ]
            found.append(
                {
                    "name": f"column-{n}",
                    "header": header,
                    "values": list(dict.fromkeys(values))[:3],
                    "target": plan.columns.get(header) or "",
                }
            )
        return found

    def _scales(self, plan: Plan) -> list[dict[str, Any]]:
        found = []
        for n, (header, levels) in enumerate(plan.scaling.shown.items()):
            axis = (plan.columns.get(header) or "").rpartition(".")[2]
            names = getattr(self.viewer.criteria, axis) if axis in ("likelihood", "impact") else []
            found.append(
                {
                    "header": header,
                    "choices": [
                        (k, f"{k} {localised(level['names'], '')}")
                        for k, level in enumerate(names, 1)
                    ],
                    "rows": [
                        {"name": f"scale-{n}-{m}", "value": value, "level": level}
                        for m, (value, level) in enumerate(levels.items())
                    ],
                    "questions": [q.question for q in plan.asked
                                  if q.column == header and q.kind == "scale"],
                }
            )  # fmt: skip
        return found

    def _question(self, n: int, asked: Asked) -> dict[str, Any]:
        return {"name": f"ask-{n}", "asked": asked}


class ImportPage(Imports):
    """One import: what became of each row."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        """The page."""
        require(self.viewer, "import.make")
        return self.import_page(import_of_own_party(self.viewer, uuid))

    def import_page(self, row: Import, problem: str = "", status: int = 200) -> HttpResponse:
        """The page of ``row``."""
        labels = outcome_labels()
        rows = list(imported_rows_of(row)[: SHOWN + 1])
        report = row.report
        refused = refused_imported_rows_of(row).count()
        counts = [(labels[name], report.get(name, 0)) for name in ("new", "updated", "skipped")]
        context = {
            "title": row.file_name,
            "row": row,
            "problem": problem,
            "counts": [*counts, (labels["refused"], refused)],
            "refused": refused,
            "rows": [{"row": each, "outcome": labels[each.outcome]} for each in rows[:SHOWN]],
            "rows_more": len(rows) > SHOWN,
        }
        return self.render("imports/detail.html", context, status)


class ImportUndo(ImportPage):
    """Taken back in one act."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        """Unless something of it was changed since."""
        try:
            undo_import(actor=self.viewer, name=uuid, at=self.at)
        except (Conflict, Invalid) as error:
            return self.import_page(import_of_own_party(self.viewer, uuid), error.detail, 409)
        messages.success(request, _("The import is undone: what came in is closed."))
        return self.redirect_to("import", uuid)


class RefusedRowsFile(RegisterView):
    """The rows that were not taken, with the reason, as a file."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
        """CSV."""
        require(self.viewer, "import.make")
        rows = refused_imported_rows_of(import_of_own_party(self.viewer, uuid))
        header = [_("Row"), _("Title"), _("Column"), _("Why")]
        pieces = csv_pieces(header, ((r.number, r.title, r.column, r.why) for r in rows))
        response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="not-taken.csv"'
        return response


urlpatterns = [
    path("imports/", Imports.as_view(), name="imports"),
    path("imports/copy/", CopyRegister.as_view(), name="import_copy"),
    path("imports/drafts/<uuid:uuid>/", DraftPage.as_view(), name="import_draft"),
    path("imports/<uuid:uuid>/", ImportPage.as_view(), name="import"),
    path("imports/<uuid:uuid>/undo/", ImportUndo.as_view(), name="import_undo"),
    path("imports/<uuid:uuid>/not-taken.csv", RefusedRowsFile.as_view(), name="import_not_taken"),
]
