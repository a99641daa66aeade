"""A party's own appetite: what it is, which of several decides, and who may read it.

It says up to which rating a party itself is content with a threat, in general and for terms, by the
rule of the common appetite (``register.appetite``): of those that a risk's terms name the strictest
decides, and the general one where none does. It is read by the party's own people alone and changes
nothing that others count by.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, QuerySet
from django.utils.translation import gettext as _

from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.appetite import TermCondition
from riskreg.register.models import Criteria, OwnAppetite
from riskreg.register.written import written_once

# By rating, the risks that are above a party's own appetite when they are rated so.
ConditionByRating = tuple[tuple[str, TermCondition], ...]


@dataclass(frozen=True)
class OwnRule:
    """What a party's own appetites say together: the ``general`` one, if there is one, and those
    ``named`` by term, written ``taxonomy:term``. ``order``: ratings, the least severe first."""

    order: tuple[str, ...]
    general: OwnAppetite | None
    named: Mapping[str, OwnAppetite]

    def appetite_for(self, terms: Collection[str]) -> OwnAppetite | None:
        """The one that decides about a risk filed under ``terms``; None: the party has said
        nothing of such risks."""
        own = [self.named[term] for term in terms if term in self.named]
        return min(own, key=self._place) if own else self.general

    def exceeded_appetite(
        self, rating: str | None, kind: str, terms: Collection[str]
    ) -> OwnAppetite | None:
        """The own appetite that a risk of this rating is above; None where it is above none. An
        opportunity never is."""
        if rating not in self.order or kind != "threat":
            return None
        found = self.appetite_for(terms)
        return found if found and self._place(found) < self.order.index(rating) else None

    def above_appetite_condition(self, rating: str) -> TermCondition:
        """The risks that are above the own appetite when they are rated ``rating``, by their
        terms."""
        place, general = self.order.index(rating), self.general
        return TermCondition(
            some=frozenset(term for term, own in self.named.items() if self._place(own) < place),
            others=general is not None and self._place(general) < place,
            named=frozenset(self.named),
        )

    def above_appetite_conditions(self) -> ConditionByRating:
        """``above_appetite_condition`` of every rating."""
        return tuple((rating, self.above_appetite_condition(rating)) for rating in self.order)

    def _place(self, own: OwnAppetite) -> int:
        return self.order.index(own.rating)


def own_appetites_in_force_for(viewer: Viewer) -> QuerySet[OwnAppetite]:
    """Those of the viewer's party that are in force, in the order in which they were set; none for
    who acts for no party."""
    rows = OwnAppetite.objects.visible_to(viewer).filter(ended_at=None)
    return rows.select_related(
        "party", "set_by", "term__taxonomy", "term__merged_into__taxonomy"
    ).order_by("created_at", "id")


def any_own_appetite(viewer: Viewer) -> Exists:
    """Whether the viewer's party has one in force: an expression, so that a page asks for them only
    where there are some."""
    return Exists(own_appetites_in_force_for(viewer).order_by())


def own_appetite_in_force_for(
    viewer: Viewer, appetite: uuid.UUID, *, lock: bool = False
) -> OwnAppetite:
    """The one of that public id. Raises ``NotFound`` for another party's as for none, and for one
    that has ended."""
    rows = own_appetites_in_force_for(viewer)
    rows = rows.select_for_update(of=("self",), no_key=True) if lock else rows
    found = rows.filter(uuid=appetite).first()
    if found is None:
        raise NotFound(_("There is no such own appetite."))
    return found


def has_rating_not_in(row: OwnAppetite, criteria: Criteria) -> bool:
    """Whether nothing goes by it: ``criteria`` have no such rating."""
    return row.rating not in {rating["key"] for rating in criteria.ratings}


def own_appetites_losing_their_rating(viewer: Viewer, new_criteria: Criteria) -> list[OwnAppetite]:
    """Those of the viewer's party whose rating ``new_criteria``, not in force yet, no longer have
    and the present ones do; no query where every rating stays."""
    gone = {rating["key"] for rating in viewer.criteria.ratings}
    gone -= {rating["key"] for rating in new_criteria.ratings}
    if not gone or viewer.party_id is None:
        return []
    return [row for row in own_appetites_in_force_for(viewer) if row.rating in gone]


def term_ref_after_merges_or_empty(row: OwnAppetite) -> str:
    """The term whose risks it is about, written ``taxonomy:term``; of a term that was merged, the
    one that its risks are filed under since. Empty: in general."""
    if row.term is None:
        return ""
    return (row.term.merged_into or row.term).ref


def own_rule(viewer: Viewer) -> OwnRule:
    """The rule of the viewer's party by the criteria in force (one query, none without a party)."""
    rows: Iterable[OwnAppetite] = ()
    if viewer.party_id is not None:
        rows = _own_appetites_in_force(viewer)
    return own_rule_from_rows(rows, viewer.criteria)


@written_once()
def _own_appetites_in_force(viewer: Viewer) -> QuerySet[OwnAppetite]:
    return own_appetites_in_force_for(viewer)


def own_rule_from_rows(rows: Iterable[OwnAppetite], criteria: Criteria) -> OwnRule:
    """What ``rows`` of one party say together, without those that are out of date. Where terms were
    merged, two can be about the same one: the stricter counts."""
    order = tuple(rating["key"] for rating in criteria.ratings)
    general: OwnAppetite | None = None
    named: dict[str, OwnAppetite] = {}
    for row in rows:
        if row.rating not in order:
            continue
        term = term_ref_after_merges_or_empty(row)
        if not term:
            general = row
        elif term not in named or order.index(row.rating) < order.index(named[term].rating):
            named[term] = row
    return OwnRule(order, general, named)
