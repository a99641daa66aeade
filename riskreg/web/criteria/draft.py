"""The next version of the criteria as it is being written: rows that may be wrong or half filled.

What makes criteria criteria is for the services to say; here is only how they are written down, and
how the matrix follows when a level or a rating comes or goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from riskreg.register.accepting import ACCEPT_DAYS, ACCEPT_TOTAL_DAYS, rating_with_caps
from riskreg.register.appetite import MAX_TERM_APPETITES
from riskreg.register.models import Criteria
from riskreg.register.policy import MAX_LEVELS
from riskreg.register.tolerance import MAX_POINTS
from riskreg.web.criteria.draft_rows import (
    ZH,
    Dimension,
    Level,
    Rating,
    TermAppetite,
    Tolerated,
    level_from_json,
    level_to_json,
    names_by_language,
    parse_number,
    parse_whole,
)

_RATING = ("r_key", "r_name", "r_name_zh", "r_days", "r_role", "r_accept", "r_accept_total")
# The level of a draft that judgements go to; None: they are to be judged anew.
NewLevelOrAnew = int | None
AXES = {"l": "likelihood", "i": "impact"}
# More rows than this are not shown again; criteria of so many are refused in any case.
ROWS_READ = 10
DIMENSIONS_READ = 20
ANEW = "anew"


@dataclass
class Draft:
    """Everything in the form; ``cells`` are rating keys, a row per likelihood from the lowest."""

    seen: str = ""
    likelihood: list[Level] = field(default_factory=list)
    impact: list[Level] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    appetite: str = ""
    term_appetites: list[TermAppetite] = field(default_factory=list)
    tolerance: list[Tolerated] = field(default_factory=list)
    unrated: str = ""
    label: str = "judgement"
    brush: str = ""
    # {axis: {level of the criteria in force: new level, "anew", or ""}}, for those that are gone.
    chosen: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def rating_keys(self) -> list[str]:
        """Keys of the ratings, least severe first."""
        return [rating.key for rating in self.ratings]

    def levels(self, axis: str) -> list[Level]:
        """The levels of ``likelihood`` or ``impact``."""
        found: list[Level] = getattr(self, axis)
        return found

    # What the buttons do ------------------------------------------------------------------------

    def is_full(self, rows: Sequence[Any]) -> bool:
        """Whether one more level or rating would be one too many."""
        return len(rows) >= MAX_LEVELS

    def add_level(self, axis: str) -> None:
        """A new highest level, rated as the one below it; none where there are enough."""
        if self.is_full(self.levels(axis)):
            return
        self.levels(axis).append(Level())
        if axis == "likelihood":
            self.cells.append(list(self.cells[-1]) if self.cells else [])
        else:
            for row in self.cells:
                row.append(row[-1] if row else self.brush)
            for dimension in self.dimensions:
                dimension.texts.append(("", ""))

    def remove_level(self, axis: str, n: int) -> None:
        """Without the level at place ``n``, from 0."""
        if not 0 <= n < len(self.levels(axis)):
            return
        del self.levels(axis)[n]
        if axis == "likelihood":
            del self.cells[n]
            return
        for row in self.cells:
            del row[n]
        for dimension in self.dimensions:
            del dimension.texts[n]

    def add_rating(self) -> None:
        """A new most severe rating, which no cell has yet; none where there are enough."""
        if self.is_full(self.ratings):
            return
        n = len(self.ratings) + 1
        while f"rating_{n}" in self.rating_keys:
            n += 1
        usual = {"accept_days": str(ACCEPT_DAYS), "accept_total": str(ACCEPT_TOTAL_DAYS)}
        self.ratings.append(Rating(f"rating_{n}", days="30", **usual))
        self.brush = f"rating_{n}"

    def remove_rating(self, n: int) -> None:
        """Without the rating at place ``n``; its cells get the one below it, or else above."""
        if not 0 <= n < len(self.ratings) or len(self.ratings) == 1:
            return
        gone = self.ratings.pop(n).key
        heir = self.ratings[max(0, n - 1)].key
        self.cells = [[heir if key == gone else key for key in row] for row in self.cells]
        self.appetite = heir if self.appetite == gone else self.appetite
        self.term_appetites = [
            replace(row, rating=heir) if row.rating == gone else row for row in self.term_appetites
        ]
        self.brush = heir if self.brush == gone else self.brush

    def add_dimension(self) -> None:
        """A new kind of impact that says nothing yet of any level; none where there are enough."""
        keys = [dimension.key for dimension in self.dimensions]
        if len(keys) < DIMENSIONS_READ:
            key = next(k for n in range(1, 99) if (k := f"kind_{n}") not in keys)
            self.dimensions.append(Dimension(key, texts=[("", "")] * len(self.impact)))

    @property
    def term_appetites_full(self) -> bool:
        """Whether one more term with an appetite of its own would be one too many."""
        return len(self.term_appetites) >= MAX_TERM_APPETITES

    def add_term_appetite(self) -> None:
        """A row for one more term, which begins with the general appetite; none where there are
        enough."""
        if not self.term_appetites_full:
            self.term_appetites.append(TermAppetite(rating=self.appetite))

    @property
    def tolerance_full(self) -> bool:
        """Whether one more point of the tolerance would be one too many."""
        return len(self.tolerance) >= MAX_POINTS

    def add_tolerated(self) -> None:
        """A row for one more point of the tolerance; none where there are enough."""
        if not self.tolerance_full:
            self.tolerance.append(Tolerated())

    def paint(self, likelihood: int, impact: int) -> None:
        """Give a cell the rating of the brush."""
        inside = 0 <= likelihood < len(self.cells) and 0 <= impact < len(self.impact)
        if inside and self.brush in self.rating_keys:
            self.cells[likelihood][impact] = self.brush

    def rebased(self, old: Criteria, new: Criteria) -> "Draft":
        """The same, going on from ``new``: where that has another number of levels, nobody can say
        which of them a row continues, so each is asked for."""
        draft = replace(self, seen=str(new.number))
        for axis in AXES.values():
            if len(getattr(old, axis)) != len(getattr(new, axis)):
                setattr(draft, axis, [replace(row, was="") for row in self.levels(axis)])
        return draft

    # What the services take ---------------------------------------------------------------------

    def to_json(self, in_force: Criteria) -> dict[str, Any]:
        """The criteria as the services take them; scores stay where the scale is as it was."""
        same = all(
            [level.was for level in self.levels(axis)]
            == [str(n) for n in range(1, len(getattr(in_force, axis)) + 1)]
            for axis in AXES.values()
        )
        return {
            "likelihood": [level_to_json(level) for level in self.likelihood],
            "impact": [level_to_json(level) for level in self.impact],
            "dimensions": [
                {
                    "key": dimension.key,
                    "names": names_by_language(dimension.name, dimension.name_zh),
                    "descriptions": [names_by_language(*text) for text in dimension.texts]
                    if any(any(text) for text in dimension.texts)
                    else [],
                }
                for dimension in self.dimensions
            ],
            "ratings": [
                {
                    "key": rating.key,
                    "names": names_by_language(rating.name, rating.name_zh),
                    "cadence_days": parse_whole(rating.days),
                    "accept_role": rating.role,
                    "accept_days": parse_whole(rating.accept_days),
                    "accept_total_days": parse_whole(rating.accept_total),
                }
                for rating in self.ratings
            ],
            "cells": [
                [
                    {
                        "score": in_force.cells[x][y]["score"] if same else (x + 1) * (y + 1),
                        "rating": key,
                    }
                    for y, key in enumerate(row)
                ]
                for x, row in enumerate(self.cells)
            ],
            "appetite": self.appetite,
            "term_appetites": [
                {"term": row.term, "rating": row.rating} for row in self.term_appetites if row.term
            ],
            "tolerance": [
                {"amount": parse_number(row.amount), "chance": parse_number(row.chance)}
                for row in self.tolerance
                if row.amount or row.chance
            ],
            "unrated_cadence_days": parse_whole(self.unrated),
            "label": self.label,
        }

    def dropped_levels_by_axis(self, in_force: Criteria) -> dict[str, list[int]]:
        """Levels of the criteria in force, by axis, that no row continues."""
        return {
            axis: [
                n
                for n in range(1, len(getattr(in_force, axis)) + 1)
                if str(n) not in {level.was for level in self.levels(axis)}
            ]
            for axis in AXES.values()
        }

    def moved_levels_by_axis(self, in_force: Criteria) -> dict[str, dict[int, NewLevelOrAnew]]:
        """To which levels judgements go; a level that stays where it is, or is gone and has no
        choice yet, is left out."""
        found: dict[str, dict[int, NewLevelOrAnew]] = {}
        for axis, gone in self.dropped_levels_by_axis(in_force).items():
            levels = self.levels(axis)
            found[axis] = {int(v.was): n for n, v in enumerate(levels, 1) if v.was.isdigit()}
            for old in gone:
                choice = self.chosen.get(axis, {}).get(old, "")
                if choice == ANEW:
                    found[axis][old] = None
                elif choice.isascii() and choice.isdigit() and len(choice) < 3:
                    found[axis][old] = int(choice)
            # Levels that stay where they are need not be named.
            found[axis] = {old: new for old, new in found[axis].items() if old != new}
        return {axis: levels for axis, levels in found.items() if levels}

    def dropped_levels_without_choice_by_axis(self, in_force: Criteria) -> dict[str, list[int]]:
        """Levels that are gone and for which nothing has been chosen."""
        return {
            axis: [n for n in gone if not self.chosen.get(axis, {}).get(n)]
            for axis, gone in self.dropped_levels_by_axis(in_force).items()
        }


def draft_of(criteria: Criteria) -> Draft:
    """The criteria in force, to be changed."""
    return Draft(
        seen=str(criteria.number),
        likelihood=[level_from_json(level) for level in criteria.likelihood],
        impact=[level_from_json(level) for level in criteria.impact],
        ratings=[
            Rating(
                rating["key"],
                rating["names"].get("en", ""),
                rating["names"].get(ZH, ""),
                str(rating["cadence_days"]),
                rating["accept_role"],
                str(rating["accept_days"]),
                str(rating["accept_total_days"]),
            )
            for rating in map(rating_with_caps, criteria.ratings)
        ],
        dimensions=[
            Dimension(
                item["key"],
                item["names"].get("en", ""),
                item["names"].get(ZH, ""),
                [(text.get("en", ""), text.get(ZH, "")) for text in item["descriptions"]]
                or [("", "")] * len(criteria.impact),
            )
            for item in criteria.dimensions
        ],
        cells=[[cell["rating"] for cell in row] for row in criteria.cells],
        appetite=criteria.appetite,
        term_appetites=[
            TermAppetite(row["term"], row["rating"]) for row in criteria.term_appetites or ()
        ],
        tolerance=[
            Tolerated(f"{row['amount']:.15g}", f"{row['chance']:.15g}")
            for row in criteria.tolerance or ()
        ],
        unrated=str(criteria.unrated_cadence_days),
        label=criteria.label,
        brush=criteria.ratings[-1]["key"],
    )


def draft_from_form(data: QueryDict) -> Draft:
    """What was sent, in its order."""
    # The form has the highest level and the most severe rating first.
    likelihood, impact = _levels(data, "l")[::-1], _levels(data, "i")[::-1]
    ratings = [
        Rating(key or f"rating_{n + 1}", *rest)
        for n, (key, *rest) in enumerate(_rows(data, ROWS_READ, *_RATING))
    ][::-1]
    keys = [rating.key for rating in ratings] or [""]
    flat = _texts(data, "cell")
    width = len(impact)
    cells = [
        [_key_or_first(flat, x * width + y, keys) for y in range(width)]
        for x in range(len(likelihood))
    ]
    texts = list(zip(_texts(data, "d_text"), _texts(data, "d_text_zh"), strict=False))
    dimensions = [
        Dimension(key or f"dimension_{n + 1}", name, name_zh, _slice_filled_up(texts, n, width))
        for n, (key, name, name_zh) in enumerate(
            _rows(data, DIMENSIONS_READ, "d_key", "d_name", "d_name_zh")
        )
    ]
    return Draft(
        seen=_short_text(data, "seen"),
        likelihood=likelihood,
        impact=impact,
        ratings=ratings,
        dimensions=dimensions,
        cells=cells,
        appetite=_short_text(data, "appetite"),
        term_appetites=[
            TermAppetite(term, rating)
            for term, rating in _rows(data, MAX_TERM_APPETITES + 1, "t_term", "t_rating")
        ],
        tolerance=[
            Tolerated(amount, chance)
            for amount, chance in _rows(data, MAX_POINTS + 1, "o_amount", "o_chance")
        ],
        unrated=_short_text(data, "unrated"),
        label=_short_text(data, "label") or "judgement",
        brush=_short_text(data, "brush"),
        chosen={
            axis: {n: _short_text(data, f"map_{short}_{n}") for n in range(1, ROWS_READ)}
            for short, axis in AXES.items()
        },
    )


def _levels(data: QueryDict, short: str) -> list[Level]:
    names = ("name", "name_zh", "text", "text_zh", "low", "high", "was")
    rows = _rows(data, ROWS_READ, *(f"{short}_{name}" for name in names))
    return [replace(Level(), **dict(zip(names, row, strict=True))) for row in rows]


def _rows(data: QueryDict, most: int, *names: str) -> list[tuple[str, ...]]:
    columns = [_texts(data, name) for name in names]
    size = min(most, max(map(len, columns), default=0))
    return [tuple(_item_or_empty(column, n) for column in columns) for n in range(size)]


def _texts(data: QueryDict, name: str) -> list[str]:
    return [text.replace("\0", "").strip()[:2000] for text in data.getlist(name)[:500]]


def _short_text(data: QueryDict, name: str) -> str:
    return data.get(name, "").replace("\0", "").strip()[:60]


def _item_or_empty(column: Sequence[str], n: int) -> str:
    return column[n] if n < len(column) else ""


def _key_or_first(flat: Sequence[str], n: int, keys: Sequence[str]) -> str:
    return flat[n] if n < len(flat) and flat[n] in keys else keys[0]


def _slice_filled_up(texts: list[tuple[str, str]], n: int, width: int) -> list[tuple[str, str]]:
    own = texts[n * width : (n + 1) * width]
    return own + [("", "")] * (width - len(own))
