"""What setting up an indicator and recording a reading ask for. The services check the fields."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Direction, Growth, Indicator
from riskreg.kernel.fields import Field, Type
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.access import Viewer
from riskreg.register.policy import LABELS
from riskreg.register.queries import answerable_members, objectives_for
from riskreg.register.translations import CONFIRMED
from riskreg.register.units import unit_text
from riskreg.risks.queries.access import visible_risks
from riskreg.web.bilingual import LANGUAGE_TAGS, label_naming_language
from riskreg.web.conflict import seen_value
from riskreg.web.risk_choice import offer_unclosed_risks_or_typing, refs_in
from riskreg.web.table_form import (
    CONFIRMED_TRANSLATIONS_FIELD,
    add_confirmed_translations_field,
    fields_in_form,
    form_field,
    initial_value,
    keep_shown_values_beside_fields,
    read_confirmed_translations,
    set_choices,
    text_box,
    visibility_choices,
)

SECOND = "zh-hans"
# {field of the table: its name in the form}, where each text has a second one in Chinese.
TEXT_FIELDS = {"names": "name", "descriptions": "description", "limit_notes": "limit_note"}
_SECOND_LABELS = {
    "names": gettext_lazy("Name in Chinese"),
    "descriptions": gettext_lazy("Description in Chinese"),
    "limit_notes": gettext_lazy("Why these limits, in Chinese"),
}
# Where a series comes from is said by programs.
_NOT_SHOWN = (Type.SOURCE,)


def _label_choices() -> list[tuple[str, str]]:
    words = {
        "sourced": _("sourced: a source states it"),
        "derived": _("derived: worked out from sourced figures"),
        "judgement": _("judgement: somebody's opinion"),
        "illustrative": _("illustrative: invented"),
    }
    return [(label, words[label]) for label in LABELS]


class IndicatorForm(forms.Form):
    """An indicator. Which limits are needed depends on the kind; the others stay empty."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, viewer: Viewer, data: Any = None, *, current: Indicator | None = None, **more: Any
    ) -> None:
        super().__init__(data, **more)
        for each in INDICATOR.settable:
            if each.type == Type.NAMES:
                self._add_text_fields(each)
            elif each.type not in _NOT_SHOWN:
                self.fields[each.name] = form_field(each)
        self.fields["frequency_days"].initial, self.fields["grace_days"].initial = 30, 5
        directions = [(d.value, capfirst(d.label)) for d in Direction]
        set_choices(self, "direction", [("", _("Both (a band)")), *directions])
        growths = [(g.value, capfirst(g.label)) for g in Growth]
        set_choices(self, "growth", [("", "–"), *growths])
        set_choices(self, "label", _label_choices())
        objectives = [
            (o.key, f"{o.name}{in_brackets(unit_text(o.unit))}") for o in objectives_for(viewer)
        ]
        set_choices(self, "objective", [("", "–"), *objectives])
        people = [(str(m.user.uuid), f"{m.user} · {m.party}") for m in answerable_members(viewer)]
        set_choices(self, "owner", people)
        linked = Q(indicators=current) if current else Q()
        offer_unclosed_risks_or_typing(self, INDICATOR["risks"], viewer, linked)
        if current is None:
            del self.fields["active"]
            self.fields["visibility"] = forms.ChoiceField(
                label=str(INDICATOR["visibility"].label),
                initial="shared",
                choices=visibility_choices(viewer),
            )
        else:
            add_confirmed_translations_field(self, current.outdated_translations, INDICATOR)
            if current.party_id != viewer.party_id:
                del self.fields["external_id"]  # what its own party's systems call it
            keep_shown_values_beside_fields(self)

    def _add_text_fields(self, field: Field) -> None:
        """A text and the same in Chinese; one line for a name, a box for a description."""
        name = TEXT_FIELDS[field.name]
        labels = (
            (name, field.label, field.required),
            (f"{name}_zh", _SECOND_LABELS[field.name], False),
        )
        for each, label, required in labels:
            long = field.name == "descriptions"
            widget = text_box(field.lines) if long else forms.TextInput()
            most: dict[str, Any] = {} if long else {"max_length": field.limit}
            language = LANGUAGE_TAGS[SECOND if each.endswith("_zh") else "en"]
            widget.attrs["lang"] = language
            self.fields[each] = forms.CharField(
                label=label_naming_language(str(label), "en") if each == name else str(label),
                required=required,
                **most,
                widget=widget,
            )

    def clean_risks(self) -> list[str]:
        """The refs that were ticked or typed."""
        return refs_in(self.cleaned_data["risks"])

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes, by the names of the table."""
        data = self.cleaned_data
        fields: dict[str, Any] = {f.name: data[f.name] for f in fields_in_form(INDICATOR, self)}
        for target, name in TEXT_FIELDS.items():
            fields[target] = _texts_by_language(data[name], data[f"{name}_zh"])
        return fields | read_confirmed_translations(self)

    def changed_fields_for_service(self) -> set[str]:
        """Names of the table's fields that the writer changed from what they were shown."""
        fields = {name: field for field, name in TEXT_FIELDS.items()}
        fields[CONFIRMED_TRANSLATIONS_FIELD] = CONFIRMED
        return {fields.get(n.removesuffix("_zh"), n) for n in self.changed_data}

    def values_seen(self) -> dict[str, Any]:
        """What the form showed when it was opened, as ``given`` has it."""
        seen = {f.name: seen_value(self, f.name) for f in fields_in_form(INDICATOR, self)}
        seen["risks"] = refs_in(seen["risks"])
        for target, name in TEXT_FIELDS.items():
            seen[target] = _texts_by_language(
                seen_value(self, name), seen_value(self, f"{name}_zh")
            )
        return seen


def _texts_by_language(english: str, chinese: str) -> dict[str, str]:
    return {k: v for k, v in (("en", english), (SECOND, chinese)) if v}


def form_values_of(viewer: Viewer, indicator: Indicator) -> dict[str, Any]:
    """An indicator as the form's initial values."""
    shown_apart = (*_NOT_SHOWN, Type.NAMES, Type.RISKS)
    plain = [field for field in INDICATOR.settable if field.type not in shown_apart]
    values: dict[str, Any] = {field.name: initial_value(field, indicator) for field in plain}
    for source, name in TEXT_FIELDS.items():
        texts = getattr(indicator, source)
        values[name], values[f"{name}_zh"] = texts.get("en", ""), texts.get(SECOND, "")
    refs = visible_risks(viewer).filter(indicators=indicator).values_list("ref", flat=True)
    return {**values, "risks": sorted(refs), "version": indicator.version}


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
        self.fields["label"].choices = _label_choices()  # type: ignore[attr-defined]


class FileForm(forms.Form):
    """Readings from a file or pasted in."""

    file = forms.FileField(label=gettext_lazy("File"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Or paste the lines here"),
        required=False,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )
