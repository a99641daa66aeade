"""What risks are linked to, by key: one query for however many risks."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q, QuerySet

from riskreg.kernel.many_ids import among
from riskreg.register.access import Viewer
from riskreg.register.models import Objective, Term
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk


def terms_by_risk(risk_ids: Collection[int]) -> dict[int, dict[str, list[str]]]:
    """{risk: {taxonomy: [term, …]}} in the register's order.

    The caller has the ids from a query that was told who asks.
    """
    found: dict[int, dict[str, list[str]]] = {}
    rows = (
        Risk.terms.through.objects.filter(among("risk_id", risk_ids))
        .order_by("term__taxonomy__position", "term__taxonomy_id", "term__position", "term_id")
        .values_list("risk_id", "term__taxonomy__key", "term__key")
    )
    for risk, taxonomy, term in rows:
        found.setdefault(risk, {}).setdefault(taxonomy, []).append(term)
    return found


def risks_by_term(viewer: Viewer) -> dict[int, int]:
    """{term: number of risks filed under it that the viewer may know of}, in whatever state."""
    rows = (
        Term.objects.filter(taxonomy__register=viewer.register)
        .filter(risks__in=Risk.objects.visible_to(viewer))
        .order_by()
        .values_list("pk")
        .annotate(n=Count("risks"))
    )
    return dict(rows)


def risks_by_objective(viewer: Viewer, objective_ids: Collection[int]) -> dict[int, int]:
    """{objective: number of risks that bear on it and that the viewer may know of}.

    The caller has the ids from a query that was told who asks.
    """
    rows = (
        Objective.objects.filter(pk__in=objective_ids)
        .filter(risks__in=Risk.objects.visible_to(viewer))
        .order_by()
        .values_list("pk")
        .annotate(n=Count("risks"))
    )
    return dict(rows)


def objectives_by_risk(viewer: Viewer, risk_ids: Collection[int]) -> dict[int, list[str]]:
    """{risk: [objective, …]}, soonest first: those that the viewer may know of."""
    visible = Q(objective__visibility=Visibility.SHARED)
    if viewer.party_id is not None:
        visible |= Q(objective__party_id=viewer.party_id)
    found: dict[int, list[str]] = {}
    rows = (
        Risk.objectives.through.objects.filter(visible, among("risk_id", risk_ids))
        .order_by("objective__due_on", "objective_id")
        .values_list("risk_id", "objective__key")
    )
    for risk, key in rows:
        found.setdefault(risk, []).append(key)
    return found


def links_to(relation: Any, risk_ids: Collection[int]) -> QuerySet[Any]:
    """The rows of ``relation`` (a many-to-many field of another noun) to these risks."""
    links: QuerySet[Any] = relation.through.objects.filter(risk__in=risk_ids)
    return links
