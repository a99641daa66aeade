"""Reviews that an indicator called for."""

from collections.abc import Sequence

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.indicators.models import Breach
from riskreg.indicators.queries.breaches import UNREVIEWED, all_breaches_with_reviewed_mark
from riskreg.kernel.localised import number
from riskreg.register.units import unit_text
from riskreg.risks.models import State


def _all_breaches_with_duty_fields() -> QuerySet[Breach]:
    rows = all_breaches_with_reviewed_mark().select_related("party", "risk", "indicator", "reading")
    return rows.annotate(priority=F("risk__priority"))


def _duty_of_breach_while_it_waits(breach: Breach) -> Duty:
    waits = not breach.reviewed and breach.risk.state == State.OPEN  # type: ignore[attr-defined]
    return Duty.from_row(
        breach, "risk.breach", breach.due_on if waits else None,
        subject_type="breach", page="review", owned_by=breach.risk,
    )  # fmt: skip


def _called_for_by_reading_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    values = {}
    for duty in duties:
        indicator = duty.thing.indicator
        values[duty.subject] = _(
            "called for by %(ref)s %(name)s: %(value)s %(unit)s, %(status)s"
        ) % {
            "ref": indicator.ref,
            "name": indicator.name,
            "value": number(duty.thing.reading.value),
            "unit": unit_text(indicator.unit),
            "status": duty.thing.get_status_display(),
        }
    return values


# Due on the day it was called for, whatever the date of the regular review, which does not move.
BREACH = Source(
    kind="risk.breach",
    due_field="due_on",
    open=UNREVIEWED,
    rows=_all_breaches_with_duty_fields,
    duty=_duty_of_breach_while_it_waits,
    facts=_called_for_by_reading_texts,
    people=("risk__owner", "risk__deputy"),
    bare=all_breaches_with_reviewed_mark,
)
