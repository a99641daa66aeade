"""Planning mitigations, and changing them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import answerable_members
from riskreg.register.translations import CONFIRMED
from riskreg.risks.fields import MITIGATION
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import mitigation_for, visible_risks
from riskreg.risks.services import create_mitigation, edit_mitigation
from riskreg.web.base import add_errors
from riskreg.web.bilingual import name_languages_in_labels
from riskreg.web.conflict import (
    ComparedValues,
    edit_conflict_context,
    names_to_save,
    saved_words,
    seen_value,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.localized import outdated_translations_text_or_empty
from riskreg.web.mitigations.pages import MitigationPage
from riskreg.web.risk_choice import offer_unclosed_risks_or_typing, refs_in
from riskreg.web.table_form import (
    CONFIRMED_TRANSLATIONS_FIELD,
    add_confirmed_translations_field,
    fields_in_form,
    form_field,
    initial_value,
    keep_shown_values_beside_fields,
    read_confirmed_translations,
    set_choices,
    visibility_choices,
)


class MitigationForm(forms.Form):
    """Planned work. Fields are checked by the service; this is what they look like."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    # Set by programs and imports.
    not_shown = (Type.LABELS, Type.TRANSLATIONS)

    def __init__(
        self,
        viewer: Viewer,
        data: Any = None,
        *,
        current: Mitigation | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        for each in MITIGATION.settable:
            if each.type not in self.not_shown:
                self.fields[each.name] = form_field(each)
        if current is not None and current.translations:
            name_languages_in_labels(self, MITIGATION.translated, next(iter(current.translations)))
        people = [(str(m.user.uuid), f"{m.user} · {m.party}") for m in answerable_members(viewer)]
        set_choices(self, "owner", people)
        linked = Q(pk__in=current.risks.all()) if current else Q()
        offer_unclosed_risks_or_typing(self, MITIGATION["risks"], viewer, linked)
        if current is None:
            # What a mitigation starts with is not asked for.
            for name in ("status", "progress", "progress_note", "spent"):
                del self.fields[name]
            self.fields["visibility"] = forms.ChoiceField(
                label=str(MITIGATION["visibility"].label),
                initial="shared",
                choices=visibility_choices(viewer),
            )
        else:
            add_confirmed_translations_field(self, current.outdated_translations, MITIGATION)
            if current.party_id != viewer.party_id:
                del self.fields["external_id"]  # what its own party's systems call it
            keep_shown_values_beside_fields(self)

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes, by the names of the table."""
        fields = {
            field.name: self.cleaned_data[field.name] for field in fields_in_form(MITIGATION, self)
        }
        return fields | read_confirmed_translations(self)

    def changed_fields_for_service(self) -> set[str]:
        """Names of what the service takes that the writer changed from what they were shown."""
        return {
            CONFIRMED if name == CONFIRMED_TRANSLATIONS_FIELD else name
            for name in self.changed_data
        }

    def clean_risks(self) -> list[str]:
        """The refs that were ticked or typed."""
        return refs_in(self.cleaned_data["risks"])


def form_values_of(viewer: Viewer, mitigation: Mitigation) -> dict[str, Any]:
    """A mitigation as the form's initial values."""
    plain = (*MitigationForm.not_shown, Type.RISKS)
    risks = visible_risks(viewer).filter(mitigations=mitigation)
    return {
        **{
            f.name: initial_value(f, mitigation) for f in MITIGATION.settable if f.type not in plain
        },
        "risks": sorted(risks.values_list("ref", flat=True)),
        "version": mitigation.version,
    }


@adds_same_contents_once
class MitigationNew(MitigationPage):
    """Plan work, perhaps for the risk named by ``?risk=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form, owned by whoever asks."""
        require(self.viewer, "mitigation.create")
        initial = {
            "risks": request.GET.getlist("risk"),
            "owner": str(self.viewer.user.uuid),
        }
        return self._page(MitigationForm(self.viewer, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Plan it, or say what is wrong with the form."""
        require(self.viewer, "mitigation.create")
        form = MitigationForm(self.viewer, request.POST)
        if form.is_valid():
            try:
                made = create_mitigation(
                    actor=self.viewer,
                    fields=form.fields_for_service(),
                    visibility=form.cleaned_data["visibility"],
                    at=self.at,
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                messages.success(request, _("%(ref)s is planned.") % {"ref": made.ref})
                return HttpResponseRedirect(self.page_url("mitigation", ref=made.ref))
        return self._page(form, 400)

    def _page(self, form: MitigationForm, status: int = 200) -> HttpResponse:
        return self.render("mitigations/form.html", {"form": form, "new": True}, status)


class MitigationEdit(MitigationPage):
    """Change one; whoever was slower sees both versions and chooses."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form as it stands."""
        mitigation = mitigation_for(self.viewer, ref)
        require(self.viewer, "mitigation.edit", mitigation)
        initial = form_values_of(self.viewer, mitigation)
        form = MitigationForm(self.viewer, initial=initial, current=mitigation)
        return self._page(form, mitigation)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Save it; 409 with both versions when somebody else saved first."""
        mitigation = mitigation_for(self.viewer, ref)
        require(self.viewer, "mitigation.edit", mitigation)
        form = MitigationForm(self.viewer, request.POST, current=mitigation)
        if form.is_valid():
            touched = names_to_save(request, form.changed_fields_for_service())
            if "progress" in touched:
                # The sentence that stands beside it in the form goes with it.
                touched = {*touched, "progress_note"}
            fields = {
                name: value for name, value in form.fields_for_service().items() if name in touched
            }
            try:
                was = mitigation.outdated_translations
                saved = edit_mitigation(
                    actor=self.viewer,
                    ref=ref,
                    version=form.cleaned_data["version"] or 0,
                    fields=fields,
                    at=self.at,
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            except Conflict:
                return self._conflict_page(request, form, mitigation_for(self.viewer, ref), touched)
            else:
                messages.success(request, saved_words(ref, fields))
                stale = outdated_translations_text_or_empty(saved, MITIGATION.translated)
                if stale and saved.outdated_translations != was:
                    messages.warning(request, stale)
                return HttpResponseRedirect(self.page_url("mitigation", ref=ref))
        return self._page(form, mitigation, 400)

    def _conflict_page(
        self, request: HttpRequest, form: MitigationForm, now: Mitigation, touched: set[str]
    ) -> HttpResponse:
        initial = form_values_of(self.viewer, now)
        seen = {
            field.name: seen_value(form, field.name) for field in fields_in_form(MITIGATION, form)
        }
        newest = MitigationForm(self.viewer, initial=initial, current=now)
        urls = {
            "thing": self.page_url("mitigation", ref=now.ref),
            "edit": self.page_url("mitigation_edit", ref=now.ref),
        }
        seen["risks"] = refs_in(seen["risks"])
        values = ComparedValues(form.fields_for_service(), initial, seen)
        context = edit_conflict_context(
            request, MITIGATION, now, (form, newest), values, touched, urls,
            _("Back to the mitigation"),
        )  # fmt: skip
        return self.render("conflict.html", context, 409)

    def _page(
        self, form: MitigationForm, mitigation: Mitigation, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "m": mitigation, "title": mitigation.localized("title")}
        return self.render("mitigations/form.html", context, status)
