"""Decisions that stand on what has moved since, for lists that show no more of them than that."""

import datetime as dt
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from riskreg.decisions.models import Decision, Obligation, ObligationKind, ObligationState
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.decisions import STANDING, Stale
from riskreg.decisions.queries.decisions import visible_decisions
from riskreg.register.access import Viewer
from riskreg.register.policy import Matrix
from riskreg.risks.appetite import filed_under, terms_in
from riskreg.risks.models import Position
from riskreg.risks.queries.access import visible_risks

# Of more than stand at once in a register that anybody follows, the newest are looked at.
LOOKED_AT = 200


def stale_decisions(viewer: Viewer, today: dt.date) -> list[tuple[Decision, list[Stale]]]:
    """The visible decisions that are put forward or stand and are stale, with why, the one that
    changed last first. Two queries, however many there are."""
    late = Obligation.objects.visible_to(viewer).filter(
        kind=ObligationKind.DECISION_CONDITION,
        decision=OuterRef("pk"),
        state=ObligationState.OPEN,
        due_on__lt=today,
    )
    rows = list(
        visible_decisions(viewer)
        .filter(state__in=STANDING)
        .select_related("criteria")
        .annotate(missed=Exists(late))
        .order_by("-updated_at", "-pk")[:LOOKED_AT]
    )
    if not rows:
        return []
    now = Position.objects.filter(risk=OuterRef("pk"), valid_to=None)
    touched = (
        visible_risks(viewer)
        .filter(decisions__in=rows)
        .annotate(
            rating_now=Subquery(now.values("residual_rating")[:1]), terms_now=filed_under("pk")
        )
        .values_list("decisions", "uuid", "rating_now", "terms_now")
    )
    ratings: dict[int, dict[str, str | None]] = {}
    terms: dict[int, set[frozenset[str]]] = {}
    for decision, risk, rating, filed in touched:
        ratings.setdefault(decision, {})[str(risk)] = rating
        terms.setdefault(decision, set()).add(terms_in(filed))
    found: list[tuple[Decision, list[Stale]]] = []
    for row in rows:
        because = _because(viewer, row, ratings.get(row.pk, {}), terms.get(row.pk, set()))
        if because:
            found.append((row, because))
    return found


def _because(
    viewer: Viewer, row: Any, now: dict[str, str | None], terms: set[frozenset[str]]
) -> list[Stale]:
    frozen = Matrix(row.criteria) if row.criteria is not None else None
    return policy.stale_because(
        row.state, row.basis, now, frozen, Matrix(viewer.criteria), row.missed, terms
    )
