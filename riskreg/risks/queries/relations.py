"""Relations between risks, as their reader may know of them."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When
from django.utils.translation import gettext as _

from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.risks.models import Position, RelationKind, Risk, RiskRelation, State
from riskreg.risks.parts import visible_relations
from riskreg.risks.queries.access import current_positions

# Of one risk; what is cut off is said.
SHOWN = 60


@dataclass(frozen=True)
class Related:
    """A relation as one of its risks sees it: ``risk`` is the one at the other end, ``rating`` and
    ``score`` its residual ones; ``outward`` says whether the relation leads there."""

    relation: RiskRelation
    outward: bool
    risk: Risk
    rating: str | None
    score: int | None

    @property
    def role(self) -> str:
        """What the other one is to this: parent, part, cause, effect, worsens, worsened or
        duplicate."""
        return _ROLES[self.relation.kind][0 if self.outward else 1]


_ROLES = {
    RelationKind.PART_OF.value: ("parent", "part"),
    RelationKind.CAUSES.value: ("effect", "cause"),
    RelationKind.WORSENS.value: ("worsened", "worsens"),
    RelationKind.DUPLICATES.value: ("duplicate", "duplicate"),
}
ROLES = ("parent", "part", "cause", "worsens", "effect", "worsened", "duplicate")


def relation_for(viewer: Viewer, relation: UUID, *, lock: bool = False) -> RiskRelation:
    """The relation of that id, ended or not. Raises ``NotFound`` as ``risk_for`` does."""
    rows = visible_relations(viewer).select_related("party", "risk__party", "other__party")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(uuid=relation).first()
    if found is None:
        raise NotFound(_("There is no such relation."))
    found.register = found.risk.register = found.other.register = viewer.register
    return found


def relations_for(viewer: Viewer) -> QuerySet[RiskRelation]:
    """Relations the viewer may know of, ended or not, oldest first."""
    return (
        visible_relations(viewer)
        .select_related("party", "risk", "other", "noted_by")
        .order_by("created_at", "id")
    )


def first_related_to(viewer: Viewer, risk: Risk) -> list[Related]:
    """What ``risk`` is related to now: parent, parts, causes, effects, duplicates; at most
    ``SHOWN`` and one more."""
    related = []
    for row in _first_unended_relations_with_rating(viewer, risk.pk):
        outward = row.risk_id == risk.pk
        end = row.other if outward else row.risk
        related.append(Related(row, outward, end, row.rating, row.score))
    return sorted(related, key=lambda one: ROLES.index(one.role))


@written_once()
def _first_unended_relations_with_rating(viewer: Viewer, risk: int) -> QuerySet[Any]:
    far = Case(When(risk=risk, then="other_id"), default="risk_id")
    there = current_positions(viewer).filter(risk_id=OuterRef("far")).order_by()
    return (
        visible_relations(viewer)
        .filter(Q(risk=risk) | Q(other=risk), ended_at=None)
        .select_related("risk__party", "other__party", "noted_by")
        .annotate(
            far=far,
            rating=Subquery(there.values("residual_rating")[:1]),
            score=Subquery(there.values("residual_score")[:1]),
        )
        .order_by("since", "id")[: SHOWN + 1]
    )


def by_role(related: list[Related]) -> dict[str, list[Related]]:
    """``related``, by role in their usual order."""
    found: dict[str, list[Related]] = defaultdict(list)
    for one in related:
        found[one.role].append(one)
    return dict(found)


def open_parts_worse_than_whole(now: Position, related: list[Related]) -> list[Risk]:
    """Open parts with a higher residual score than the risk that they are part of (``now``)."""
    if now.state != State.OPEN or now.residual_score is None:
        return []
    parts = [one for one in related if one.role == "part" and one.risk.state == State.OPEN]
    return [one.risk for one in parts if (one.score or 0) > now.residual_score]
