"""Readings of indicators that are missing."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.duties.base import Duty, Source
from riskreg.indicators.filters import ASKED
from riskreg.indicators.models import Indicator
from riskreg.risks.queries.priority import priority_of_worst_open_risk
from riskreg.risks.queries.serving import with_dormant_mark


def _all_bare_indicators() -> QuerySet[Indicator]:
    return with_dormant_mark(Indicator.objects.all())


def _all_indicators_with_duty_fields() -> QuerySet[Indicator]:
    rows = _all_bare_indicators().select_related("party")
    return rows.annotate(priority=priority_of_worst_open_risk("indicators"))


def _duty_to_read_while_asked(indicator: Indicator) -> Duty:
    serves = indicator.objective_id is not None or not indicator.dormant  # type: ignore[attr-defined]
    asks = indicator.active and serves
    return Duty.from_row(
        indicator, "indicator.reading", indicator.next_reading_on if asks else None,
        subject_type="indicator", page="indicator_readings",
    )  # fmt: skip


# Only from the last day in time on: what is read every week needs no word two weeks before. And
# never at once: a gap in a series is a matter for the day's digest.
READING = Source(
    kind="indicator.reading",
    due_field="next_reading_on",
    open=ASKED,
    rows=_all_indicators_with_duty_fields,
    bare=_all_bare_indicators,
    duty=_duty_to_read_while_asked,
    facts=lambda duties: {duty.subject: _("a reading is missing") for duty in duties},
    from_offset=0,
    last=True,
    interrupts=False,
)
