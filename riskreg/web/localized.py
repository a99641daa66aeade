"""Texts that were written in several languages, each shown whole in one of them."""

from typing import Any

from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from riskreg.indicators.models import Indicator
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.risks.models import Risk, Translated
from riskreg.web.bilingual import LANGUAGE_TAGS
from riskreg.web.history.page import field_label

PARTS = ("cause", "event", "consequence")


def guess_language(text: str) -> str:
    """The language that a text of its writer seems to be in."""
    return "zh-hans" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en"


def risk_statement_html(risk: Risk) -> SafeString:
    """The risk in one sentence, as far as it has been told: all of it in one language, the words
    around the texts as well; the writer's where there is no translation, and marked so."""
    texts = risk.texts_in_one_language(*PARTS)
    reader = translation.get_language() or "en"
    version = risk.translations.get(reader, {})
    translated = any(text and text == version.get(name) for name, text in texts.items())
    language = reader if translated else guess_language(" ".join(texts.values()))
    with translation.override(language):
        text = _statement_html(*(texts[name].strip().rstrip(".。") for name in PARTS))
    if not text or language == reader:
        return text
    return format_html('<span lang="{}">{}</span>', LANGUAGE_TAGS.get(language, language), text)


_ARTICLES = ("A", "An", "The", "This", "These", "Our", "There", "It", "We", "Some", "No")


def _statement_html(cause: str, event: str, consequence: str) -> SafeString:
    # Each part is written as a sentence of its own; within one an article begins small.
    cause, event, consequence = (
        part[:1].lower() + part[1:] if part.partition(" ")[0] in _ARTICLES else part
        for part in (cause, event, consequence)
    )
    strong = format_html("<b>{}</b>", event)
    if cause and event and consequence:
        pattern = _("Because {cause}, {event}; as a result, {consequence}.")
    elif cause and event:
        pattern = _("Because {cause}, {event}.")
    elif event and consequence:
        pattern = _("It may happen that {event}; as a result, {consequence}.")
    elif event:
        pattern = _("It may happen that {event}.")
    else:
        parts = [part for part in (cause, consequence) if part]
        return format_html("{}", " → ".join(parts))
    return format_html(pattern, cause=cause, event=strong, consequence=consequence)


def outdated_text_rows(
    thing: Translated, *fields: str, together: bool = False
) -> list[dict[str, Any]]:
    """The texts that the reader is shown in a version older than the original, with the original.

    ``together``: of texts that are said as one, which may be shown as they were written instead.
    """
    shown = thing.texts_in_one_language(*fields) if together else {}
    return [
        {"label": field_label(field), "original": getattr(thing, field)}
        for field in thing.outdated_fields(*fields)
        if not together or shown[field] == thing.localized(field)
    ]


def outdated_indicator_text_rows(indicator: Indicator) -> list[dict[str, Any]]:
    """``outdated_text_rows`` of an indicator's name and notes."""
    rows = []
    for field in indicator.outdated_fields("names", "descriptions", "limit_notes"):
        texts = getattr(indicator, field)
        original = texts.get("en") or next(iter(texts.values()), "")
        rows.append({"label": field_label(field), "original": original})
    return rows


def outdated_translations_text_or_empty(
    thing: Translated | Indicator, translated_fields: tuple[str, ...]
) -> str:
    """What a writer is told of versions that do not follow their original; empty for none."""
    stale = sorted({f for names in (thing.outdated_translations or {}).values() for f in names})
    if not stale:
        return ""
    named = [field_label(field) for field in translated_fields if field in stale]
    return _("The translation is out of date now, and marked so for its readers: %(fields)s.") % {
        "fields": enumerate_texts(named)
    }
