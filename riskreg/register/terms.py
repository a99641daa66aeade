"""Finding terms by what they are called, merged ones and those out of use among them."""

from collections.abc import Callable, Collection, Iterable

from django.db import connection
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors, NotFound
from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer
from riskreg.register.models import Taxonomy, Term
from riskreg.register.queries import terms_of


def taxonomy_for(viewer: Viewer, key: str, *, lock: bool = False) -> Taxonomy:
    """The classification of that key. Raises ``NotFound``."""
    rows = Taxonomy.objects.filter(register=viewer.register)
    rows = rows.select_for_update(no_key=True) if lock else rows
    taxonomy = rows.filter(key=key).first() if is_storable(key) else None
    if taxonomy is None:
        raise NotFound(_("There is no such classification."))
    return taxonomy


def term_for(viewer: Viewer, ref: str, *, lock: bool = False) -> Term:
    """The term written ``taxonomy:term``. Raises ``NotFound``.

    ``lock`` takes its taxonomy as well, so that changes of one classification wait in turn.
    """
    taxonomy, _colon, key = ref.partition(":")
    parent = taxonomy_for(viewer, taxonomy, lock=lock)
    rows = Term.objects.select_related("merged_into__taxonomy").filter(taxonomy=parent)
    term = rows.filter(key=key).first() if is_storable(key) else None
    if term is None:
        raise NotFound(_("There is no such term."))
    term.taxonomy = parent
    return term


def other_terms_in_use(term: Term) -> list[Term]:
    """The other terms of its taxonomy that are in use, in order."""
    rows = term.taxonomy.terms.filter(retired_at=None).exclude(pk=term.pk)
    found = list(rows.order_by("position", "id"))
    for row in found:
        row.taxonomy = term.taxonomy
    return found


def terms_by_name(viewer: Viewer) -> dict[str, Term]:
    """Every term of the register by ``taxonomy:term``; what was merged leads to what it became."""
    terms = list(terms_of(viewer))
    by_id = {term.pk: term for term in terms}
    found = {}
    for term in terms:
        last = term
        while last.merged_into_id is not None:
            last = by_id[last.merged_into_id]
        found[term.ref] = last
    return found


def require_not_merged(terms: Iterable[Term]) -> None:
    """Raise ``Invalid`` if one of ``terms``, just linked to, was merged since it was looked up.

    To be asked in the transaction that has written the link, of those that were not linked before:
    it waits for a merge under way, and a merge that begins later waits for the link and files it
    anew. A database that writes one transaction at a time needs no lock for that.
    """
    keys = sorted(t.pk for t in terms)
    if keys and connection.vendor == "postgresql":
        # Shared, unlike what Django can ask for: whoever files under the same term need not wait.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM register_term WHERE id = ANY(%s) ORDER BY id FOR SHARE", [keys]
            )
    merged = Term.objects.filter(pk__in=keys, merged_into__isnull=False)
    errors = Errors()
    for term in merged.select_related("taxonomy", "merged_into__taxonomy"):
        _note_merged(errors, "terms", term)
    errors.raise_if_any()


def _note_merged(errors: Errors, field: str, term: Term) -> None:
    assert term.merged_into is not None  # noqa: S101 - the caller looks
    text = _("%(name)s was merged; use %(other)s.")
    errors.add(field, "retired", text % {"name": term.ref, "other": term.merged_into.ref})


def find_usable_terms(
    viewer: Viewer,
    errors: Errors,
    field: str,
    names: Iterable[object],
    held: Callable[[], Collection[int]] = tuple,
) -> list[Term]:
    """The terms named ``taxonomy:term``; notes those that do not exist, and those out of use that
    are not among ``held`` (database ids, asked for only then)."""
    wanted = [str(n) for n in names]
    terms = {
        t.ref: t
        for t in Term.objects.select_related("taxonomy", "merged_into__taxonomy").filter(
            taxonomy__register=viewer.register
        )
    }
    unknown = sorted(set(wanted) - set(terms))
    if unknown:
        errors.add(
            field,
            "unknown_term",
            _("Unknown term: %(names)s. Terms are written taxonomy:term.")
            % {"names": ", ".join(unknown)[:200]},
        )
    found = [terms[n] for n in dict.fromkeys(wanted) if n in terms]
    retired = [term for term in found if term.retired_at]
    kept = set(held()) if retired else set()
    for term in retired:
        if term.pk in kept:
            continue
        if term.merged_into:
            _note_merged(errors, field, term)
            continue
        text = _("%(name)s is out of use; choose another term.") % {"name": term.ref}
        errors.add(field, "retired", text)
    return found
