"""Reads of extensions."""

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from riskreg.register.access import Viewer
from riskreg.register.visibility import Reader
from riskreg.reviews.models import Extension, Review
from riskreg.risks.models import Risk


def extensions_without_later_review() -> QuerySet[Extension]:
    """The extensions whose occasion is still to come: no review was recorded since."""
    since = Review.objects.filter(
        risk=OuterRef("risk"), pk__gt=Coalesce(OuterRef("reviewed_before"), Value(0))
    )
    return Extension.objects.filter(~Exists(since))


def current_extension_subquery(
    field: str = "until", risk_path: str = "", viewer: Reader | None = None
) -> Subquery:
    """``field`` of the extension of the review that is due now; null without an extension.

    An expression for a query over risks, or over rows that reach one by ``risk_path`` (``risk__``).
    With ``viewer`` only what they may know of counts; without, whatever was granted: for the
    engine, which tells nobody of it.
    """
    granted = extensions_without_later_review().filter(
        risk=OuterRef(f"{risk_path}pk"), due_on=OuterRef(f"{risk_path}next_review_on")
    )
    if viewer is not None:
        granted = granted.visible_to(viewer)  # type: ignore[attr-defined]
    return Subquery(granted.order_by().values(field)[:1])


def current_review_extended_until_subquery(
    risk_path: str = "", viewer: Reader | None = None
) -> Subquery:
    """Until when the review that is due now was extended: see ``current_extension_subquery``."""
    return current_extension_subquery("until", risk_path, viewer)


def extensions_of(viewer: Viewer, risk: Risk) -> QuerySet[Extension]:
    """The extensions of ``risk`` that the viewer may know of, newest first."""
    return (
        Extension.objects.visible_to(viewer)
        .filter(risk=risk)
        .select_related("granted_by")
        .order_by("-at", "-id")
    )


def extension_of_next_review(viewer: Viewer, risk: Risk) -> Extension | None:
    """The extension of the review that is due now, if the viewer may know of one."""
    if risk.next_review_on is None:
        return None
    in_force = extensions_without_later_review().filter(risk=risk, due_on=risk.next_review_on)
    return extensions_of(viewer, risk).filter(pk__in=in_force.values("pk")).first()
