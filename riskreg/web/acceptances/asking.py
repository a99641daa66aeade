"""Asking for an acceptance of a risk, or for an extension of one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.decisions.fields import ACCEPTANCE
from riskreg.decisions.policy.acceptances import last_possible_day
from riskreg.decisions.queries.acceptances import least_role_to_accept, who_can_accept
from riskreg.decisions.services import request_acceptance
from riskreg.decisions.services.requests import (
    accepted_without_break_since,
    newest_granted_acceptance,
    require_above_appetite_and_not_asked,
)
from riskreg.kernel.errors import Invalid
from riskreg.register.models import Role
from riskreg.register.permissions import require
from riskreg.register.policy import Matrix
from riskreg.register.queries import answerable_members
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import current_position_of, risk_for
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.conditions import (
    FilledConditions,
    filled_conditions,
    with_names_of_condition_boxes,
)
from riskreg.web.forms.keeping import posted_texts
from riskreg.web.localized import risk_statement_html
from riskreg.web.presenters import Scale, name_of_person
from riskreg.web.table_form import form_field, set_choices

CONDITIONS = 3
_PARTS = ("text", "owner", "due_on")


class AskForm(forms.Form):
    """What is asked for; three conditions at most, more by the API."""

    def __init__(self, view: "AskAcceptance", risk: Risk, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        for field in ACCEPTANCE.settable:
            if field.name == "translations":
                continue
            shown: Any = form_field(field)
            shown.needed = field.must_send
            shown.required = False
            self.fields[field.name] = shown
        could = who_can_accept(view.viewer, risk, view.rating, but=[view.viewer.user.pk])
        # With one there is nothing to choose.
        first = [] if len(could) == 1 else [("", "")]
        set_choices(self, "acceptor", [*first, *((str(u.uuid), name_of_person(u)) for u in could)])
        private = risk.party if risk.visibility == Visibility.PARTY else None
        members = answerable_members(view.viewer, private_to=private)
        people = [("", _("nobody"))] + [(str(m.user.uuid), name_of_person(m.user)) for m in members]
        for n in range(CONDITIONS):
            self.fields[f"condition_{n}_text"] = forms.CharField(
                label=gettext_lazy("Condition"), required=False
            )
            self.fields[f"condition_{n}_owner"] = forms.ChoiceField(
                label=gettext_lazy("Owner"), required=False, choices=people
            )
            self.fields[f"condition_{n}_due_on"] = forms.DateField(
                label=gettext_lazy("Due"), required=False,
                widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            )  # fmt: skip

    @property
    def condition_fields_by_row(self) -> list[tuple[Any, ...]]:
        """The boxes of each condition."""
        return [tuple(self[f"condition_{n}_{p}"] for p in _PARTS) for n in range(CONDITIONS)]

    def fields_for_service(self) -> dict[str, Any]:
        """As the service takes it."""
        return {f.name: self.cleaned_data[f.name] for f in ACCEPTANCE.settable
                if f.name in self.cleaned_data}  # fmt: skip

    def filled_conditions(self) -> FilledConditions:
        """The conditions of which anything was filled in."""
        return filled_conditions(self.cleaned_data, CONDITIONS, _PARTS)


class AskAcceptance(RegisterView):
    """The form; where it cannot be asked for, the reason stands in its place."""

    rating: str = ""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form, or why there is none."""
        risk, position = self._find_risk_and_note_rating(ref)
        return self._page(risk, position, AskForm(self, risk))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Ask."""
        risk, position = self._find_risk_and_note_rating(ref)
        form = AskForm(self, risk, request.POST)
        if not form.is_valid():
            return self._page(risk, position, form, 400)
        filled = form.filled_conditions()
        try:
            row = request_acceptance(
                actor=self.viewer,
                ref=ref,
                given=form.fields_for_service(),
                conditions=filled.conditions,
                at=self.at,
            )
        except Invalid as invalid:
            add_errors(form, with_names_of_condition_boxes(invalid, filled.box_numbers))
            return self._page(risk, position, form, 400)
        messages.success(
            request,
            _("%(ref)s is asked for. The risk counts as not accepted until it is granted.")
            % {"ref": row.ref},
        )
        keys = {"slug": self.viewer.register.slug, "ref": row.ref}
        return HttpResponseRedirect(reverse("web:acceptance", kwargs=keys))

    def _find_risk_and_note_rating(self, ref: str) -> tuple[Risk, Position]:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "acceptance.request", risk)
        position = current_position_of(risk)
        self.rating = position.residual_rating or Matrix(self.viewer.criteria).rating_keys[-1]
        return risk, position

    def _page(
        self, risk: Risk, position: Position, form: AskForm, status: int = 200
    ) -> HttpResponse:
        blocked = ""
        try:
            require_above_appetite_and_not_asked(self.viewer, risk, position)
        except Invalid as invalid:
            blocked = invalid.detail
        today, matrix = self.viewer.today(self.at), Matrix(self.viewer.criteria)
        since = accepted_without_break_since(self.viewer, risk)
        scale = Scale(self.viewer.criteria)
        role = Role(least_role_to_accept(self.viewer, self.rating))
        cell = position.cell("residual")
        context = {
            "risk": risk,
            "title": risk.localized("title"),
            "sentence": risk_statement_html(risk),
            "form": form,
            "blocked": blocked,
            "texts": posted_texts(self.request),
            "extends": newest_granted_acceptance(risk),
            "chip": scale.cell_chip(cell, risk.kind),
            "place": scale.place_in_words(cell) if cell else "",
            "role": role.label,
            "days": matrix.most_days_accepted_at_once(self.rating),
            "most": matrix.most_days_accepted_in_all(self.rating),
            "since": since,
            "last": last_possible_day(today, since, matrix, self.rating),
            "nobody": not any(value for value, _label in form.fields["acceptor"].choices),  # type: ignore[attr-defined]
        }
        return self.render("acceptances/new.html", context, status)
