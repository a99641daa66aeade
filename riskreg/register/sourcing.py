"""Where things are known from: sources, and how far each field can be relied on."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Errors
from riskreg.kernel.text import clean_text, clean_url
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.translations import LANGUAGES, UNKNOWN_LANGUAGE

SOURCE = ("title", "url", "quote", "label", "locator", "date", "note")
_NO_SUCH_PART = gettext_lazy("A source has no such part.")


def clean_sources(errors: Errors, field: str, value: Any) -> list[dict[str, Any]]:
    """Sources: [{title, url, quote, locator, date, label, note}], each with a label.

    Title, locator, date and note are text, or {language: text}.
    """
    if not isinstance(value, list) or len(value) > 50:
        errors.add(field, "not_a_list", _("Sources are a list of at most 50."))
        return []
    sources = []
    for n, item in enumerate(value):
        name = f"{field}.{n}"
        if not isinstance(item, Mapping):
            errors.add(name, "not_an_object", _("A source has a title, an address and a label."))
            continue
        for key in item:
            if key not in SOURCE:
                errors.add(f"{name}.{str(key)[:60]}", "unknown_field", _NO_SUCH_PART)
        label = item.get("label")
        if label not in LABELS:
            errors.add(
                f"{name}.label",
                "unknown",
                _("Unknown label; use one of: %s.") % ", ".join(LABELS),
            )
        source: dict[str, Any] = {
            "title": _clean_title(errors, f"{name}.title", item.get("title")),
            "url": clean_url(errors, f"{name}.url", item.get("url")),
            "quote": clean_text(errors, f"{name}.quote", item.get("quote"), limit=2000) or None,
            "label": label,
        }
        for extra, limit in (("locator", 300), ("date", 40), ("note", 1000)):
            text = item.get(extra)
            if isinstance(text, Mapping):
                if not set(text) <= LANGUAGES:
                    errors.add(f"{name}.{extra}", "unknown_language", UNKNOWN_LANGUAGE)
                    continue
                source[extra] = {
                    k: clean_text(errors, f"{name}.{extra}", v, limit=limit)
                    for k, v in text.items()
                }
            elif text not in (None, ""):
                source[extra] = clean_text(errors, f"{name}.{extra}", text, limit=limit)
        sources.append(source)
    return sources


def _clean_title(errors: Errors, name: str, value: Any) -> Any:
    """A title as text, or as {language: text} with at least one."""
    if not isinstance(value, Mapping):
        return clean_text(errors, name, value, required=True, limit=300)
    if not set(value) <= LANGUAGES:
        errors.add(name, "unknown_language", UNKNOWN_LANGUAGE)
        return {}
    texts = {k: clean_text(errors, name, v, limit=300) for k, v in value.items()}
    if not any(texts.values()):
        errors.add(name, "required", _("This is needed."))
    return {k: text for k, text in texts.items() if text}


def clean_labels(errors: Errors, value: Any, fields: tuple[str, ...]) -> dict[str, str]:
    """Which label each of ``fields`` carries: {field: one of ``LABELS``}."""
    if not isinstance(value, Mapping):
        errors.add("labels", "not_an_object", _("Labels map a field's name to its label."))
        return {}
    for name, label in value.items():
        where = f"labels.{str(name)[:60]}"
        if name not in fields:
            errors.add(
                where,
                "unknown_field",
                _("There is no such field to label. Fields: %(all)s.") % {"all": ", ".join(fields)},
            )
        elif label not in LABELS:
            errors.add(where, "unknown", _("Unknown label; use one of: %s.") % ", ".join(LABELS))
    return {n: label for n, label in value.items() if n in fields and label in LABELS}


def check_labels(
    errors: Errors, labels: Mapping[str, str], sources: Collection[Any], field: str
) -> None:
    """Note labels of fields that claim a source where no ``sources`` are named."""
    if "sourced" in labels.values():
        check_sourced(errors, field, "sourced", bool(sources))
