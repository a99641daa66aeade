"""What was asked about a risk, as its reader may see it."""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from riskreg.decisions.models import QUESTION_KINDS, Obligation, ObligationKind, ObligationState
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.reviews.models import Review
from riskreg.risks.models import Risk


def questions_of(viewer: Viewer, risk: Risk) -> QuerySet[Obligation]:
    """What was asked about ``risk``, the newest first; ``reviewed``: whether it was since."""
    return (
        Obligation.objects.visible_to(viewer)
        .filter(risk=risk, kind__in=QUESTION_KINDS)
        .select_related("asked_by", "closed_by", "party")
        .annotate(reviewed=reviewed_since())
        .order_by("-created_at", "-pk")
    )


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


def question_exists(viewer: Viewer, risk: str) -> Exists:
    """Whether anything was asked about the risk that the column ``risk`` of an outer query names,
    as far as the viewer may know."""
    asked = Obligation.objects.visible_to(viewer).filter(kind__in=QUESTION_KINDS)
    return Exists(asked.filter(risk=OuterRef(risk)))


def reviewed_since() -> Exists:
    """Of an obligation: whether its risk was reviewed after it was asked for."""
    later = Review.objects.filter(risk=OuterRef("risk"), created_at__gte=OuterRef("created_at"))
    return Exists(later)


def is_open(row: Obligation) -> bool:
    """Whether a question, read by ``questions_of``, still waits: a review answers what asks for
    one."""
    answered = row.kind == ObligationKind.REVIEW and bool(getattr(row, "reviewed", False))
    return row.state == ObligationState.OPEN and not answered
