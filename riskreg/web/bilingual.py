"""Texts that a form takes in two languages, and names the language of each."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.kernel.punctuation import in_brackets

SECOND = "zh-hans"
LANGUAGE_TAGS = {"en": "en", SECOND: "zh-Hans"}


def add_names_fields(
    form: forms.Form, name: str = "name", names: Mapping[str, str] | None = None
) -> None:
    """Add a field for each language to ``form``: ``name`` and ``name_zh``, with what is there."""
    names = names or {}
    form.fields[name] = forms.CharField(
        label=label_naming_language(_("Name"), "en"),
        required=False,
        initial=names.get("en", ""),
        widget=forms.TextInput({"lang": "en"}),
    )
    # One of both is needed; which one is the writer's choice.
    form.fields[name].needed = True  # type: ignore[attr-defined]
    form.fields[f"{name}_zh"] = forms.CharField(
        label=_("Name in Chinese"),
        required=False,
        initial=names.get(SECOND, ""),
        widget=forms.TextInput({"lang": "zh-Hans"}),
    )


def nonempty_texts_by_language(data: Mapping[str, Any], name: str = "name") -> dict[str, str]:
    """What was written, by language; a language left empty is none."""
    texts = {"en": data.get(name, ""), SECOND: data.get(f"{name}_zh", "")}
    return {language: text for language, text in texts.items() if text}


def original_language_of(other: str) -> str:
    """The language of a text whose second version is in ``other``."""
    return "en" if other == SECOND else SECOND


def name_languages_in_labels(form: forms.Form, names: Iterable[str], other: str) -> None:
    """Say beside each of ``names``, and of its other version, which language it is in.

    Two languages stand in one form, and a reader of one would overwrite the other unwarned.
    """
    for name in names:
        for field_name, language in ((name, original_language_of(other)), (f"other_{name}", other)):
            if (field := form.fields.get(field_name)) is not None:
                field.label = label_naming_language(str(field.label), language)
                field.widget.attrs["lang"] = LANGUAGE_TAGS[language]


def label_naming_language(label: str, language: str) -> str:
    """``label`` of a text in ``language``, which is named where it is not the reader's own."""
    return (
        label
        if is_readers_language(language)
        else f"{label}{in_brackets(language_name_for_reader(language))}"
    )


def language_name_for_reader(language: str) -> str:
    """A language in the reader's words."""
    return _(str(dict(settings.LANGUAGES)[language]))


def is_readers_language(language: str) -> bool:
    """Whether that is the reader's language."""
    return (get_language() or settings.LANGUAGE_CODE) == language
