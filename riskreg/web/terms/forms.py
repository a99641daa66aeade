"""Forms of classifications and terms."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Invalid
from riskreg.kernel.localised import text_of, with_text_in_active_language
from riskreg.register.models import Taxonomy, Term
from riskreg.web.base import add_errors
from riskreg.web.bilingual import add_names_fields, nonempty_texts_by_language
from riskreg.web.table_form import keep_shown_values_beside_fields

_SOURCE = ("title", "url", "note")


class NamesForm(forms.Form):
    """Names by language; ``version`` is the one that the writer decided by."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order: list[str] | None = None

    def __init__(self, data: Any = None, *, row: Taxonomy | Term | None = None) -> None:
        initial = {"version": row.version} if row else {}
        super().__init__(data, initial=initial)
        add_names_fields(self, names=row.names if row else None)
        if row is not None:
            keep_shown_values_beside_fields(self)
        self.order_fields(self.field_order)

    def names(self) -> dict[str, str]:
        """What was written, by language."""
        return nonempty_texts_by_language(self.cleaned_data)

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        words = {"names": "name", "source": "source_title", "active": "name"}
        renamed = {
            words.get(n, n.replace("source.", "source_")): e for n, e in invalid.fields.items()
        }
        add_errors(self, Invalid(renamed))


class NewTermForm(NamesForm):
    """A new term, or a new classification."""

    key = forms.CharField(
        label=gettext_lazy("Short name for programs"),
        required=False,
        help_text=gettext_lazy(
            "Lower-case letters, digits and hyphens; it never changes. Left empty, it is made from "
            "the name."
        ),
    )
    field_order = ["name", "name_zh", "key"]


class TermForm(NamesForm):
    """Names and source of a term."""

    source_title = forms.CharField(label=gettext_lazy("Source"), required=False)
    source_url = forms.CharField(
        label=gettext_lazy("Address of the source"),
        required=False,
        widget=forms.TextInput({"inputmode": "url"}),
    )
    source_note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea({"rows": 2})
    )
    field_order = ["name", "name_zh", "source_title", "source_url", "source_note"]

    def __init__(self, data: Any = None, *, row: Term) -> None:
        super().__init__(data, row=row)
        self.row = row
        for name in _SOURCE:
            self.fields[f"source_{name}"].initial = text_of(row.source.get(name, ""))

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes. What the form does not show of a source stays as it is."""
        source = {name: self.cleaned_data[f"source_{name}"] for name in _SOURCE}
        hidden = {n: v for n, v in self.row.source.items() if n not in _SOURCE}
        # By language: the form shows and changes the reader's.
        kept = {
            n: with_text_in_active_language(self.row.source.get(n), text)
            for n, text in source.items()
        }
        return {"names": self.names(), "source": {**hidden, **kept}}


class MergeForm(forms.Form):
    """The term that stays."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    into = forms.ChoiceField(label=gettext_lazy("File all of it under"), required=False)

    def __init__(self, data: Any = None, *, row: Term, others: Mapping[str, str]) -> None:
        super().__init__(data, initial={"version": row.version})
        field: Any = self.fields["into"]
        field.needed = True
        field.choices = [("", _("choose a term")), *others.items()]
