"""Filters as a GET form: what each offers, what is chosen, and how to take one away."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Invalid
from riskreg.kernel.fields import Table, Text
from riskreg.kernel.punctuation import colon
from riskreg.register.policy import STAGES
from riskreg.register.queries import Choices
from riskreg.risks.fields import RISK
from riskreg.risks.parts import APART, WITHIN
from riskreg.web.presenters import Scale, error_list, query_string, stage_name

# What is chosen to see also what a list leaves out.
ALL = "all"


@dataclass(frozen=True)
class FilterWords:
    """How the filters of a noun's list are called. ``labels``: those that are no field of its
    table, or read otherwise there. ``unset``: what is listed as long as nothing is chosen, of
    filters that leave something out until then; these offer “All” as well."""

    table: Table
    labels: Mapping[str, Text]
    unset: Mapping[str, Text] = field(default_factory=dict)


RISK_WORDS = FilterWords(
    RISK,
    labels={
        "rating": gettext_lazy("Rating"),
        "objective": gettext_lazy("Objective"),
        "overdue": gettext_lazy("Review overdue"),
        "unrated": gettext_lazy("Unrated"),
        "happened": gettext_lazy("Happened"),
        "above_appetite": gettext_lazy("Above appetite"),
        "above_own": gettext_lazy("Above our own appetite"),
        "due_before": gettext_lazy("Review due before"),
        "stage": gettext_lazy("Stage"),
        "part_of": gettext_lazy("Is part of"),
        "related_to": gettext_lazy("Related to"),
        "parts": gettext_lazy("Parts of risks"),
    },
    unset={"state": gettext_lazy("Draft and open")},
)
_LABELS = {
    "q": gettext_lazy("Words"),
    "term": gettext_lazy("Term"),
    "updated_since": gettext_lazy("Changed since"),
}
# What is typed and not chosen, with the kind of its box.
_TYPED = {
    "due_before": "date", "test_due_before": "date", "external_id": "text", "risk": "text",
    "part_of": "text", "related_to": "text",
}  # fmt: skip


def filter_fields(
    choices: Choices,
    given: Mapping[str, Sequence[str]],
    names: Sequence[str],
    scale: Scale | None = None,
    words: FilterWords = RISK_WORDS,
) -> list[dict[str, Any]]:
    """The fields of ``names`` in order: ``{name, id, label}``, and ``options: [{value, label,
    on}]`` of a select or ``input`` (the kind of box) and ``value`` of what is typed.

    ``term`` becomes one select per taxonomy, all sent under that name.
    """
    fields = []
    for name in names:
        if name == "term":
            for taxonomy, title, terms in choices.taxonomies:
                offered = choices.terms_with_held_retired(taxonomy, terms, given.get(name, ()))
                fields.append(_select("term", f"f-{taxonomy}", title, offered, given, _("All")))
            continue
        label, ident = choices.axes.get(name) or filter_label(name, words), f"f-{name}"
        if name in _TYPED:
            value = (given.get(name) or [""])[-1]
            fields.append(
                {"name": name, "id": ident, "label": label, "input": _TYPED[name], "value": value}
            )
            continue
        offered = _options(name, choices, scale, words)
        fields.append(
            _select(name, ident, label, offered, given, str(words.unset.get(name, _("All"))))
        )
    return fields


def url_without_empty_params_or_none(
    request: HttpRequest, drop: Collection[tuple[str, str]] = ()
) -> str | None:
    """The address without what a form sends empty, and without the pairs in ``drop``.

    None if it is tidy already. A link that somebody passes on says what was chosen and no more.
    """
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    kept = [(name, value) for name, value in pairs if value and (name, value) not in drop]
    if kept == pairs:
        return None
    return request.path + ("?" + urlencode(kept) if kept else "")


def _select(
    name: str,
    ident: str,
    label: str,
    options: Sequence[tuple[str, str]],
    given: Mapping[str, Any],
    unset: str,
) -> dict[str, Any]:
    chosen = set(given.get(name, ()))
    return {
        "name": name,
        "id": ident,
        "label": label,
        "any": unset,
        "options": [{"value": v, "label": text, "on": v in chosen} for v, text in options],
    }


def _options(
    name: str, choices: Choices, scale: Scale | None, words: FilterWords
) -> list[tuple[str, str]]:
    offered: list[tuple[str, str]] = []
    if name == "party":
        offered = list(choices.parties)
    elif name == "owner":
        offered = [("me", _("Me")), *((value, text) for value, text, _party in choices.people)]
    elif name == "rating" and scale is not None:
        offered = [(key, scale.name(key)) for key in reversed(scale.matrix.rating_keys)]
    elif name == "stage":
        offered = [(stage, stage_name(stage)) for stage in STAGES]
    elif name == "parts":
        offered = [(WITHIN, _("left out")), (APART, _("without their parents"))]
    elif name in words.table and words.table[name].choices:
        kinds = words.table[name].choices
        offered = [(word.value, str(word.label).capitalize()) for word in kinds]
    elif name in words.unset:
        offered = [("false", _("No"))]
    return [*offered, (ALL, _("All"))] if name in words.unset else offered


def filter_label(name: str, words: FilterWords = RISK_WORDS) -> str:
    """What a filter is called: in words of its own, or as the field that it is about."""
    if name in words.labels:
        return str(words.labels[name])
    if name in words.table and words.table[name].filter:
        return str(words.table[name].label)
    return str(_LABELS.get(name, name))


def filter_problems(
    invalid: Invalid,
    choices: Choices,
    scale: Scale | None = None,
    words: FilterWords = RISK_WORDS,
    names: Mapping[str, Any] | None = None,
) -> list[dict[str, str]]:
    """What was refused of filters, as ``components/list_filters.html`` says it: in the words of the
    page, where the service names what programs send. ``names``: what the page calls what is none of
    its filters."""
    labels, offered = {}, {}
    for name in invalid.fields:
        if name in words.labels or name in _LABELS or name in words.table:
            labels[name] = choices.axes.get(name) or filter_label(name, words)
        if name != "owner":  # of whom there may be hundreds
            offered[name] = [label for _value, label in _options(name, choices, scale, words)]
    return error_list(invalid, {**labels, **(names or {})}, offered)


def active_filters(
    choices: Choices,
    given: Mapping[str, Sequence[str]],
    address: Mapping[str, Any],
    *,
    skip: Sequence[str] = (),
    scale: Scale | None = None,
    words: FilterWords = RISK_WORDS,
) -> list[dict[str, str]]:
    """The filters in force in words, each with the address without it."""
    terms = {
        value: (title, text)
        for key, title, listed in choices.taxonomies
        for value, text in choices.terms_with_held_retired(key, listed, choices.retired)
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
                    choices.axes.get(name) or filter_label(name, words),
                    _value_label(name, value, choices, scale, words),
                )
            )
            rest = [v for v in values if v != value]
            shown.append(
                {
                    "text": f"{label}{colon()}{text}" if text else label,
                    "url": query_string(address, **{name: rest or None}),
                }
            )
    return shown


def _value_label(
    name: str, value: str, choices: Choices, scale: Scale | None, words: FilterWords
) -> str:
    if name in ("likelihood", "impact") and scale is not None and value.isdigit():
        return f"{value} {scale.level_name(name, int(value))}"
    known = dict(_options(name, choices, scale, words))
    if value in ("true", "false") and value not in known:
        return "" if value == "true" else _("no")
    return known.get(value, value)
