"""Asking a question, and changing its draft."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import Decision
from riskreg.decisions.queries.decisions import decision_for, may_be_edited
from riskreg.decisions.services import create_decision, edit_decision
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import answerable_members
from riskreg.register.visibility import Visibility
from riskreg.web.base import add_errors
from riskreg.web.bilingual import name_languages_in_labels
from riskreg.web.conflict import (
    ComparedValues,
    edit_conflict_context,
    names_to_save,
    saved_words,
    seen_value,
)
from riskreg.web.decisions.pages import DecisionPage
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.risk_choice import offer_unclosed_risks_or_typing, refs_in
from riskreg.web.table_form import (
    fields_in_form,
    form_field,
    initial_value,
    keep_shown_values_beside_fields,
    set_choices,
    visibility_choices,
)

NOT_SHOWN = (Type.TRANSLATIONS,)


class DecisionForm(forms.Form):
    """A question. Fields are checked by the service; this is what they look like."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    deciders = forms.MultipleChoiceField(
        label=gettext_lazy("Who decides"),
        help_text=gettext_lazy(
            "For each party whose risks it touches somebody with the authority; each party that is "
            "named has to say yes. Whoever asks does not decide."
        ),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        viewer: Viewer,
        data: Any = None,
        *,
        current: Decision | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        for each in DECISION.settable:
            if each.type not in NOT_SHOWN:
                self.fields[each.name] = form_field(each)
        if current is not None and current.translations:
            name_languages_in_labels(self, DECISION.translated, next(iter(current.translations)))
        self.fields["replaces"].required = False
        asker = current.requested_by_id if current else viewer.user.pk
        private = current is not None and current.visibility == Visibility.PARTY
        members = answerable_members(viewer, private_to=current.party if private else None)  # type: ignore[union-attr]
        people = [
            (str(m.user.uuid), f"{m.user} · {m.party} · {m.get_role_display()}")
            for m in members
            if m.party_id is not None and m.user_id != asker
        ]
        set_choices(self, "deciders", people)
        linked = Q(pk__in=current.risks.all()) if current else Q()
        offer_unclosed_risks_or_typing(self, DECISION["risks"], viewer, linked)
        self._add_recommendation_fields(current)
        if current is None:
            self.fields["visibility"] = forms.ChoiceField(
                label=str(DECISION["visibility"].label),
                initial="shared",
                choices=visibility_choices(viewer),
            )
        else:
            keep_shown_values_beside_fields(self)

    def _add_recommendation_fields(self, current: Decision | None) -> None:
        """Which option is recommended is asked once there are some."""
        names = ("recommended", "strength", "certainty", "advice")
        if current is None:
            for name in names:
                del self.fields[name]
            return
        options: list[Any] = current.choices  # type: ignore[attr-defined]
        named = [(one.key, f"{one.key} {one.localized('title')}") for one in options]
        self.fields["recommended"] = forms.ChoiceField(
            label=str(DECISION["recommended"].label),
            required=False,
            choices=[("", _("none")), *named],
        )

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes, by the names of the table."""
        names = [*(field.name for field in fields_in_form(DECISION, self)), "deciders"]
        return {name: self.cleaned_data[name] for name in names}

    def clean_risks(self) -> list[str]:
        """The refs that were ticked or typed."""
        return refs_in(self.cleaned_data["risks"])


def form_values_of(row: Decision) -> dict[str, Any]:
    """A decision, read by ``decision_for``, as the form's initial values."""
    plain = (*NOT_SHOWN, Type.RISKS, Type.RISK)
    it: Any = row
    return {
        **{f.name: initial_value(f, row) for f in DECISION.settable if f.type not in plain},
        "risks": [risk.ref for risk in it.touched],
        "replaces": row.replaces.ref if row.replaces else "",
        "deciders": [str(one.user.uuid) for one in it.asked],
        "version": row.version,
    }


@adds_same_contents_once
class DecisionNew(DecisionPage):
    """Ask a question, perhaps about the risk named by ``?risk=``."""

    def get(self, request: HttpRequest, ref: str = "") -> HttpResponse:
        """An empty form."""
        require(self.viewer, "decision.ask")
        initial = {"risks": request.GET.getlist("risk")}
        return self._page(DecisionForm(self.viewer, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a draft of it, or say what is wrong with the form."""
        require(self.viewer, "decision.ask")
        form = DecisionForm(self.viewer, request.POST)
        if form.is_valid():
            try:
                made = create_decision(
                    actor=self.viewer,
                    fields=form.fields_for_service(),
                    visibility=form.cleaned_data["visibility"],
                    at=self.at,
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                text = _("%(ref)s is a draft. Add the options that there are beside doing nothing.")
                messages.success(request, text % {"ref": made.ref})
                return HttpResponseRedirect(self.page_url("decision", ref=made.ref))
        return self._page(form, 400)

    def _page(self, form: DecisionForm, status: int = 200) -> HttpResponse:
        return self.render("decisions/form.html", {"form": form, "new": True}, status)


class DecisionEdit(DecisionPage):
    """Change a draft; whoever was slower sees both versions and chooses."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form as it stands."""
        row = self._row(ref)
        if not may_be_edited(self.viewer, row):
            return HttpResponseRedirect(self.page_url("decision", ref=ref))
        return self._page(DecisionForm(self.viewer, initial=form_values_of(row), current=row), row)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Save it; 409 with both versions when somebody else saved first."""
        row = self._row(ref)
        form = DecisionForm(self.viewer, request.POST, current=row)
        if form.is_valid():
            touched = names_to_save(request, set(form.changed_data))
            fields = {
                name: value for name, value in form.fields_for_service().items() if name in touched
            }
            try:
                edit_decision(
                    actor=self.viewer,
                    ref=ref,
                    version=form.cleaned_data["version"] or 0,
                    fields=fields,
                    at=self.at,
                )
            except Invalid as invalid:
                if "state" in invalid.fields:
                    return self.page(ref, status=400, conflict=invalid.detail)
                add_errors(form, invalid)
            except Conflict:
                return self._conflict_page(request, form, self._row(ref), touched)
            else:
                messages.success(request, saved_words(ref, fields))
                return HttpResponseRedirect(self.page_url("decision", ref=ref))
        return self._page(form, row, 400)

    def _row(self, ref: str) -> Decision:
        row = decision_for(self.viewer, ref, self.viewer.today(self.at))
        require(self.viewer, "decision.edit", row)
        return row

    def _conflict_page(
        self, request: HttpRequest, form: DecisionForm, now: Decision, touched: set[str]
    ) -> HttpResponse:
        initial = form_values_of(now)
        seen = {
            field.name: seen_value(form, field.name) for field in fields_in_form(DECISION, form)
        }
        newest = DecisionForm(self.viewer, initial=initial, current=now)
        urls = {
            "thing": self.page_url("decision", ref=now.ref),
            "edit": self.page_url("decision_edit", ref=now.ref),
        }
        seen["risks"] = refs_in(seen["risks"])
        values = ComparedValues(form.fields_for_service(), initial, seen)
        context = edit_conflict_context(
            request, DECISION, now, (form, newest), values, touched, urls,
            _("Back to the decision"),
        )  # fmt: skip
        return self.render("conflict.html", context, 409)

    def _page(self, form: DecisionForm, row: Decision, status: int = 200) -> HttpResponse:
        context = {"form": form, "d": row, "title": row.localized("title")}
        return self.render("decisions/form.html", context, status)
