"""Kinds of impact: what a level of impact is described by."""

from riskreg.kernel.localised import localised
from riskreg.register.models import Criteria


def dimension_name(criteria: Criteria, key: str) -> str:
    """A kind of impact in the reader's words; its key where these criteria do not have it."""
    names = (item["names"] for item in criteria.dimensions if item["key"] == key)
    return str(localised(next(names, None), key))
