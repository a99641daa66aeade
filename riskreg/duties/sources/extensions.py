"""The end of an extension: told before and on its day, so that a review never falls late again in
silence."""

from collections.abc import Sequence

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.duties.policy.ladder import OWNER, Rung, day_of_rung
from riskreg.kernel import clock
from riskreg.reviews.models import Extension, Review
from riskreg.risks.models import State

# For a ladder without any rung before the due date.
_BEFORE = Rung(-3, (OWNER,))


def _all_bare_extensions() -> QuerySet[Extension]:
    since = Review.objects.filter(
        risk=OuterRef("risk"), pk__gt=Coalesce(OuterRef("reviewed_before"), Value(0))
    )
    return Extension.objects.annotate(reviewed=Exists(since))


def _all_extensions_with_duty_fields() -> QuerySet[Extension]:
    rows = _all_bare_extensions().select_related("party", "risk")
    return rows.annotate(priority=F("risk__priority"))


def _duty_of_extension_while_it_stands(extension: Extension) -> Duty:
    risk = extension.risk
    stands = (
        not extension.reviewed  # type: ignore[attr-defined]
        and risk.state == State.OPEN
        and risk.next_review_on == extension.due_on
    )
    return Duty.from_row(
        extension, "risk.extension", extension.until if stands else None,
        subject_type="risk", page="review", owned_by=risk,
    )  # fmt: skip


def _last_rung_before_and_on_day(ladder: Sequence[Rung]) -> tuple[Rung, ...]:
    """The last rung before the day, and the one on it."""
    before = [rung for rung in ladder if rung.offset_days < 0]
    return (before[-1] if before else _BEFORE, *(r for r in ladder if r.offset_days == 0))


def _not_covered_by_the_review(duty: Duty, rung: Rung, zone: str) -> bool:
    """Rungs that had not come when it was granted count from its end, and tell of it themselves:
    ``policy.day_of_rung``."""
    extension = duty.thing
    granted_on = clock.local_date(extension.at, zone)
    return bool(day_of_rung(rung, extension.due_on) <= granted_on)


def _extension_ends_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    return {
        duty.subject: _("the extension of its review ends; the review was due on %(day)s")
        # Translators: the form of a whole date, in Django's date format letters.
        % {"day": date_format(duty.thing.due_on, pgettext("date form", "j F Y"))}
        for duty in duties
    }


EXTENSION = Source(
    kind="risk.extension",
    due_field="until",
    open=Q(reviewed=False, risk__state=State.OPEN, risk__next_review_on=F("due_on")),
    rows=_all_extensions_with_duty_fields,
    duty=_duty_of_extension_while_it_stands,
    facts=_extension_ends_texts,
    people=("risk__owner", "risk__deputy"),
    bare=_all_bare_extensions,
    climbs=_last_rung_before_and_on_day,
    takes=_not_covered_by_the_review,
    listed=False,
)
