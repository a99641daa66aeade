"""How much is at stake, as a number to sort by: what a cut list must not leave out.

Threats come before opportunities, higher scores before lower ones; a threat that nobody has rated
yet comes after those that somebody has. It orders, and is never shown.
"""

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from riskreg.risks.models import Kind, Position, State

# Above every score there can be (``register.policy``: at most 10,000).
_THREAT, _UNRATED_THREAT = 100_000, 50_000


def priority_of_position() -> Case:
    """Of a position, by its residual score."""
    return Case(
        When(
            Q(kind=Kind.THREAT),
            then=Coalesce(F("residual_score") + _THREAT, Value(_UNRATED_THREAT)),
        ),
        default=Coalesce(F("residual_score"), Value(0)),
        output_field=IntegerField(),
    )


def priority_of_risk(risk: str) -> Coalesce:
    """Of the risk that the column ``risk`` of an outer query names."""
    return _highest_priority_of(Position.objects.filter(risk=OuterRef(risk)))


def priority_of_worst_open_risk(way: str) -> Coalesce:
    """Of the most severe open risk that the row of an outer query serves; ``way`` leads from the
    position to it, as in ``risk__mitigations``."""
    return _highest_priority_of(Position.objects.filter(**{way: OuterRef("pk")}, state=State.OPEN))


def _highest_priority_of(positions: QuerySet[Position]) -> Coalesce:
    now = positions.filter(valid_to=None).order_by().annotate(priority=priority_of_position())
    return Coalesce(Subquery(now.order_by("-priority").values("priority")[:1]), Value(0))
