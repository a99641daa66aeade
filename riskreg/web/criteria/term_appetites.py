"""Which terms the form of the criteria offers for an appetite of their own."""

from collections.abc import Sequence

from riskreg.register.access import Viewer
from riskreg.register.queries import terms_of
from riskreg.web.criteria.draft_rows import TermAppetite


def grouped_term_choices(
    viewer: Viewer, written: Sequence[TermAppetite]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """(classification, its terms as (``taxonomy:term``, name)) that can be chosen: those in use,
    and what is ``written`` already, so that nothing written is lost."""
    asked = {row.term for row in written if row.term}
    found: dict[str, list[tuple[str, str]]] = {}
    known = set()
    for term in terms_of(viewer):
        if term.retired_at is None or term.ref in asked:
            found.setdefault(term.taxonomy.name, []).append((term.ref, term.name))
            known.add(term.ref)
    if unknown := sorted(asked - known):
        found[""] = [(ref, ref) for ref in unknown]
    return list(found.items())
