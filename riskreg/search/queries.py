"""What a person or a program finds: the same for both, and never more than they may know of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from riskreg.indicators.queries.access import indicator_for, indicators_for
from riskreg.kernel.errors import NotFound
from riskreg.kernel.search import contains_every_word, ref_typed
from riskreg.register.access import Viewer
from riskreg.register.queries import active_members_for, objectives_for
from riskreg.reviews.models import Review
from riskreg.reviews.queries.meetings import meetings_for
from riskreg.risks.models import Assessment, Control
from riskreg.risks.queries.access import current_positions, mitigation_for, risk_for, visible_risks
from riskreg.risks.queries.lists import mitigations_for, worst_first

LIMIT = 20


@dataclass(frozen=True)
class Found:
    """The first ``rows`` of one noun, the weightiest first, and how many there are in all.

    ``noun`` is a key of ``NOUNS``; rows are model instances (of ``risk``: current positions; of
    ``person``: memberships).
    """

    noun: str
    rows: list[Any]
    total: int


def find_grouped_by_noun(viewer: Viewer, text: str, limit: int = LIMIT) -> list[Found]:
    """Everything that holds every word of ``text``, noun by noun; nouns without any are left out.

    At most ``limit`` rows of each.
    """
    groups = []
    for noun, rows_of in NOUNS.items():
        found = rows_of(viewer, text)
        rows = list(found[: limit + 1])
        if rows:
            total = len(rows) if len(rows) <= limit else found.order_by().count()
            groups.append(Found(noun, rows[:limit], total))
    return groups


class NounAndRef(NamedTuple):
    """What somebody named by its ref: the noun as in ``NOUNS``, and the ref as it is written."""

    noun: str
    ref: str


def find_by_ref(viewer: Viewer, text: str) -> NounAndRef | None:
    """The risk, mitigation or indicator that ``text`` is the ref of, if it is one.

    Refs are read as people type them: ``r1``, ``R001``, ``k-1``.
    """
    ref = ref_typed(text)
    if ref is None:
        return None
    finders: dict[str, Callable[[Viewer, str], Any]] = {
        "risk": risk_for,
        "mitigation": mitigation_for,
        "indicator": indicator_for,
    }
    for noun, find_one in finders.items():
        try:
            return NounAndRef(noun, find_one(viewer, ref).ref)
        except NotFound:
            continue
    return None


def _positions_of_risks_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    rows = current_positions(viewer).filter(contains_every_word(text, "risk__search_text", "ref"))
    return worst_first(rows.select_related("risk", "owner", "party"))


def _mitigations_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    return (
        mitigations_for(viewer).filter(contains_every_word(text, ref="ref")).prefetch_related(None)
    )


def _controls_in_place_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    rows = Control.objects.visible_to(viewer).filter(
        contains_every_word(text), ended_at=None, risk__in=visible_risks(viewer)
    )
    return rows.select_related("risk", "party").order_by("risk__ref_order", "pk")


def _indicators_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    return (
        indicators_for(viewer).filter(contains_every_word(text, ref="ref")).prefetch_related(None)
    )


def _objectives_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    rows = objectives_for(viewer).filter(contains_every_word(text))
    return rows.select_related("party").order_by("due_on", "pk")


def _reviews_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    rows = Review.objects.visible_to(viewer).filter(
        contains_every_word(text), risk__in=visible_risks(viewer)
    )
    return rows.select_related("risk", "reviewer").order_by("-at", "-pk")


def _assessments_outside_reviews_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    # A score given with a review stands with its review.
    rows = Assessment.objects.visible_to(viewer).filter(
        contains_every_word(text), risk__in=visible_risks(viewer), review=None
    )
    return rows.select_related("risk", "assessor").order_by("-at", "-pk")


def _meetings_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    return meetings_for(viewer).filter(contains_every_word(text))


def _active_members_holding(viewer: Viewer, text: str) -> QuerySet[Any]:
    rows = active_members_for(viewer).filter(contains_every_word(text, "user__search_text"))
    return rows.select_related("user", "party").order_by("user__sort_key_en", "pk")


NOUNS: dict[str, Callable[[Viewer, str], QuerySet[Any]]] = {
    "risk": _positions_of_risks_holding,
    "mitigation": _mitigations_holding,
    "indicator": _indicators_holding,
    "control": _controls_in_place_holding,
    "objective": _objectives_holding,
    "review": _reviews_holding,
    "assessment": _assessments_outside_reviews_holding,
    "meeting": _meetings_holding,
    "person": _active_members_holding,
}
