"""Bringing files of risks in: looked through, taken, undone."""

import base64
import binascii
import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import shapes_imports
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.errors import Problem
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import person, time
from riskreg.exchange.mapping import empty_report
from riskreg.exchange.models import Import, ImportDraft
from riskreg.exchange.queries import (
    import_of_own_party,
    imports_of_own_party,
    own_import_draft,
    progress_of_draft_or_none,
    refused_imported_rows_of,
)
from riskreg.exchange.services import (
    Brought,
    commit_file_or_keep_draft,
    preview_import,
    undo_import,
)
from riskreg.kernel import keyset
from riskreg.kernel.errors import Conflict, Errors, Invalid, NotFound
from riskreg.kernel.text import clean_text
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.risks.services import copy_open_risks_from_register, invalid_no_such_register

_NEWEST = keyset.Order("created_at", tie="id", descending=True, tie_descending=True)
_FIELDS = ("file_name", "content", "encoding", "sheet", "mapping")
NOT_TAKEN = 500
NAME_MAX = 200
ENCODINGS = ("text", "base64")


class Imports(RegisterApi):
    """GET lists those of the caller's party, POST brings a file in."""

    @schema.listed("List imports", shapes_imports.Import)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Newest first; each party sees its own."""
        require(self.viewer, "import.make")
        self.refuse_unknown_params(*PARAMS)
        rows = imports_of_own_party(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(imports_of_own_party(self.viewer)),
        )
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [to_json(row) for row in found]
        )

    @schema.noted("Bring a file in", shapes_imports.ImportNew, shapes_imports.Import)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """All rows that can be taken, in one transaction, or nothing.

        400 `answers_needed` names what is asked; `imports/preview/` says it in full. A file of
        more than 300 rows that change something is left to a worker: poll its address until
        `state` is `done`.
        """

        def act() -> Answer:
            require(self.viewer, "import.make")
            given = body_of(request, *_FIELDS)
            with file_errors_under_content():
                row = commit_file_or_keep_draft(
                    actor=self.viewer,
                    brought=parse_import_file(given),
                    answers_or_remembered=given.get("mapping"),
                    at=self.at,
                )
            return Answer.of(to_json(row), 201, Location=f"{self.register_url}imports/{row.uuid}/")

        return self.write(act)


class RegisterCopy(RegisterApi):
    """POST makes drafts of what another register of the caller's holds."""

    http_method_names = ["post"]

    @schema.described(
        "Copy the risks of another register",
        shapes_imports.Copied,
        [schema.KEY],
        request=shapes_imports.CopyNew,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Its open risks, as drafts of the caller's party: what they say, with the terms and
        objectives that are called alike here. Twice is as once: a title that is here is left out.
        """

        def act() -> Answer:
            require(self.viewer, "import.make")
            given = body_of(request, "register", "visibility")
            wanted = given.get("register")
            if not wanted:
                text = _("Name the register whose risks are to be copied.")
                raise Invalid.one("register", "required", text)
            if wanted not in {row.register.slug for row in self.my_memberships()}:
                raise invalid_no_such_register()
            copied = copy_open_risks_from_register(
                actor=self.viewer,
                slug=wanted,
                visibility=given.get("visibility") or Visibility.PARTY,
                at=self.at,
            )
            made = [risk.ref for risk in copied.made]
            return Answer.of({"made": made, "there": copied.there, "left": copied.left})

        return self.write(act)


class ImportPreview(RegisterApi):
    """POST says what would become of each row, and writes nothing."""

    @schema.described(
        "Look a file through",
        shapes_imports.ImportPlan,
        [schema.KEY],
        request=shapes_imports.ImportNew,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A dry run: columns, scales, what is asked and what is refused."""

        def act() -> Answer:
            require(self.viewer, "import.make")
            given = body_of(request, *_FIELDS)
            with file_errors_under_content():
                plan, _answers = preview_import(
                    actor=self.viewer,
                    brought=parse_import_file(given),
                    answers_or_remembered=given.get("mapping"),
                    at=self.at,
                )
            return Answer.of({**plan.to_json(), "notes": list(plan.notes)})

        return self.write(act)


class ImportDetail(RegisterApi):
    """One import, with the rows that were not taken."""

    @schema.detailed("Read an import", shapes_imports.ImportInFull)
    def get(self, request: Request, slug: str, brought: uuid.UUID) -> HttpResponse:
        """What was said of it when it came in; of one that a worker is at, how far it is."""
        require(self.viewer, "import.make")
        self.refuse_unknown_params()
        try:
            row = import_of_own_party(self.viewer, brought)
        except NotFound:
            draft = own_import_draft(self.viewer, brought)
            if progress_of_draft_or_none(draft) is None:
                raise
            empty = {k: v for k, v in empty_report("").items() if k != "refused"}
            body = {**to_json(draft), "report": empty, "notes": [], "not_taken": []}
            return self.detail(body)
        refused = [each.to_json() for each in refused_imported_rows_of(row)[:NOT_TAKEN]]
        report = {k: v for k, v in row.report.items() if k != "refused"}
        body = {**to_json(row), "report": report, "notes": row.notes, "not_taken": refused}
        return self.detail(body)


class ImportUndo(RegisterApi):
    """POST takes it back."""

    @schema.described(
        "Undo an import", shapes_imports.Import, [schema.KEY], problems=(*schema.WRITE, 409)
    )
    def post(self, request: Request, slug: str, brought: uuid.UUID) -> HttpResponse:
        """What came in is closed; 409 once somebody has changed any of it."""

        def act() -> Answer:
            require_empty_body(request)
            try:
                row = undo_import(actor=self.viewer, name=brought, at=self.at)
            except Conflict as conflict:
                # Not somebody else's change of a version, which If-Match is about.
                raise Problem(409, conflict.detail) from None
            return Answer.of(to_json(row))

        return self.write(act)


def parse_import_file(given: dict[str, Any]) -> Brought:
    """The file in a body. Raises ``Invalid``."""
    errors = Errors()
    name = clean_text(
        errors, "file_name", given.get("file_name"), required=True, limit=NAME_MAX, one_line=True
    )
    content, encoding = given.get("content"), given.get("encoding", "text")
    sheet = given.get("sheet")
    if sheet is not None:
        clean_text(errors, "sheet", sheet, limit=NAME_MAX)
    if not isinstance(content, str) or not content:
        errors.add("content", "required", _("This is needed."))
    if encoding not in ENCODINGS:
        text = _("This must be one of: %(all)s.") % {"all": ", ".join(ENCODINGS)}
        errors.add("encoding", "unknown", text)
    errors.raise_if_any()
    if encoding == "text":
        return Brought(name, str(content).encode("utf-8", "replace"), sheet)
    try:
        return Brought(name, base64.b64decode(str(content), validate=True), sheet)
    except (binascii.Error, ValueError):
        raise Invalid.one("content", "malformed", _("This is not base64.")) from None


@contextlib.contextmanager
def file_errors_under_content() -> Iterator[None]:
    """What is wrong with the file is said of the field that it came in."""
    try:
        yield
    except Invalid as invalid:
        fields = {"content" if n == "file" else n: e for n, e in invalid.fields.items()}
        raise Invalid(fields, invalid.detail) from None


def to_json(row: Import | ImportDraft) -> dict[str, Any]:
    """An import as JSON; one that a worker is at has counted nothing yet."""
    report = row.report if isinstance(row, Import) else {}
    counts = {name: report.get(name, 0) for name in ("rows", "new", "updated", "skipped")}
    going = progress_of_draft_or_none(row) if isinstance(row, ImportDraft) else None
    return {
        "id": str(row.uuid),
        "state": going.state if going else "done",
        "failure": (going.failure.get("detail") if going else None) or None,
        "file_name": row.file_name,
        "made_by": person(row.made_by),
        "at": time(row.created_at),
        "undone_at": time(row.undone_at) if isinstance(row, Import) else None,
        **counts,
        "refused": counts["rows"] - counts["new"] - counts["updated"] - counts["skipped"],
    }
