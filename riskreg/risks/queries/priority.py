"""How much is at stake, in the database: what lists that are cut keep (``policy.priority``).

A risk's own row says it (``Risk.priority``).
"""

from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from riskreg.risks.models import Kind, Risk, State
from riskreg.risks.policy import THREAT, UNRATED_THREAT


def priority_of_position() -> Case:
    """Of a position, now or then, by its residual score."""
    return Case(
        When(kind=Kind.THREAT, then=Coalesce(F("residual_score") + THREAT, Value(UNRATED_THREAT))),
        default=Coalesce(F("residual_score"), Value(0)),
        output_field=IntegerField(),
    )


def priority_of_worst_open_risk(way: str) -> Coalesce:
    """Of the most severe open risk that the row of an outer query serves; ``way`` leads from the
    risk to it, as in ``mitigations``."""
    served: QuerySet[Risk] = Risk.objects.filter(**{way: OuterRef("pk")}, state=State.OPEN)
    worst = served.order_by("-priority").values("priority")[:1]
    return Coalesce(Subquery(worst), Value(0))
