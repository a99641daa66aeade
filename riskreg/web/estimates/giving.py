"""Giving an estimate: ends before the middle, nothing preset, and asked back before it is kept."""

from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.analysis.amounts import amount_text, frequency_text
from riskreg.analysis.fields import ESTIMATE
from riskreg.analysis.models import Estimate
from riskreg.analysis.policy.estimates import implied_figures, is_wide
from riskreg.analysis.queries.estimates import may_estimate
from riskreg.analysis.services import record_estimate
from riskreg.analysis.services.estimates import clean_estimate
from riskreg.kernel.errors import Invalid
from riskreg.register.permissions import require
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.web.base import RegisterView
from riskreg.web.estimates.drawing import curve_of
from riskreg.web.estimates.ranges_form import (
    RangesForm,
    add_errors_of_service,
    fingerprint_of_ranges,
    initial_values_without_ranges,
    is_unanswered,
)
from riskreg.web.forms.marks import adds_same_contents_once

_AMOUNTS = ("severity_low", "severity_high", "severity_mode", "severity_cap")
_NUMBERS = ("frequency_low", "frequency_high", "frequency_mode")
# What must be known before a curve can be drawn.
_RANGES = (*_NUMBERS, "severity_low", "severity_high")


class EstimateForm(RangesForm):
    """The ranges as they are typed. Values are checked by the service."""

    table = ESTIMATE
    amounts = _AMOUNTS
    scales = dict.fromkeys(_NUMBERS, Decimal(1))

    def __init__(self, currency: str, data: Any = None, **options: Any) -> None:
        super().__init__(currency, data, **options)
        for name in ("stage", "frequency_kind", "severity_family"):
            choices = ESTIMATE[name].choices.choices
            field_ = forms.ChoiceField(
                label=str(ESTIMATE[name].label), required=False, choices=choices,
                widget=forms.RadioSelect,
            )  # fmt: skip
            field_.needed = True  # type: ignore[attr-defined]
            self.fields[name] = field_
        self.fields["severity_mode"].help_text = _("Only with lowest, likely, highest.")
        self.fields["severity_cap"].help_text = _(
            "Only with two ends, if nothing can cost more than this."
        )


class ShownAndFingerprint(NamedTuple):
    """What is shown, and the fingerprint of the ranges asked back about; empty for none."""

    context: dict[str, Any] | None
    fingerprint: str


class GiveEstimate(RegisterView):
    """A form; ``action`` is ``show`` (draw what is typed) or ``save``, once asked back."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The empty form."""
        return self._page(self._risk(ref), self._form())

    @adds_same_contents_once
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Draw it, or keep it if these very numbers were asked back about."""
        risk = self._risk(ref)
        form = self._form(request.POST)
        saving = request.POST.get("action") == "save"
        if not form.is_valid():
            return self._page(risk, form, status=400 if saving else 200)
        try:
            clean = clean_estimate(self.viewer, risk, form.fields_for_service())
        except Invalid as invalid:
            if saving:
                add_errors_of_service(form, invalid)
                return self._page(risk, form, status=400)
            shown, asked = self._figures_of_incomplete_form(risk, form, invalid)
            return self._page(risk, form, shown=shown, asked=asked)
        if not saving or form.cleaned_data["asked"] != fingerprint_of_ranges(clean):
            return self._page(
                risk, form, shown=self._curve_context(clean), asked=fingerprint_of_ranges(clean)
            )
        record_estimate(actor=self.viewer, ref=ref, given=form.fields_for_service(), at=self.at)
        messages.success(
            request,
            _("Your estimate is kept. It is your party's own until you release it."),
        )
        keys = {"slug": self.viewer.register.slug, "ref": risk.ref}
        return HttpResponseRedirect(reverse("web:estimates", kwargs=keys))

    def _risk(self, ref: str) -> Risk:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "estimate.record")
        return risk

    def _form(self, data: Any = None) -> EstimateForm:
        currency, today = self.viewer.register.currency, self.viewer.today(self.at)
        return EstimateForm(currency, data, initial=initial_values_without_ranges(today))

    def _figures_of_incomplete_form(
        self, risk: Risk, form: EstimateForm, invalid: Invalid
    ) -> ShownAndFingerprint:
        """What can be drawn although something else is still missing, and what was asked with it;
        nothing where the ranges themselves are not whole."""
        about = [n for n in invalid.fields if n.startswith(("frequency", "severity"))]
        if about:
            typed = any(form.cleaned_data.get(name) for name in _RANGES)
            wrong = [
                error.detail
                for name in about
                for error in invalid.fields[name]
                if error.code != "required" and not is_unanswered(form, name)
            ]
            return ShownAndFingerprint({"problems": wrong} if typed and wrong else None, "")
        filled = {"rationale": "-", "base_year": 2000, "stage": "residual", "label": "judgement"}
        given = {**form.fields_for_service(), **filled, "sources": [], "included": ""}
        clean = clean_estimate(self.viewer, risk, given)
        return ShownAndFingerprint(self._curve_context(clean), fingerprint_of_ranges(clean))

    def _curve_context(self, clean: dict[str, Any]) -> dict[str, Any]:
        """The curve, its table and the question about the upper end."""
        row = Estimate(**{n: clean.get(n) for n in clean if n.startswith(("freq", "sever"))})
        currency = self.viewer.register.currency
        figures = implied_figures(row.frequency, row.severity)
        texts = {name: amount_text(value, currency) for name, value in figures._asdict().items()}
        curve = curve_of(row.severity)
        return {
            "curve": curve,
            "marks": [(x, y, texts[name]) for x, y, name in curve.marks],
            "texts": texts,
            "events": frequency_text(row.frequency_kind, figures.events),
            "question": _("So one event in ten passes %(amount)s, and one in twenty %(more)s?")
            % {"amount": texts["p90"], "more": texts["p95"]},
            "yearly": _("In a year that comes to %(amount)s on average: %(often)s, each %(mean)s.")
            % {
                "amount": texts["yearly"],
                "often": frequency_text(row.frequency_kind, figures.events),
                "mean": texts["mean"],
            },
            "wide": is_wide(row.severity),
        }

    def _page(
        self,
        risk: Risk,
        form: EstimateForm,
        status: int = 200,
        shown: dict[str, Any] | None = None,
        asked: str = "",
    ) -> HttpResponse:
        context = {
            "risk": risk,
            "risk_title": risk.localized("title"),
            "form": form,
            "shown": shown,
            "asked": asked,
            "closed": not may_estimate(self.viewer, risk),
            "currency": self.viewer.register.currency,
            "url": reverse(
                "web:estimate_new", kwargs={"slug": self.viewer.register.slug, "ref": risk.ref}
            ),
        }
        return self.render("estimates/new.html", context, status=status)
