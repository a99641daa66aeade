"""Logged texts and names in the reader's language, as far as the log or the register has them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.register.access import Viewer
from riskreg.register.queries import objectives_for, terms_of
from riskreg.risks.models import ControlKind


def localized(field: str, pair: list[Any], change: Mapping[str, Any]) -> list[Any]:
    """``pair`` (before and after) of a text in the reader's language.

    Both or neither: a difference between two languages would be none. A version that was out of
    date when this was logged does not count.
    """
    language, versions = get_language() or "", change.get("translations")
    if not _is_pair(versions) or not isinstance(pair[1] or pair[0], str):
        return pair
    stale: Any = change.get("outdated_translations")
    outdated = ((stale[1] if _is_pair(stale) else None) or {}).get(language, ())
    said = [((side or {}).get(language) or {}).get(field) for side in versions or ()]
    if any(text and not version for text, version in zip(pair, said, strict=True)):
        return pair
    if field in outdated:
        return pair
    return [version if text else text for text, version in zip(pair, said, strict=True)]


def named(value: Mapping[str, Any]) -> str:
    """A logged thing with a name, such as a control, in the reader's language."""
    version = (value.get("translations") or {}).get(get_language() or "", {})
    name = str(version.get("name") or value.get("name") or "")
    if value.get("kind") in ControlKind.values:
        kind = capfirst(ControlKind(value["kind"]).label)
        return _("%(name)s (%(kind)s)") % {"name": name, "kind": kind}
    return name


def link_names(viewer: Viewer, changes: Collection[Mapping[str, Any]]) -> dict[str, str]:
    """Names of the terms and objectives that ``changes`` speak of, by key; no query for none."""
    names: dict[str, str] = {}
    if any(_is_pair(change.get("terms")) for change in changes):
        names |= {f"{t.taxonomy.key}:{t.key}": t.name for t in terms_of(viewer)}
    if any(_is_pair(change.get("objectives")) for change in changes):
        names |= {o.key: o.name for o in objectives_for(viewer).order_by()}
    return names


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2
