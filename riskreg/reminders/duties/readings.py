"""Readings of indicators that are missing."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.indicators.models import Indicator
from riskreg.register.visibility import Visibility
from riskreg.reminders.duties.base import Duty, Source


def _indicators() -> QuerySet[Indicator]:
    return Indicator.objects.select_related("party")


def _reading(indicator: Indicator) -> Duty:
    return Duty(
        kind="indicator.reading",
        subject=indicator.uuid,
        due_on=indicator.next_reading_on if indicator.active else None,
        register_id=indicator.register_id,
        party_id=indicator.party_id,
        party_uuid=indicator.party.uuid,
        private=indicator.visibility == Visibility.PARTY,
        owner_id=indicator.owner_id,
        deputy_id=None,
        ref=indicator.ref,
        subject_type="indicator",
        page="indicator_readings",
        thing=indicator,
    )


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
