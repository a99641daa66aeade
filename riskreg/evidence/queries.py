"""Evidence as its reader may know of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from riskreg.evidence.models import Evidence
from riskreg.evidence.targets import Thing, things_by_id
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Party, Register
from riskreg.register.visibility import Visibility
from riskreg.register.written import written_once

# On one page, of one thing and what is shown with it; what is cut off is said.
SHOWN = 60


def visible_evidence(viewer: Viewer) -> QuerySet[Evidence]:
    """Every piece of evidence the viewer may know of, withdrawn ones too.

    Its audience is never wider than that of what it hangs on: who sees it sees that.
    """
    return Evidence.objects.visible_to(viewer).select_related("party", "added_by", "withdrawn_by")


def evidence_for(viewer: Viewer, evidence: UUID, *, lock: bool = False) -> Evidence:
    """The evidence of that id. Raises ``NotFound`` both for what is not there and for what is
    another party's own."""
    rows = visible_evidence(viewer)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(uuid=evidence).first()
    if found is None:
        raise NotFound(_("There is no such evidence."))
    found.register = viewer.register
    return found


class EvidenceByThing(NamedTuple):
    """Evidence by what it hangs on (public id), and whether there is more of it."""

    by_thing: dict[UUID, list[Evidence]]
    has_more: bool


def newest_evidence_on_all_together(viewer: Viewer, thing_ids: Collection[UUID]) -> EvidenceByThing:
    """What hangs on the things of those public ids, newest first, up to ``SHOWN`` of all together;
    one query."""
    found: dict[UUID, list[Evidence]] = defaultdict(list)
    some = _newest_rows_on_all_together(viewer, list(thing_ids))
    for row in some[:SHOWN]:
        found[row.thing_id].append(row)
    return EvidenceByThing(dict(found), len(some) > SHOWN)


@written_once()
def _newest_rows_on_all_together(viewer: Viewer, thing_ids: list[UUID]) -> QuerySet[Evidence]:
    rows = visible_evidence(viewer).filter(thing_id__in=thing_ids)
    return rows.order_by("-at", "-id")[: SHOWN + 1]


def ids_of_evidence_on(
    viewer: Viewer, thing_ids: Collection[UUID], more_things: QuerySet[Any]
) -> QuerySet[Evidence, UUID]:
    """Public ids of what hangs on the things of those public ids, or on one of ``more_things``."""
    on = Q(thing_id__in=thing_ids) | Q(thing_id__in=more_things.order_by().values("uuid"))
    return Evidence.objects.visible_to(viewer).filter(on).values_list("uuid", flat=True)


def things_by_id_of_evidence(viewer: Viewer, rows: Iterable[Evidence]) -> dict[UUID, Thing]:
    """What ``rows`` hang on, by the id that they name."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        wanted[row.thing].add(row.thing_id)
    return things_by_id(viewer, wanted)


def same_file_elsewhere(viewer: Viewer, row: Evidence) -> list[Thing]:
    """Other things that the same bytes hang on, as far as the viewer may know; a few of them."""
    rows = (
        Evidence.objects.visible_to(viewer)
        .filter(sha256=row.sha256, withdrawn_at=None)
        .exclude(thing_id=row.thing_id)
        .order_by("at", "id")[:5]
    )
    return list(things_by_id_of_evidence(viewer, rows).values())


def bytes_kept_shared_or_of_party(register: Register, party: Party | None) -> int:
    """How many bytes are kept of what is shared in a register, or of one party's own.

    Each audience has its own total: in one for all, a party would see how much another has.
    """
    rows = Evidence.objects.filter(register=register, withdrawn_at=None)
    if party is None:
        rows = rows.filter(visibility=Visibility.SHARED)
    else:
        rows = rows.filter(visibility=Visibility.PARTY, party=party)
    return int(rows.aggregate(total=Sum("size"))["total"] or 0)


def all_evidence_with_bytes() -> QuerySet[Evidence]:
    """Everything whose bytes must be there, for whoever keeps the system whole."""
    return Evidence.objects.filter(withdrawn_at=None).order_by("pk")
