"""Beliefs of drivers that are to be looked at again: on their day, or because of a reading."""

from collections.abc import Sequence

from django.db.models import Case, DateField, F, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from riskreg.analysis.models import Belief
from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.kernel.local_day import LocalDay
from riskreg.kernel.localised import number

_VALUE = "driver__indicator__latest_value"
# Read since, and where the range has less than one in twenty.
OUTSIDE = Q(read_day__gt=F("as_of")) & (
    Q(**{f"{_VALUE}__lt": F("p5")}) | Q(**{f"{_VALUE}__gt": F("p95")})
)


def _all_bare_beliefs() -> QuerySet[Belief]:
    sooner = Q(look_on=None) | Q(look_on__gt=F("read_day"))
    return Belief.objects.annotate(
        # It moves no risk by itself, so it comes after those that do on the same day.
        priority=Value(0, output_field=IntegerField()),
        read_day=LocalDay("driver__indicator__latest_at", "register__time_zone"),
        look_due=Case(
            When(OUTSIDE & sooner, then=F("read_day")),
            default=F("look_on"),
            output_field=DateField(),
        ),
    )


def _all_beliefs_with_duty_fields() -> QuerySet[Belief]:
    return _all_bare_beliefs().select_related("party", "driver__indicator")


def _duty_to_look_while_in_force(belief: Belief) -> Duty:
    due_on = belief.look_due if belief.ended_at is None else None  # type: ignore[attr-defined]
    return Duty.from_row(belief, "belief.look", due_on, subject_type="belief", page="driver")


def _why_to_look_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    return {duty.subject: _why_to_look(duty.thing) for duty in duties}


def _why_to_look(belief: Belief) -> str:
    it = belief.driver.indicator
    since = belief.read_day is not None and belief.read_day > belief.as_of  # type: ignore[attr-defined]
    if it and it.latest_value is not None and since:
        value, low, high = (number(float(x)) for x in (it.latest_value, belief.p5, belief.p95))
        text = {"value": value, "unit": belief.driver.unit, "low": low, "high": high}
        if not belief.p5 <= it.latest_value <= belief.p95:
            return _("a reading of %(value)s %(unit)s lies outside %(low)s … %(high)s") % text
    return _("what is believed is to be looked at again")


BELIEF_LOOK = Source(
    kind="belief.look",
    due_field="look_due",
    open=Q(ended_at=None),
    rows=_all_beliefs_with_duty_fields,
    bare=_all_bare_beliefs,
    duty=_duty_to_look_while_in_force,
    facts=_why_to_look_texts,
    people=("expert",),
)
