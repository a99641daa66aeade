"""The page of board packs, and their files."""

import hashlib
import io
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.exchange.models import BoardPack, PackFormat, PackLanguage
from riskreg.exchange.queries.board_packs import (
    MEDIA_TYPES,
    done_pack_and_bytes,
    pack_file_name,
    packs_of_own_party,
    progress_of_each_pack,
)
from riskreg.exchange.services.packs import cancel_pack, request_pack
from riskreg.jobs.models import OPEN, JobState
from riskreg.jobs.queries import Progress
from riskreg.kernel.downloads import download
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.localised import percent_text
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.board_packs.schedules import running_schedule_rows
from riskreg.web.forms.marks import adds_same_contents_once, mark_not_done
from riskreg.web.presenters import name_of_person
from riskreg.web.simulations.words import state_text
from riskreg.web.table_form import set_choices

MOST = 50


class PackForm(forms.Form):
    """As of which day, compared with which, for whom, in which language, as what."""

    as_of = forms.CharField(
        label=gettext_lazy("As of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: today."),
    )
    since = forms.CharField(
        label=gettext_lazy("Compared with"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy(
            "Empty: the day of the last meeting before, or a quarter of a year earlier."
        ),
    )
    audience = forms.ChoiceField(label=gettext_lazy("Holds"), widget=forms.RadioSelect)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=PackLanguage.choices)
    format = forms.ChoiceField(label=gettext_lazy("File"), choices=PackFormat.choices)

    def __init__(self, party: str, language: str, data: Any = None) -> None:
        initial = {
            "audience": Visibility.SHARED.value,
            "language": language if language in PackLanguage.values else PackLanguage.EN.value,
            "format": PackFormat.PDF.value,
        }
        super().__init__(data, initial=initial)
        own = _("what every party sees, and what is %(party)s's own") % {"party": party}
        set_choices(self, "audience", [
            (Visibility.SHARED.value, _("what every party sees")), (Visibility.PARTY.value, own),
        ])  # fmt: skip


class BoardPackList(RegisterView):
    """The packs of the viewer's party, newest first, and a form for another."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """For managers and leaders."""
        return self._page(self._form())

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask for one; a worker makes it."""
        require(self.viewer, "pack.make")
        form = self._form(request.POST)
        if form.is_valid():
            try:
                request_pack(actor=self.viewer, given=form.cleaned_data, at=self.at)
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                messages.success(request, _("The board pack is being made."))
                return _redirect_to_packs(self.viewer.register.slug)
        return self._page(form, 400)

    def _form(self, data: Any = None) -> PackForm:
        return PackForm(str(self.viewer.party or ""), self.viewer.user.language, data)

    def _page(self, form: PackForm, status: int = 200) -> HttpResponse:
        require(self.viewer, "pack.make")
        rows = list(packs_of_own_party(self.viewer)[:MOST])
        progress = progress_of_each_pack(rows)
        listed = [_row(row, progress[row.uuid]) for row in rows]
        context = {
            "title": _("Board packs"),
            "rows": listed,
            "going_on": any(row["going_on"] for row in listed),
            "form": form,
            "schedules": running_schedule_rows(self.viewer),
        }
        return self.render("board_packs/index.html", context, status)


class BoardPackFile(RegisterView):
    """The file of a pack that is done."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, pack: uuid.UUID) -> HttpResponseBase:
        """As a download."""
        require(self.viewer, "pack.make")
        row, data = done_pack_and_bytes(self.viewer, pack)
        return download(
            io.BytesIO(data),
            name=pack_file_name(row),
            media_type=MEDIA_TYPES[row.format],
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )


class BoardPackCancel(RegisterView):
    """End the making of one."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pack: uuid.UUID) -> HttpResponse:
        """Cancel it."""
        to_packs = _redirect_to_packs(self.viewer.register.slug)
        try:
            cancel_pack(actor=self.viewer, name=pack, at=self.at)
        except Conflict as conflict:
            messages.error(request, conflict.detail)
            return mark_not_done(to_packs)
        messages.success(request, _("The board pack is cancelled."))
        return to_packs


def _redirect_to_packs(slug: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("web:board_packs", kwargs={"slug": slug}))


def _row(row: BoardPack, progress: Progress) -> dict[str, Any]:
    return {
        "pack": row,
        "private": row.audience == Visibility.PARTY,
        "language": row.get_language_display(),
        "format": row.get_format_display(),
        "who": name_of_person(row.made_by),
        "going_on": progress.state in OPEN,
        "done": progress.state == JobState.DONE,
        "state_text": state_text(progress.state),
        "percent_text": percent_text(progress.percent),
        "failure": progress.failure.get("detail", ""),
    }
