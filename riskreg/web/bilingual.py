"""Short names that a form takes in each language, as services take them: {language: text}."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

SECOND = "zh-hans"


def names_fields(
    form: forms.Form, name: str = "name", names: Mapping[str, str] | None = None
) -> None:
    """Add a field for each language to ``form``: ``name`` and ``name_zh``, with what is there."""
    names = names or {}
    form.fields[name] = forms.CharField(
        label=_("Name"), required=False, initial=names.get("en", "")
    )
    # One of both is needed; which one is the writer's choice.
    form.fields[name].needed = True  # type: ignore[attr-defined]
    form.fields[f"{name}_zh"] = forms.CharField(
        label=_("Name in Chinese"),
        required=False,
        initial=names.get(SECOND, ""),
        widget=forms.TextInput({"lang": "zh-Hans"}),
    )


def names_given(data: Mapping[str, Any], name: str = "name") -> dict[str, str]:
    """What was written, by language; a language left empty is none."""
    texts = {"en": data.get(name, ""), SECOND: data.get(f"{name}_zh", "")}
    return {language: text for language, text in texts.items() if text}
