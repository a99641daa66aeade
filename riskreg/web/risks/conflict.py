"""Two versions of one risk, side by side."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from riskreg.register.access import Viewer
from riskreg.register.queries import objectives_for
from riskreg.risks.models import Kind, Response, Risk
from riskreg.web.risks.forms import TEXTS, RiskForm, offered

_ORDER = (
    *TEXTS, "kind", "response", "owner", "deputy", "terms", "objectives", "external_id",
    "translations", "sources",
)  # fmt: skip


def differences(
    viewer: Viewer,
    form: RiskForm,
    mine: Mapping[str, Any],
    now: Risk,
    touched: set[str],
    words: Callable[[str], str],
    seen_sources: str,
) -> list[dict[str, Any]]:
    """Each field that the writer changed and that would now become something else.

    ``{name, label, mine, theirs, both}``, texts for reading; ``both`` says that the other one
    changed it too. What only the other one changed is not a difference to decide: it stays as it
    is now.
    """
    theirs = _values_of(viewer, now)
    rows = []
    for name in _ORDER:
        if name not in touched or name not in mine:
            continue
        if _comparable(name, mine[name]) == _comparable(name, theirs[name]):
            continue
        rows.append(
            {
                "name": name,
                "label": words(name),
                "mine": _said(form, name, mine[name]),
                "theirs": _said(form, name, theirs[name]),
                "both": _seen(form, name, seen_sources) != _comparable(name, theirs[name]),
            }
        )
    return rows


def posted(
    data: QueryDict,
    form: RiskForm,
    initial: Mapping[str, Any],
    sources: list[dict[str, Any]],
    seen_sources: str,
) -> list[tuple[str, str]]:
    """Hidden fields that carry what was written on, with what is there now as what was shown."""
    pairs = []
    for name, values in data.lists():
        if name in ("csrfmiddlewaretoken", "version", "resolved", seen_sources):
            continue
        if name.startswith(("initial-", "take_")):
            continue
        pairs += [(name, value) for value in values]
    for name in form.fields:
        if name == "version":
            continue
        value = initial.get(name, "")
        values = value if isinstance(value, list) else [value]
        pairs += [(f"initial-{name}", str(v)) for v in values]
    pairs.append((seen_sources, json.dumps(sources, ensure_ascii=False)))
    return pairs


def _values_of(viewer: Viewer, risk: Risk) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(risk, name) for name in TEXTS}
    return values | {
        "kind": risk.kind,
        "response": risk.response,
        "owner": str(risk.owner.uuid),
        "deputy": str(risk.deputy.uuid) if risk.deputy else "",
        "external_id": risk.external_id or "",
        "terms": [f"{t.taxonomy.key}:{t.key}" for t in risk.terms.select_related("taxonomy")],
        "objectives": [o.key for o in objectives_for(viewer).filter(risks=risk)],
        "translations": risk.translations,
        "sources": risk.sources,
    }


def _seen(form: RiskForm, name: str, seen_sources: str) -> Any:
    """What the form showed of ``name`` when it was opened, comparable; None where that is lost."""
    data: Any = form.data
    if name == "sources":
        try:
            return _comparable(name, json.loads(data.get(seen_sources, "")))
        except (ValueError, AttributeError, TypeError, RecursionError):
            return None
    if name == "terms":
        values = [v for field in form.term_fields for v in data.getlist(f"initial-{field}")]
        return sorted(values)
    if name == "objectives":
        return sorted(data.getlist(f"initial-{name}"))
    if name == "translations":
        kept = dict(form.risk.translations) if form.risk else {}
        texts = {t: data.get(f"initial-other_{t}", "").strip() for t in TEXTS}
        kept[form.other] = {t: text.replace("\r\n", "\n") for t, text in texts.items() if text}
        return {language: texts for language, texts in kept.items() if texts}
    return _comparable(name, data.get(f"initial-{name}", ""))


def _comparable(name: str, value: Any) -> Any:
    if name in ("terms", "objectives"):
        return sorted(value)
    if name == "sources":
        return [
            {k: v for k, v in source.items() if k in ("title", "url", "locator", "label") and v}
            for source in value
        ]
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return value


def _said(form: RiskForm, name: str, value: Any) -> str:
    """A value for reading; empty for nothing."""
    if name in ("owner", "deputy"):
        return offered(form, name).get(value, value) if value else _("nobody")
    if name == "kind":
        return str(Kind(value).label)
    if name == "response":
        return str(Response(value).label) if value else _("not decided")
    if name == "terms":
        known = {v: t for f in form.term_fields for v, t in offered(form, f).items()}
        return ", ".join(str(known.get(v, v)) for v in sorted(value))
    if name == "objectives":
        known = offered(form, name)
        return ", ".join(str(known.get(v, v)) for v in sorted(value))
    if name == "sources":
        return "\n".join(f"{s.get('title', '')} {s.get('url') or ''}".strip() for s in value)
    if name == "translations":
        return "\n".join(text for texts in value.values() for text in texts.values())
    return str(value)
