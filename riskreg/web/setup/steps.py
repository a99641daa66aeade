"""The guided set-up inside a register: a page for each step, left and resumed at will."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.change_models import ChangeRequest
from riskreg.register.frame_templates import described_templates, scale_template
from riskreg.register.people import (
    is_maker_who_manages,
    managerless_parties_not_invited_yet,
    open_invitations,
)
from riskreg.register.permissions import permits, require
from riskreg.register.queries import parties_for, taxonomies_for
from riskreg.register.services import (
    add_classification,
    add_party_or_ask_others,
    invite,
    note_step_finished,
)
from riskreg.register.services.founding import SETUP_STEPS
from riskreg.risks.services import start_with_scale
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.change_requests.asking import redirect_to_request
from riskreg.web.people.invitation_form import InvitationForm


class PartyForm(forms.Form):
    """Another organisation."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    letters = forms.CharField(
        label=gettext_lazy("Letters before its own refs"),
        required=False,
        max_length=3,
        help_text=gettext_lazy(
            "One to three capitals, not R: AB makes AB-001. Left empty, they are chosen."
        ),
    )


class TemplateForm(forms.Form):
    """One of several templates."""

    template = forms.ChoiceField(widget=forms.RadioSelect)

    def __init__(self, choices: list[tuple[str, str]], data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["template"].choices = choices  # type: ignore[attr-defined]


class Setup(RegisterView):
    """Leads to the first step that is still to be done, or says that all are."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """On to the step."""
        require_maker_who_manages(self.viewer)
        left = self.viewer.register.setup_steps
        if left:
            return HttpResponseRedirect(step_url(self.viewer.register.slug, left[0]))
        return self.render("setup/done.html", {"steps": steps_of(self)})


class StepOutcome(NamedTuple):
    """What a step came to: a message, or a request that waits for a yes; and whether the maker
    stays on the step, as there may be more to add."""

    message: str | ChangeRequest
    stays: bool = False


class Step(RegisterView):
    """One step: its form, what is there already, and the way on."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, step: str) -> HttpResponse:
        """The page of the step."""
        require_maker_who_manages(self.viewer)
        return self._page(step, self._form(step))

    def post(self, request: HttpRequest, step: str) -> HttpResponse:
        """Do it and stay, or go on."""
        require_maker_who_manages(self.viewer)
        form = self._form(step, request.POST)
        if request.POST.get("act") == "on":
            return self._finish_step_and_go_on(step)
        if step == "parties" and step not in self.viewer.register.setup_steps:
            raise Forbidden(_("The parties of this register are settled; this step is done."))
        if not form.is_valid():
            return self._page(step, form, 400)
        try:
            done = self._acts[step](self, form)
        except Invalid as invalid:
            renamed = {_FIELDS.get(n, n): e for n, e in invalid.fields.items()}
            add_errors(form, Invalid(renamed))
            return self._page(step, form, 400)
        if not isinstance(done.message, str):
            # It waits for a yes, which does not keep the maker from going on.
            if not done.stays:
                note_step_finished(actor=self.viewer, step=step, at=self.at)
            return redirect_to_request(request, self.viewer, done.message)
        messages.success(request, done.message)
        if done.stays:
            return HttpResponseRedirect(step_url(self.viewer.register.slug, step))
        return self._finish_step_and_go_on(step)

    def _finish_step_and_go_on(self, step: str) -> HttpResponse:
        register = note_step_finished(actor=self.viewer, step=step, at=self.at)
        left = [s for s in SETUP_STEPS[SETUP_STEPS.index(step) + 1 :] if s in register.setup_steps]
        slug = self.viewer.register.slug
        if step == "risk":
            return HttpResponseRedirect(reverse("web:risk_new", kwargs={"slug": slug}))
        if left:
            return HttpResponseRedirect(step_url(slug, left[0]))
        return HttpResponseRedirect(reverse("web:setup", kwargs={"slug": slug}))

    def _form(self, step: str, data: Any = None) -> forms.Form:
        if step == "parties":
            return PartyForm(data)
        if step == "scale":
            size = len(self.viewer.criteria.likelihood)
            choices = [(row["key"], row["name"]) for row in described_templates("scales")]
            return TemplateForm(choices, data, initial={"template": f"{size}x{size}"})
        if step == "classification":
            choices = [(row["key"], row["name"]) for row in described_templates("classifications")]
            return TemplateForm(
                [*choices, ("none", _("None, I add my own"))], data, initial={"template": "none"}
            )
        if step == "people":
            return InvitationForm(self.viewer, data)
        if step == "risk":
            return forms.Form(data)
        raise NotFound(_("There is no such step."))

    def _add_party(self, form: forms.Form) -> StepOutcome:
        party = add_party_or_ask_others(
            actor=self.viewer,
            names={get_language() or "en": form.cleaned_data["name"]},
            prefix=form.cleaned_data["letters"].strip().upper() or None,
            at=self.at,
        )
        if isinstance(party, ChangeRequest):
            return StepOutcome(party, stays=True)
        return StepOutcome(_("%(party)s is a party now.") % {"party": party.name}, stays=True)

    def _choose_scale(self, form: forms.Form) -> StepOutcome:
        seen = self.viewer.criteria.number
        register = start_with_scale(
            actor=self.viewer, template=form.cleaned_data["template"], at=self.at
        )
        if isinstance(register, ChangeRequest):
            return StepOutcome(register)
        changed = register.criteria is not None and register.criteria.number != seen
        return StepOutcome(
            _("The scale is in force.") if changed else _("The scale stays as it is.")
        )

    def _add_classification(self, form: forms.Form) -> StepOutcome:
        added = add_classification(
            actor=self.viewer, template=form.cleaned_data["template"], at=self.at
        )
        if not added:
            return StepOutcome(_("Nothing was added."))
        text = _("The classification is there; its terms can be changed at any time.")
        return StepOutcome(text)

    def _invite(self, form: forms.Form) -> StepOutcome:
        row = invite(actor=self.viewer, at=self.at, **form.cleaned_data)
        return StepOutcome(_("%(address)s is invited.") % {"address": row.email}, stays=True)

    def _outcome_of_last_step(self, form: forms.Form) -> StepOutcome:
        return StepOutcome(_("The register is set up."))

    _acts: dict[str, Callable[["Step", Any], StepOutcome]] = {
        "parties": _add_party,
        "scale": _choose_scale,
        "classification": _add_classification,
        "people": _invite,
        "risk": _outcome_of_last_step,
    }

    def _page(self, step: str, form: forms.Form, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {"step": step, "form": form, "steps": steps_of(self, step)}
        context["may_import"] = permits(self.viewer, "import.make")
        if step == "parties":
            context["parties"] = list(parties_for(self.viewer))
            context["settled"] = step not in self.viewer.register.setup_steps
        elif step == "scale":
            context["templates"] = [
                _scale_template_with_level_names(row) for row in described_templates("scales")
            ]
        elif step == "classification":
            context["taxonomies"] = taxonomies_for(self.viewer)
            context["templates"] = list(described_templates("classifications"))
        elif step == "people":
            context["invited"] = list(open_invitations(self.viewer)[:50])
            context["lacking"] = managerless_parties_not_invited_yet(self.viewer, self.at)
        return self.render("setup/step.html", context, status)


_FIELDS = {"names": "name", "key": "name", "prefix": "letters", "days": "email"}


def require_maker_who_manages(viewer: Viewer) -> None:
    """Raise ``Forbidden`` unless the viewer made the register and manages here still."""
    require(viewer, "register.configure")
    if not is_maker_who_manages(viewer):
        raise Forbidden(
            _("Whoever made the register sets it up. What is there is under Register settings.")
        )


def steps_of(view: RegisterView, current: str = "") -> list[dict[str, Any]]:
    """Every step with its name, address, and how it stands."""
    names = {
        "parties": _("Parties"),
        "scale": _("Scale"),
        "classification": _("Classification"),
        "people": _("People"),
        "risk": _("First risk"),
    }
    register = view.viewer.register
    return [
        {
            "key": key,
            "name": names[key],
            "url": step_url(register.slug, key),
            "current": key == current,
            "done": key not in register.setup_steps,
        }
        for key in SETUP_STEPS
    ]


def step_url(slug: str, step: str) -> str:
    """The address of a step."""
    return reverse("web:setup_step", kwargs={"slug": slug, "step": step})


def _scale_template_with_level_names(row: Any) -> dict[str, Any]:
    data = scale_template(row["key"])
    levels = {
        name: " · ".join(localised(level["names"]) for level in data[name])
        for name in ("likelihood", "impact", "ratings")
    }
    return {**row, **levels}


urlpatterns = [
    path("setup/", Setup.as_view(), name="setup"),
    path("setup/<slug:step>/", Step.as_view(), name="setup_step"),
]
