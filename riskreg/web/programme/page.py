"""The programme: for everybody to read, and for managers to set."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.register.permissions import permits, require
from riskreg.register.programme import programme_of
from riskreg.register.services import set_programme
from riskreg.web.base import RegisterView
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.presenters import source_rows
from riskreg.web.programme.forms import ProgrammeForm


class ProgrammePage(RegisterView):
    """When and where it runs, how far ahead it looks, and its milestones and gates."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; with the form for who may set it."""
        form = ProgrammeForm(self.viewer) if self._may_configure() else None
        return self._page(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Set it, or ask the other parties for it."""
        require(self.viewer, "register.configure")
        form = ProgrammeForm(self.viewer, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            made = set_programme(
                actor=self.viewer,
                given=form.fields_for_service(),
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(form, 400)
        except Conflict as conflict:
            self.viewer.register.refresh_from_db()
            data = {**{n: form.data[n] for n in form.data}}
            data["version"] = str(self.viewer.register.version)
            return self._page(ProgrammeForm(self.viewer, data), 409, conflict.detail)
        if isinstance(made, ChangeRequest):
            return redirect_to_request(request, self.viewer, made)
        messages.success(request, _("The programme is saved."))
        keys = {"slug": self.viewer.register.slug}
        return HttpResponseRedirect(reverse("web:programme", kwargs=keys))

    def _may_configure(self) -> bool:
        return permits(self.viewer, "register.configure")

    def _page(
        self, form: ProgrammeForm | None, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        frame = programme_of(self.viewer.register)
        context: dict[str, Any] = {
            "form": form,
            "frame": frame,
            "source": next(iter(source_rows([dict(frame.source)])), None) if frame.source else None,
            "parties_asked": names_of_parties_to_ask(self.viewer) if form else "",
            "conflict": conflict,
        }
        return self.render("programme/index.html", context, status)
