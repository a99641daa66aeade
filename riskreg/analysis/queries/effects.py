"""What experts believe that mitigations do to risks, as its reader may see it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from riskreg.analysis.models import Effect
from riskreg.analysis.queries.given import given_not_withheld, visible_given_even_if_withheld
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.register.visibility import Reader
from riskreg.risks.models import Mitigation, MitigationStatus, Risk, State

RUNNING = (MitigationStatus.PLANNED, MitigationStatus.IN_PROGRESS)


def effect_for(viewer: Viewer, effect: UUID, *, lock: bool = False) -> Effect:
    """The effect of that id. Raises ``NotFound`` also for another party's unreleased one."""
    people = ("risk", "mitigation", "party", "expert")
    rows = visible_given_even_if_withheld(Effect, viewer).select_related(*people)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(uuid=effect).first()
    if row is None:
        raise NotFound(_("There is no such effect."))
    row.register = row.risk.register = row.mitigation.register = viewer.register
    return row


def may_give_effect(viewer: Viewer, mitigation: Mitigation) -> bool:
    """Whether the viewer may say what ``mitigation`` does, as it is now."""
    running = mitigation.status in RUNNING
    return running and viewer.party_id is not None and permits(viewer, "estimate.record")


def effects_not_withheld_of(viewer: Viewer, mitigation: Mitigation) -> QuerySet[Effect]:
    """The effects of ``mitigation`` that the viewer is shown now, newest first."""
    rows = given_not_withheld(Effect, viewer).filter(mitigation=mitigation)
    return rows.select_related("risk", "mitigation", "expert", "party").order_by("-at", "-id")


def withheld_effect_count(viewer: Viewer, mitigation: Mitigation) -> int:
    """How many effects of ``mitigation`` the viewer will see once they have given their own."""
    shown = given_not_withheld(Effect, viewer).filter(mitigation=mitigation)
    return (
        visible_given_even_if_withheld(Effect, viewer).filter(mitigation=mitigation).count()
        - shown.count()
    )


def unclosed_risks_served(viewer: Reader, mitigation: Mitigation) -> list[Risk]:
    """The risks that ``mitigation`` serves and that are not closed, as far as the viewer may know
    of them, by ref."""
    rows = Risk.objects.visible_to(viewer).filter(mitigations=mitigation)
    return list(rows.exclude(state=State.CLOSED).select_related("party").order_by("ref"))


def newest_of_each_expert_mitigation_risk(rows: Iterable[Effect]) -> list[Effect]:
    """Of effects in order, newest first, the first of each expert, mitigation and risk."""
    found: dict[tuple[int, int, int], Effect] = {}
    for row in rows:
        found.setdefault((row.expert_id, row.mitigation_id, row.risk_id), row)
    return list(found.values())


def newest_effects_on_open_risks(reader: Reader) -> list[Effect]:
    """What an audience may know of the effects of running mitigations on open risks that they
    serve: the newest of each expert, mitigation and risk, newest first."""
    rows = (
        visible_given_even_if_withheld(Effect, reader)
        .filter(
            risk__in=Risk.objects.visible_to(reader).filter(state=State.OPEN),
            mitigation__in=Mitigation.objects.visible_to(reader).filter(status__in=RUNNING),
            mitigation__risks=F("risk"),
        )
        .select_related("risk", "mitigation__party", "expert")
        .order_by("-at", "-id")
    )
    return newest_of_each_expert_mitigation_risk(rows)
