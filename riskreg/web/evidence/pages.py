"""Attaching a file, what is known of it, saving, releasing and withdrawing it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.evidence import services
from riskreg.evidence.models import Evidence
from riskreg.evidence.queries import evidence_for, same_file_elsewhere, things_by_id_of_evidence
from riskreg.evidence.targets import Thing, thing_for
from riskreg.kernel.downloads import download
from riskreg.kernel.errors import Conflict, Invalid, Unavailable
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.kernel.uploads import too_large_upload_fields
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView, add_errors, posted_version_or_minus_one
from riskreg.web.conflict import data_over_newest_version
from riskreg.web.evidence.forms import EvidenceForm, WithdrawForm
from riskreg.web.evidence.panel import evidence_row, thing_page_url, thing_text
from riskreg.web.forms.marks import without_transaction_around
from riskreg.web.presenters import name_of_person


@without_transaction_around
class EvidenceNew(RegisterView):
    """A file for the thing in the address. The bytes are stored before anything says that they are
    there, so no transaction stands around it."""

    def get(self, request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """The empty form."""
        return self._page(self._thing_to_attach_to(kind, name), EvidenceForm())

    def post(self, request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """Attach it."""
        thing = self._thing_to_attach_to(kind, name)
        form = EvidenceForm(request.POST, request.FILES)
        form.is_valid()
        try:
            row = self._attach(request, thing, form)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(thing, form, 400)
        except Unavailable as error:
            form.add_error(None, error.detail)
            return self._page(thing, form, 503)
        messages.success(request, self._success_text(row))
        return HttpResponseRedirect(thing_page_url(self.viewer, thing))

    def _attach(self, request: HttpRequest, thing: Thing, form: EvidenceForm) -> Evidence:
        if "file" in too_large_upload_fields(request):
            raise services.too_large()
        file = request.FILES.get("file")
        checked = services.check_file(file, str(file.name) if file else "")
        with services.store_upload(file, checked, self.at) as stored:  # type: ignore[arg-type]
            return services.add_evidence(
                actor=self.viewer,
                kind=thing.kind,
                ref=thing.ref,
                stored=stored,
                label=form.data.get("label") or "judgement",
                source=form.data.get("source", ""),
                at=self.at,
            )

    def _success_text(self, row: Evidence) -> str:
        text = _("“%(name)s” is attached.") % {"name": row.name}
        if others := same_file_elsewhere(self.viewer, row):
            also = enumerate_texts([thing_text(thing) for thing in others])
            text += " " + _("The same file is also at: %(things)s.") % {"things": also}
        return text

    def _thing_to_attach_to(self, kind: str, name: str) -> Thing:
        thing = thing_for(self.viewer, kind, name)
        services.require_may_add(self.viewer, thing)
        return thing

    def _page(self, thing: Thing, form: EvidenceForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "what": thing_text(thing),
            "private": thing.row_with_audience.visibility == "party",
            "party": thing.row_with_audience.party.name,
            "back": thing_page_url(self.viewer, thing),
        }
        return self.render("evidence/form.html", context, status)


class EvidencePage(RegisterView):
    """What is known of one file."""

    def get(self, request: HttpRequest, evidence: uuid.UUID) -> HttpResponse:
        """What it is, what it hangs on, who added it, and its hash."""
        row = evidence_for(self.viewer, evidence)
        thing = things_by_id_of_evidence(self.viewer, [row])[row.thing_id]
        context = {
            **evidence_row(row),
            "e": row,
            "what": thing_text(thing),
            "back": thing_page_url(self.viewer, thing),
            "withdrawn_by": name_of_person(row.withdrawn_by) if row.withdrawn_by else "",
            "may_withdraw": services.may_withdraw(self.viewer, row),
            "may_release": services.may_release(self.viewer, row, thing),
            "stays_own": row.visibility == "party"
            and thing.row_with_audience.visibility == "shared",
        }
        return self.render("evidence/detail.html", context)


class EvidenceFile(RegisterView):
    """The bytes of one file."""

    def get(self, request: HttpRequest, evidence: uuid.UUID) -> HttpResponseBase:
        """As it was added; to be saved, never to be shown."""
        row = evidence_for(self.viewer, evidence)
        return download(
            services.open_checked(row),
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            head=request.method == "HEAD",
        )


class EvidenceWithdrawAndDeleteFile(RegisterView):
    """A file that is taken back."""

    def get(self, request: HttpRequest, evidence: uuid.UUID) -> HttpResponse:
        """The question why."""
        row = self._row(evidence)
        return self._question_page(row, WithdrawForm(initial={"version": row.version}))

    def post(self, request: HttpRequest, evidence: uuid.UUID) -> HttpResponse:
        """Withdraw it."""
        row = self._row(evidence)
        form = WithdrawForm(request.POST)
        if not form.is_valid():
            return self._question_page(row, form, 400)
        try:
            services.withdraw_evidence_and_delete_file(
                actor=self.viewer,
                evidence=evidence,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._question_page(row, form, 400)
        except Conflict as conflict:
            data = data_over_newest_version(form, row.version)
            return self._question_page(row, WithdrawForm(data), 409, conflict.detail)
        messages.success(request, _("“%(name)s” is withdrawn.") % {"name": row.name})
        return _redirect_to_evidence(self, row)

    def _row(self, evidence: uuid.UUID) -> Evidence:
        row = evidence_for(self.viewer, evidence)
        require(self.viewer, "evidence.withdraw", row)
        return row

    def _question_page(
        self, row: Evidence, form: WithdrawForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        context: dict[str, Any] = {"e": row, "form": form, "conflict": conflict}
        return self.render("evidence/withdraw.html", context, status)


class EvidenceRelease(RegisterView):
    """A file of one's own party that everybody may see from now on."""

    def post(self, request: HttpRequest, evidence: uuid.UUID) -> HttpResponse:
        """Release it, for good."""
        row = evidence_for(self.viewer, evidence)
        version = posted_version_or_minus_one(request)
        services.release_evidence(actor=self.viewer, evidence=evidence, version=version, at=self.at)
        text = _("“%(name)s” is seen by everybody in the register now.")
        messages.success(request, text % {"name": row.name})
        return _redirect_to_evidence(self, row)


def _redirect_to_evidence(view: RegisterView, row: Evidence) -> HttpResponse:
    return HttpResponseRedirect(reverse("web:evidence", args=[view.viewer.register.slug, row.uuid]))
