"""Answers that a party owes to a change of what is common, until the request expires."""

from collections.abc import Sequence

from django.db.models import IntegerField, Q, QuerySet, Value
from django.utils.translation import gettext as _

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.register.change_models import PartyAnswer
from riskreg.register.change_queries import is_owed_by


def _all_bare_answers() -> QuerySet[PartyAnswer]:
    # An answer moves no risk, so it comes after those that do on the same day.
    return PartyAnswer.objects.annotate(priority=Value(0, output_field=IntegerField()))


def _all_answers_with_duty_fields() -> QuerySet[PartyAnswer]:
    return _all_bare_answers().select_related("party", "request__requested_by", "request__party")


def _duty_to_answer(answer: PartyAnswer) -> Duty:
    return Duty.from_row(
        answer, "change.answer", answer.due_on, subject_type="change_request",
        page="change_request",
    )  # fmt: skip


def _who_asked_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    return {
        duty.subject: _("%(name)s asks; it needs a yes or no of your party")
        % {"name": duty.thing.request.requested_by}
        for duty in duties
    }


CHANGE_ANSWER = Source(
    kind="change.answer",
    due_field="due_on",
    open=Q(due_on__isnull=False),
    rows=_all_answers_with_duty_fields,
    bare=_all_bare_answers,
    owed_by=is_owed_by,
    duty=_duty_to_answer,
    facts=_who_asked_texts,
    people=("asked",),
)
