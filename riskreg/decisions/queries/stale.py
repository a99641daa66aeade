"""Decisions that stand on what has moved since, for lists that show no more of them than that."""

import datetime as dt
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from riskreg.decisions.models import Decision, Obligation, ObligationKind, ObligationState
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.decisions import STANDING, Stale
from riskreg.decisions.queries.decisions import visible_decisions
from riskreg.register.access import Viewer
from riskreg.register.policy import Matrix
from riskreg.register.written import written_once
from riskreg.risks.appetite import joined_terms_expression, split_joined_terms
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import visible_risks

# Of more than stand at once in a register that anybody follows, the newest are looked at.
LOOKED_AT = 200


class StaleDecision(NamedTuple):
    """A decision, and what it stood on that has moved since."""

    decision: Decision
    because: list[Stale]


def stale_decisions_put_forward_or_standing(viewer: Viewer, today: dt.date) -> list[StaleDecision]:
    """The visible decisions that are put forward or stand and are stale, with why, the one that
    changed last first. Two queries, however many there are."""
    rows: list[Any] = _pending_or_decided_with_missed(viewer, today)
    if not rows:
        return []
    ratings: dict[int, dict[str, str | None]] = {}
    terms: dict[int, set[frozenset[str]]] = {}
    for decision, risk, rating, filed in _decision_risk_rating_and_terms(
        viewer, [row.pk for row in rows]
    ):
        ratings.setdefault(decision, {})[str(risk)] = rating
        terms.setdefault(decision, set()).add(split_joined_terms(filed))
    found: list[StaleDecision] = []
    for row in rows:
        because = _stale_because(viewer, row, ratings.get(row.pk, {}), terms.get(row.pk, set()))
        if because:
            found.append(StaleDecision(row, because))
    return found


@written_once()
def _pending_or_decided_with_missed(viewer: Viewer, today: dt.date) -> QuerySet[Decision]:
    """Those that are looked at, each with ``missed``: whether a condition of it is late."""
    late = Obligation.objects.visible_to(viewer).filter(
        kind=ObligationKind.DECISION_CONDITION,
        decision=OuterRef("pk"),
        state=ObligationState.OPEN,
        due_on__lt=today,
    )
    return (
        visible_decisions(viewer)
        .filter(state__in=STANDING)
        .select_related("criteria")
        .annotate(missed=Exists(late))
        .order_by("-updated_at", "-pk")[:LOOKED_AT]
    )


@written_once()
def _decision_risk_rating_and_terms(
    viewer: Viewer, decisions: list[int]
) -> QuerySet[Risk, tuple[Any, ...]]:
    """The visible risks that ``decisions`` (database ids) touch, by the decision, with how they are
    rated and filed now."""
    now = Position.objects.filter(risk=OuterRef("pk"), valid_to=None)
    return (
        visible_risks(viewer)
        .filter(decisions__in=decisions)
        .annotate(
            rating_now=Subquery(now.values("residual_rating")[:1]),
            terms_now=joined_terms_expression("pk"),
        )
        .values_list("decisions", "uuid", "rating_now", "terms_now")
    )


def _stale_because(
    viewer: Viewer, row: Any, now: dict[str, str | None], terms: set[frozenset[str]]
) -> list[Stale]:
    frozen = Matrix(row.criteria) if row.criteria is not None else None
    return policy.stale_because(
        row.state, row.basis, now, frozen, Matrix(viewer.criteria), row.missed, terms
    )
