"""Filters as a GET form: what each offers, what is chosen, and how to take one away."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

from riskreg.register.queries import Choices
from riskreg.risks.fields import RISK
from riskreg.web.presenters import Scale, query


def filter_fields(
    choices: Choices,
    given: Mapping[str, Sequence[str]],
    names: Sequence[str],
    scale: Scale | None = None,
) -> list[dict[str, Any]]:
    """The selects of ``names`` in order: ``{name, id, label, options: [{value, label, on}]}``.

    ``term`` becomes one select per taxonomy, all sent under that name.
    """
    fields = []
    for name in names:
        if name == "term":
            for taxonomy, title, terms in choices.taxonomies:
                offered = choices.terms_with(taxonomy, terms, given.get(name, ()))
                fields.append(_select("term", f"f-{taxonomy}", title, offered, given))
            continue
        fields.append(
            _select(name, f"f-{name}", filter_label(name), _options(name, choices, scale), given)
        )
    return fields


def canonical_url(request: HttpRequest, drop: Collection[tuple[str, str]] = ()) -> str | None:
    """The address without what a form sends empty, and without the pairs in ``drop``.

    None if it is tidy already. A link that somebody passes on says what was chosen and no more.
    """
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    kept = [(name, value) for name, value in pairs if value and (name, value) not in drop]
    if kept == pairs:
        return None
    return request.path + ("?" + urlencode(kept) if kept else "")


def _select(
    name: str, ident: str, label: str, options: Sequence[tuple[str, str]], given: Mapping[str, Any]
) -> dict[str, Any]:
    chosen = set(given.get(name, ()))
    return {
        "name": name,
        "id": ident,
        "label": label,
        "any": {"state": _("Draft and open")}.get(name, _("All")),
        "options": [{"value": v, "label": text, "on": v in chosen} for v, text in options],
    }


def _options(name: str, choices: Choices, scale: Scale | None) -> list[tuple[str, str]]:
    if name == "party":
        return list(choices.parties)
    if name == "owner":
        return [("me", _("Me")), *((value, text) for value, text, _party in choices.people)]
    if name == "rating" and scale is not None:
        return [(key, scale.name(key)) for key in reversed(scale.matrix.rating_keys)]
    if name in RISK and RISK[name].choices:
        offered = [(word.value, str(word.label).capitalize()) for word in RISK[name].choices]
        return [*offered, ("all", _("All"))] if name == "state" else offered
    return []


def filter_label(name: str) -> str:
    """What a filter is called: as the field that it is about, or in words of its own."""
    if name in RISK and RISK[name].filter:
        return str(RISK[name].label)
    return {
        "rating": _("Rating"),
        "likelihood": _("Likelihood"),
        "impact": _("Impact"),
        "objective": _("Objective"),
        "q": _("Words"),
        "overdue": _("Review overdue"),
        "unrated": _("Unrated"),
        "above_appetite": _("Above appetite"),
        "due_before": _("Review due before"),
        "updated_since": _("Changed since"),
        "term": _("Term"),
        "stage": _("Stage"),
    }.get(name, name)


def active(
    choices: Choices,
    given: Mapping[str, Sequence[str]],
    address: Mapping[str, Any],
    *,
    skip: Sequence[str] = (),
    scale: Scale | None = None,
) -> list[dict[str, str]]:
    """The filters in force in words, each with the address without it."""
    terms = {
        value: (title, text)
        for key, title, listed in choices.taxonomies
        for value, text in choices.terms_with(key, listed, choices.retired)
    }
    shown = []
    for name, values in given.items():
        if name in skip:
            continue
        for value in values:
            label, text = (
                terms.get(value, (filter_label("term"), value))
                if name == "term"
                else (
                    filter_label(name),
                    _value_label(name, value, choices, scale),
                )
            )
            rest = [v for v in values if v != value]
            shown.append(
                {
                    "text": f"{label}: {text}" if text else label,
                    "url": query(address, **{name: rest or None}),
                }
            )
    return shown


def _value_label(name: str, value: str, choices: Choices, scale: Scale | None) -> str:
    if name in ("overdue", "unrated", "above_appetite"):
        return "" if value.lower() in ("true", "1", "on") else _("no")
    if name in ("likelihood", "impact") and scale is not None and value.isdigit():
        return f"{value} {scale.level(name, int(value))}"
    return dict(_options(name, choices, scale)).get(value, value)
