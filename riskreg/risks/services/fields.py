"""Checking what a risk is given: shared by creating and editing."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Errors
from riskreg.kernel.text import TEXT_MAX, TITLE_MAX, clean_text, clean_url
from riskreg.register.access import Viewer
from riskreg.register.models import Party
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.queries import find_member, find_objectives, party_of
from riskreg.register.terms import find_terms
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Kind, Risk
from riskreg.risks.policy import RESPONSES

TEXTS = ("title", "cause", "event", "consequence")
PLAIN = (*TEXTS, "kind", "response", "external_id", "sources", "labels", "translations")
PEOPLE = ("owner", "deputy")
LINKS = ("terms", "objectives")
# Of a shared risk too these are for its own party alone.
PARTY_ONLY = ("external_id",)
EDITABLE = (*PLAIN, *PEOPLE, *LINKS)
# Said together with other fields of a change: which versions still fit although the original moved.
CONFIRMED = "confirmed_translations"
LANGUAGES = {"en", "zh-hans"}
SOURCE = ("title", "url", "quote", "label", "locator", "date", "note")
_NO_SUCH_PART = gettext_lazy("A source has no such part.")
_UNKNOWN_LANGUAGE = gettext_lazy("Languages are en and zh-hans.")


def clean_fields(
    errors: Errors,
    viewer: Viewer,
    given: Mapping[str, Any],
    *,
    party: Party,
    visibility: str,
    risk: Risk | None = None,
) -> dict[str, Any]:
    """``given`` checked: texts cleaned, people and links as rows. Notes everything wrong.

    People are named by public id or e-mail address, terms as ``taxonomy:term``, objectives by key.
    Unknown field names are errors, so that a misspelling never passes for done.
    """
    for name in given:
        if name not in EDITABLE and not (name == CONFIRMED and risk is not None):
            errors.add(str(name)[:60], "unknown_field", _("A risk has no such field to set."))
    clean: dict[str, Any] = {}
    for name in TEXTS:
        if name in given:
            clean[name] = clean_text(
                errors,
                name,
                given[name],
                required=name == "title",
                one_line=name == "title",
                limit=TITLE_MAX if name == "title" else TEXT_MAX,
            )
    if "kind" in given:
        clean["kind"] = _choice(errors, "kind", given["kind"], Kind.values)
    if "response" in given:
        kind = clean.get("kind") or (risk.kind if risk else Kind.THREAT)
        allowed = RESPONSES.get(kind, ())
        clean["response"] = (
            ""
            if given["response"] in (None, "")
            else _choice(errors, "response", given["response"], allowed)
        )
    if "external_id" in given:
        text = clean_text(errors, "external_id", given["external_id"], limit=120, one_line=True)
        clean["external_id"] = text or None
        if viewer.party_id == party.pk:
            _check_external_id(errors, viewer, party, text, risk)
        elif clean.pop("external_id") is not None:
            # Others are shown none, so none is what they may send back; whether a guess is right
            # is not said, and "taken" would tell about risks that they cannot see.
            errors.add("external_id", "other_party", _("Only the risk's own party names it."))
    if "sources" in given:
        clean["sources"] = clean_sources(errors, "sources", given["sources"])
    if "labels" in given:
        clean["labels"] = clean_labels(errors, given["labels"], (*EDITABLE, "scores"))
    if "sources" in given or "labels" in given:
        check_labels(
            errors,
            clean.get("labels", risk.labels if risk else {}),
            clean.get("sources", risk.sources if risk else []),
            "labels" if "labels" in given else "sources",
        )
    if "translations" in given:
        clean["translations"] = clean_translations(errors, given["translations"], TEXTS)
    if CONFIRMED in given and risk is not None:
        versions = clean.get("translations", risk.translations)
        clean[CONFIRMED] = clean_confirmed(errors, given[CONFIRMED], versions)
    for name in PEOPLE:
        if name in given:
            if not given[name] and name == "deputy":
                clean[name] = None
                continue
            user = find_member(viewer, errors, name, given[name])
            clean[name] = user
            if user and visibility == Visibility.PARTY and party_of(viewer, user) != party.pk:
                errors.add(
                    name,
                    "other_party",
                    _("This risk is its party's own; somebody of that party must answer for it."),
                )
    if "terms" in given:
        clean["terms"] = find_terms(
            viewer, errors, "terms", _term_list(errors, given), held=lambda: _held_terms(risk)
        )
    if "objectives" in given:
        keys = as_list(errors, "objectives", given)
        clean["objectives"] = find_objectives(viewer, errors, "objectives", keys)
        if visibility == Visibility.SHARED and any(
            o.visibility == Visibility.PARTY for o in clean["objectives"]
        ):
            errors.add(
                "objectives",
                "private_objective",
                _("A shared risk cannot name an objective that is one party's own."),
            )
    return clean


def check_people(errors: Errors, owner: Any, deputy: Any) -> None:
    """Note a deputy who is the owner."""
    if deputy is not None and owner == deputy:
        errors.add("deputy", "same_as_owner", _("The deputy must be somebody else than the owner."))


def unchanged_owner(owner: Any) -> str:
    """What is said to who hands something over to the one who has it."""
    return _("%(name)s answers for it already. Choose somebody else.") % {"name": owner}


def as_list(errors: Errors, field: str, given: Mapping[str, Any]) -> list[Any]:
    """``given[field]`` as a list of at most 100. An object is none, not even an empty one."""
    value = given[field]
    if not isinstance(value, list | tuple) or len(value) > 100:
        errors.add(field, "not_a_list", _("This must be a list of at most 100."))
        return []
    return list(value)


def _held_terms(risk: Risk | None) -> list[int]:
    """What the risk is filed under already: it may keep a term that is out of use by now."""
    return [] if risk is None else list(risk.terms.values_list("pk", flat=True))


def _term_list(errors: Errors, given: Mapping[str, Any]) -> list[Any]:
    """The terms that were given, as a list or as {taxonomy: [term]}."""
    value = given["terms"]
    if not isinstance(value, Mapping):
        return as_list(errors, "terms", given)
    names = []
    for taxonomy, terms in value.items():
        if isinstance(terms, list | tuple):
            names += [f"{taxonomy}:{term}" for term in terms]
        else:
            # A text would be read letter by letter.
            where = f"terms.{str(taxonomy)[:60]}"
            errors.add(where, "not_a_list", _("This must be a list of at most 100."))
    return as_list(errors, "terms", {"terms": names})


def clean_sources(errors: Errors, field: str, value: Any) -> list[dict[str, str]]:
    """Sources: [{title, url, quote, locator, date, label, note}], each with a label."""
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
            "title": clean_text(
                errors, f"{name}.title", item.get("title"), required=True, limit=300
            ),
            "url": clean_url(errors, f"{name}.url", item.get("url")),
            "quote": clean_text(errors, f"{name}.quote", item.get("quote"), limit=2000) or None,
            "label": label,
        }
        for extra, limit in (("locator", 300), ("date", 40), ("note", 1000)):
            text = item.get(extra)
            if isinstance(text, Mapping):
                if not set(text) <= LANGUAGES:
                    errors.add(f"{name}.{extra}", "unknown_language", _UNKNOWN_LANGUAGE)
                    continue
                source[extra] = {
                    k: clean_text(errors, f"{name}.{extra}", v, limit=limit)
                    for k, v in text.items()
                }
            elif text not in (None, ""):
                source[extra] = clean_text(errors, f"{name}.{extra}", text, limit=limit)
        sources.append(source)
    return sources


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
            errors.add(name, "unknown_language", _UNKNOWN_LANGUAGE)
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
            errors.add(path, "unknown_language", _UNKNOWN_LANGUAGE)
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


def _choice(errors: Errors, field: str, value: Any, allowed: Any) -> str:
    if value not in allowed:
        errors.add(
            field, "unknown", _("This must be one of: %(all)s.") % {"all": ", ".join(allowed)}
        )
        return ""
    return str(value)


def _check_external_id(
    errors: Errors, viewer: Viewer, party: Party, external_id: str, risk: Risk | None
) -> None:
    same = Risk.objects.visible_to(viewer).filter(party=party, external_id=external_id)
    if risk is not None:
        same = same.exclude(pk=risk.pk)
    if external_id and (taken := same.first()):
        errors.add(
            "external_id",
            "taken",
            _("%(ref)s has this external id already.") % {"ref": taken.ref},
        )


def plain_value(value: Any) -> Any:
    """``value`` as the log keeps it: people and things by public id."""
    uuid = getattr(value, "uuid", None)
    return str(uuid) if uuid else value


def names_of(rows: Any) -> list[str]:
    """Terms as ``taxonomy:term`` and objectives by key, in order."""
    names = []
    for row in rows:
        taxonomy = getattr(row, "taxonomy", None)
        names.append(f"{taxonomy.key}:{row.key}" if taxonomy else row.key)
    return sorted(names)
