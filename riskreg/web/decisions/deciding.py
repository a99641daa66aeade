"""Choosing an option: why, on which conditions, and when it is looked at again."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.decisions.models import Decision, DecisionState
from riskreg.decisions.policy.decisions import Act
from riskreg.decisions.queries.decisions import (
    asked_parties,
    decision_for,
    reason_blocked_and_who_can_text,
    reason_blocked_for,
)
from riskreg.decisions.services import decide
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.queries import answerable_members
from riskreg.web.base import add_errors
from riskreg.web.decisions.pages import DecisionPage, put_newest_version_into
from riskreg.web.decisions.rows import decision_detail
from riskreg.web.forms.conditions import (
    FilledConditions,
    filled_conditions,
    with_names_of_condition_boxes,
)
from riskreg.web.forms.keeping import posted_texts
from riskreg.web.presenters import name_of_person
from riskreg.web.table_form import set_choices

CONDITIONS = 3
_PARTS = ("text", "owner", "due_on", "before")


def _date_field(label: Any) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


class DecideForm(forms.Form):
    """What is chosen; three conditions at most, more by the API."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    option = forms.ChoiceField(label=gettext_lazy("Option"), required=False)
    rationale = forms.CharField(
        label=gettext_lazy("Why this one?"), required=False, widget=forms.Textarea({"rows": 4})
    )
    despite = forms.CharField(
        label=gettext_lazy("Why nevertheless?"), required=False,
        help_text=gettext_lazy("What it stood on has moved since it was put forward."),
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip
    review_on = _date_field(gettext_lazy("To be looked at again on"))

    def __init__(self, view: DecisionPage, row: Decision, data: Any = None) -> None:
        super().__init__(data, initial={"version": row.version, "option": row.recommended})
        options: list[Any] = row.choices  # type: ignore[attr-defined]
        named = [(one.key, f"{one.key} {one.localized('title')}") for one in options]
        set_choices(self, "option", [("", ""), *named])
        for name in ("option", "rationale", "review_on", "despite"):
            field: Any = self.fields[name]
            field.needed = True
        asked = asked_parties(row)
        members = [m for m in answerable_members(view.viewer) if m.party_id in asked]
        people = [("", _("nobody"))] + [(str(m.user.uuid), name_of_person(m.user)) for m in members]
        for n in range(CONDITIONS):
            self.fields[f"condition_{n}_text"] = forms.CharField(
                label=gettext_lazy("Condition"), required=False
            )
            self.fields[f"condition_{n}_owner"] = forms.ChoiceField(
                label=gettext_lazy("Owner"), required=False, choices=people
            )
            self.fields[f"condition_{n}_due_on"] = _date_field(gettext_lazy("Due"))
            self.fields[f"condition_{n}_before"] = forms.BooleanField(
                label=gettext_lazy("Before it is in force"), required=False
            )

    @property
    def condition_fields_by_row(self) -> list[tuple[Any, ...]]:
        """The boxes of each condition."""
        return [tuple(self[f"condition_{n}_{p}"] for p in _PARTS) for n in range(CONDITIONS)]

    def filled_conditions(self) -> FilledConditions:
        """The conditions of which anything was filled in."""
        return filled_conditions(self.cleaned_data, CONDITIONS, _PARTS)


class DecidePage(DecisionPage):
    """The form; where one may not decide, the reason stands in its place."""

    http_method_names = ["get", "post", "head"]

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form, or why there is none."""
        row = decision_for(self.viewer, ref, self.viewer.today(self.at))
        return self._form_page(row, DecideForm(self, row))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Choose it."""
        row = decision_for(self.viewer, ref, self.viewer.today(self.at))
        form = DecideForm(self, row, request.POST)
        if not form.is_valid():
            return self._form_page(row, form, 400)
        filled = form.filled_conditions()
        names = ("version", "option", "rationale", "despite", "review_on")
        given = {name: form.cleaned_data[name] for name in names}
        try:
            done = decide(
                actor=self.viewer, ref=ref, conditions=filled.conditions, at=self.at, **given
            )
        except Invalid as invalid:
            if "state" in invalid.fields:
                return self._form_page(row, form, 400, invalid.detail)
            add_errors(form, with_names_of_condition_boxes(invalid, filled.box_numbers))
            return self._form_page(row, form, 400)
        except Conflict as conflict:
            again: Any = put_newest_version_into(form, conflict.current.version)
            return self._form_page(conflict.current, again, 409, conflict.detail)
        text = _("It is decided.")
        if done.state == DecisionState.PROPOSED:
            text = _("It is chosen; it is decided when the other parties have said yes.")
        messages.success(request, text)
        return HttpResponseRedirect(self.page_url("decision", ref=ref))

    def _form_page(
        self, row: Decision, form: DecideForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        today = self.viewer.today(self.at)
        blocked = reason_blocked_for(self.viewer, Act.DECIDE, row, today)
        context = decision_detail(self.viewer, row, today) | {
            "form": form,
            "conflict": conflict,
            "blocked": reason_blocked_and_who_can_text(self.viewer, Act.DECIDE, row, blocked)
            if blocked
            else "",
            "texts": posted_texts(self.request),
        }
        return self.render("decisions/decide.html", context, status)
