"""Fields of a noun's table as fields of a form: what a browser is shown, and what it sends back.

A form class adds what is its own (choices that depend on the register, other widgets) in plain
code. The services check values; a form only knows which fields there are.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.kernel.localised import plain_number
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.access import Viewer
from riskreg.register.translations import CONFIRMED
from riskreg.register.visibility import Visibility

CONFIRMED_TRANSLATIONS_FIELD = "still_fits"


def form_field(field: Field) -> forms.Field:
    """``field`` as a form shows it. Choices that depend on the register are still missing."""
    shared: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": field.required,
    }
    kind = field.type
    if kind == Type.TEXT:
        return forms.CharField(widget=text_box(field.lines), **shared)
    if kind == Type.CHOICE:
        return forms.ChoiceField(choices=list(choices_of(field)), **shared)
    if kind in (Type.PERSON, Type.OBJECTIVE, Type.TERM):
        return forms.ChoiceField(choices=[], **shared)
    if kind in (Type.OBJECTIVES, Type.RISKS, Type.PEOPLE):
        return forms.MultipleChoiceField(choices=[], widget=forms.CheckboxSelectMultiple, **shared)
    if kind == Type.DAY:
        widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(widget=widget, **shared)
    if kind == Type.WHOLE:
        return forms.IntegerField(min_value=field.least, **_max_value_option(field), **shared)
    if kind == Type.MONEY:
        return forms.DecimalField(**shared)
    if kind == Type.SWITCH:
        return forms.BooleanField(**shared | {"required": False})
    return forms.CharField(**shared)


def _max_value_option(field: Field) -> dict[str, Any]:
    return {"max_value": field.most} if field.type == Type.WHOLE and field.most <= 100 else {}


def text_box(lines: int) -> forms.Textarea:
    """A box for text of so many lines."""
    return forms.Textarea(attrs={"rows": lines})


def choices_of(field: Field) -> Iterable[tuple[str, str]]:
    """The words of a field with their labels, and nothing where nothing may be chosen."""
    if not field.required:
        yield "", _("not decided")
    for word in field.choices:
        yield word.value, capfirst(str(word.label))


def set_choices(form: forms.BaseForm, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
    """Let the choice field ``name`` offer ``choices``."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - a name mistyped in a form's own code
    field.choices = list(choices)


def get_choices(form: forms.BaseForm, name: str) -> dict[str, str]:
    """What the choice field ``name`` offers: value → words; nothing for an unknown one."""
    field: Any = form.fields.get(name)
    return {str(k): str(v) for k, v in getattr(field, "choices", ())}


def initial_value(field: Field, row: Any) -> Any:
    """The value of ``field`` that a form starts with. Links are the caller's, who has a viewer."""
    value = getattr(row, field.name)
    if field.type == Type.PERSON:
        return str(value.uuid) if value else ""
    if field.type == Type.OBJECTIVE:
        return value.key if value else ""
    if field.type == Type.TERM:
        return value.ref if value else ""
    if field.type == Type.NUMBER:
        return None if value is None else plain_number(value)
    return "" if value is None and field.type == Type.LINE else value


def visibility_choices(viewer: Viewer) -> list[tuple[str, str]]:
    """Who can be let see something new."""
    return [
        (Visibility.SHARED.value, _("Everybody in this register")),
        (Visibility.PARTY.value, _("%(party)s only") % {"party": viewer.party}),
    ]


def keep_shown_values_beside_fields(form: forms.BaseForm) -> None:
    """Keep beside each field what it showed, so that after a conflict it is known what the writer
    changed and what they merely sent back."""
    for name, field in form.fields.items():
        field.show_hidden_initial = name != "version"


def fields_in_form(table: Table, form: forms.BaseForm) -> list[Field]:
    """The fields of ``table`` that ``form`` has under their own names."""
    return [field for field in table.settable if field.name in form.fields]


def add_confirmed_translations_field(
    form: forms.BaseForm, outdated: Mapping[str, Collection[str]] | None, table: Table
) -> None:
    """Boxes for the translations that are out of date, by which the writer says that they fit.

    ``outdated``: {language: [field]}, as a thing keeps it. No field where none is.
    """
    languages = dict(settings.LANGUAGES)

    def label(language: str, field: str) -> str:
        text = capfirst(str(table[field].label))
        return f"{text}{in_brackets(languages[language])}" if len(outdated or {}) > 1 else text

    choices = [
        (f"{language}:{field}", label(language, field))
        for language, fields in (outdated or {}).items()
        for field in table.names
        if field in fields
    ]
    if choices:
        form.fields[CONFIRMED_TRANSLATIONS_FIELD] = forms.MultipleChoiceField(
            label=_("Still fits, although the original has changed"),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            choices=choices,
        )


def read_confirmed_translations(form: forms.BaseForm) -> dict[str, dict[str, list[str]]]:
    """What was ticked there, as the services take it; empty where nothing was offered."""
    if CONFIRMED_TRANSLATIONS_FIELD not in form.fields:
        return {}
    ticked: dict[str, list[str]] = {}
    for value in form.cleaned_data.get(CONFIRMED_TRANSLATIONS_FIELD, []):
        language, _colon, field = value.partition(":")
        ticked.setdefault(language, []).append(field)
    return {CONFIRMED: ticked}
