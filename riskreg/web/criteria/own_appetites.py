"""Appetites of terms in the form of the criteria: those that are written, and room for more."""

from collections.abc import Sequence

from riskreg.register.access import Viewer
from riskreg.register.appetite import MAX_TERM_APPETITES
from riskreg.register.queries import terms_of
from riskreg.web.criteria.draft_rows import OwnAppetite

# So many rows stand empty, to be filled without a script.
EMPTY = 2


def own_rows(written: Sequence[OwnAppetite], general: str) -> list[OwnAppetite]:
    """The rows of the form; one that is filled begins with the ``general`` appetite."""
    room = min(EMPTY, max(0, MAX_TERM_APPETITES - len(written)))
    return [*written, *(OwnAppetite(rating=general) for _n in range(room))]


def term_choices(
    viewer: Viewer, written: Sequence[OwnAppetite]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """(classification, its terms as (``taxonomy:term``, name)) that can be chosen: those in use,
    and what is ``written`` already, so that nothing written is lost."""
    asked = {row.term for row in written}
    found: dict[str, list[tuple[str, str]]] = {}
    known = set()
    for term in terms_of(viewer):
        if term.retired_at is None or term.ref in asked:
            found.setdefault(term.taxonomy.name, []).append((term.ref, term.name))
            known.add(term.ref)
    if unknown := sorted(asked - known):
        found[""] = [(ref, ref) for ref in unknown]
    return list(found.items())
