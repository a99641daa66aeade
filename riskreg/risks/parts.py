"""Parts of risks: counted with what they are part of, or instead of it, and never both.

``within``: a part is left out where what it is part of, at any height, stands among the same
positions. ``apart``: the other way round, what has parts among them is left out. Either way each
risk that the viewer sees is counted once or stands behind one that is.
"""

import datetime as dt
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from riskreg.register.access import Viewer
from riskreg.risks.models import Position, RelationKind, Risk, RiskRelation

WITHIN, APART = "within", "apart"
# One of both.
PartsCounting = str
COUNTED = (WITHIN, APART)
# A risk, its parts, their parts, and theirs.
MAX_LEVELS = 4


def visible_relations(viewer: Viewer) -> QuerySet[RiskRelation]:
    """Relations that the viewer may know of, ended or not."""
    return RiskRelation.objects.visible_to(viewer)


def part_links_at(viewer: Viewer, moment: dt.datetime | None = None) -> QuerySet[RiskRelation]:
    """What is part of what at ``moment`` (None: now)."""
    links = visible_relations(viewer).filter(kind=RelationKind.PART_OF)
    if moment is None:
        return links.filter(ended_at=None)
    return links.filter(Q(ended_at=None) | Q(ended_at__gt=moment), since__lte=moment)


def is_left_out_as_part_or_whole(
    viewer: Viewer,
    counting: PartsCounting,
    among: QuerySet[Position],
    moment: dt.datetime | None = None,
) -> Q:
    """Of positions: those that are not counted, because another one of ``among`` is counted for
    them."""
    links: Any = part_links_at(viewer, moment)
    near, far = ("risk", "other") if counting == WITHIN else ("other", "risk")
    counted_for = among.order_by().filter(risk_id=OuterRef(f"{far}_id"))
    found = links.filter(Exists(counted_for)).values(f"{near}_id")
    where = Q(risk_id__in=found)
    for _level in range(MAX_LEVELS - 2):
        found = links.filter(**{f"{far}_id__in": found}).values(f"{near}_id")
        where |= Q(risk_id__in=found)
    # Most registers have no parts: that is asked once, and not of each risk.
    return Q(Exists(links)) & where


def is_counted_with_parts(viewer: Viewer, positions: QuerySet[Position]) -> Q:
    """Of open ``positions`` of today: those that are counted, each with its parts."""
    return ~is_left_out_as_part_or_whole(viewer, WITHIN, positions)


def refs_of_whole_and_parts(viewer: Viewer, risk: Risk) -> list[str]:
    """The refs of what ``risk`` is part of, and of its parts."""
    links = part_links_at(viewer).filter(Q(risk=risk) | Q(other=risk))
    pairs = links.order_by("id").values_list("risk__ref", "other__ref")
    return [ref for pair in pairs for ref in pair if ref != risk.ref]
