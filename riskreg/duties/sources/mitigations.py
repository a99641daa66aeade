"""Mitigations: planned work falls due, and work in progress is to be spoken of."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.risks.models import Mitigation, MitigationStatus
from riskreg.risks.queries.priority import priority_of_worst_open_risk
from riskreg.risks.queries.serving import RUNNING, with_dormant_mark


def _all_bare_mitigations() -> QuerySet[Mitigation]:
    return with_dormant_mark(Mitigation.objects.all())


def _all_mitigations_with_duty_fields() -> QuerySet[Mitigation]:
    rows = _all_bare_mitigations().select_related("party").only(
        "uuid", "ref", "title", "translations", "status", "progress", "due_on", "next_update_on",
        "visibility", "register_id", "owner_id", "party__uuid", "party__key", "labels",
    )  # fmt: skip
    return rows.annotate(priority=priority_of_worst_open_risk("mitigations"))


def _duty_while_in_statuses(
    kind: str, due_field: str, statuses: Sequence[str], work: Mitigation
) -> Duty:
    asks = work.status in statuses and not work.dormant  # type: ignore[attr-defined]
    due_on = getattr(work, due_field) if asks else None
    return Duty.from_row(work, kind, due_on, subject_type="mitigation", page="mitigation")


def _status_and_progress_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    return {
        duty.subject: _("%(status)s, %(progress)d %% done")
        % {"status": duty.thing.get_status_display(), "progress": duty.thing.progress}
        for duty in duties
    }


def _last_known_progress_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    return {
        duty.subject: _("progress not updated, last known: %(progress)d %%")
        % {"progress": duty.thing.progress}
        for duty in duties
    }


def _source(
    kind: str,
    due_field: str,
    statuses: Sequence[str],
    facts: Callable[[Sequence[Duty]], TextByDutySubject],
    **more: Any,
) -> Source:
    return Source(
        kind=kind,
        due_field=due_field,
        open=Q(status__in=statuses, dormant=False),
        rows=_all_mitigations_with_duty_fields,
        bare=_all_bare_mitigations,
        duty=partial(_duty_while_in_statuses, kind, due_field, statuses),
        facts=facts,
        **more,
    )


MITIGATION_DUE = _source("mitigation.due", "due_on", RUNNING, _status_and_progress_texts)
# Only from the day on which it is late: who reports when asked need not be asked beforehand. And
# never at once: what is urgent is the work itself, which has a due date of its own.
MITIGATION_UPDATE = _source(
    "mitigation.update",
    "next_update_on",
    (MitigationStatus.IN_PROGRESS,),
    _last_known_progress_texts,
    from_offset=0,
    last=True,
    interrupts=False,
)
