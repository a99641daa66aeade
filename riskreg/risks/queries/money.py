"""What planned work costs as a whole, and what has been spent on it."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from riskreg.register.access import Viewer
from riskreg.risks.models import Mitigation, MitigationStatus


@dataclass(frozen=True)
class Spending:
    """Of all mitigations that a viewer may see and that nobody cancelled: how many there are, what
    they are planned to cost, what has been spent; ``unpriced`` and ``untold`` are those without the
    one or the other, ``over`` those that have cost more than was planned."""

    count: int
    planned: Decimal
    spent: Decimal
    unpriced: int
    untold: int
    over: int


def spending(viewer: Viewer) -> Spending:
    """What is spent against what is planned; one query."""
    found = _counted(viewer).aggregate(
        n=Count("pk"),
        all_planned=Coalesce(Sum("cost"), Decimal(0)),
        all_spent=Coalesce(Sum("spent"), Decimal(0)),
        unpriced=Count("pk", filter=Q(cost=None)),
        untold=Count("pk", filter=Q(spent=None)),
        over=Count("pk", filter=Q(spent__gt=F("cost"))),
    )
    return Spending(
        count=found["n"],
        planned=found["all_planned"],
        spent=found["all_spent"],
        unpriced=found["unpriced"],
        untold=found["untold"],
        over=found["over"],
    )


def over_plan(viewer: Viewer) -> QuerySet[Mitigation]:
    """Those that have cost more than was planned, the furthest over first."""
    over = F("spent") - F("cost")
    rows: QuerySet[Mitigation] = _counted(viewer).filter(spent__gt=F("cost"))
    return rows.order_by(over.desc(), "pk")


def _counted(viewer: Viewer) -> QuerySet[Mitigation]:
    rows: QuerySet[Mitigation] = Mitigation.objects.visible_to(viewer)
    return rows.exclude(status=MitigationStatus.CANCELLED)
