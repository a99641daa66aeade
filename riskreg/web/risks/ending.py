"""Closing a risk with what served it alone, and bringing it back."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.indicators.queries.closing import (
    Dependent,
    dependents_ended_with,
    dependents_serving_no_other_open_risk,
)
from riskreg.indicators.services import close_risk_and_end_dependents
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.labels import Label
from riskreg.risks.models import Risk
from riskreg.risks.services import ENDING, ClosedAs, reopen_risk
from riskreg.web.presenters import name_of_person
from riskreg.web.risks.actions import ActionForm, ReasonForm, RiskAction, day_text
from riskreg.web.table_form import set_choices


class CloseForm(ReasonForm):
    """A reason, how it ended, and what ends with the risk."""

    closed_as = forms.ChoiceField(
        label=gettext_lazy("How it ended"),
        required=False,
        choices=ClosedAs.choices,
        initial=ClosedAs.OVER,
        widget=forms.RadioSelect,
    )
    happened_on = forms.CharField(
        label=gettext_lazy("Happened on"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text=gettext_lazy("The day on which it came true; needed where it happened."),
    )
    happened_cost = forms.CharField(
        label=gettext_lazy("What it cost"),
        required=False,
        help_text=gettext_lazy("Of what happened, as far as it is known."),
    )
    happened_cost_label = forms.ChoiceField(
        label=gettext_lazy("Where the cost is known from"),
        required=False,
        choices=[("", "—"), *Label.choices],
    )
    end = forms.MultipleChoiceField(
        label=gettext_lazy("End with it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "These serve this risk and no other open one. What you tick ends with it: work is "
            "cancelled, an indicator is retired. The rest stays as it is, and nobody is reminded "
            "of it while it serves no open risk."
        ),
    )


class CloseRisk(RiskAction):
    """draft or open → closed; what served it alone is named, and ended or kept."""

    action = "close"
    form_class = CloseForm
    danger = True

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Close this risk"),
            "text": _(
                "It leaves the heatmap and the lists, and asks for no more reviews. Its history "
                "stays, and it can be reopened."
            ),
            "button": _("Close this risk"),
        }

    def prepare_form(self, form: ActionForm, risk: Risk) -> None:
        self.alone = dependents_serving_no_other_open_risk(self.viewer, risk)
        self.dependents = self.alone.rows
        may_end = [f for f in self.dependents if f.may_end]
        if may_end:
            set_choices(form, "end", [(f.ref, dependent_text(f)) for f in may_end])
        else:
            del form.fields["end"]

    def extra_context(self, request: HttpRequest, risk: Risk) -> dict[str, Any]:
        others = [f for f in self.dependents if not f.may_end]
        return {
            "dependents_of_others": _dependent_links(self.viewer.register.slug, others),
            "not_listed": self.alone.total - len(self.dependents),
        }

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk:
        self.ended = data.get("end", [])
        ending = {name: data[name] for name in ENDING}
        return self.call_service(
            close_risk_and_end_dependents,
            risk,
            data,
            reason=data["reason"],
            end=self.ended,
            ending=ending,
        )

    def success_message(self, risk: Risk) -> str:
        sentences = [_("%(ref)s is closed.") % {"ref": risk.ref}]
        kept = [f.ref for f in self.dependents if f.ref not in self.ended]
        if self.ended:
            sentences.append(_("Ended with it: %(refs)s.") % {"refs": enumerate_texts(self.ended)})
        if kept:
            sentences.append(
                _("Kept, without reminders: %(refs)s.") % {"refs": enumerate_texts(kept)}
            )
        return reduce(_two_sentences, sentences)


class ReopenRisk(RiskAction):
    """closed → open; says what was ended when it was closed."""

    action = "reopen"
    form_class = ReasonForm

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Reopen this risk"),
            "text": _("It comes back as it was. A review that was late then is late again."),
            "button": _("Reopen this risk"),
        }

    def extra_context(self, request: HttpRequest, risk: Risk) -> dict[str, Any]:
        ended = dependents_ended_with(self.viewer, risk)
        return {
            "ended": _dependent_links(self.viewer.register.slug, ended.rows),
            "not_listed": ended.total - len(ended.rows),
        }

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk:
        return self.call_service(reopen_risk, risk, data, reason=data["reason"])

    def success_message(self, risk: Risk) -> str:
        sentences = [
            _("%(ref)s is open again. Its next review is due on %(day)s.")
            % {"ref": risk.ref, "day": day_text(risk.next_review_on)}
        ]
        if ended := [f.ref for f in dependents_ended_with(self.viewer, risk).rows]:
            sentences.append(
                _("Still ended since it was closed: %(refs)s.") % {"refs": enumerate_texts(ended)}
            )
        return reduce(_two_sentences, sentences)


def dependent_text(dependent: Dependent) -> str:
    """A mitigation or an indicator in a line: what it is, and what falls due when."""
    day = day_text(dependent.due_on)
    if dependent.kind == "indicator":
        kind = _("indicator, next reading by %(day)s") % {"day": day}
    else:
        kind = _("mitigation, due on %(day)s") % {"day": day}
    private = f" · {_('only your party sees it')}" if dependent.private else ""
    return f"{dependent.ref} {dependent.title} · {kind}{private}"


def _dependent_links(slug: str, dependents: Iterable[Dependent]) -> list[dict[str, str]]:
    """What served the risk alone, as a list of links."""
    return [
        {
            "text": dependent_text(f),
            "owner": name_of_person(f.owner),
            "url": reverse(f"web:{f.kind}", kwargs={"slug": slug, "ref": f.ref}),
        }
        for f in dependents
    ]


def _two_sentences(first: str, second: str) -> str:
    return _("%(first)s %(second)s") % {"first": first, "second": second}
