"""Giving an estimate: ends before the middle, nothing preset, and asked back before it is kept."""

import hashlib
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.analysis.fields import ESTIMATE
from riskreg.analysis.models import Estimate
from riskreg.analysis.policy.estimates import implied, is_wide
from riskreg.analysis.queries.estimates import may_estimate
from riskreg.analysis.services import record_estimate
from riskreg.analysis.services.estimates import clean_estimate
from riskreg.kernel.errors import Invalid
from riskreg.kernel.text import PLAIN_NUMBER
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.estimates.amounts import amount_text, often_text
from riskreg.web.estimates.drawing import curve_of
from riskreg.web.forms.marks import adds
from riskreg.web.table_form import form_field, set_choices
from riskreg.web.templatetags.ui import label_badge

_AMOUNTS = ("severity_low", "severity_high", "severity_mode", "severity_cap")
_NUMBERS = ("frequency_low", "frequency_high", "frequency_mode")
_UNITS = {"1": gettext_lazy("units"), "1000": gettext_lazy("thousands"),
          "1000000": gettext_lazy("millions")}  # fmt: skip
# What must be known before a curve can be drawn.
_RANGES = (*_NUMBERS, "severity_low", "severity_high")


class EstimateForm(forms.Form):
    """The ranges as they are typed. Values are checked by the service."""

    unit = forms.ChoiceField(label=gettext_lazy("Amounts are in"), choices=list(_UNITS.items()))
    source_title = forms.CharField(label=gettext_lazy("Source"), required=False)
    source_url = forms.CharField(label=gettext_lazy("Address of the source"), required=False)
    asked = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, currency: str, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        for field in ESTIMATE.settable:
            if field.name in ("currency", "sources", "translations"):
                continue
            shown = form_field(field)
            shown.needed = field.required  # type: ignore[attr-defined]
            shown.required = False
            if field.name in (*_NUMBERS, *_AMOUNTS):
                shown = forms.CharField(label=str(field.label), required=False)
                shown.needed = field.required  # type: ignore[attr-defined]
                shown.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            self.fields[field.name] = shown
        for name in ("stage", "frequency_kind", "severity_family"):
            choices = ESTIMATE[name].choices.choices
            field_ = forms.ChoiceField(
                label=str(ESTIMATE[name].label), required=False, choices=choices,
                widget=forms.RadioSelect,
            )  # fmt: skip
            field_.needed = True  # type: ignore[attr-defined]
            self.fields[name] = field_
        set_choices(self, "label", [(value, label_badge(value)["text"]) for value in LABELS])
        set_choices(self, "unit", [(size, f"{word} {currency}") for size, word in _UNITS.items()])
        self.fields["severity_mode"].help_text = _("Only with lowest, likely, highest.")
        self.fields["severity_cap"].help_text = _(
            "Only with two ends, if nothing can cost more than this."
        )

    def given(self) -> dict[str, Any]:
        """What the service takes. An amount that is no number goes as it is, to be refused."""
        data = self.cleaned_data
        given = {f.name: data[f.name] for f in ESTIMATE.settable if f.name in data}
        for name in _NUMBERS:
            given[name] = data[name].strip()
        for name in _AMOUNTS:
            given[name] = _times(data[name].strip(), Decimal(data["unit"]))
        if data["source_title"] or data["source_url"]:
            given["sources"] = [
                {"title": data["source_title"], "url": data["source_url"], "label": data["label"]}
            ]
        return given


def _times(text: str, unit: Decimal) -> Any:
    """``text`` in the unit as an amount; as it is where it is no number."""
    if not PLAIN_NUMBER.fullmatch(text):
        return text or None
    try:
        return f"{Decimal(text) * unit:f}"
    except InvalidOperation:
        return text


def fingerprint(clean: dict[str, Any]) -> str:
    """What stands for the ranges that somebody was asked back about."""
    ranges = {name: str(clean.get(name)) for name in clean if name.startswith(("freq", "sever"))}
    return hashlib.sha256(json.dumps(ranges, sort_keys=True).encode()).hexdigest()[:16]


class GiveEstimate(RegisterView):
    """A form; ``action`` is ``show`` (draw what is typed) or ``save``, once asked back."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The empty form."""
        return self._page(self._risk(ref), self._form())

    @adds
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Draw it, or keep it if these very numbers were asked back about."""
        risk = self._risk(ref)
        form = self._form(request.POST)
        saving = request.POST.get("action") == "save"
        if not form.is_valid():
            return self._page(risk, form, status=400 if saving else 200)
        try:
            clean = clean_estimate(self.viewer, risk, form.given())
        except Invalid as invalid:
            if saving:
                _refuse(form, invalid)
                return self._page(risk, form, status=400)
            shown, asked = self._drawn(risk, form, invalid)
            return self._page(risk, form, shown=shown, asked=asked)
        if not saving or form.cleaned_data["asked"] != fingerprint(clean):
            return self._page(risk, form, shown=self._shown(clean), asked=fingerprint(clean))
        record_estimate(actor=self.viewer, ref=ref, given=form.given(), at=self.at)
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
        today = self.viewer.today(self.at)
        initial = {"unit": "1000000", "base_year": today.year, "label": "judgement"}
        return EstimateForm(self.viewer.register.currency, data, initial=initial)

    def _drawn(
        self, risk: Risk, form: EstimateForm, invalid: Invalid
    ) -> tuple[dict[str, Any] | None, str]:
        """What can be drawn although something else is still missing, and what was asked with it;
        nothing where the ranges themselves are not whole."""
        about = [n for n in invalid.fields if n.startswith(("frequency", "severity"))]
        if about:
            typed = any(form.cleaned_data.get(name) for name in _RANGES)
            wrong = [
                error.detail
                for name in about
                for error in invalid.fields[name]
                if error.code != "required"
            ]
            return ({"problems": wrong} if typed and wrong else None), ""
        filled = {"rationale": "-", "base_year": 2000, "stage": "residual", "label": "judgement"}
        given = {**form.given(), **filled, "sources": [], "included": ""}
        clean = clean_estimate(self.viewer, risk, given)
        return self._shown(clean), fingerprint(clean)

    def _shown(self, clean: dict[str, Any]) -> dict[str, Any]:
        """The curve, its table and the question about the upper end."""
        row = Estimate(**{n: clean.get(n) for n in clean if n.startswith(("freq", "sever"))})
        currency = self.viewer.register.currency
        means = implied(row.frequency, row.severity)
        texts = {name: amount_text(value, currency) for name, value in means.items()}
        curve = curve_of(row.severity)
        return {
            "curve": curve,
            "marks": [(x, y, texts[name]) for x, y, name in curve.marks],
            "texts": texts,
            "events": often_text(row.frequency_kind, means["events"]),
            "question": _("So one event in ten passes %(amount)s, and one in twenty %(more)s?")
            % {"amount": texts["p90"], "more": texts["p95"]},
            "yearly": _("In a year that comes to %(amount)s on average: %(often)s, each %(mean)s.")
            % {
                "amount": texts["yearly"],
                "often": often_text(row.frequency_kind, means["events"]),
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


def _refuse(form: EstimateForm, invalid: Invalid) -> None:
    """Show what the service refused beside the field that it is about."""
    renamed = {
        ("source_" + name.rpartition(".")[2] if name.startswith("sources.") else name): errors
        for name, errors in invalid.fields.items()
    }
    add_errors(form, Invalid(renamed))
