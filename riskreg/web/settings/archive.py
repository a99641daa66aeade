"""Archiving a register, and restoring it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_queries import first_open_change_request
from riskreg.register.permissions import require
from riskreg.register.services import archive_register, restore_register
from riskreg.register.services.archiving import ARCHIVE, RESTORE
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request


class ArchiveForm(forms.Form):
    """Why a register is archived."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Why it is archived"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("It is kept in the log."),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fields: dict[str, Any] = self.fields
        fields["reason"].needed = True


class Archive(RegisterView):
    """What archiving means, and the button; for an archived one the way back."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        require(self.viewer, "register.archive")
        return self.page(ArchiveForm(initial={"version": self.viewer.register.version}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Archive it."""
        require(self.viewer, "register.archive")
        form = ArchiveForm(request.POST)
        if not form.is_valid():
            return self.page(form, 400)
        try:
            made = archive_register(actor=self.viewer, at=self.at, **form.cleaned_data)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(form, 400)
        except Conflict as conflict:
            self.viewer.register.refresh_from_db()
            data = {**{n: form.data[n] for n in form.data}, "version": self.viewer.register.version}
            return self.page(ArchiveForm(data), 409, conflict.detail)
        if isinstance(made, ChangeRequest):
            return redirect_to_request(request, self.viewer, made)
        messages.success(request, _("The register is archived: it is only read from now on."))
        return _redirect_to_settings(self)

    def page(self, form: ArchiveForm, status: int = 200, conflict: str = "") -> HttpResponse:
        """The page with that form."""
        context = {
            "form": form,
            "all_asked": names_of_parties_to_ask(self.viewer),
            "waits": first_open_change_request(self.viewer, (ARCHIVE, RESTORE)),
            "conflict": conflict,
        }
        return self.render("register_settings/archive.html", context, status)


class Restore(RegisterView):
    """The way back."""

    http_method_names = ["post"]
    serves_archived = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Restore it."""
        require(self.viewer, "register.archive")
        try:
            made = restore_register(actor=self.viewer, version=None, at=self.at)
        except Invalid as invalid:
            messages.info(request, invalid.detail)
            return _redirect_to_settings(self)
        if isinstance(made, ChangeRequest):
            return redirect_to_request(request, self.viewer, made)
        messages.success(request, _("The register is restored, as it was."))
        return _redirect_to_settings(self)


def _redirect_to_settings(view: RegisterView) -> HttpResponse:
    keys = {"slug": view.viewer.register.slug}
    return HttpResponseRedirect(reverse("web:register_settings", kwargs=keys))


urlpatterns = [
    path("settings/archive/", Archive.as_view(), name="register_archive"),
    path("settings/restore/", Restore.as_view(), name="register_restore"),
]
