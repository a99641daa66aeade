"""Setting, changing and ending what a party itself is content with."""

import uuid
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.punctuation import colon
from riskreg.register.access import Viewer
from riskreg.register.models import OwnAppetite
from riskreg.register.own_appetite_fields import OWN_APPETITE
from riskreg.register.own_appetites import own_appetite_in_force_for
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS
from riskreg.register.queries import choices_for
from riskreg.register.services import change_own_appetite, end_own_appetite, set_own_appetite
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.bilingual import (
    SECOND,
    add_names_fields,
    label_naming_language,
    nonempty_texts_by_language,
)
from riskreg.web.conflict import form_conflict_context, form_to_save
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.own_appetites.panels import rating_words, which_risks_text
from riskreg.web.presenters import Scale
from riskreg.web.table_form import form_field, keep_shown_values_beside_fields
from riskreg.web.ui.labels import figure_label_word


class OwnAppetiteForm(forms.Form):
    """Up to which rating, for which risks, and why. The service checks it."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    term = form_field(OWN_APPETITE["term"])
    rating = forms.ChoiceField(label=gettext_lazy("Content up to"), required=False)
    label = forms.ChoiceField(label=gettext_lazy("Label"), required=False)

    def __init__(self, viewer: Viewer, data: Any = None, *, row: OwnAppetite | None = None) -> None:
        initial: dict[str, Any] = {"label": "judgement", "rating": viewer.criteria.appetite}
        if row is not None:
            initial = {
                "version": row.version,
                "term": row.term.ref if row.term else "",
                "rating": row.rating,
                "label": row.label,
            }
        super().__init__(data, initial=initial)
        fields: dict[str, Any] = self.fields
        fields["term"].choices = _term_choices(viewer, row)
        fields["rating"].choices = _rating_choices(viewer, row)
        fields["label"].choices = [(value, figure_label_word(value)) for value in LABELS]
        add_names_fields(self, name="reason", names=row.reasons if row else None)
        fields["reason"].label = label_naming_language(_("Why"), "en")
        fields["reason_zh"].label = label_naming_language(_("Why"), SECOND)
        for name in ("rating", "label"):
            fields[name].needed = True
        if row is not None:
            keep_shown_values_beside_fields(self)

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {
            "term": data["term"] or None,
            "rating": data["rating"],
            "reasons": nonempty_texts_by_language(data, "reason"),
            "label": data["label"],
        }

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        named = {"reasons": "reason"}
        add_errors(self, Invalid({named.get(n, n): e for n, e in invalid.fields.items()}))


def _term_choices(viewer: Viewer, row: OwnAppetite | None) -> list[tuple[str, str]]:
    """All other risks, or those of one term, by classification; and the one that ``row`` has, which
    may be out of use."""
    choices = choices_for(viewer)
    held = [row.term.ref] if row and row.term else []
    return [("", _("All other risks"))] + [
        (value, f"{title}{colon()}{name}")
        for key, title, terms in choices.taxonomies
        for value, name in choices.terms_with_held_retired(key, terms, held)
    ]


def _rating_choices(viewer: Viewer, row: OwnAppetite | None) -> list[tuple[str, str]]:
    """The ratings of the criteria in force; and the one that ``row`` has, which they may have
    dropped."""
    scale = Scale(viewer.criteria)
    keys = scale.matrix.rating_keys
    found = [(key, scale.name(key)) for key in keys]
    if row is not None and row.rating not in keys:
        words = _("%(name)s (out of date)") % {"name": rating_words(row, scale)}
        found.insert(0, (row.rating, words))
    return found


class OwnAppetiteNew(RegisterView):
    """Another one of the viewer's party."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        require(self.viewer, "own_appetite.edit")
        return self._page(OwnAppetiteForm(self.viewer))

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Set it."""
        require(self.viewer, "own_appetite.edit")
        form = OwnAppetiteForm(self.viewer, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            set_own_appetite(actor=self.viewer, at=self.at, **form.fields_for_service())
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(form, 400)
        messages.success(request, _("Your party’s own appetite is set."))
        return _redirect_to_criteria(self.viewer)

    def _page(self, form: OwnAppetiteForm, status: int = 200) -> HttpResponse:
        return self.render("own_appetites/form.html", {"form": form}, status)


class OwnAppetiteEdit(RegisterView):
    """Another rating, term or reason; or an end of it."""

    def get(self, request: HttpRequest, appetite: uuid.UUID) -> HttpResponse:
        """The form."""
        row = self._row(appetite)
        return self._page(row, OwnAppetiteForm(self.viewer, row=row))

    def post(self, request: HttpRequest, appetite: uuid.UUID) -> HttpResponse:
        """``action``: save (the default) or end."""
        row = self._row(appetite)
        form = form_to_save(request, partial(OwnAppetiteForm, self.viewer, row=row))
        if not form.is_valid():
            return self._page(row, form, 400)
        ends = request.POST.get("action") == "end"
        known: dict[str, Any] = {
            "actor": self.viewer,
            "appetite": appetite,
            "version": form.cleaned_data["version"],
            "at": self.at,
        }
        try:
            if ends:
                end_own_appetite(**known)
            else:
                change_own_appetite(fields=form.fields_for_service(), **known)
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(row, form, 400)
        except Conflict as conflict:
            now = self._row(appetite)
            if ends:
                fresh = OwnAppetiteForm(self.viewer, row=now)
                return self._page(now, fresh, 409, conflict.detail)
            return self._conflict_page(request, now)
        done = (
            _("Your party’s own appetite holds no more.")
            if ends
            else _("Your party’s own appetite is saved.")
        )
        messages.success(request, done)
        return _redirect_to_criteria(self.viewer)

    def _row(self, appetite: uuid.UUID) -> OwnAppetite:
        row = own_appetite_in_force_for(self.viewer, appetite)
        require(self.viewer, "own_appetite.edit", row)
        return row

    def _conflict_page(self, request: HttpRequest, now: OwnAppetite) -> HttpResponse:
        urls = {"thing": _criteria_page_address(self.viewer), "edit": request.path}
        make = partial(OwnAppetiteForm, self.viewer, row=now)
        context = form_conflict_context(request, make, now, urls, _("Back to the criteria"))
        return self.render("conflict.html", context, 409)

    def _page(
        self, row: OwnAppetite, form: OwnAppetiteForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        context = {"row": row, "about": which_risks_text(row), "form": form, "conflict": conflict}
        return self.render("own_appetites/form.html", context, status)


def _criteria_page_address(viewer: Viewer) -> str:
    page = reverse("web:criteria", kwargs={"slug": viewer.register.slug})
    return f"{page}#party-appetite"


def _redirect_to_criteria(viewer: Viewer) -> HttpResponse:
    return HttpResponseRedirect(_criteria_page_address(viewer))
