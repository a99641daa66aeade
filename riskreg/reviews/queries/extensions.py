"""Reads of extensions."""

from django.db.models import OuterRef, QuerySet, Subquery

from riskreg.register.access import Viewer
from riskreg.reviews.models import Extension
from riskreg.risks.models import Risk


def extended_until_subquery(prefix: str = "", viewer: Viewer | None = None) -> Subquery:
    """Until when the review that is due now was extended; null without an extension.

    An expression for a query over risks, or over rows that reach one by ``prefix`` (``risk__``).
    With ``viewer`` only what they may know of counts; without, whatever was granted: for the
    engine, which tells nobody of it.
    """
    granted = Extension.objects.filter(
        risk=OuterRef(f"{prefix}pk"), due_on=OuterRef(f"{prefix}next_review_on")
    )
    if viewer is not None:
        granted = granted.visible_to(viewer)
    return Subquery(granted.order_by().values("until")[:1])


def extensions_of(viewer: Viewer, risk: Risk) -> QuerySet[Extension]:
    """The extensions of ``risk`` that the viewer may know of, newest first."""
    return (
        Extension.objects.visible_to(viewer)
        .filter(risk=risk)
        .select_related("granted_by")
        .order_by("-at", "-id")
    )


def extension_of(viewer: Viewer, risk: Risk) -> Extension | None:
    """The extension of the review that is due now, if the viewer may know of one."""
    if risk.next_review_on is None:
        return None
    return extensions_of(viewer, risk).filter(due_on=risk.next_review_on).first()
