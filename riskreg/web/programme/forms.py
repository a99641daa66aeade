"""The programme's frame as a form: its days and texts, and a row for each milestone."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.change_words import likelihood_over_text
from riskreg.register.policy import LABELS
from riskreg.register.programme import DAYS, OVER, Programme, programme_of
from riskreg.web.base import add_errors
from riskreg.web.bilingual import SECOND, nonempty_texts_by_language
from riskreg.web.table_form import set_choices
from riskreg.web.ui.labels import figure_label_word

# Empty rows offered for what is new.
MORE_ROWS = 2
_DAY = {"type": "date"}


class ProgrammeForm(forms.Form):
    """All of it at once; a milestone without a name and a day is none."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    starts_on = forms.CharField(
        label=gettext_lazy("Start"), required=False, widget=forms.DateInput(_DAY)
    )
    ends_on = forms.CharField(
        label=gettext_lazy("In force until"), required=False, widget=forms.DateInput(_DAY)
    )
    horizon_on = forms.CharField(
        label=gettext_lazy("Horizon"),
        required=False,
        widget=forms.DateInput(_DAY),
        help_text=gettext_lazy("How far ahead the register looks."),
    )
    likelihood_over = forms.ChoiceField(
        label=gettext_lazy("Likelihood is meant"), required=False, widget=forms.RadioSelect
    )
    label = forms.ChoiceField(label=gettext_lazy("Label"), required=False)

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        frame = programme_of(viewer.register)
        self.source = dict(frame.source)
        initial: dict[str, Any] = {name: _iso_day_or_empty(getattr(frame, name)) for name in DAYS}
        initial |= {
            "version": viewer.register.version,
            "likelihood_over": frame.likelihood_over,
            "label": frame.label,
        }
        super().__init__(data, initial=initial)
        set_choices(self, "likelihood_over", [(over, likelihood_over_text(over)) for over in OVER])
        set_choices(self, "label", _label_choices())
        for name, label, zh in (
            ("places", _("Place"), _("Place in Chinese")),
            ("exits", _("What ends it"), _("What ends it, in Chinese")),
        ):
            texts = getattr(frame, name)
            self.fields[name] = _line_field(label, texts.get("en", ""))
            self.fields[f"{name}_zh"] = _line_field(zh, texts.get(SECOND, ""), lang="zh-Hans")
        self.rows = _initial_milestone_rows(data, frame)
        for n, row in enumerate(self.rows):
            self._add_milestone_fields(n, row)

    def _add_milestone_fields(self, n: int, row: dict[str, str]) -> None:
        at = f"m{n}_"
        self.fields[f"{at}name"] = _line_field(_("Milestone"), row["name"])
        self.fields[f"{at}name_zh"] = _line_field(_("In Chinese"), row["name_zh"], lang="zh-Hans")
        for name, label in (("due_on", _("Due")), ("reached_on", _("Reached on"))):
            self.fields[at + name] = forms.CharField(
                label=label, required=False, initial=row[name], widget=forms.DateInput(_DAY)
            )
        self.fields[f"{at}kind"] = forms.ChoiceField(
            label=_("Kind"),
            required=False,
            initial=row["kind"],
            choices=[("milestone", _("milestone")), ("gate", _("gate"))],
        )
        self.fields[f"{at}label"] = forms.ChoiceField(
            label=_("Label"), required=False, initial=row["label"], choices=_label_choices()
        )

    def milestone_fields_by_row(self) -> list[list[forms.BoundField]]:
        """The fields of each row."""
        names = ("name", "name_zh", "kind", "due_on", "reached_on", "label")
        return [[self[f"m{n}_{name}"] for name in names] for n in range(len(self.rows))]

    @property
    def _filled_row_numbers(self) -> list[int]:
        """The numbers of the rows that say a name or a day."""
        names = ("name", "name_zh", "due_on")
        return [
            n
            for n in range(len(self.rows))
            if any(self.cleaned_data.get(f"m{n}_{name}") for name in names)
        ]

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes. The source is not asked for here, and stays."""
        data = self.cleaned_data
        milestones = []
        for n in self._filled_row_numbers:
            at = f"m{n}_"
            names = nonempty_texts_by_language(data, f"{at}name")
            rest = {name: data[at + name] for name in ("kind", "due_on", "reached_on", "label")}
            milestones.append({"names": names, **rest})
        return {
            **{name: data[name] for name in DAYS},
            "places": nonempty_texts_by_language(data, "places"),
            "exits": nonempty_texts_by_language(data, "exits"),
            "likelihood_over": data["likelihood_over"],
            "label": data["label"],
            "source": self.source,
            "milestones": milestones,
        }

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        renamed: dict[str, Any] = {}
        for name, errors in invalid.fields.items():
            parts = name.split(".")
            if parts[0] == "milestones" and len(parts) > 2:
                field = {"names": "name"}.get(parts[2], parts[2])
                name = f"m{self._filled_row_numbers[int(parts[1])]}_{field}"
            renamed.setdefault(name, []).extend(errors)
        add_errors(self, Invalid(renamed))


def _initial_milestone_rows(data: Any, frame: Programme) -> list[dict[str, str]]:
    """What stands in each row: as it was sent, else the milestones there are and some empty."""
    empty = {"name": "", "name_zh": "", "due_on": "", "reached_on": "", "kind": "milestone",
             "label": "judgement"}  # fmt: skip
    kept = [
        {
            "name": row.names.get("en", ""),
            "name_zh": row.names.get(SECOND, ""),
            "due_on": _iso_day_or_empty(row.due_on),
            "reached_on": _iso_day_or_empty(row.reached_on),
            "kind": row.kind,
            "label": row.label,
        }
        for row in frame.milestones
    ]
    count = len(kept) + MORE_ROWS
    if data is not None:
        sent = [int(key[1:-5]) for key in data if key[:1] == "m" and key[1:-5].isascii()
                and key[1:-5].isdigit() and key.endswith("_name") and len(key) < 9]  # fmt: skip
        count = max([count, *(n + 1 for n in sent if n < 60)])
    return [*kept, *(dict(empty) for _ in range(count - len(kept)))]


def _line_field(label: str, initial: str, *, lang: str = "") -> forms.CharField:
    widget = forms.TextInput({"lang": lang} if lang else {})
    return forms.CharField(label=label, required=False, initial=initial, widget=widget)


def _label_choices() -> list[tuple[str, str]]:
    return [(value, figure_label_word(value)) for value in LABELS]


def _iso_day_or_empty(day: Any) -> str:
    return day.isoformat() if day else ""
