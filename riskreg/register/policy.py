"""Risk criteria: what makes them valid, and scores and ratings read from them. Pure functions."""

import itertools
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.localised import clean_names, localised
from riskreg.register.accepting import AUTHORITY, rating_with_caps
from riskreg.register.appetite import (
    TermCondition,
    above_appetite_condition,
    appetite_by_term,
    appetite_of,
    clean_term_appetites,
)
from riskreg.register.frame_templates import DEFAULT_SCALE, scale_template
from riskreg.register.tolerance import clean_tolerance

MIN_LEVELS, MAX_LEVELS = 3, 7
STAGES = ("inherent", "residual", "target")
# From the strongest to the weakest.
LABELS = ("sourced", "derived", "judgement", "illustrative")


def weakest_label(labels: Iterable[str]) -> str:
    """The label of what was made from figures with these ``labels``; empty for none."""
    return max(labels, key=LABELS.index, default="")


def check_sourced(errors: Errors, field: str, label: Any, has_source: bool) -> None:
    """Note a label that claims a source where there is none, here or on what it is about."""
    if label == "sourced" and not has_source:
        errors.add(
            field,
            "needs_source",
            _("“Sourced” needs a source: name where this can be read, or choose another label."),
        )


@dataclass(frozen=True)
class Cell:
    """Where a risk stands: levels (1 is lowest), and what the criteria make of them."""

    likelihood: int
    impact: int
    score: int
    rating: str


class Matrix:
    """Reads a criteria row. Every score and rating in the system comes from ``cell``."""

    def __init__(self, criteria: Any) -> None:
        self.criteria = criteria

    @cached_property
    def rating_keys(self) -> list[str]:
        """Rating keys, least severe first."""
        return [r["key"] for r in self.criteria.ratings]

    @cached_property
    def _ratings(self) -> dict[str, dict[str, Any]]:
        return {r["key"]: r for r in self.criteria.ratings}

    def cell(self, likelihood: Any, impact: Any) -> Cell:
        """The cell at these levels. Raises ``Invalid`` naming a level that the criteria lack."""
        errors = Errors()
        for field, value, levels in (
            ("likelihood", likelihood, self.criteria.likelihood),
            ("impact", impact, self.criteria.impact),
        ):
            if value is None or value == "":
                errors.add(field, "required", _("Both likelihood and impact are needed."))
            elif isinstance(value, bool) or not isinstance(value, int):
                errors.add(field, "not_a_level", _("This must be a whole number: a level."))
            elif not 1 <= value <= len(levels):
                errors.add(
                    field,
                    "unknown_level",
                    _("There is no such level; the criteria have levels 1 to %(n)d.")
                    % {"n": len(levels)},
                )
        errors.raise_if_any()
        cell = self.criteria.cells[likelihood - 1][impact - 1]
        return Cell(likelihood, impact, cell["score"], cell["rating"])

    def cadence_days(self, rating: str | None) -> int:
        """Days from one review to the next, at this rating (None: unrated)."""
        if rating is None:
            return int(self.criteria.unrated_cadence_days)
        return int(self._ratings[rating]["cadence_days"])

    def rating_name(self, rating: str | None) -> str:
        """The rating's name in the reader's language."""
        return localised(self._ratings[rating]["names"], rating) if rating else _("unrated")

    def tone(self, rating: str | None) -> int:
        """Severity for drawing, 1 (least) to 5, spread over however many ratings there are."""
        if rating is None:
            return 0
        n = len(self.rating_keys)
        return 1 + round(4 * self.rating_keys.index(rating) / max(1, n - 1))

    @cached_property
    def term_appetites(self) -> dict[str, str]:
        """{term: the worst rating that needs no acceptance there}, where it is not the general."""
        return appetite_by_term(self.criteria.term_appetites)

    def appetite_of(self, terms: Collection[str] = ()) -> str:
        """The worst rating that needs no acceptance, for a risk filed under ``terms``."""
        return appetite_of(self.rating_keys, self.criteria.appetite, self.term_appetites, terms)

    def above_appetite_condition(self, rating: str) -> TermCondition:
        """The threats that need an acceptance when they are rated so, by their terms."""
        return above_appetite_condition(
            self.rating_keys, self.criteria.appetite, self.term_appetites, rating
        )

    def above_appetite(
        self, rating: str | None, kind: str = "threat", terms: Collection[str] = ()
    ) -> bool:
        """Whether a risk of this rating, filed under ``terms``, needs an acceptance: a threat may,
        an opportunity never. Without terms: by the general appetite, as the matrix is drawn."""
        return (
            rating is not None
            and kind == "threat"
            and self.above_appetite_condition(rating).is_met_by(terms)
        )

    def least_role_to_accept(self, rating: str) -> str:
        """The least of the roles with the authority to accept a risk of this rating."""
        return str(self._ratings[rating]["accept_role"])

    def most_days_accepted_at_once(self, rating: str) -> int:
        """For how many days a risk of this rating can be accepted at once."""
        return int(rating_with_caps(self._ratings[rating])["accept_days"])

    def most_days_accepted_in_all(self, rating: str) -> int:
        """For how many days it can be accepted in all, extensions included."""
        return int(rating_with_caps(self._ratings[rating])["accept_total_days"])


def clean_criteria(data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` checked and completed, ready for a Criteria row.

    Raises ``Invalid`` for sizes outside 3 to 7, cells that do not fill the matrix, a score that
    falls as likelihood or impact rises, unknown ratings, a cadence below one day, equal keys.
    """
    errors = Errors()
    likelihood = _clean_levels(errors, "likelihood", data.get("likelihood"))
    impact = _clean_levels(errors, "impact", data.get("impact"))
    ratings = _clean_ratings(errors, data.get("ratings"))
    errors.raise_if_any()
    keys = [r["key"] for r in ratings]
    cells = data.get("cells")
    if (
        not isinstance(cells, list)
        or len(cells) != len(likelihood)
        or any(not isinstance(row, list) or len(row) != len(impact) for row in cells)
    ):
        raise Invalid.one(
            "cells",
            "wrong_size",
            _("The cells must be %(rows)d rows of %(columns)d.")
            % {"rows": len(likelihood), "columns": len(impact)},
        )
    clean_cells = [[_clean_cell(errors, cell, keys) for cell in row] for row in cells]
    errors.raise_if_any()
    _check_monotone(errors, clean_cells, keys)
    dimensions = _clean_dimensions(errors, data.get("dimensions") or [], len(impact))
    appetite = data.get("appetite")
    if appetite not in keys:
        errors.add("appetite", "unknown_rating", _("The appetite must be one of the ratings."))
    elif keys.index(clean_cells[0][0]["rating"]) > keys.index(appetite):
        text = _("No cell is within the appetite, so every risk would need an acceptance.")
        errors.add("appetite", "nothing_within", text)
    least = clean_cells[0][0]["rating"]
    own = clean_term_appetites(errors, data.get("term_appetites", []), keys, least)
    tolerance = clean_tolerance(errors, data.get("tolerance", []))
    unrated = data.get("unrated_cadence_days", 30)
    if not is_cadence(unrated):
        errors.add("unrated_cadence_days", "out_of_range", _("A cadence is 1 to 3650 days."))
    label = data.get("label", "judgement")
    if label not in LABELS:
        errors.add("label", "unknown", _("Unknown label; use one of: %s.") % ", ".join(LABELS))
    # Criteria have no place to name a source: they are somebody's choice.
    check_sourced(errors, "label", label, False)
    errors.raise_if_any()
    return {
        "likelihood": likelihood,
        "impact": impact,
        "dimensions": dimensions,
        "ratings": ratings,
        "cells": clean_cells,
        "appetite": appetite,
        "term_appetites": own,
        "tolerance": tolerance,
        "unrated_cadence_days": unrated,
        "label": label,
    }


def default_criteria() -> dict[str, Any]:
    """The 5 × 5 criteria a new register starts with: score = likelihood × impact."""
    return scale_template(DEFAULT_SCALE)


def _clean_levels(errors: Errors, field: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not MIN_LEVELS <= len(value) <= MAX_LEVELS:
        errors.add(field, "wrong_size", _("There must be 3 to 7 levels."))
        return []
    levels = []
    for n, level in enumerate(value, 1):
        level = level if isinstance(level, Mapping) else {"names": level}
        if level.get("value", n) != n:
            errors.add(field, "out_of_order", _("Levels are numbered 1, 2, 3 … from the lowest."))
        descriptions = level.get("descriptions") or {}
        levels.append(
            {
                "value": n,
                "names": clean_names(errors, field, level.get("names")),
                "descriptions": clean_names(errors, field, descriptions, 600)
                if descriptions
                else {},
                **_clean_range(errors, field, level.get("range")),
            }
        )
    _check_names_differ(errors, field, levels)
    _check_ranges(errors, field, levels)
    return levels


def _clean_range(errors: Errors, field: str, value: Any) -> dict[str, list[float]]:
    """What a level stands for: [from, to), a chance within a year or an amount; {} for nothing."""
    if value is None or value == []:
        return {}
    fine = isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value))
    if not fine or not 0 <= value[0] < value[1] <= (1 if field == "likelihood" else 10**15):
        text = (
            _("A range of likelihood is two chances from 0 to 1, the lower first.")
            if field == "likelihood"
            else _("A range of impact is two amounts, not negative, the lower first.")
        )
        errors.add(field, "bad_range", text)
        return {}
    return {"range": [value[0], value[1]]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_names_differ(errors: Errors, field: str, rows: list[dict[str, Any]]) -> None:
    """Note two levels, or two ratings, that are called the same in one language."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        for language, name in row["names"].items():
            if (language, name.casefold()) in seen:
                text = _("Two of them are called “%(name)s”; nobody could tell them apart.")
                errors.add(field, "repeated", text % {"name": name})
            seen.add((language, name.casefold()))


def _check_ranges(errors: Errors, field: str, levels: list[dict[str, Any]]) -> None:
    """Note ranges that only some levels have, and those that overlap or leave a gap."""
    ranges = [level["range"] for level in levels if "range" in level]
    if errors.has_any_on(field) or not ranges:
        return
    if len(ranges) < len(levels):
        errors.add(field, "gap", _("Give every level a range, or none of them."))
    elif any(lower[1] != upper[0] for lower, upper in itertools.pairwise(ranges)):
        errors.add(field, "gap", _("Each range must start where the one below it ends."))


def _clean_ratings(errors: Errors, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LEVELS:
        errors.add("ratings", "wrong_size", _("There must be 2 to 7 ratings."))
        return []
    ratings = []
    for rating in value:
        if not isinstance(rating, Mapping):
            errors.add("ratings", "not_an_object", _("A rating has a key, names and a cadence."))
            return []
        key, cadence = rating.get("key"), rating.get("cadence_days")
        if not isinstance(key, str) or not key.isidentifier() or len(key) > 30:
            errors.add("ratings", "bad_key", _("A rating's key is a short word."))
        if not is_cadence(cadence):
            errors.add("ratings", "cadence_out_of_range", _("A cadence is 1 to 3650 days."))
        role = rating.get("accept_role", "leader")
        if role not in AUTHORITY:
            errors.add("ratings", "unknown_role", _("Owners, managers or leaders accept risks."))
        names = clean_names(errors, "ratings", rating.get("names"))
        capped = rating_with_caps(rating)
        days, most = capped["accept_days"], capped["accept_total_days"]
        if not is_cadence(days) or not is_cadence(most):
            text = _("A risk is accepted for 1 to 3650 days.")
            errors.add("ratings", "accept_days_out_of_range", text)
        elif most < days:
            text = _("In all, a risk is accepted for at least as long as at once.")
            errors.add("ratings", "accept_total_too_short", text)
        ratings.append(
            {
                "key": key,
                "names": names,
                "cadence_days": cadence,
                "accept_role": role,
                "accept_days": days,
                "accept_total_days": most,
            }
        )
    _check_names_differ(errors, "ratings", ratings)
    if len({r["key"] for r in ratings}) < len(ratings):
        errors.add("ratings", "repeated", _("Two ratings have the same key."))
    return ratings


def _clean_dimensions(errors: Errors, value: Any, impacts: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > 20:
        errors.add("dimensions", "not_a_list", _("Dimensions are a list of at most 20."))
        return []
    dimensions = []
    for item in value:
        item = item if isinstance(item, Mapping) else {}
        key, descriptions = item.get("key"), item.get("descriptions") or []
        if not isinstance(key, str) or not key.isidentifier() or len(key) > 30:
            errors.add("dimensions", "bad_key", _("A dimension's key is a short word."))
        sized = isinstance(descriptions, list) and len(descriptions) in (0, impacts)
        if not sized or not all(descriptions):
            errors.add("dimensions", "wrong_size", _("Describe each impact level, or none."))
            descriptions = []
        names = clean_names(errors, "dimensions", item.get("names"))
        texts = [clean_names(errors, "dimensions", text, 600) for text in descriptions]
        dimensions.append({"key": key, "names": names, "descriptions": texts})
    return dimensions


def _clean_cell(errors: Errors, cell: Any, keys: list[str]) -> dict[str, Any]:
    score = cell.get("score") if isinstance(cell, Mapping) else None
    rating = cell.get("rating") if isinstance(cell, Mapping) else None
    if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= 10_000:
        errors.add("cells", "bad_score", _("A score is a whole number from 0 to 10,000."))
    if rating not in keys:
        errors.add("cells", "unknown_rating", _("A cell names a rating that is not defined."))
    return {"score": score, "rating": rating}


def _check_monotone(errors: Errors, cells: list[list[dict[str, Any]]], keys: list[str]) -> None:
    def falls(a: dict[str, Any], b: dict[str, Any]) -> bool:
        return b["score"] < a["score"] or keys.index(b["rating"]) < keys.index(a["rating"])

    for row, upper in zip(cells, [*cells[1:], None], strict=True):
        sideways = itertools.pairwise(row)
        upwards = zip(row, upper, strict=True) if upper else ()
        if any(falls(a, b) for pairs in (sideways, upwards) for a, b in pairs):
            errors.add(
                "cells",
                "not_monotone",
                _("A cell with more likelihood or impact may not have a lower score or rating."),
            )
            return


def is_cadence(value: Any) -> bool:
    """Whether ``value`` can be a review cadence: whole days, from one to ten years."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 3650
