"""What somebody answered to what was asked: the mapping that goes along with a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.mapping.columns import all_targets
from riskreg.kernel.errors import Errors

# What an import prints can be sent back as its answers; these parts of it are only read by people.
ONLY_PRINTED = ("format", "sheet", "header_row", "rows", "new", "updated", "skipped", "asked",
                "refused")  # fmt: skip
_KEYS = ("columns", "scales", "values", "dates", "matches", "visibility", "people")
MAX_ANSWERS = 5000
# A level is a number, or a cell as 3x4; what a word stands for is a word or a day.
MAX_LEVEL, MAX_ANSWER = 20, 2000


@dataclass(frozen=True)
class Answers:
    """``columns``: {theirs: ours or None}; ``scales``: {column: {value: level or None}};
    ``values``: {column: {text: value or None}}; ``dates``: {column: day_first or month_first};
    ``matches``: {row: ref or None}; ``people``: {name: e-mail address or id}."""

    columns: Mapping[str, str | None] = field(default_factory=dict)
    scales: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    matches: Mapping[str, str | None] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    visibility: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is kept and sent back."""
        return {name: getattr(self, name) for name in _KEYS if getattr(self, name)}


def parse_answers(text: str, taxonomies: tuple[str, ...]) -> Answers:
    """The answers in a file of JSON. Raises ``Invalid`` naming each that is wrong."""
    errors = Errors()
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        errors.add("mapping", "not_json", _("A mapping is JSON, as an import prints it."))
        errors.raise_if_any()
    return clean_answers(given, taxonomies)


def clean_answers(given: Any, taxonomies: tuple[str, ...]) -> Answers:
    """``given`` checked. Raises ``Invalid`` naming each answer that is wrong."""
    errors = Errors()
    if not isinstance(given, Mapping):
        errors.add("mapping", "not_an_object", _("A mapping is an object: {columns, scales, …}."))
        errors.raise_if_any()
    for name in given:
        if name not in _KEYS and name not in ONLY_PRINTED:
            errors.add(
                f"mapping.{str(name)[:60]}", "unknown_field", _("A mapping has no such part.")
            )
    kept: dict[str, Any] = {}
    for name in (*_KEYS[:-2], "people"):
        part = given.get(name, {})
        if not isinstance(part, Mapping) or len(part) > MAX_ANSWERS:
            errors.add(f"mapping.{name}", "not_an_object", _("This maps their words to ours."))
            continue
        kept[name] = {str(key): value for key, value in part.items()}
    errors.raise_if_any()
    known = all_targets(taxonomies)
    for column, target in kept["columns"].items():
        if target is not None and target not in known:
            errors.add(
                f"mapping.columns.{column[:60]}",
                "unknown",
                _("There is no such field. Fields: %(all)s.") % {"all": ", ".join(known)},
            )
    for name in ("scales", "values"):
        for column, answers in kept[name].items():
            if not isinstance(answers, Mapping) or len(answers) > MAX_ANSWERS:
                errors.add(
                    f"mapping.{name}.{column[:60]}",
                    "not_an_object",
                    _("This maps their words to ours."),
                )
                continue
            for value, answer in answers.items():
                if not (_is_number_or_short_text_or_none if name == "scales" else _is_text_or_none)(
                    answer
                ):
                    errors.add(
                        f"mapping.{name}.{column[:60]}.{str(value)[:60]}",
                        "unknown",
                        _("A level such as 3, a cell such as 3x4, or null for not judged.")
                        if name == "scales"
                        else _("One of our words or a day, as text, or null for nothing."),
                    )
    for column, order in kept["dates"].items():
        if order not in ("day_first", "month_first"):
            errors.add(
                f"mapping.dates.{column[:60]}", "unknown", _("Either day_first or month_first.")
            )
    for row, ref in kept["matches"].items():
        if ref is not None and not isinstance(ref, str):
            errors.add(f"mapping.matches.{row[:20]}", "not_text", _("A ref, or null for new."))
    for name, person in kept["people"].items():
        if not isinstance(person, str):
            errors.add(f"mapping.people.{name[:60]}", "not_text", _("An e-mail address or an id."))
    visibility = given.get("visibility", "")
    if visibility not in ("", "shared", "party"):
        errors.add("mapping.visibility", "unknown", _("This must be one of: shared, party."))
    errors.raise_if_any()
    return Answers(visibility=visibility, **kept)


def _is_number_or_short_text_or_none(answer: Any) -> bool:
    number = isinstance(answer, int) and not isinstance(answer, bool)
    return answer is None or number or (isinstance(answer, str) and len(answer) <= MAX_LEVEL)


def _is_text_or_none(answer: Any) -> bool:
    return answer is None or (isinstance(answer, str) and len(answer) <= MAX_ANSWER)
