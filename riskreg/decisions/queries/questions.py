"""What was asked about a risk, as its reader may see it."""

import datetime as dt
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from riskreg.decisions.models import QUESTION_KINDS, Obligation, ObligationKind, ObligationState
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.reviews.models import Review
from riskreg.risks.models import Risk


def visible_questions(viewer: Viewer) -> QuerySet[Obligation]:
    """Whatever was asked about a risk, as far as the viewer may know."""
    return Obligation.objects.visible_to(viewer).filter(kind__in=QUESTION_KINDS)


def questions_of(viewer: Viewer, risk: Risk) -> QuerySet[Obligation]:
    """What was asked about ``risk``, the newest first; ``reviewed_at``: when it was reviewed after
    that for the first time."""
    return (
        visible_questions(viewer)
        .filter(risk=risk)
        .select_related("asked_by", "closed_by", "party")
        .annotate(reviewed_at=Subquery(_later_reviews_of_outer().values("at")[:1]))
        .order_by("-created_at", "-pk")
    )


def open_questions_of_same_audience(risk: Risk) -> QuerySet[Obligation]:
    """What still waits of what was asked about ``risk`` since it has the audience that it has."""
    rows = Obligation.objects.filter(
        risk=risk, kind__in=QUESTION_KINDS, state=ObligationState.OPEN, visibility=risk.visibility
    )
    rows = rows.annotate(reviewed=is_reviewed_since_asked())
    return rows.exclude(kind=ObligationKind.REVIEW, reviewed=True).order_by("pk")


def question_for(viewer: Viewer, risk: Risk, question: UUID, *, lock: bool = False) -> Obligation:
    """The question of that id about ``risk``. Raises ``NotFound``."""
    rows = questions_of(viewer, risk)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(uuid=question).first()
    if row is None:
        raise NotFound(_("There is no such question."))
    row.register = risk.register
    row.risk = risk
    return row


def question_exists(viewer: Viewer, risk_column: str) -> Exists:
    """Whether anything was asked about the risk that the column ``risk_column`` of an outer
    query names, as far as the viewer may know."""
    return Exists(visible_questions(viewer).filter(risk=OuterRef(risk_column)))


def is_reviewed_since_asked() -> Exists:
    """Of an obligation: whether its risk was reviewed after it was asked for."""
    return Exists(_later_reviews_of_outer())


def _reviews_after(risk: int | OuterRef, asked_at: dt.datetime | OuterRef) -> QuerySet[Review]:
    """Reviews of ``risk`` since it was asked for (values, or columns of an outer query), oldest
    first; one that was only entered later, from a file or a meeting of before, is none."""
    return Review.objects.filter(risk=risk, at__gte=asked_at).order_by("at", "pk")


def _later_reviews_of_outer() -> QuerySet[Review]:
    """For a subquery over obligations: the reviews that may answer it."""
    return _reviews_after(OuterRef("risk"), OuterRef("created_at"))


def open_review_questions_first_met_by(review: Review) -> QuerySet[Obligation]:
    """What asked for a review of its risk and is answered by this one, the first since."""
    first = _later_reviews_of_outer().values("pk")[:1]
    return (
        Obligation.objects.filter(
            risk=review.risk_id, kind=ObligationKind.REVIEW, state=ObligationState.OPEN
        )
        .annotate(first_review=Subquery(first))
        .filter(first_review=review.pk)
        .select_related("asked_by", "party", "register", "risk")
        .order_by("pk")
    )


def review_that_answers(row: Obligation) -> Review | None:
    """The first review of its risk after ``row``, which asks for one; None while it waits."""
    if row.kind != ObligationKind.REVIEW or row.state != ObligationState.OPEN:
        return None
    return _reviews_after(row.risk_id, row.created_at).select_related("reviewer").first()


def is_open(row: Obligation) -> bool:
    """Whether an obligation, read with ``reviewed`` or by ``questions_of``, still waits: a review
    answers what asks for one."""
    reviewed = getattr(row, "reviewed_at", None) or getattr(row, "reviewed", False)
    answered = row.kind == ObligationKind.REVIEW and bool(reviewed)
    return row.state == ObligationState.OPEN and not answered


def closed_at(row: Obligation) -> dt.datetime | None:
    """When a question, read by ``questions_of``, was answered in words, by a review, or taken
    back; None while it waits."""
    reviewed: dt.datetime | None = getattr(row, "reviewed_at", None)
    return row.closed_at or (None if is_open(row) else reviewed)
