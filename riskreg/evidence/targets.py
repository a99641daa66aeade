"""What evidence can hang on. A further kind is one line in ``TARGETS``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.decisions.queries.decisions import bare_decision_for, visible_decisions
from riskreg.indicators.queries.access import visible_readings
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.reviews.queries import visible_reviews
from riskreg.risks.queries.access import mitigation_for, risk_for, visible_risks
from riskreg.risks.queries.lists import controls_for, visible_mitigations


@dataclass(frozen=True)
class Target:
    """A kind of thing: ``rows`` that a viewer may know of, each with a public id; ``find`` gets one
    by the name that its pages use, where that is not its id. ``keeper`` is the attribute that leads
    to who answers for it and whose audience it has (empty: itself); ``page_of`` the one that leads
    to what has its page, ``also`` to another thing whose keepers may attach files."""

    kind: str
    label: str | Promise
    rows: Callable[[Viewer], QuerySet[Any]]
    find: Callable[[Viewer, str], Any] | None = None
    keeper: str = ""
    page_of: str = ""
    also: str = ""


TARGETS: dict[str, Target] = {
    target.kind: target
    for target in (
        Target("risk", gettext_lazy("risk"), visible_risks, risk_for),
        Target("review", gettext_lazy("review"), visible_reviews, page_of="risk"),
        Target("mitigation", gettext_lazy("mitigation"), visible_mitigations, mitigation_for),
        Target("control", gettext_lazy("control"), controls_for, also="risk"),
        Target("reading", gettext_lazy("reading"), visible_readings, keeper="indicator",
               page_of="indicator"),
        Target("decision", gettext_lazy("decision"), visible_decisions, bare_decision_for),
    )
}  # fmt: skip
KINDS = tuple(TARGETS)


@dataclass(frozen=True)
class Thing:
    """One thing that evidence hangs on, or can; ``ref`` is the name its address has."""

    target: Target
    row: Any

    @property
    def row_with_audience(self) -> Any:
        """What has its party and visibility, and who answers for it."""
        return getattr(self.row, self.target.keeper) if self.target.keeper else self.row

    @property
    def row_with_page(self) -> Any:
        """What has the page on which it is shown."""
        return getattr(self.row, self.target.page_of) if self.target.page_of else self.row

    @property
    def rows_with_owner(self) -> list[Any]:
        """What says who answers for it: of a review its risk, of a control its risk as well."""
        rows = [self.row_with_audience, self.row_with_page]
        if self.target.also:
            rows.append(getattr(self.row, self.target.also))
        return [row for row in rows if hasattr(row, "owner_id")]

    @property
    def ref(self) -> str:
        return str(getattr(self.row, "ref", None) or self.row.uuid)

    @property
    def kind(self) -> str:
        return self.target.kind


def thing_for(viewer: Viewer, kind: str, ref_or_id: str) -> Thing:
    """The thing of that kind and ref, or of that id where it has none. Raises
    ``NotFound`` for what is not there, and for what the viewer may not know of."""
    target = TARGETS.get(kind)
    if target is not None and target.find is not None:
        row = target.find(viewer, ref_or_id)
    else:
        row = _row_by_id_or_none(target, viewer, ref_or_id)
    if row is None or target is None:
        raise NotFound(_("There is no such thing here."))
    return Thing(target, row)


def things_by_id(viewer: Viewer, ids_by_kind: dict[str, set[UUID]]) -> dict[UUID, Thing]:
    """The things of those public ids, by kind, that the viewer may know of: a query for each kind
    that is asked for."""
    found = {}
    for kind, ids in ids_by_kind.items():
        target = TARGETS[kind]
        for row in _with_related_rows(target, target.rows(viewer).filter(uuid__in=ids)):
            found[row.uuid] = Thing(target, row)
    return found


def _row_by_id_or_none(target: Target | None, viewer: Viewer, id_text: str) -> Any:
    try:
        wanted = UUID(id_text)
    except (ValueError, AttributeError, TypeError):
        return None
    if target is None:
        return None
    return _with_related_rows(target, target.rows(viewer).filter(uuid=wanted)).first()


def _with_related_rows(target: Target, rows: QuerySet[Any]) -> QuerySet[Any]:
    """``rows`` with their parties, and with what they lead to."""
    links = {name for name in (target.keeper, target.page_of, target.also) if name}
    wanted = {f"{name}__party" for name in links} | (set() if target.keeper else {"party"})
    return rows.select_related(*sorted(wanted))
