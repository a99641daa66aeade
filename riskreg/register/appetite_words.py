"""Appetites of terms in words: beside a matrix, whose line is the general one, and of one risk."""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.translation import gettext as _

from riskreg.kernel.localised import localised
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.appetite import appetite_by_term
from riskreg.register.models import Criteria, Term
from riskreg.register.queries import terms_of


class TermAppetiteNames(NamedTuple):
    """What a term is called, and the worst rating that needs no acceptance there."""

    term: str
    rating: str


def appetites_of_terms(viewer: Viewer, criteria: Criteria) -> list[TermAppetiteNames]:
    """One for each term for which ``criteria`` name an appetite, in the order of the terms; no
    query for none."""
    return _term_and_rating_names(criteria, terms_of(viewer) if criteria.term_appetites else ())


def matrix_note(viewer: Viewer, criteria: Criteria) -> str:
    """What the line of appetite in a matrix does not show; empty where no term has an appetite."""
    named = appetites_of_terms(viewer, criteria)
    if not named:
        return ""
    text = _(
        "The line is the general appetite. Appetites of their own have: %(all)s. Counts go by "
        "them; where a risk has several such terms, by the strictest."
    )
    return text % {"all": _terms_up_to_ratings_text(named)}


def risk_note(criteria: Criteria, terms: Iterable[Term]) -> str:
    """By which appetite a risk with ``terms`` is judged; empty for the general one."""
    named = _term_and_rating_names(criteria, terms)
    if not named:
        return ""
    if len(named) == 1:
        return _("Judged by the appetite of its term: %(all)s.") % {
            "all": _terms_up_to_ratings_text(named)
        }
    text = _("Judged by the strictest appetite of its terms: %(all)s.")
    return text % {"all": _terms_up_to_ratings_text(named)}


def _term_and_rating_names(criteria: Criteria, terms: Iterable[Term]) -> list[TermAppetiteNames]:
    named = appetite_by_term(criteria.term_appetites)
    names = {row["key"]: localised(row["names"], row["key"]) for row in criteria.ratings}
    return [
        TermAppetiteNames(term.name, names[named[term.ref]]) for term in terms if term.ref in named
    ]


def _terms_up_to_ratings_text(named: list[TermAppetiteNames]) -> str:
    text = _("%(term)s up to %(rating)s")
    return enumerate_texts([text % {"term": term, "rating": rating} for term, rating in named])
