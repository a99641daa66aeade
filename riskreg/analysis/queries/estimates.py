"""Estimates as their reader may see them, and the pool that is made of those released.

Who may estimate a risk sees what others gave for a stage only once they have given their own: a
number that one has seen pulls one's own towards it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.analysis.models import Estimate
from riskreg.analysis.queries.given import (
    given_not_withheld,
    ids_withheld_until_own_is_given,
    visible_given_even_if_withheld,
)
from riskreg.analysis.ranges import Pool
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.register.visibility import Reader, Visibility
from riskreg.risks.models import Risk, State


def visible_estimates(viewer: Reader) -> QuerySet[Estimate]:
    """Every estimate that the viewer may know of: their party's, and those released."""
    return visible_given_even_if_withheld(Estimate, viewer)


def estimate_for(viewer: Viewer, estimate: UUID, *, lock: bool = False) -> Estimate:
    """The estimate of that id. Raises ``NotFound`` also for another party's unreleased one."""
    rows = visible_estimates(viewer).select_related("risk", "party", "expert")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(uuid=estimate).first()
    if row is None:
        raise NotFound(_("There is no such estimate."))
    row.register = row.risk.register = viewer.register
    return row


def may_estimate(viewer: Viewer, risk: Risk) -> bool:
    """Whether the viewer may give an estimate of ``risk`` as it is now."""
    alive = risk.state != State.CLOSED
    return alive and viewer.party_id is not None and permits(viewer, "estimate.record")


def estimates_not_withheld(viewer: Viewer) -> QuerySet[Estimate]:
    """The estimates that the viewer is shown now, of every risk (``given_not_withheld``)."""
    return given_not_withheld(Estimate, viewer)


def withheld_among(viewer: Viewer, estimates: Collection[UUID]) -> set[UUID]:
    """Those of ``estimates`` that the viewer is not shown now."""
    return ids_withheld_until_own_is_given(Estimate, viewer, estimates)


def estimates_not_withheld_of(viewer: Viewer, risk: Risk) -> QuerySet[Estimate]:
    """The estimates of ``risk`` that the viewer is shown now, newest first."""
    rows = estimates_not_withheld(viewer).filter(risk=risk).select_related("expert", "party")
    return rows.order_by("-at", "-id")


def withheld_count(viewer: Viewer, risk: Risk) -> int:
    """How many estimates of ``risk`` the viewer will see once they have given their own."""
    shown = estimates_not_withheld_of(viewer, risk).order_by()
    return visible_estimates(viewer).filter(risk=risk).count() - shown.count()


@dataclass(frozen=True)
class Pooled:
    """The newest estimate of each expert, each with the weight it has, and what they come to.

    ``mixed``: some are rates and some probabilities, or of several base years, so that no pool can
    be made of them.
    """

    members: tuple[Estimate, ...]
    weight: float
    mixed: bool

    @property
    def frequency(self) -> Pool:
        """How often, all experts together."""
        return Pool.equal([row.frequency for row in self.members])

    @property
    def severity(self) -> Pool:
        """What one event costs, all experts together."""
        return Pool.equal([row.severity for row in self.members])


def newest_of_each_expert_and_stage(rows: Iterable[Estimate]) -> list[Estimate]:
    """Of estimates in order, newest first, the first of each expert and stage."""
    found: dict[tuple[int, str], Estimate] = {}
    for row in rows:
        found.setdefault((row.expert_id, row.stage), row)
    return list(found.values())


def pool_of_released(rows: Iterable[Estimate], stage: str) -> Pooled | None:
    """The pool of those of ``rows`` (newest first) that are released and of ``stage``."""
    released = [r for r in rows if r.stage == stage and r.visibility == Visibility.SHARED]
    members = newest_of_each_expert_and_stage(released)
    if not members:
        return None
    kinds = {(row.frequency_kind, row.base_year) for row in members}
    return Pooled(tuple(members), 1 / len(members), len(kinds) > 1)
