"""Adding and changing objectives."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.localised import text_of, with_text_in_active_language
from riskreg.register.access import Viewer
from riskreg.register.fields import OBJECTIVE
from riskreg.register.models import Objective
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS
from riskreg.register.queries import objective_for
from riskreg.register.services import add_objective, edit_objective
from riskreg.register.visibility import Visibility
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.bilingual import add_names_fields, nonempty_texts_by_language
from riskreg.web.conflict import form_conflict_context, form_to_save
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.table_form import form_field, keep_shown_values_beside_fields
from riskreg.web.ui.labels import figure_label_word

_SOURCE = ("title", "url", "locator", "note")
_PLAIN = ("value", "unit", "baseline", "due_on", "label", "external_id")


class ObjectiveForm(forms.Form):
    """A measurable target. Fields are checked by the service; this is what they look like."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    value = forms.CharField(
        label=gettext_lazy("Target"),
        required=False,
        widget=forms.TextInput({"inputmode": "decimal"}),
    )
    unit = forms.CharField(
        label=gettext_lazy("Unit"),
        required=False,
        help_text=gettext_lazy("Such as vehicles a year, %, CNY"),
    )
    baseline = forms.CharField(
        label=gettext_lazy("Baseline"),
        required=False,
        widget=forms.TextInput({"inputmode": "decimal"}),
        help_text=gettext_lazy("Where it started from, in the same unit"),
    )
    due_on = forms.CharField(
        label=gettext_lazy("Due on"), required=False, widget=forms.DateInput({"type": "date"})
    )
    label = forms.ChoiceField(label=gettext_lazy("Label"), required=False)
    external_id = form_field(OBJECTIVE["external_id"])
    source_title = forms.CharField(label=gettext_lazy("Source"), required=False)
    source_url = forms.CharField(
        label=gettext_lazy("Address of the source"),
        required=False,
        widget=forms.TextInput({"inputmode": "url"}),
    )
    source_locator = forms.CharField(label=gettext_lazy("Where on it"), required=False)
    source_note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea({"rows": 2})
    )
    visibility = forms.ChoiceField(
        label=gettext_lazy("Who sees it"), required=False, widget=forms.RadioSelect
    )
    field_order = ["version", "name", "name_zh"]

    def __init__(self, viewer: Viewer, data: Any = None, *, row: Objective | None = None) -> None:
        self.row = row
        initial: dict[str, Any] = {"label": "judgement", "visibility": "shared"}
        if row is not None:
            initial = {
                "version": row.version,
                "value": format(row.value.normalize(), "f"),
                "unit": row.unit,
                "baseline": "" if row.baseline is None else format(row.baseline.normalize(), "f"),
                "due_on": row.due_on.isoformat(),
                "label": row.label,
                "external_id": row.external_id or "",
                **{f"source_{n}": text_of(row.source.get(n, "")) for n in _SOURCE},
            }
        super().__init__(data, initial=initial)
        add_names_fields(self, names=row.names if row else None)
        fields: dict[str, Any] = self.fields
        fields["label"].choices = [(value, figure_label_word(value)) for value in LABELS]
        fields["visibility"].choices = [
            (Visibility.SHARED.value, _("Everybody in this register")),
            (Visibility.PARTY.value, _("%(party)s only") % {"party": viewer.party}),
        ]
        for name in ("value", "unit", "due_on", "label", "visibility"):
            fields[name].needed = True
        if row is not None:
            del self.fields["visibility"]
            keep_shown_values_beside_fields(self)
        self.order_fields(self.field_order)

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes. What the form does not show of a source stays as it is."""
        data = self.cleaned_data
        old = self.row.source if self.row else {}
        source: dict[str, Any] = {n: v for n, v in old.items() if n not in _SOURCE}
        for name in _SOURCE:
            text, before = data[f"source_{name}"], old.get(name)
            # By language: the form shows and changes the reader's.
            source[name] = with_text_in_active_language(before, text)
        plain = {name: data[name] for name in _PLAIN}
        return {"names": nonempty_texts_by_language(data), **plain, "source": source}

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        renamed = {
            {"names": "name"}.get(name, name.replace("source.", "source_")): errors
            for name, errors in invalid.fields.items()
        }
        add_errors(self, Invalid(renamed))


class ObjectiveNew(RegisterView):
    """A new target of the viewer's party."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        require(self.viewer, "objective.edit")
        return self._page(ObjectiveForm(self.viewer))

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Add it."""
        require(self.viewer, "objective.edit")
        form = ObjectiveForm(self.viewer, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            row = add_objective(
                actor=self.viewer,
                visibility=form.cleaned_data["visibility"],
                at=self.at,
                **form.fields_for_service(),
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(form, 400)
        messages.success(request, _("“%(name)s” is added.") % {"name": row.name})
        return _redirect_to_objective(self.viewer, row)

    def _page(self, form: ObjectiveForm, status: int = 200) -> HttpResponse:
        return self.render("objectives/form.html", {"form": form}, status)


class ObjectiveEdit(RegisterView):
    """Another target value, day, name or source."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form."""
        row = objective_for(self.viewer, key)
        require(self.viewer, "objective.edit", row)
        return self._page(row, ObjectiveForm(self.viewer, row=row))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Change it."""
        row = objective_for(self.viewer, key)
        require(self.viewer, "objective.edit", row)
        form = form_to_save(request, partial(ObjectiveForm, self.viewer, row=row))
        if not form.is_valid():
            return self._page(row, form, 400)
        try:
            row = edit_objective(
                actor=self.viewer,
                key=key,
                fields=form.fields_for_service(),
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(row, form, 400)
        except Conflict:
            return self._conflict_page(request, objective_for(self.viewer, key))
        messages.success(request, _("“%(name)s” is saved.") % {"name": row.name})
        return _redirect_to_objective(self.viewer, row)

    def _conflict_page(self, request: HttpRequest, now: Objective) -> HttpResponse:
        keys = {"slug": self.viewer.register.slug, "key": now.key}
        urls = {
            "thing": reverse("web:objective", kwargs=keys),
            "edit": reverse("web:objective_edit", kwargs=keys),
        }
        make = partial(ObjectiveForm, self.viewer, row=now)
        context = form_conflict_context(request, make, now, urls, _("Back to the objective"))
        return self.render("conflict.html", context, 409)

    def _page(self, row: Objective, form: ObjectiveForm, status: int = 200) -> HttpResponse:
        return self.render("objectives/form.html", {"o": row, "form": form}, status)


def _redirect_to_objective(viewer: Viewer, row: Objective) -> HttpResponse:
    keys = {"slug": viewer.register.slug, "key": row.key}
    return HttpResponseRedirect(reverse("web:objective", kwargs=keys))
