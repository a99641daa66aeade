"""The life of a risk as small pages: each asks what it must and calls one service."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.axes import axes_of
from riskreg.register.change_models import ChangeRequest
from riskreg.register.permissions import require
from riskreg.register.policy import STAGES
from riskreg.register.queries import choices_for
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import current_position_of, risk_for
from riskreg.risks.services import (
    clone_risk,
    open_risk,
    record_assessment,
    share_risk,
    transfer_risk,
)
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.due_dates import next_review_rows_after_assessment
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.levels import DimensionField, offer_dimensions_or_drop_field
from riskreg.web.presenters import Scale, stage_meaning, stage_name
from riskreg.web.risks.mismatches import warn_of_mismatches
from riskreg.web.table_form import set_choices
from riskreg.web.ui.cells import cell_choice_or_none, parse_cell_choice, posted_or_current_cell


class ActionForm(forms.Form):
    """The version that the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class NeededField(forms.CharField):
    """Needed, but left for the service to ask for, so that all that is wrong is said at once."""

    needed = True

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)


class ReasonForm(ActionForm):
    """An action that is kept with its reason."""

    reason = NeededField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("It is kept in the history, for whoever asks later."),
    )


class TransferForm(ActionForm):
    """Who answers for the risk from now on."""

    owner = forms.ChoiceField(label=gettext_lazy("New owner"), choices=[])
    deputy = forms.ChoiceField(
        label=gettext_lazy("Deputy"),
        required=False,
        choices=[],
        help_text=gettext_lazy("Left empty, the deputy stays."),
    )


class AssessForm(ActionForm):
    """A judgement at one stage; the cell itself is the radio grid's."""

    rationale = NeededField(
        label=gettext_lazy("Why?"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "What makes you judge it so, with the band or the words of the level that fit; others "
            "will read it."
        ),
    )
    dimension = DimensionField()


class RiskAction(RegisterView):
    """A page with one question (GET) and its answer (POST). Nothing is saved on a conflict."""

    action = ""
    form_class: type[ActionForm] = ActionForm
    template = "risks/action.html"
    danger = False

    def page_texts(self, risk: Risk) -> dict[str, str]:
        """title, text (what will happen) and button."""
        raise NotImplementedError

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk | ChangeRequest:
        """Call the service; return the risk as it is afterwards, or the request that waits."""
        raise NotImplementedError

    def success_message(self, risk: Risk) -> str:
        """What to say afterwards."""
        raise NotImplementedError

    def warn_after_saving(self, request: HttpRequest, risk: Risk) -> None:
        """Say what of what was saved deserves a second look."""

    def prepare_form(self, form: ActionForm, risk: Risk) -> None:
        """Fill in choices."""

    def extra_context(self, request: HttpRequest, risk: Risk) -> dict[str, Any]:
        """Further values for the page."""
        return {}

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = self._risk(ref)
        form = self.form_class(initial={"version": risk.version})
        self.prepare_form(form, risk)
        return self._page(request, risk, form)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = self._risk(ref)
        form = self.form_class(request.POST, initial={"version": risk.version})
        self.prepare_form(form, risk)
        if not form.is_valid():
            return self._page(request, risk, form, status=400)
        if form.cleaned_data["version"] is None:
            form.add_error(None, _("Open the page again: this one does not say what it was."))
            return self._page(request, risk, form, status=400)
        try:
            saved = self.act(risk, form.cleaned_data)
        except Conflict:
            return self._conflict_page(request, ref, form)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(request, risk, form, status=400)
        if isinstance(saved, ChangeRequest):
            return redirect_to_request(request, self.viewer, saved)
        messages.success(request, self.success_message(saved))
        self.warn_after_saving(request, saved)
        keys = {"slug": self.viewer.register.slug, "ref": saved.ref}
        return HttpResponseRedirect(reverse("web:risk", kwargs=keys))

    def _risk(self, ref: str) -> Risk:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, f"risk.{self.action}", risk)
        return risk

    def _conflict_page(self, request: HttpRequest, ref: str, form: ActionForm) -> HttpResponse:
        """The page again with what was written, built on the risk as it is now."""
        risk = self._risk(ref)
        data = request.POST.copy()
        data["version"] = str(risk.version)
        again = self.form_class(data)
        self.prepare_form(again, risk)
        again.is_valid()
        again.add_error(
            None,
            _(
                "Somebody changed this risk since you opened the page. Below is how it is now; "
                "send again if you still want this."
            ),
        )
        return self._page(request, risk, again, status=409)

    def _page(
        self, request: HttpRequest, risk: Risk, form: ActionForm, status: int = 200
    ) -> HttpResponse:
        context = {
            "risk": risk,
            "risk_title": risk.localized("title"),
            "form": form,
            "danger": self.danger,
            **self.page_texts(risk),
            **self.extra_context(request, risk),
        }
        return self.render(self.template, context, status=status)

    def call_service(
        self, service: Callable[..., Risk], risk: Risk, data: dict[str, Any], **more: Any
    ) -> Risk:
        """``service`` for this risk at the version that was seen."""
        return service(actor=self.viewer, ref=risk.ref, version=data["version"], at=self.at, **more)


def day_text(value: dt.date | None) -> str:
    return date_format(value, "DATE_FORMAT") if value else ""


class OpenRisk(RiskAction):
    """draft → open."""

    action = "open"

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Open this risk"),
            "text": _("From then on it is counted in the heatmap, and its reviews fall due."),
            "button": _("Open this risk"),
        }

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk:
        return self.call_service(open_risk, risk, data)

    def success_message(self, risk: Risk) -> str:
        return _("%(ref)s is open. Its first review is due on %(day)s.") % {
            "ref": risk.ref,
            "day": day_text(risk.next_review_on),
        }


class TransferRisk(RiskAction):
    """A new owner."""

    action = "transfer"
    form_class = TransferForm

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Hand this risk over"),
            "text": _("The new owner is reminded of its reviews from now on."),
            "button": _("Hand over"),
        }

    def prepare_form(self, form: ActionForm, risk: Risk) -> None:
        choices = choices_for(self.viewer)
        parties = dict(choices.parties)
        people = [
            (value, f"{name}{in_brackets(parties.get(party, party))}")
            for value, name, party in choices.people
            if risk.visibility == "shared" or party == risk.party.key
        ]
        set_choices(form, "owner", [("", "—"), *people])
        set_choices(form, "deputy", [("", "—"), *people])

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk | ChangeRequest:
        return transfer_risk(
            actor=self.viewer,
            ref=risk.ref,
            version=data["version"],
            owner=data["owner"],
            deputy=data["deputy"] or None,
            at=self.at,
        )

    def extra_context(self, request: HttpRequest, risk: Risk) -> dict[str, Any]:
        shared = risk.visibility == Visibility.SHARED
        return {"people_asked": names_of_parties_to_ask(self.viewer) if shared else ""}

    def success_message(self, risk: Risk) -> str:
        return _("%(ref)s now belongs to %(owner)s.") % {"ref": risk.ref, "owner": risk.owner}


class ShareRisk(RiskAction):
    """party → shared; there is no way back."""

    action = "share"
    danger = True

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Share this risk with the other parties"),
            "text": _(
                "Everybody in the register will see it, under a new reference. What was judged, "
                "reviewed or planned until now stays with your party. What was shared cannot be "
                "unshared, only closed."
            ),
            "button": _("Share it"),
        }

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk:
        return self.call_service(share_risk, risk, data)

    def success_message(self, risk: Risk) -> str:
        return _("It is shared, and called %(ref)s from now on.") % {"ref": risk.ref}


class CloneRisk(RegisterView):
    """A new draft that begins as a copy: asked once more before it is made."""

    texts = {
        "title": gettext_lazy("Copy this risk"),
        "text": gettext_lazy(
            "A new draft says what this one says, with its classification and objectives. What was "
            "judged, reviewed and planned stays with this one."
        ),
        "button": gettext_lazy("Make the copy"),
    }

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The question."""
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.create")
        context = {
            "risk": risk, "risk_title": risk.localized("title"), "form": forms.Form(),
            **self.texts,
        }  # fmt: skip
        return self.render("risks/action.html", context)

    @adds_same_contents_once
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Make it, and lead to where it is changed."""
        made = clone_risk(actor=self.viewer, ref=ref, at=self.at)
        messages.success(request, _("%(ref)s is a copy of %(from)s. Change what differs.") % {
            "ref": made.ref, "from": ref,
        })  # fmt: skip
        keys = {"slug": self.viewer.register.slug, "ref": made.ref}
        return HttpResponseRedirect(reverse("web:risk_edit", kwargs=keys))


@adds_same_contents_once
class AssessRisk(RiskAction):
    """A judgement at one stage, outside of a review."""

    action = "assess"
    form_class = AssessForm
    template = "risks/assess.html"

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Assess"),
            "text": _("This records a judgement; it is not a review and moves no date back."),
            "button": _("Save assessment"),
        }

    def prepare_form(self, form: ActionForm, risk: Risk) -> None:
        offer_dimensions_or_drop_field(form, self.viewer.criteria)

    def extra_context(self, request: HttpRequest, risk: Risk) -> dict[str, Any]:
        stage = self._stage(request)
        scale = Scale(self.viewer.register.criteria)
        position = current_position_of(risk)
        now = cell_choice_or_none(position, stage)
        path = reverse(
            "web:risk_assess", kwargs={"slug": self.viewer.register.slug, "ref": risk.ref}
        )
        return {
            "stage": stage,
            "stages": [
                {"label": stage_name(s), "url": f"{path}?stage={s}", "current": s == stage}
                for s in STAGES
            ],
            "legend": _("How likely, and how bad, %(meaning)s?")
            % {"meaning": stage_meaning(stage)},
            "grid": scale.grid(axes_of(self.viewer.register), kind=risk.kind),
            "now": now,
            "checked": posted_or_current_cell(request, now),
            "cell_error": getattr(self, "cell_error", ""),
            "then": next_review_rows_after_assessment(
                scale, position, risk, stage, self.viewer.today(self.at)
            ),
        }

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk:
        given: dict[str, Any] = {
            "stage": self.request.POST.get("stage", ""),
            "rationale": data["rationale"],
            "dimension": data.get("dimension"),
        }
        try:
            given |= parse_cell_choice(self.request.POST.get("cell", "")) or {}
            assessment = record_assessment(
                actor=self.viewer,
                ref=risk.ref,
                version=data["version"],
                given=given,
                at=self.at,
            )
        except Invalid as invalid:
            wrong = invalid.fields.get("likelihood") or invalid.fields.get("impact")
            if wrong:
                self.cell_error = wrong[0].detail
            raise
        return assessment.risk

    def success_message(self, risk: Risk) -> str:
        if risk.state != State.OPEN:
            return _("The assessment of %(ref)s is saved.") % {"ref": risk.ref}
        return _("The assessment of %(ref)s is saved. Its next review is due on %(day)s.") % {
            "ref": risk.ref,
            "day": day_text(risk.next_review_on),
        }

    def warn_after_saving(self, request: HttpRequest, risk: Risk) -> None:
        warn_of_mismatches(request, risk)

    @staticmethod
    def _stage(request: HttpRequest) -> str:
        stage = request.POST.get("stage") or request.GET.get("stage", "")
        return stage if stage in STAGES else "residual"
