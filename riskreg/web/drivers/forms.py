"""The forms of drivers: naming one, believing, measuring and linking."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.analysis.fields import BELIEF, LINK
from riskreg.analysis.models import Driver
from riskreg.analysis.queries.drivers import first_active_indicators_fitting
from riskreg.kernel.fields import Table, Type
from riskreg.register.access import Viewer
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility
from riskreg.web.table_form import form_field, set_choices, visibility_choices
from riskreg.web.ui.labels import figure_label_word


class DriverForm(forms.Form):
    """What it is called, and in which unit."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False)
    name_other = forms.CharField(label=gettext_lazy("In the other language"), required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), required=False)
    visibility = forms.ChoiceField(label=gettext_lazy("Who sees it"))

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        super().__init__(data, initial={"visibility": Visibility.SHARED.value})
        self.viewer = viewer
        for name in ("name", "unit"):
            self.fields[name].needed = True  # type: ignore[attr-defined]
        set_choices(self, "visibility", visibility_choices(viewer))

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes."""
        own = "zh-hans" if self.viewer.user.language == "zh-hans" else "en"
        other = "en" if own == "zh-hans" else "zh-hans"
        data = self.cleaned_data
        names = {own: data["name"], other: data["name_other"]}
        return {"names": {k: v for k, v in names.items() if v}, "unit": data["unit"]}


class TableForm(forms.Form):
    """The settable fields of a table; the service checks them."""

    table: Table
    left_out: tuple[str, ...] = ("sources", "steps")

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        super().__init__(data)
        for field in self.table.settable:
            if field.name in self.left_out:
                continue
            shown = form_field(field)
            if field.type == Type.NUMBER:
                shown = forms.CharField(label=str(field.label))
                shown.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            shown.required = False
            shown.needed = field.required  # type: ignore[attr-defined]
            self.fields[field.name] = shown
        if "label" in self.fields:
            set_choices(self, "label", [(v, figure_label_word(v)) for v in LABELS])
            self.initial["label"] = "judgement"

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            f.name: self.cleaned_data[f.name]
            for f in self.table.settable
            if f.name in self.cleaned_data
        }


class BeliefForm(TableForm):
    """A range of the driver; nothing of it is preset."""

    table = BELIEF
    visibility = forms.ChoiceField(label=gettext_lazy("Who sees it"))
    source_title = forms.CharField(label=gettext_lazy("Source"), required=False)
    source_url = forms.CharField(label=gettext_lazy("Address of the source"), required=False)
    step_on = forms.CharField(
        label=gettext_lazy("From which day"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
    )
    step_factor = forms.CharField(
        label=gettext_lazy("Times"),
        required=False,
        help_text=gettext_lazy("As in 1.1: a tenth more than the range says."),
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )
    step_why = forms.CharField(label=gettext_lazy("What comes then"), required=False)

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        super().__init__(viewer, data)
        set_choices(self, "visibility", visibility_choices(viewer))
        self.initial["visibility"] = Visibility.SHARED.value

    def fields_for_service(self) -> dict[str, Any]:
        data, given = self.cleaned_data, super().fields_for_service()
        if data["source_title"] or data["source_url"]:
            title, url = data["source_title"], data["source_url"]
            given["sources"] = [{"title": title, "url": url, "label": data["label"]}]
        if data["step_on"] or data["step_factor"] or data["step_why"]:
            step = {"on": data["step_on"], "factor": data["step_factor"], "why": data["step_why"]}
            given["steps"] = [step]
        return given


class FeedForm(forms.Form):
    """Which indicator measures it."""

    indicator = forms.ChoiceField(label=gettext_lazy("Measured by"), required=False)

    def __init__(self, viewer: Viewer, row: Driver, data: Any = None) -> None:
        initial = {"indicator": row.indicator.ref if row.indicator else ""}
        super().__init__(data, initial=initial)
        fitting = [
            (i.ref, f"{i.ref} {i.name}") for i in first_active_indicators_fitting(viewer, row)
        ]
        set_choices(self, "indicator", [("", _("no indicator")), *fitting])


class LinkForm(TableForm):
    """Which risk it moves, and how."""

    table = LINK
    risk = forms.CharField(
        label=gettext_lazy("Risk"), required=False, help_text=gettext_lazy("As in R-003.")
    )

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        super().__init__(viewer, data)
        self.fields["risk"].needed = True  # type: ignore[attr-defined]
