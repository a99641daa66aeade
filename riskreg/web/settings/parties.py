"""The parties of a register: the list, adding one, renaming and removing one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Party
from riskreg.register.people import parties_that_can_answer, party_for
from riskreg.register.permissions import permits, require
from riskreg.register.queries import parties_for
from riskreg.register.services import add_party_or_ask_others, edit_party, remove_party
from riskreg.register.services.parties import may_change_party, reason_party_stays_or_empty
from riskreg.web.base import RegisterView
from riskreg.web.bilingual import add_names_fields, nonempty_texts_by_language
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.forms.marks import adds_same_contents_once

_FIELDS = {"names": "name", "key": "name", "party": None}


class PartyForm(forms.Form):
    """What a party is called, and what its own refs begin with."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    prefix = forms.CharField(  # type: ignore[assignment]
        label=gettext_lazy("Letters before its own refs"),
        required=False,
        max_length=3,
        help_text=gettext_lazy(
            "One to three capitals, not R: AB makes AB-001. Left empty, they are chosen."
        ),
    )
    field_order = ("name", "name_zh", "prefix")

    def __init__(self, data: Any = None, *, party: Party | None = None) -> None:
        initial = {"version": party.version, "prefix": party.prefix} if party else {}
        super().__init__(data, initial=initial)
        add_names_fields(self, names=party.names if party else None)
        if party is not None:
            self.fields["prefix"].help_text = _(
                "They change only while no ref was given with those of before."
            )
        self.order_fields(self.field_order)

    def fields_for_service(self) -> dict[str, Any]:
        """Names, and the letters in capitals where some were written."""
        prefix = self.cleaned_data["prefix"].strip().upper()
        return {
            "names": nonempty_texts_by_language(self.cleaned_data),
            **({"prefix": prefix} if prefix else {}),
        }

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        for name, errors in invalid.fields.items():
            field = _FIELDS.get(name, name)
            for error in errors:
                self.add_error(field, error.detail)


class PartiesPage(RegisterView):
    """Everybody reads them; a manager adds one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self._page(PartyForm())

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Add one."""
        require(self.viewer, "register.configure")
        form = PartyForm(request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            party = add_party_or_ask_others(
                actor=self.viewer, at=self.at, **form.fields_for_service()
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(form, 400)
        if isinstance(party, ChangeRequest):
            return redirect_to_request(request, self.viewer, party)
        messages.success(request, _("%(party)s is a party now.") % {"party": party.name})
        return _redirect_to_parties(self)

    def _page(self, form: PartyForm, status: int = 200) -> HttpResponse:
        speak = {party.pk for party in parties_that_can_answer(self.viewer.register)}
        context = {
            "parties": [
                {"p": party, "speaks": party.pk in speak, "own": party == self.viewer.party}
                for party in parties_for(self.viewer)
            ],
            "may_edit": permits(self.viewer, "register.configure"),
            "form": form,
            "asked": names_of_parties_to_ask(self.viewer),
        }
        return self.render("parties/index.html", context, status)


class PartyPage(RegisterView):
    """One party."""

    def get(self, request: HttpRequest, party: str) -> HttpResponse:
        """Its form, or what it is for who may not change it."""
        row = party_for(self.viewer, party)
        return self.page(row, PartyForm(party=row))

    def post(self, request: HttpRequest, party: str) -> HttpResponse:
        """Rename it."""
        require(self.viewer, "register.configure")
        row = party_for(self.viewer, party)
        form = PartyForm(request.POST, party=row)
        if not form.is_valid():
            return self.page(row, form, 400)
        try:
            row = edit_party(
                actor=self.viewer,
                key=party,
                fields=form.fields_for_service(),
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self.page(row, form, 400)
        except Conflict as conflict:
            row = party_for(self.viewer, party)
            data = {**{n: form.data[n] for n in form.data}, "version": row.version}
            return self.page(row, PartyForm(data, party=row), 409, conflict.detail)
        messages.success(request, _("“%(name)s” is saved.") % {"name": row.name})
        return _redirect_to_parties(self)

    def page(
        self, row: Party, form: PartyForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        """The page with that form."""
        may_edit = permits(self.viewer, "register.configure")
        may_edit = may_edit and may_change_party(self.viewer, row)
        context = {
            "p": row,
            "form": form,
            "may_edit": may_edit,
            "stays": reason_party_stays_or_empty(self.viewer, row) if may_edit else "",
            "conflict": conflict,
        }
        return self.render("parties/party.html", context, status)


class PartyRemove(PartyPage):
    """Removing a party that nothing was ever of."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, party: str) -> HttpResponse:
        """Remove it, or say what is of it."""
        require(self.viewer, "register.configure")
        row = party_for(self.viewer, party)
        name = row.name
        try:
            remove_party(actor=self.viewer, key=party, version=None, at=self.at)
        except Invalid as invalid:
            form = PartyForm({"version": row.version, "prefix": row.prefix}, party=row)
            form.is_valid()
            form.add_errors_of_service(invalid)
            return self.page(row, form, 400)
        messages.success(request, _("%(party)s is removed.") % {"party": name})
        return _redirect_to_parties(self)


def _redirect_to_parties(view: RegisterView) -> HttpResponse:
    keys = {"slug": view.viewer.register.slug}
    return HttpResponseRedirect(reverse("web:parties", kwargs=keys))


urlpatterns = [
    path("settings/parties/", PartiesPage.as_view(), name="parties"),
    path("settings/parties/<str:party>/", PartyPage.as_view(), name="party"),
    path("settings/parties/<str:party>/remove/", PartyRemove.as_view(), name="party_remove"),
]
