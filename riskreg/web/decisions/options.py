"""The options of a draft: adding one, changing it, taking it out."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.decisions.models import Decision, Option
from riskreg.decisions.queries.decisions import decision_for, first_mitigations_to_offer, option_of
from riskreg.decisions.services import add_option, edit_option, remove_option
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.labels import Label
from riskreg.register.permissions import require
from riskreg.register.queries import parties_for
from riskreg.web.base import add_errors
from riskreg.web.decisions.pages import DecisionPage, put_newest_version_into
from riskreg.web.forms.marks import adds_same_contents_once

COSTS = 4
_PARTS = ("amount", "year", "party")
_GATE = {
    "chance": gettext_lazy("Chance that it succeeds, %"),
    "gain": gettext_lazy("Gain then, net"),
    "loss": gettext_lazy("Loss otherwise, net"),
    "hit": gettext_lazy("Says go where it would succeed, %"),
    "false_alarm": gettext_lazy("Says go where it would not, %"),
}


class OptionForm(forms.Form):
    """One answer to the question; four costs at most, more by the API."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(label=gettext_lazy("Option"), required=False)
    effects = forms.CharField(
        label=gettext_lazy("What it brings"), required=False, widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("In words: what changes, for whom, and how sure that is."),
    )  # fmt: skip
    mitigations = forms.MultipleChoiceField(
        label=gettext_lazy("Carries out these mitigations"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(
        self, page: DecisionPage, row: Decision, data: Any = None, *, option: Option | None = None
    ) -> None:
        super().__init__(data, initial=_initial_values(row, option))
        title: Any = self.fields["title"]
        title.needed = True
        self.is_nothing = option is not None and option.is_nothing
        if self.is_nothing:
            del self.fields["mitigations"]
            return
        held = [work.ref for work in option.mitigations.all()] if option is not None else []
        works = first_mitigations_to_offer(page.viewer, row, held)
        named = [(work.ref, f"{work.ref} {work.localized('title')}") for work in works]
        field: Any = self.fields["mitigations"]
        field.choices = named
        parties = [("", ""), *((p.key, p.name) for p in parties_for(page.viewer))]
        for n in range(COSTS):
            self.fields[f"cost_{n}_amount"] = forms.DecimalField(
                label=gettext_lazy("Cost"), required=False
            )
            self.fields[f"cost_{n}_year"] = forms.IntegerField(
                label=gettext_lazy("Year"), required=False
            )
            self.fields[f"cost_{n}_party"] = forms.ChoiceField(
                label=gettext_lazy("Paid by"), required=False, choices=parties
            )

        self._add_gate_fields_if_other_options(row, option)

    def _add_gate_fields_if_other_options(
        self, decision: Decision, own_option: Option | None
    ) -> None:
        """The boxes of what it finds out about another option, if there is another."""
        own = own_option.key if own_option is not None else ""
        choices: list[Option] = decision.choices  # type: ignore[attr-defined]
        others = [o for o in choices if not o.is_nothing and o.gate is None and o.key != own]
        if not others:
            return
        named = [(o.key, f"{o.key} {o.localized('title')}") for o in others]
        self.fields["gate_decides"] = forms.ChoiceField(
            label=gettext_lazy("Finds out about"), required=False, choices=[("", ""), *named]
        )
        for name, label in _GATE.items():
            self.fields[f"gate_{name}"] = forms.DecimalField(label=label, required=False)
        self.fields["gate_label"] = forms.ChoiceField(
            label=gettext_lazy("Label"), required=False, choices=[("", ""), *Label.choices]
        )

    @property
    def gate_fields(self) -> list[Any]:
        """The boxes of a gate; none where there is nothing to find out about."""
        names = ("decides", *_GATE, "label")
        return [self[f"gate_{n}"] for n in names] if "gate_decides" in self.fields else []

    def _gate_from_cleaned_data(self) -> dict[str, Any] | None:
        """What was said of a gate; None where nothing was."""
        found = {
            name: self.cleaned_data.get(f"gate_{name}") for name in ("decides", *_GATE, "label")
        }
        if all(value in (None, "") for value in found.values()):
            return None
        return {name: value if isinstance(value, str | None) else str(value)
                for name, value in found.items()}  # fmt: skip

    @property
    def cost_fields_by_row(self) -> list[tuple[Any, ...]]:
        """The boxes of each cost."""
        if self.is_nothing:
            return []
        return [tuple(self[f"cost_{n}_{part}"] for part in _PARTS) for n in range(COSTS)]

    def fields_for_service(self, costs_beyond_form: list[dict[str, Any]]) -> dict[str, Any]:
        """As the service takes it; ``costs_beyond_form``: those that the form does not show."""
        fields = {name: self.cleaned_data[name] for name in ("title", "effects")}
        if self.is_nothing:
            return fields
        costs: list[dict[str, Any]] = []
        for n in range(COSTS):
            parts = {part: self.cleaned_data.get(f"cost_{n}_{part}") for part in _PARTS}
            if parts["amount"] is not None or parts["party"]:
                amount = parts["amount"]
                costs.append({**parts, "amount": None if amount is None else str(amount)})
        fields |= {
            "mitigations": self.cleaned_data["mitigations"],
            "costs": costs + costs_beyond_form,
        }
        return fields | ({"gate": self._gate_from_cleaned_data()} if self.gate_fields else {})


def _initial_values(row: Decision, option: Option | None) -> dict[str, Any]:
    initial: dict[str, Any] = {"version": row.version}
    if option is None:
        return initial
    initial |= {"title": option.title, "effects": option.effects}
    initial["mitigations"] = [work.ref for work in option.mitigations.all()]
    for n, cost in enumerate(option.costs[:COSTS]):
        initial |= {f"cost_{n}_{part}": cost[part] for part in _PARTS}
    initial |= {f"gate_{name}": value for name, value in (option.gate or {}).items()}
    return initial


class _OptionPage(DecisionPage):
    def decision_to_edit(self, ref: str) -> Decision:
        """The decision, where the viewer may change its draft."""
        row = decision_for(self.viewer, ref, self.viewer.today(self.at))
        require(self.viewer, "decision.edit", row)
        return row

    def form_page(
        self,
        row: Decision,
        form: OptionForm,
        option: Option | None,
        status: int = 200,
        conflict: str = "",
    ) -> HttpResponse:
        """The form of an option."""
        context = {
            "form": form,
            "ref": row.ref,
            "title": row.localized("title"),
            "option": option,
            "conflict": conflict,
        }
        return self.render("decisions/option.html", context, status)

    def refused_page(
        self, row: Decision, form: OptionForm, option: Option | None, error: Invalid | Conflict
    ) -> HttpResponse:
        """What is said of a form that was not taken."""
        if isinstance(error, Conflict):
            again: Any = put_newest_version_into(form, error.current.version)
            return self.form_page(row, again, option, 409, error.detail)
        if "state" in error.fields:
            return self.page(row.ref, status=400, conflict=error.detail)
        add_errors(form, _with_names_of_boxes(error))
        return self.form_page(row, form, option, 400)


@adds_same_contents_once
class OptionNew(_OptionPage):
    """One more option."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """An empty form."""
        row = self.decision_to_edit(ref)
        return self.form_page(row, OptionForm(self, row), None)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Add it."""
        row = self.decision_to_edit(ref)
        form = OptionForm(self, row, request.POST)
        if not form.is_valid():
            return self.form_page(row, form, None, 400)
        version, given = form.cleaned_data["version"], form.fields_for_service([])
        try:
            add_option(actor=self.viewer, ref=ref, version=version, fields=given, at=self.at)
        except (Invalid, Conflict) as error:
            return self.refused_page(row, form, None, error)
        messages.success(request, _("The option is added."))
        return HttpResponseRedirect(self.page_url("decision", ref=ref))


class OptionEdit(_OptionPage):
    """Change an option of a draft."""

    def get(self, request: HttpRequest, ref: str, key: str = "") -> HttpResponse:
        """The form as it stands."""
        row = self.decision_to_edit(ref)
        option = option_of(row, key)
        return self.form_page(row, OptionForm(self, row, option=option), option)

    def post(self, request: HttpRequest, ref: str, key: str) -> HttpResponse:
        """Save it."""
        row = self.decision_to_edit(ref)
        option = option_of(row, key)
        form = OptionForm(self, row, request.POST, option=option)
        if not form.is_valid():
            return self.form_page(row, form, option, 400)
        version, given = form.cleaned_data["version"], form.fields_for_service(option.costs[COSTS:])
        try:
            edit_option(
                actor=self.viewer, ref=ref, key=key, version=version, fields=given, at=self.at
            )
        except (Invalid, Conflict) as error:
            return self.refused_page(row, form, option, error)
        messages.success(request, _("The option is saved."))
        return HttpResponseRedirect(self.page_url("decision", ref=ref))


class OptionRemove(_OptionPage):
    """Take an option out of a draft."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, ref: str, key: str) -> HttpResponse:
        """Take it out."""
        sent = request.POST.get("version", "")
        version = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else None
        try:
            remove_option(actor=self.viewer, ref=ref, key=key, version=version, at=self.at)
        except Invalid as invalid:
            return self.page(ref, status=400, conflict=invalid.detail)
        except Conflict as conflict:
            return self.page(ref, status=409, conflict=conflict.detail)
        messages.success(request, _("The option is taken out."))
        return HttpResponseRedirect(self.page_url("decision", ref=ref))


def _with_names_of_boxes(invalid: Invalid) -> Invalid:
    """The same with the names of the form's boxes: ``costs.0.year`` as it stands there."""
    renamed: dict[str, Any] = {}
    for name, errors in invalid.fields.items():
        head, *rest = name.split(".")
        if head == "costs" and len(rest) == 2:
            name = f"cost_{rest[0]}_{rest[1]}"
        elif head == "gate":
            name = f"gate_{rest[0] if rest else 'decides'}"
        renamed.setdefault(name, []).extend(errors)
    return Invalid(renamed)
