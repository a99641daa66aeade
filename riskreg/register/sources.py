"""Where something comes from: one source, or none."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.text import clean_text, clean_url
from riskreg.register.policy import LABELS

# The longest text of each part; those in ``_BY_LANGUAGE`` may be {language: text} as well.
PARTS = {
    "title": 300, "url": 2000, "quote": 2000, "locator": 300, "date": 40, "note": 1000, "label": 12,
    "formula": 600,
}  # fmt: skip
_BY_LANGUAGE = ("title", "locator", "date", "note")


def clean_source(errors: Errors, field: str, value: Any) -> dict[str, Any]:
    """``value`` as {title, url, quote, locator, date, note, label, formula} without what is empty.

    None and {} are no source. Notes in ``errors`` what is wrong, part by part.
    """
    if not value:
        return {}
    if not isinstance(value, Mapping):
        errors.add(field, "not_an_object", _("A source has a title, an address and a label."))
        return {}
    found: dict[str, Any] = {}
    for name, text in value.items():
        where = f"{field}.{str(name)[:60]}"
        if name not in PARTS:
            errors.add(where, "unknown_field", _("A source has no such part."))
        elif name in _BY_LANGUAGE and isinstance(text, Mapping):
            if not set(text) <= set(dict(settings.LANGUAGES)):
                errors.add(where, "unknown_language", _("Languages are en and zh-hans."))
                continue
            texts = {k: clean_text(errors, where, v, limit=PARTS[name]) for k, v in text.items()}
            found[name] = {language: text for language, text in texts.items() if text}
        elif name == "url":
            found[name] = clean_url(errors, where, text)
        else:
            found[name] = clean_text(errors, where, text, limit=PARTS[name])
    if found.get("label") and found["label"] not in LABELS:
        text = _("Unknown label; use one of: %s.") % ", ".join(LABELS)
        errors.add(f"{field}.label", "unknown", text)
    return {name: text for name, text in found.items() if text}
