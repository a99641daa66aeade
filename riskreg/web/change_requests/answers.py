"""Yes, no, and taken back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.change_models import ChangeRequest, ChangeState
from riskreg.register.change_queries import change_request_for
from riskreg.register.services import approve_change, refuse_change, withdraw_change
from riskreg.web.base import add_errors
from riskreg.web.change_requests.asking import names_of_parties_waited_for
from riskreg.web.change_requests.pages import ChangeRequestPage, RefuseForm, VersionForm


class _Answer(ChangeRequestPage):
    http_method_names = ["post"]
    # What would restore a register is answered while it is archived; the service refuses the rest.
    serves_archived = True
    form_class: type[VersionForm] = VersionForm

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Do it, or show the request as it is now, with what is in the way."""
        row = change_request_for(self.viewer, ref)
        form = self.form_class(request.POST)
        refused = form if isinstance(form, RefuseForm) else None
        if not form.is_valid():
            return self.page(row, status=400, refuse_form=refused)
        try:
            row = self.act(row, form.cleaned_data)
        except Invalid as invalid:
            if "state" in invalid.fields:
                now = change_request_for(self.viewer, ref)
                return self.page(now, status=400, conflict=invalid.detail)
            add_errors(form, invalid)
            return self.page(row, status=400, refuse_form=refused)
        except Conflict as conflict:
            now = change_request_for(self.viewer, ref)
            return self.page(now, status=409, conflict=conflict.detail)
        self.tell_outcome(row)
        keys = {"slug": self.viewer.register.slug, "ref": row.ref}
        return HttpResponseRedirect(reverse("web:change_request", kwargs=keys))

    def act(self, row: ChangeRequest, data: dict[str, Any]) -> ChangeRequest:
        """Call the service."""
        raise NotImplementedError

    def tell_outcome(self, row: ChangeRequest) -> None:
        """A word of what was done."""
        raise NotImplementedError


class Approve(_Answer):
    """A yes; the last one makes the change."""

    def act(self, row: ChangeRequest, data: dict[str, Any]) -> ChangeRequest:
        return approve_change(actor=self.viewer, name=row.ref, version=data["version"], at=self.at)

    def tell_outcome(self, row: ChangeRequest) -> None:
        if row.state == ChangeState.APPLIED:
            messages.success(self.request, _("Every party has said yes: the change holds now."))
        elif row.state == ChangeState.OUTDATED:
            messages.warning(self.request, _("It could not be made any more; nothing is changed."))
        else:
            text = _("Your yes is noted. It still waits for %(parties)s.")
            row = change_request_for(self.viewer, row.ref)
            messages.success(self.request, text % {"parties": names_of_parties_waited_for(row)})


class Refuse(_Answer):
    """A no, with words."""

    form_class = RefuseForm

    def act(self, row: ChangeRequest, data: dict[str, Any]) -> ChangeRequest:
        return refuse_change(
            actor=self.viewer, name=row.ref, version=data["version"], words=data["words"],
            at=self.at,
        )  # fmt: skip

    def tell_outcome(self, row: ChangeRequest) -> None:
        messages.success(self.request, _("It is refused; everything stays as it is."))


class Withdraw(_Answer):
    """Taken back by whoever asked."""

    def act(self, row: ChangeRequest, data: dict[str, Any]) -> ChangeRequest:
        return withdraw_change(actor=self.viewer, name=row.ref, version=data["version"], at=self.at)

    def tell_outcome(self, row: ChangeRequest) -> None:
        messages.success(self.request, _("It is taken back; everything stays as it is."))
