"""Logged texts and names in the reader's language, as far as the log or the register has them."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.kernel.localised import number
from riskreg.kernel.punctuation import colon
from riskreg.register.access import Viewer
from riskreg.register.queries import objectives_for, terms_of
from riskreg.risks.models import ControlKind, RelationKind

SHOWN_READINGS = 20


def pair_localized_or_as_written(
    field: str, pair: list[Any], change: Mapping[str, Any]
) -> list[Any]:
    """``pair`` (before and after) of a text in the reader's language.

    Both or neither: a difference between two languages would be none. A version that was out of
    date when this was logged does not count.
    """
    language, versions = get_language() or "", change.get("translations")
    if not _is_pair(versions) or not isinstance(pair[1] or pair[0], str):
        return pair
    stale: Any = change.get("outdated_translations")
    outdated = ((stale[1] if _is_pair(stale) else None) or {}).get(language, ())
    localized = [((side or {}).get(language) or {}).get(field) for side in versions or ()]
    if any(text and not version for text, version in zip(pair, localized, strict=True)):
        return pair
    if field in outdated:
        return pair
    return [version if text else text for text, version in zip(pair, localized, strict=True)]


class TranslationChanges(NamedTuple):
    """Before and after by field in the reader's language; the fields by other language."""

    pairs_in_readers_language: dict[str, list[Any]]
    fields_by_other_language: dict[str, list[str]]


def split_translation_changes(
    change: Mapping[str, Any],
) -> TranslationChanges:
    """What changed in versions of texts whose original stayed as it was: in the reader's language
    the texts before and after, by field; in each other language which fields they are."""
    logged = change.get("translations")
    if not _is_pair(logged):
        return TranslationChanges({}, {})
    before, after = (side or {} for side in logged or ())
    here: dict[str, list[Any]] = {}
    elsewhere: dict[str, list[str]] = {}
    for language in sorted({*before, *after}):
        was, now = before.get(language) or {}, after.get(language) or {}
        for field in sorted({*was, *now} - set(change)):
            pair = [was.get(field), now.get(field)]
            if pair[0] == pair[1]:
                continue
            if language == get_language():
                here[field] = pair
            else:
                elsewhere.setdefault(language, []).append(field)
    return TranslationChanges(here, elsewhere)


def pair_with_reading_texts(field: str, pair: list[Any], zone: str) -> list[Any]:
    """Logged readings, before and after, as texts: the first of them, and until when they go."""
    if field != "readings":
        return pair
    return [_reading_texts(side, zone) if isinstance(side, list) else side for side in pair]


def _reading_texts(rows: list[Any], zone: str) -> list[str]:
    texts = [_reading_text(row, zone) for row in rows[:SHOWN_READINGS]]
    if len(rows) > SHOWN_READINGS:
        texts.append(f"… {_reading_text(rows[-1], zone)}")
    return texts


def _reading_text(row: Any, zone: str) -> str:
    if not isinstance(row, Mapping):
        # As events told it before readings were rows.
        return str(row)
    at = dt.datetime.fromisoformat(row["at"])
    day = row["precision"] == "day"
    local = at.astimezone(ZoneInfo(zone))
    when = formats.date_format(local, "DATE_FORMAT" if day else "DATETIME_FORMAT")
    return f"{when}{colon()}{number(row['value'])}"


def named_thing_text(value: Mapping[str, Any]) -> str:
    """A logged thing with a name, such as a control, in the reader's language."""
    if value.get("kind") in RelationKind.values:
        return relation_text(value["kind"], value["risk"], value["other"])
    version = (value.get("translations") or {}).get(get_language() or "", {})
    if "text" in value:
        return _question_or_comment_text(value)
    name = str(version.get("name") or value.get("name") or "")
    if value.get("kind") in ControlKind.values:
        kind = capfirst(ControlKind(value["kind"]).label)
        return _("%(name)s (%(kind)s)") % {"name": name, "kind": kind}
    return name


def _question_or_comment_text(value: Mapping[str, Any]) -> str:
    """A logged question or comment: what it says, and how it was answered or taken back."""
    text = str(value["text"])
    if value.get("words"):
        return f"{text} → {value['words']}"
    if value.get("withdrawn") or value.get("state") == "cancelled":
        return f"{text} → {_('taken back')}"
    return text


def relation_text(kind: str, risk: str, other: str) -> str:
    """What a relation says, as in “R-025 is part of R-001”."""
    words = {
        RelationKind.CAUSES.value: _("%(risk)s causes %(other)s"),
        RelationKind.WORSENS.value: _("%(risk)s worsens %(other)s"),
        RelationKind.PART_OF.value: _("%(risk)s is part of %(other)s"),
        RelationKind.DUPLICATES.value: _("%(risk)s duplicates %(other)s"),
    }
    return words[kind] % {"risk": risk, "other": other}


def term_and_objective_names_by_key(
    viewer: Viewer, changes: Collection[Mapping[str, Any]]
) -> dict[str, str]:
    """Names of the terms and objectives that ``changes`` speak of, by key; no query for none."""
    names: dict[str, str] = {}
    if any(_is_pair(change.get("terms")) for change in changes):
        names |= {f"{t.taxonomy.key}:{t.key}": t.name for t in terms_of(viewer)}
    if any(_is_pair(change.get("objectives")) for change in changes):
        names |= {o.key: o.name for o in objectives_for(viewer).order_by()}
    return names


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2
