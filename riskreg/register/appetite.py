"""Appetite: up to which rating a risk needs no acceptance. Pure functions.

Criteria name one rating for all risks, and may name another for a term. What a risk is filed under
decides: of the appetites that its terms name the strictest holds, and the general one where none
of them names any. ``TermCondition`` is that rule, read by Python here and by the database in
``risks.appetite``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

# More terms than anybody keeps apart; a bound on what a page and a query carry.
MAX_TERM_APPETITES = 50


@dataclass(frozen=True)
class TermCondition:
    """Which risks, by what they are filed under: those with one of ``some``, and with ``others``
    those with none of ``named`` as well; terms are written ``taxonomy:term``."""

    some: frozenset[str]
    others: bool
    named: frozenset[str]

    @property
    def is_met_by_all(self) -> bool:
        """Whether every risk meets it, whatever its terms."""
        return self.others and self.some == self.named

    @property
    def is_met_by_none(self) -> bool:
        """Whether no risk can meet it."""
        return not self.others and not self.some

    def is_met_by(self, terms: Collection[str]) -> bool:
        """Whether a risk with these terms meets it."""
        mine = self.named.intersection(terms)
        return not mine.isdisjoint(self.some) or (self.others and not mine)


class ConditionBeforeAndNow(NamedTuple):
    """Which risks were above appetite when they were rated so, and which are now."""

    before: TermCondition
    now: TermCondition


def appetite_of(
    order: Sequence[str], general: str, named: Mapping[str, str], terms: Collection[str]
) -> str:
    """The rating up to which a risk with ``terms`` needs no acceptance; ``order``: ratings, the
    least severe first."""
    own = [named[term] for term in terms if term in named]
    return min(own, key=order.index) if own else general


def above_appetite_condition(
    order: Sequence[str], general: str, named: Mapping[str, str], rating: str
) -> TermCondition:
    """Which risks are above their appetite when they are rated ``rating``: those whose
    ``appetite_of`` is less severe."""
    place = order.index(rating)
    return TermCondition(
        some=frozenset(term for term, own in named.items() if order.index(own) < place),
        others=order.index(general) < place,
        named=frozenset(named),
    )


def appetite_by_term(rows: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """{term: rating} of what criteria keep as [{term, rating}]; None for none."""
    return {row["term"]: row["rating"] for row in rows or ()}


def clean_term_appetites(
    errors: Errors, value: Any, order: Sequence[str], least: str
) -> list[dict[str, str]]:
    """[{term, rating}] in the order of terms. ``order``: ratings, the least severe first;
    ``least``: the rating of the lowest cell. Whether there are such terms is asked where terms are
    known."""
    field = "term_appetites"
    if not isinstance(value, list) or len(value) > MAX_TERM_APPETITES:
        text = _("Appetites of terms are a list of at most %(n)d.")
        errors.add(field, "not_a_list", text % {"n": MAX_TERM_APPETITES})
        return []
    found: dict[str, str] = {}
    for row in value:
        term = row.get("term") if isinstance(row, Mapping) else None
        rating = row.get("rating") if isinstance(row, Mapping) else None
        if not isinstance(term, str) or not isinstance(rating, str) or ":" not in term:
            text = _("Name a term, as taxonomy:term, and the worst rating that needs no acceptance "
                     "there.")  # fmt: skip
            errors.add(field, "malformed", text)
            continue
        values = {"term": term[:90], "rating": rating[:30]}
        if term in found:
            text = _("%(term)s is named twice; give it one appetite.")
            errors.add(field, "repeated", text % values)
        elif rating not in order:
            text = _("%(term)s: there is no rating %(rating)s; choose one of: %(all)s.")
            errors.add(field, "unknown_rating", text % {**values, "all": ", ".join(order)})
        elif rating == order[-1]:
            text = _("%(term)s: no rating is above %(rating)s, so nothing would ever need an "
                     "acceptance there; choose a lower one, or leave the term out.")  # fmt: skip
            errors.add(field, "nothing_above", text % values)
        elif order.index(rating) < order.index(least):
            text = _("%(term)s: no cell is within %(rating)s, so every risk there would need an "
                     "acceptance; choose %(least)s or a higher one.")  # fmt: skip
            errors.add(field, "nothing_within", text % {**values, "least": least})
        found[term] = rating
    return [{"term": term, "rating": found[term]} for term in sorted(found)]


@dataclass(frozen=True)
class Appetites:
    """What criteria say of appetite: the ``order`` of ratings, the ``general`` one, and those
    ``named`` by term."""

    order: tuple[str, ...]
    general: str
    named: Mapping[str, str]

    def place_for(self, terms: Collection[str]) -> int:
        """The place of the appetite that holds for a risk with ``terms``, from 0, the strictest."""
        return self.order.index(appetite_of(self.order, self.general, self.named, terms))


class TermAppetiteChange(NamedTuple):
    """``is_looser``: whether any risk would have a looser appetite by it."""

    term: str
    before: str | None
    after: str | None
    is_looser: bool


def changes_of_term_appetites(before: Appetites, after: Appetites) -> list[TermAppetiteChange]:
    """One for each term whose own appetite differs, with the general one of ``after`` in force
    already.

    One change after the other, each upon those before it: so no change is blamed for what another
    one does, and where every step is stricter the whole is. Of any set of terms at most two decide,
    the one that changes and the strictest of the rest, so pairs are all that has to be looked at.
    """
    held, found = dict(before.named), []
    terms = sorted({*before.named, *after.named})
    for term in terms:
        old, new = before.named.get(term), after.named.get(term)
        if old == new:
            continue
        then = {other: own for other, own in held.items() if other != term}
        if new is not None:
            then[term] = new
        was = Appetites(after.order, after.general, held)
        is_ = Appetites(after.order, after.general, then)
        looser = any(
            is_.place_for({term, other}) > was.place_for({term, other}) for other in {term, *held}
        )
        found.append(TermAppetiteChange(term, old, new, looser))
        held = then
    return found
