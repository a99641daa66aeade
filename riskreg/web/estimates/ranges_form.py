"""A form for ranges: ends before the middle, nothing preset, a unit for amounts, one source."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import FieldError, Invalid
from riskreg.kernel.fields import Table
from riskreg.kernel.text import PLAIN_NUMBER
from riskreg.register.policy import LABELS
from riskreg.web.base import add_errors
from riskreg.web.table_form import form_field, set_choices
from riskreg.web.ui.labels import figure_label_word

_UNITS = {"1": "", "1000": gettext_lazy("thousands"), "1000000": gettext_lazy("millions")}


class RangesForm(forms.Form):
    """The settable fields of ``table`` as they are typed. Values are checked by the service.

    ``amounts`` are typed in the unit that is chosen; what is typed in a field of ``scales`` is kept
    times that number.
    """

    table: ClassVar[Table]
    amounts: ClassVar[Collection[str]]
    scales: ClassVar[Mapping[str, Decimal]]

    unit = forms.ChoiceField(label=gettext_lazy("Amounts are in"), choices=list(_UNITS.items()))
    source_title = forms.CharField(label=gettext_lazy("Source"), required=False)
    source_url = forms.CharField(label=gettext_lazy("Address of the source"), required=False)
    asked = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, currency: str, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        for field in self.table.settable:
            if field.name in ("currency", "sources", "translations"):
                continue
            shown = form_field(field)
            if field.name in (*self.scales, *self.amounts):
                shown = forms.CharField(label=str(field.label))
                shown.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            shown.needed = field.required  # type: ignore[attr-defined]
            shown.required = False
            self.fields[field.name] = shown
        set_choices(self, "label", [(value, figure_label_word(value)) for value in LABELS])
        set_choices(
            self, "unit", [(size, f"{word} {currency}".strip()) for size, word in _UNITS.items()]
        )

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes. An amount that is no number goes as it is, to be refused."""
        data = self.cleaned_data
        given = {f.name: data[f.name] for f in self.table.settable if f.name in data}
        for name, scale in self.scales.items():
            text = data[name].strip()
            given[name] = text if scale == 1 else parse_amount_in_unit(text, scale)
        for name in self.amounts:
            given[name] = parse_amount_in_unit(data[name].strip(), Decimal(data["unit"]))
        if data["source_title"] or data["source_url"]:
            given["sources"] = [
                {"title": data["source_title"], "url": data["source_url"], "label": data["label"]}
            ]
        return given


def initial_values_without_ranges(today: dt.date) -> dict[str, Any]:
    """What an empty form has in its fields: no range, but how amounts are meant."""
    return {"unit": "1000000", "base_year": today.year, "label": "judgement"}


def parse_amount_in_unit(text: str, unit: Decimal) -> str | None:
    """``text`` in the unit as an amount; as it is where it is no number, None where it is empty."""
    if not PLAIN_NUMBER.fullmatch(text):
        return text or None
    try:
        return f"{Decimal(text) * unit:f}"
    except InvalidOperation:
        return text


def fingerprint_of_ranges(clean: Mapping[str, Any]) -> str:
    """What stands for the ranges that somebody was asked back about."""
    kinds = ("freq", "sever", "cost")
    ranges = {name: str(clean.get(name)) for name in clean if name.startswith(kinds)}
    return hashlib.sha256(json.dumps(ranges, sort_keys=True).encode()).hexdigest()[:16]


def is_unanswered(form: forms.Form, name: str) -> bool:
    """Whether ``name`` is a choice of ``form`` that nobody has made yet."""
    choice = isinstance(form.fields.get(name), forms.ChoiceField)
    return choice and not form.cleaned_data.get(name)


def add_errors_of_service(form: forms.Form, invalid: Invalid) -> None:
    """Show what the service refused beside the field that it is about; a choice that nobody made is
    asked for, and not told which words programs may send."""
    renamed = {
        ("source_" + name.rpartition(".")[2] if name.startswith("sources.") else name): errors
        for name, errors in invalid.fields.items()
    }
    for name in renamed:
        if is_unanswered(form, name):
            renamed[name] = [FieldError("required", _("Choose one."))]
    add_errors(form, Invalid(renamed))
