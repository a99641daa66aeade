"""Readings of indicators that are missing."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.indicators.models import Indicator
from riskreg.reminders.duties.base import Duty, Source


def _indicators() -> QuerySet[Indicator]:
    return Indicator.objects.select_related("party")


def _reading(indicator: Indicator) -> Duty:
    return Duty.of(
        indicator, "indicator.reading", indicator.next_reading_on if indicator.active else None,
        subject_type="indicator", page="indicator_readings",
    )  # fmt: skip


# Only from the last day in time on: what is read every week needs no word two weeks before. And
# never at once: a gap in a series is a matter for the day's digest.
READING = Source(
    kind="indicator.reading",
    due_field="next_reading_on",
    open=Q(active=True),
    rows=_indicators,
    whose=lambda users: Q(owner_id__in=users),
    duty=_reading,
    facts=lambda duties: {duty.subject: _("a reading is missing") for duty in duties},
    from_offset=0,
    last=True,
    interrupts=False,
)
