"""Reads of the review ledger."""

from django.db.models import QuerySet

from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.reviews.models import Review
from riskreg.risks.models import Risk


def visible_reviews(viewer: Viewer) -> QuerySet[Review]:
    """Every review the viewer may know of."""
    return Review.objects.visible_to(viewer)


def reviews_of(viewer: Viewer, risk: Risk | int) -> QuerySet[Review]:
    """The reviews of ``risk`` that the viewer may know of, newest first."""
    return (
        visible_reviews(viewer)
        .filter(risk=risk)
        .select_related("reviewer", "assessment")
        .order_by("-at", "-id")
    )


def last_review(viewer: Viewer, risk: Risk) -> Review | None:
    """The newest review the viewer may know of."""
    return next(iter(_newest_as_one_row(viewer, risk.pk)), None)


@written_once()
def _newest_as_one_row(viewer: Viewer, risk: int) -> QuerySet[Review]:
    return reviews_of(viewer, risk)[:1]
