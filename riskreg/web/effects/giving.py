"""Saying what a mitigation does: ends before the middle, nothing preset, asked back."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.analysis.fields import EFFECT
from riskreg.analysis.models import Effect
from riskreg.analysis.queries.effects import may_give_effect, unclosed_risks_served
from riskreg.analysis.services import record_effect
from riskreg.analysis.services.effects import clean_effect
from riskreg.kernel.errors import Invalid
from riskreg.register.permissions import require
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import mitigation_for
from riskreg.web.base import RegisterView
from riskreg.web.effects.words import effect_texts, question_asked_back
from riskreg.web.estimates.ranges_form import (
    RangesForm,
    add_errors_of_service,
    fingerprint_of_ranges,
    initial_values_without_ranges,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.table_form import set_choices

_SHARES = tuple(
    f"{what}_{part}" for what in ("frequency", "severity") for part in ("low", "high", "mode")
)
_COSTS = ("cost_low", "cost_high", "cost_mode")


class EffectForm(RangesForm):
    """The ranges as they are typed: shares in per cent of today."""

    table = EFFECT
    amounts = _COSTS
    scales = dict.fromkeys(_SHARES, Decimal("0.01"))

    risk = forms.ChoiceField(label=gettext_lazy("Which risk"), required=False)

    def __init__(
        self, risks: list[tuple[str, str]], currency: str, data: Any = None, **options: Any
    ) -> None:
        super().__init__(currency, data, **options)
        set_choices(self, "risk", risks)
        self.fields["risk"].needed = True  # type: ignore[attr-defined]


class GiveEffect(RegisterView):
    """A form; ``action`` is ``show`` (what it comes to) or ``save``, once asked back."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The empty form."""
        row = self._mitigation(ref)
        return self._page(row, self._form(row))

    @adds_same_contents_once
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Say what it comes to, or keep it if these very numbers were asked back about."""
        row = self._mitigation(ref)
        form = self._form(row, request.POST)
        saving = request.POST.get("action") == "save"
        if not form.is_valid():
            return self._page(row, form, status=400 if saving else 200)
        risk, given = form.cleaned_data["risk"], form.fields_for_service()
        try:
            _risk, clean = clean_effect(self.viewer, row, risk, given)
        except Invalid as invalid:
            add_errors_of_service(form, invalid)
            return self._page(row, form, status=400 if saving else 200)
        if not saving or form.cleaned_data["asked"] != fingerprint_of_ranges(clean):
            shown = Effect(**{n: v for n, v in clean.items() if n != "translations"})
            context = {**effect_texts(shown), "question": question_asked_back(shown)}
            return self._page(row, form, shown=context, asked=fingerprint_of_ranges(clean))
        record_effect(actor=self.viewer, ref=ref, risk=risk, given=given, at=self.at)
        messages.success(
            request, _("What you say is kept. It is your party's own until you release it.")
        )
        keys = {"slug": self.viewer.register.slug, "ref": row.ref}
        return HttpResponseRedirect(reverse("web:effects", kwargs=keys))

    def _mitigation(self, ref: str) -> Mitigation:
        row = mitigation_for(self.viewer, ref)
        require(self.viewer, "estimate.record")
        return row

    def _form(self, row: Mitigation, data: Any = None) -> EffectForm:
        risks = [
            (r.ref, f"{r.ref} {r.localized('title')}")
            for r in unclosed_risks_served(self.viewer, row)
        ]
        currency, today = self.viewer.register.currency, self.viewer.today(self.at)
        return EffectForm(risks, currency, data, initial=initial_values_without_ranges(today))

    def _page(
        self,
        row: Mitigation,
        form: EffectForm,
        status: int = 200,
        shown: dict[str, Any] | None = None,
        asked: str = "",
    ) -> HttpResponse:
        keys = {"slug": self.viewer.register.slug, "ref": row.ref}
        context = {
            "m": row,
            "title": row.localized("title"),
            "form": form,
            "shown": shown,
            "asked": asked,
            "closed": not may_give_effect(self.viewer, row),
            "url": reverse("web:effect_new", kwargs=keys),
        }
        return self.render("effects/new.html", context, status=status)
