"""What risks are linked to, by key: one query for however many risks."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, DateField, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast

from riskreg.kernel.many_ids import ids_as_one_value, is_among, is_among_listed
from riskreg.register.access import Viewer
from riskreg.register.models import Objective, Term
from riskreg.register.visibility import Visibility
from riskreg.register.written import written_once
from riskreg.risks.models import Risk


@dataclass(frozen=True)
class Links:
    """What risks are filed under and bear on, by the risk's database id: ``terms`` {taxonomy:
    [term, …]} in the register's order, ``objectives`` soonest first."""

    terms: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    objectives: dict[int, list[str]] = field(default_factory=dict)


def links_by_risk(viewer: Viewer, risk_ids: Collection[int]) -> Links:
    """The links of those risks, in one query; of objectives those that the viewer may know of.

    The caller has the ids from a query that was told who asks.
    """
    links = Links()
    for risk, taxonomy, key, *_rest in sorted(
        _term_and_objective_links(viewer, ids_as_one_value(risk_ids)), key=_link_sort_key
    ):
        if taxonomy:
            links.terms.setdefault(risk, {}).setdefault(taxonomy, []).append(key)
        else:
            links.objectives.setdefault(risk, []).append(key)
    return links


def objective_keys_by_risk(viewer: Viewer, risk_ids: Collection[int]) -> dict[int, list[str]]:
    """``Links.objectives`` alone."""
    found: dict[int, list[str]] = {}
    rows = _objective_links(viewer).filter(is_among("risk_id", risk_ids))
    for risk, key in rows.order_by("objective__due_on", "objective_id").values_list(
        "risk_id", "objective__key"
    ):
        found.setdefault(risk, []).append(key)
    return found


def _link_sort_key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Terms in the register's order, then objectives, soonest first."""
    return (row[1] == "", row[3:])


@written_once()
def _term_and_objective_links(viewer: Viewer, ids: str) -> QuerySet[Any, tuple[Any, ...]]:
    """(risk, taxonomy, term, place …), and (risk, empty, objective, place …) of objectives."""
    none, never = Cast(Value(None), IntegerField()), Cast(Value(None), DateField())
    terms = (
        Risk.terms.through.objects.filter(is_among_listed("risk_id", ids))
        .filter(term__taxonomy__register=viewer.register.pk)
        .order_by()
        .values_list(
            "risk_id", "term__taxonomy__key", "term__key",
            "term__taxonomy__position", "term__taxonomy_id", "term__position",
            never, "term_id",
        )
    )  # fmt: skip
    objectives = (
        _objective_links(viewer)
        .filter(is_among_listed("risk_id", ids), objective__register=viewer.register.pk)
        .order_by()
        .values_list(
            "risk_id", Value(""), "objective__key",
            none, none, none, "objective__due_on", "objective_id",
        )
    )  # fmt: skip
    return terms.union(objectives, all=True)


def _objective_links(viewer: Viewer) -> QuerySet[Any]:
    """Links to the objectives that the viewer may know of."""
    visible = Q(objective__visibility=Visibility.SHARED)
    if viewer.party_id is not None:
        visible |= Q(objective__party_id=viewer.party_id)
    return Risk.objectives.through.objects.filter(visible)


def risk_counts_by_term(viewer: Viewer) -> dict[int, int]:
    """{term: number of risks filed under it that the viewer may know of}, in whatever state."""
    rows = (
        Term.objects.filter(taxonomy__register=viewer.register)
        .filter(risks__in=Risk.objects.visible_to(viewer))
        .order_by()
        .values_list("pk")
        .annotate(n=Count("risks"))
    )
    return dict(rows)


def risk_counts_by_objective(viewer: Viewer, objective_ids: Collection[int]) -> dict[int, int]:
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


def links_to(relation: Any, risk_ids: Collection[int]) -> QuerySet[Any]:
    """The rows of ``relation`` (a many-to-many field of another noun) to these risks."""
    links: QuerySet[Any] = relation.through.objects.filter(risk__in=risk_ids)
    return links
