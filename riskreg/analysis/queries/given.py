"""What experts gave, as its reader may see it.

Who may give something is shown what others gave of the same only once they have given their own: a
number that one has seen pulls one's own towards it.
"""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from riskreg.analysis.models import Effect, Estimate
from riskreg.analysis.models.given import Given
from riskreg.register.access import Viewer
from riskreg.register.models import Role
from riskreg.register.permissions import permits
from riskreg.register.visibility import Reader
from riskreg.risks.models import MitigationStatus, State

_Row = TypeVar("_Row", bound=Given)
# What is the same of two of one expert's, so that the newer takes the place of the older.
SAME: dict[type, tuple[str, ...]] = {
    Estimate: ("risk", "stage"),
    Effect: ("mitigation", "risk"),
}
# Of what nobody can give any more, so that there is nothing left to be pulled.
_ENDED = {
    Estimate: Q(risk__state=State.CLOSED),
    Effect: Q(risk__state=State.CLOSED)
    | Q(mitigation__status__in=(MitigationStatus.DONE, MitigationStatus.CANCELLED)),
}


def visible_given_even_if_withheld(model: type[_Row], viewer: Reader) -> QuerySet[_Row]:
    """Every one that the viewer may know of: their party's, and those released."""
    manager: Any = model.objects
    rows: QuerySet[_Row] = manager.visible_to(viewer)
    return rows


def given_not_withheld(model: type[_Row], viewer: Viewer) -> QuerySet[_Row]:
    """Those that the viewer is shown now. The feed of events, the frozen inputs of a run and every
    list tell these and no others.

    Programs and readers who give none themselves are shown all that they may know of.
    """
    rows = visible_given_even_if_withheld(model, viewer)
    gives = viewer.party_id is not None and permits(viewer, "estimate.record")
    if viewer.role == Role.INTEGRATION or not gives:
        return rows
    same = {name: OuterRef(name) for name in SAME[model]}
    own = visible_given_even_if_withheld(model, viewer).filter(expert=viewer.user, **same)
    return rows.filter(_ENDED[model] | Q(expert=viewer.user) | Exists(own))


def ids_withheld_until_own_is_given(
    model: type[_Row], viewer: Viewer, ids: Collection[UUID]
) -> set[UUID]:
    """Those of ``ids`` that the viewer is not shown now."""
    if not ids:
        return set()
    shown = given_not_withheld(model, viewer).filter(uuid__in=ids)
    return set(ids) - set(shown.values_list("uuid", flat=True))


def has_successor(viewer: Viewer, row: Given) -> bool:
    """Whether the same expert has given a newer one that the viewer may know of."""
    later = Q(at__gt=row.at) | Q(at=row.at, pk__gt=row.pk)
    same = {name: getattr(row, name) for name in SAME[type(row)]}
    rows = visible_given_even_if_withheld(type(row), viewer).filter(
        later, expert=row.expert_id, **same
    )
    return bool(rows.exists())
