"""Planned work as a whole: what is past its day, what it costs, and what has been spent on it."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Max,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from riskreg.register.access import Viewer
from riskreg.register.models import Party
from riskreg.register.policy import LABELS, weakest_label
from riskreg.register.written import written_once
from riskreg.risks.models import Mitigation, MitigationStatus
from riskreg.risks.queries.serving import RUNNING


@dataclass
class MitigationTotals:
    """Of all mitigations that a viewer may see and that nobody cancelled: how many there are, what
    they are planned to cost, what has been spent; ``unpriced`` and ``untold`` are those without the
    one or the other, ``over`` those that have cost more than was planned. ``overdue``: the parties
    with work in hand that is past its day, and how much of it, most first. ``label``: the weakest
    label of what was summed."""

    count: int = 0
    planned: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    unpriced: int = 0
    untold: int = 0
    over: int = 0
    label: str = LABELS[0]
    overdue: list[tuple[Party, int]] = field(default_factory=list)


def totals_of_uncancelled_mitigations(viewer: Viewer, today: dt.date) -> MitigationTotals:
    """One query: a row for each party."""
    found = MitigationTotals()
    for row in _uncancelled_totals_by_party(viewer, today):
        found.count += row["n"]
        found.planned += row["all_planned"] or 0
        found.spent += row["all_spent"] or 0
        found.unpriced += row["unpriced"]
        found.untold += row["untold"]
        found.over += row["over"]
        found.label = weakest_label((found.label, LABELS[row["weakest"] or 0]))
        if row["late"]:
            party = Party(pk=row["party"], key=row["party__key"], names=row["party__names"])
            found.overdue.append((party, row["late"]))
    found.overdue.sort(key=lambda late: (-late[1], late[0].key))
    return found


@written_once()
def _uncancelled_totals_by_party(
    viewer: Viewer, today: dt.date
) -> QuerySet[Mitigation, dict[str, Any]]:
    rows: QuerySet[Mitigation, Any] = (
        _mitigations_not_cancelled(viewer)
        .order_by()
        .values("party", "party__key", "party__names")
        .annotate(
            n=Count("pk"),
            all_planned=Sum("cost"),
            all_spent=Sum("spent"),
            unpriced=Count("pk", filter=Q(cost=None)),
            untold=Count("pk", filter=Q(spent=None)),
            over=Count("pk", filter=Q(spent__gt=F("cost"))),
            weakest=Max(_place_of_label(), filter=~Q(cost=None) | ~Q(spent=None)),
            late=Count("pk", filter=Q(status__in=RUNNING, due_on__lt=today)),
        )
    )
    return rows


def _place_of_label() -> Case:
    """The place of a cost's label among ``LABELS``; a cost that nobody labelled is a judgement."""
    named = [When(labels__cost=label, then=Value(n)) for n, label in enumerate(LABELS)]
    return Case(*named, default=Value(LABELS.index("judgement")), output_field=IntegerField())


def uncancelled_mitigations_over_plan(viewer: Viewer) -> QuerySet[Mitigation]:
    """Those that have cost more than was planned, the furthest over first."""
    over = F("spent") - F("cost")
    rows: QuerySet[Mitigation] = _mitigations_not_cancelled(viewer).filter(spent__gt=F("cost"))
    return rows.order_by(over.desc(), "pk")


def _mitigations_not_cancelled(viewer: Viewer) -> QuerySet[Mitigation]:
    rows: QuerySet[Mitigation] = Mitigation.objects.visible_to(viewer)
    return rows.exclude(status=MitigationStatus.CANCELLED)
