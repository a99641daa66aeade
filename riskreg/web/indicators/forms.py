"""What setting up an indicator and recording a reading ask for. The services check the fields."""

import re
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.indicators.models import Direction, Growth, Indicator, Kind
from riskreg.indicators.services.fields import NUMBERS
from riskreg.register.access import Viewer
from riskreg.register.policy import LABELS
from riskreg.register.queries import answerable_members, objectives_for
from riskreg.register.visibility import Visibility
from riskreg.risks.models import State
from riskreg.risks.queries.access import visible_risks

SECOND = "zh-hans"
# Above this many risks a list of boxes to tick helps nobody: refs are typed instead.
TICKED_RISKS = 40
_TEXTS = (("names", "name"), ("descriptions", "description"), ("limit_notes", "limit_note"))
_PLAIN = ("unit", "kind", "direction", *NUMBERS, "growth", "start_on", "breach_at",
          "frequency_days", "grace_days", "label", "active")  # fmt: skip


def _label_words() -> list[tuple[str, str]]:
    words = {
        "sourced": _("sourced: a source states it"),
        "derived": _("derived: worked out from sourced figures"),
        "judgement": _("judgement: somebody's opinion"),
        "illustrative": _("illustrative: invented"),
    }
    return [(label, words[label]) for label in LABELS]


class IndicatorForm(forms.Form):
    """An indicator. Which limits are needed depends on the kind; the others stay empty."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=200, required=False)
    description = forms.CharField(
        label=gettext_lazy("Description"), required=False, widget=forms.Textarea({"rows": 2})
    )
    description_zh = forms.CharField(
        label=gettext_lazy("Description in Chinese"),
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )
    unit = forms.CharField(
        label=gettext_lazy("Unit"), max_length=40, help_text=gettext_lazy("Such as CNY/t.")
    )
    kind = forms.ChoiceField(label=gettext_lazy("Held against"))
    direction = forms.ChoiceField(label=gettext_lazy("Which way is bad"), required=False)
    amber = forms.CharField(
        label=gettext_lazy("Amber from"),
        help_text=gettext_lazy("A value; with a pace, percent behind the path."),
    )
    red = forms.CharField(label=gettext_lazy("Red from"))
    amber_low = forms.CharField(label=gettext_lazy("Lower amber from"), required=False)
    red_low = forms.CharField(label=gettext_lazy("Lower red from"), required=False)
    objective = forms.ChoiceField(label=gettext_lazy("Objective"), required=False)
    growth = forms.ChoiceField(label=gettext_lazy("The path grows by"), required=False)
    start_on = forms.DateField(
        label=gettext_lazy("The path starts on"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    start_value = forms.CharField(label=gettext_lazy("The path starts from"), required=False)
    hysteresis = forms.CharField(
        label=gettext_lazy("Way back before it gets better"),
        required=False,
        help_text=gettext_lazy("So that a value that dances on a limit does not call every time."),
    )
    breach_at = forms.ChoiceField(label=gettext_lazy("Calls for a review at"))
    frequency_days = forms.IntegerField(
        label=gettext_lazy("A reading every … days"), min_value=1, initial=30
    )
    grace_days = forms.IntegerField(
        label=gettext_lazy("Days of grace before it is late"), min_value=0, initial=5
    )
    label = forms.ChoiceField(label=gettext_lazy("The limits are"))
    limit_note = forms.CharField(
        label=gettext_lazy("Why these limits"), required=False, max_length=2000
    )
    limit_note_zh = forms.CharField(
        label=gettext_lazy("Why these limits, in Chinese"), required=False, max_length=2000
    )
    risks = forms.MultipleChoiceField(
        label=gettext_lazy("Watched for these risks"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"))
    visibility = forms.ChoiceField(label=gettext_lazy("Who sees it"), initial="shared")
    active = forms.BooleanField(
        label=gettext_lazy("In use"),
        required=False,
        help_text=gettext_lazy("A retired indicator is kept, and takes no more readings."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, viewer: Viewer, data: Any = None, *, current: Indicator | None = None, **more: Any
    ) -> None:
        super().__init__(data, **more)
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = [(k.value, capfirst(k.label)) for k in Kind]
        fields["direction"].choices = [
            ("", _("Both (a band)")),
            *((d.value, capfirst(d.label)) for d in Direction),
        ]
        fields["growth"].choices = [("", "–"), *((g.value, capfirst(g.label)) for g in Growth)]
        fields["breach_at"].choices = [("red", _("Red")), ("amber", _("Amber"))]
        fields["label"].choices = _label_words()
        fields["objective"].choices = [
            ("", "–"),
            *((o.key, f"{o.name} ({o.unit})") for o in objectives_for(viewer)),
        ]
        fields["owner"].choices = [
            (str(m.user.uuid), f"{m.user} · {m.party}") for m in answerable_members(viewer)
        ]
        fields["visibility"].choices = [
            (Visibility.SHARED.value, _("Everybody in this register")),
            (Visibility.PARTY.value, _("%(party)s only") % {"party": viewer.party}),
        ]
        del fields["active" if current is None else "visibility"]
        linked = Q(indicators=current) if current else Q()
        risks = visible_risks(viewer).filter(~Q(state=State.CLOSED) | linked).order_by("ref")
        offered = list(risks.distinct()[: TICKED_RISKS + 1])
        if len(offered) <= TICKED_RISKS:
            fields["risks"].choices = [(r.ref, f"{r.ref} {r.said('title')}") for r in offered]
        else:
            fields["risks"] = forms.CharField(
                label=_("Watched for these risks"),
                max_length=1000,
                required=False,
                help_text=_("Their references, such as R-001, R-016."),
            )
            if self.initial:
                self.initial["risks"] = ", ".join(self.initial.get("risks", ()))

    def clean_risks(self) -> list[str]:
        """The refs that were ticked or typed."""
        value = self.cleaned_data["risks"]
        if isinstance(value, str):
            return list(dict.fromkeys(re.findall(r"[^\s,;，；、]+", value.upper())))
        return list(value)

    def for_service(self) -> dict[str, Any]:
        """The cleaned values under the service's names."""
        data = self.cleaned_data
        fields: dict[str, Any] = {n: data[n] for n in _PLAIN if n in data}
        fields |= {n: data[n] for n in ("objective", "owner", "risks")}
        for target, name in _TEXTS:
            texts = {"en": data[name], SECOND: data[f"{name}_zh"]}
            fields[target] = {k: v for k, v in texts.items() if v}
        return fields


def values_of(viewer: Viewer, indicator: Indicator) -> dict[str, Any]:
    """An indicator as the form's initial values."""
    values: dict[str, Any] = {n: getattr(indicator, n) for n in _PLAIN}
    for name in NUMBERS:
        if values[name] is not None:
            values[name] = f"{values[name].normalize():f}"
    for source, name in _TEXTS:
        texts = getattr(indicator, source)
        values[name], values[f"{name}_zh"] = texts.get("en", ""), texts.get(SECOND, "")
    refs = visible_risks(viewer).filter(indicators=indicator).values_list("ref", flat=True)
    return {
        **values,
        "objective": indicator.objective.key if indicator.objective else "",
        "owner": str(indicator.owner.uuid),
        "risks": sorted(refs),
        "version": indicator.version,
    }


class ReadingForm(forms.Form):
    """One reading, typed in."""

    at = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    value = forms.CharField(label=gettext_lazy("Value"), max_length=40)
    label = forms.ChoiceField(label=gettext_lazy("The value is"))
    source_title = forms.CharField(label=gettext_lazy("Source"), required=False, max_length=300)
    source_url = forms.CharField(
        label=gettext_lazy("Address of the source"), required=False, max_length=2000
    )
    correction = forms.BooleanField(
        label=gettext_lazy("This corrects the value of that day"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].choices = _label_words()  # type: ignore[attr-defined]


class FileForm(forms.Form):
    """Readings from a file or pasted in."""

    file = forms.FileField(label=gettext_lazy("File"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Or paste the lines here"),
        required=False,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )
