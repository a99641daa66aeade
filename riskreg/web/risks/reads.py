"""What the page of a risk reads of it, with statements that are written once in each process."""

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from riskreg.decisions.queries.acceptances import acceptance_exists
from riskreg.decisions.queries.decisions import decision_exists
from riskreg.decisions.queries.questions import question_exists
from riskreg.register.access import Viewer
from riskreg.register.own_appetites import any_own_appetite
from riskreg.register.queries import is_anybody_away
from riskreg.register.written import written_once
from riskreg.reviews.models import Review
from riskreg.reviews.queries import current_review_extended_until_subquery, reviews_of
from riskreg.risks.models import Assessment, Control, Mitigation
from riskreg.risks.queries.access import visible_positions
from riskreg.risks.queries.lists import assessments_of, controls_in_place_of, mitigations_of


@written_once()
def positions_with_existence_flags(viewer: Viewer, risk: int, today: dt.date) -> QuerySet[Any]:
    """Its positions, the oldest first; each with what is rare, so that the page reads it only
    where there is any (``any_…``, ``anybody_away``), and ``extended_until``."""
    return (
        visible_positions(viewer)
        .filter(risk=risk)
        .annotate(
            extended_until=current_review_extended_until_subquery("risk__", viewer),
            anybody_away=is_anybody_away(viewer, today, "owner", "risk__deputy"),
            any_acceptance=acceptance_exists(viewer, "risk"),
            any_question=question_exists(viewer, "risk"),
            any_decision=decision_exists(viewer, "risk"),
            any_own_appetite=any_own_appetite(viewer),
        )
        .order_by("valid_from")
    )


@written_once()
def newest_assessments(viewer: Viewer, risk: int, *, most: int) -> QuerySet[Assessment]:
    """Its newest judgements."""
    return assessments_of(viewer, risk).select_related("assessor")[:most]


@written_once()
def newest_reviews(viewer: Viewer, risk: int, *, most: int) -> QuerySet[Review]:
    """Its newest reviews."""
    return reviews_of(viewer, risk)[:most]


@written_once()
def controls_in_place(viewer: Viewer, risk: int) -> QuerySet[Control]:
    """The controls that work on it."""
    return controls_in_place_of(viewer, risk)


@written_once()
def mitigations_serving(viewer: Viewer, risk: int) -> QuerySet[Mitigation]:
    """The mitigations that serve it, without the other risks that they serve."""
    return mitigations_of(viewer, risk).prefetch_related(None)
