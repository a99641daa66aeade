"""Versions of texts in other languages, and which of them are older than their original."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Errors
from riskreg.kernel.text import TEXT_MAX, TITLE_MAX, clean_text

# Said together with other fields of a change: which versions still fit although the original moved.
CONFIRMED = "confirmed_translations"
LANGUAGES = {"en", "zh-hans"}
UNKNOWN_LANGUAGE = gettext_lazy("Languages are en and zh-hans.")


def clean_translations(
    errors: Errors, value: Any, fields: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """Versions of texts in other languages: {language: {field: text}}."""
    if not isinstance(value, Mapping):
        errors.add(
            "translations", "not_an_object", _("Translations are {language: {field: text}}.")
        )
        return {}
    clean: dict[str, dict[str, str]] = {}
    for language, texts in value.items():
        name = f"translations.{str(language)[:10]}"
        if language not in LANGUAGES or not isinstance(texts, Mapping):
            errors.add(name, "unknown_language", UNKNOWN_LANGUAGE)
            continue
        for field, text in texts.items():
            if field not in fields:
                errors.add(f"{name}.{str(field)[:40]}", "unknown_field", _("No such text."))
                continue
            limit = TITLE_MAX if field == "title" else TEXT_MAX
            if cleaned := clean_text(errors, f"{name}.{field}", text, limit=limit):
                clean.setdefault(language, {})[field] = cleaned
    return clean


def clean_confirmed(
    errors: Errors, value: Any, translations: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """Translations that somebody says still fit their original: {language: [field]}."""
    name = "confirmed_translations"
    if not isinstance(value, Mapping):
        errors.add(name, "not_an_object", _("Confirmed translations are {language: [field]}."))
        return {}
    clean: dict[str, list[str]] = {}
    for language, fields in value.items():
        path = f"{name}.{str(language)[:10]}"
        if language not in LANGUAGES or not isinstance(fields, list | tuple):
            errors.add(path, "unknown_language", UNKNOWN_LANGUAGE)
            continue
        for field in fields:
            if not isinstance(field, str) or field not in translations.get(language, {}):
                errors.add(path, "no_translation", _("There is no translation of it to confirm."))
                continue
            clean.setdefault(language, []).append(field)
    return clean


def outdated_translations(
    before: Any,
    translations: Mapping[str, Mapping[str, str]],
    changed: set[str],
    confirmed: Mapping[str, Collection[str]],
) -> dict[str, list[str]] | None:
    """Which of ``translations`` are older than their original; None for none.

    ``before``: the row as it was, with its translations. A version is outdated when its original is
    among the ``changed`` fields and it did not change itself, and stays so until it changes or is
    ``confirmed``.
    """
    stale: dict[str, list[str]] = {}
    for language, texts in translations.items():
        was = before.translations.get(language, {})
        old = (before.outdated_translations or {}).get(language, ())
        for field, text in texts.items():
            same = was.get(field) == text
            if (
                same
                and (field in changed or field in old)
                and field not in confirmed.get(language, ())
            ):
                stale.setdefault(language, []).append(field)
    return {language: sorted(fields) for language, fields in stale.items()} or None
