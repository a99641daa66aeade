"""Criteria that are to be put into force, where terms of the register are known."""

from collections.abc import Mapping
from typing import Any

from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.register.appetite import appetite_by_term
from riskreg.register.policy import clean_criteria
from riskreg.register.queries import terms_of
from riskreg.register.terms import find_usable_terms


def clean_criteria_for_register(viewer: Viewer, data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` checked and completed (``policy.clean_criteria``), for the register of ``viewer``.

    Appetites of terms and the tolerance stay as they are in force where ``data`` says nothing of
    them. Raises
    ``Invalid``, also for terms that there are not or that are out of use.
    """
    now = viewer.criteria
    held = {"term_appetites": now.term_appetites or [], "tolerance": now.tolerance or []}
    clean = clean_criteria({**held, **data})
    errors = Errors()
    if named := appetite_by_term(clean["term_appetites"]):
        find_usable_terms(viewer, errors, "term_appetites", named)
    errors.raise_if_any()
    return clean


def names_of_terms_with_appetite(
    viewer: Viewer, *versions: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """{term: its names} of the terms that ``versions`` name an appetite for."""
    refs = {ref for version in versions for ref in appetite_by_term(version["term_appetites"])}
    if not refs:
        return {}
    return {term.ref: term.names for term in terms_of(viewer) if term.ref in refs}
