"""What a risk says in each of its fields, for comparing two versions of it."""

import json
from contextlib import suppress
from typing import Any

from riskreg.kernel.fields import Field, Type
from riskreg.kernel.localised import text_of
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.queries import objectives_for
from riskreg.risks.fields import RISK
from riskreg.risks.models import Risk
from riskreg.web.conflict import value_in_words
from riskreg.web.risks.forms import SHOWN_OF_SOURCE, RiskForm
from riskreg.web.table_form import fields_in_form, get_choices, initial_value


def values_now(viewer: Viewer, form: RiskForm, risk: Risk) -> dict[str, Any]:
    """As it is now, as ``RiskForm.given`` has it."""
    return {field.name: initial_value(field, risk) for field in fields_in_form(RISK, form)} | {
        "terms": [f"{t.taxonomy.key}:{t.key}" for t in risk.terms.select_related("taxonomy")],
        "objectives": [o.key for o in objectives_for(viewer).filter(risks=risk)],
        "translations": risk.translations,
        "sources": _shown_parts_of_sources(risk.sources),
    }


def values_seen(form: RiskForm, seen_sources: str) -> dict[str, Any]:
    """As the form showed it when it was opened; what of it is lost is left out."""
    data: Any = form.data
    seen: dict[str, Any] = {
        field.name: data.getlist(f"initial-{field.name}")
        if field.type == Type.OBJECTIVES
        else data.get(f"initial-{field.name}", "")
        for field in fields_in_form(RISK, form)
    }
    seen["terms"] = [v for name in form.term_fields for v in data.getlist(f"initial-{name}")]
    kept = dict(form.risk.translations) if form.risk else {}
    texts = {t: data.get(f"initial-other_{t}", "").strip() for t in RISK.translated}
    kept[form.other] = {t: text.replace("\r\n", "\n") for t, text in texts.items() if text}
    seen["translations"] = {language: texts for language, texts in kept.items() if texts}
    with suppress(ValueError, AttributeError, TypeError, RecursionError):
        seen["sources"] = _shown_parts_of_sources(json.loads(data.get(seen_sources, "")))
    return seen


def shown_sources(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sources that were written, as ``values_now`` has those there are."""
    return _shown_parts_of_sources(sources)


def _shown_parts_of_sources(sources: Any) -> list[dict[str, Any]]:
    """Sources without what the form does not show of them."""
    return [
        {k: text_of(v) for k, v in source.items() if k in SHOWN_OF_SOURCE and v}
        for source in sources
    ]


def risk_value_in_words(form: RiskForm, field: Field, value: Any) -> str:
    """A value for reading; empty for nothing."""
    if field.type == Type.TERMS:
        known = {v: t for name in form.term_fields for v, t in get_choices(form, name).items()}
        return enumerate_texts(known.get(v, v) for v in sorted(value))
    if field.type == Type.SOURCES:
        return "\n".join(f"{s.get('title', '')} {s.get('url') or ''}".strip() for s in value)
    if field.type == Type.TRANSLATIONS:
        return "\n".join(text for texts in value.values() for text in texts.values())
    return value_in_words(form, field, value)
