"""Whether a change of what is common strengthens it, weakens it, or moves it. Pure functions.

What strengthens holds at once; everything else needs a yes of each party (I12). Where it is not
plain that a change only strengthens, it counts as one that moves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from riskreg.register.accepting import AUTHORITY, rating_with_caps
from riskreg.register.appetite import Appetites, appetite_by_term, changes_of_term_appetites
from riskreg.register.tolerance import is_looser


class Effect(StrEnum):
    """What a difference does to the common rules."""

    STRENGTHENS = "strengthens"
    MOVES = "moves"
    WEAKENS = "weakens"

    @property
    def label(self) -> "str | Promise":
        """In the reader's language."""
        return _LABELS[self]


_LABELS = {
    Effect.STRENGTHENS: _("stricter"),
    Effect.MOVES: _("different"),
    Effect.WEAKENS: _("looser"),
}


@dataclass(frozen=True)
class Difference:
    """One thing that would not be as it was; ``key`` tells which of several (a rating, a level)."""

    part: str
    key: Any
    before: Any
    after: Any
    effect: Effect


def needs_yes_of_others(differences: Iterable[Difference]) -> bool:
    """Whether a change with these differences needs a yes of the other parties."""
    return any(d.effect is not Effect.STRENGTHENS for d in differences)


def criteria_differences(
    before: Mapping[str, Any], after: Mapping[str, Any], mapping: Any = None
) -> list[Difference]:
    """What is different between two versions of the criteria, as ``clean_criteria`` gives them.

    A shorter cadence, a lower appetite (the general one or a term's), a higher role to accept, a
    shorter time of acceptance and a tolerance that allows no loss more often are stricter; the
    other way round they are looser. Levels,
    dimensions, cells, ratings, labels and a ``mapping`` of levels move what is common.
    """
    found = [
        *_level_differences("likelihood", before, after),
        *_level_differences("impact", before, after),
        *_rating_differences(before, after),
        *_cell_differences(before, after),
        *_appetite_differences(before, after),
        *_term_appetite_differences(before, after),
        *_tolerance_differences(before, after),
    ]
    days = (before["unrated_cadence_days"], after["unrated_cadence_days"])
    if days[0] != days[1]:
        found.append(Difference("cadence", None, *days, _effect_where_shorter_is_stricter(*days)))
    for part in ("dimensions", "label"):
        if before[part] != after[part]:
            found.append(Difference(part, None, before[part], after[part], Effect.MOVES))
    if mapping:
        found.append(Difference("mapping", None, None, mapping, Effect.MOVES))
    return found


def time_zone_differences(before: str, after: str) -> list[Difference]:
    """Another zone moves which day it is, and so what is late."""
    same = before == after
    return [] if same else [Difference("time_zone", None, before, after, Effect.MOVES)]


def parties_to_ask_about_transfer(
    taking_party: int | None, giving_party: int | None, home_party: int, acting_party: int | None
) -> frozenset[int]:
    """Whose yes is needed when a shared risk of the party ``home_party`` goes from somebody of
    ``giving_party`` to somebody of ``taking_party``, by an act of ``acting_party``.

    Within one party it is that party's matter. Into another it is a matter of the one that takes
    it, and of the one that it belongs to; who gives it away has said yes by that.
    """
    if taking_party is None or taking_party == giving_party:
        return frozenset()
    return frozenset({taking_party, home_party}) - {acting_party}


def _effect_where_shorter_is_stricter(before: int, after: int) -> Effect:
    return Effect.STRENGTHENS if after < before else Effect.WEAKENS


def _level_differences(
    part: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Difference]:
    old, new = before[part], after[part]
    if len(old) != len(new):
        return [Difference(part, None, old, new, Effect.MOVES)]
    return [
        Difference(part, n, one, other, Effect.MOVES)
        for n, (one, other) in enumerate(zip(old, new, strict=True), 1)
        if one != other
    ]


def _rating_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    old = {rating["key"]: rating_with_caps(rating) for rating in before["ratings"]}
    new = {rating["key"]: rating_with_caps(rating) for rating in after["ratings"]}
    found = []
    named = [(key, rating["names"]) for key, rating in old.items()]
    if named != [(key, rating["names"]) for key, rating in new.items()]:
        found.append(Difference("ratings", None, before["ratings"], after["ratings"], Effect.MOVES))
    for key in [key for key in old if key in new]:
        days = (old[key]["cadence_days"], new[key]["cadence_days"])
        if days[0] != days[1]:
            found.append(
                Difference("cadence", key, *days, _effect_where_shorter_is_stricter(*days))
            )
        roles = (old[key]["accept_role"], new[key]["accept_role"])
        if roles[0] != roles[1]:
            higher = AUTHORITY.index(roles[1]) > AUTHORITY.index(roles[0])
            effect = Effect.STRENGTHENS if higher else Effect.WEAKENS
            found.append(Difference("accept_role", key, *roles, effect))
        for part in ("accept_days", "accept_total_days"):
            caps = (old[key][part], new[key][part])
            if caps[0] != caps[1]:
                found.append(Difference(part, key, *caps, _effect_where_shorter_is_stricter(*caps)))
    return found


def _cell_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    old, new = before["cells"], after["cells"]
    if [len(row) for row in old] != [len(row) for row in new]:
        return [Difference("cells", None, old, new, Effect.MOVES)]
    return [
        Difference("cells", (x, y), one, other, Effect.MOVES)
        for x, rows in enumerate(zip(old, new, strict=True), 1)
        for y, (one, other) in enumerate(zip(*rows, strict=True), 1)
        if one != other
    ]


def _appetite_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    old, new = before["appetite"], after["appetite"]
    if old == new:
        return []
    keys = [rating["key"] for rating in before["ratings"]]
    if keys != [rating["key"] for rating in after["ratings"]]:
        effect = Effect.MOVES
    else:
        lower = keys.index(new) < keys.index(old)
        effect = Effect.STRENGTHENS if lower else Effect.WEAKENS
    return [Difference("appetite", None, old, new, effect)]


def _term_appetite_differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Difference]:
    order = tuple(rating["key"] for rating in before["ratings"])
    same_order = order == tuple(rating["key"] for rating in after["ratings"])
    old, new = (appetite_by_term(version.get("term_appetites")) for version in (before, after))
    if not same_order:
        return [
            Difference("term_appetite", term, old.get(term), new.get(term), Effect.MOVES)
            for term in sorted({*old, *new})
            if old.get(term) != new.get(term)
        ]
    was = Appetites(order, before["appetite"], old)
    then = Appetites(order, after["appetite"], new)
    return [
        Difference(
            "term_appetite", term, one, other, Effect.WEAKENS if looser else Effect.STRENGTHENS
        )
        for term, one, other, looser in changes_of_term_appetites(was, then)
    ]


def _tolerance_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    # Requests of before there was one have none.
    old, new = (version.get("tolerance") or [] for version in (before, after))
    if old == new:
        return []
    effect = Effect.WEAKENS if is_looser(old, new) else Effect.STRENGTHENS
    return [Difference("tolerance", None, old, new, effect)]
