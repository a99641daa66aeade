"""What is owed because of acceptances and decisions (answers, conditions, what follows), and what
somebody asked about a risk."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.decisions.models import Obligation, ObligationKind, ObligationState
from riskreg.decisions.queries.questions import is_open, is_reviewed_since_asked
from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.risks.models import State

# What subjects and pages are called, by kind.
_SUBJECTS = {
    ObligationKind.ANSWER: "acceptance_answer",
    ObligationKind.EXPIRY: "acceptance",
    ObligationKind.CONDITION: "condition",
    ObligationKind.QUESTION: "risk",
    ObligationKind.REVIEW: "risk",
    ObligationKind.DECISION_ANSWER: "decision_answer",
    ObligationKind.DECISION_CONDITION: "decision_condition",
    ObligationKind.DECISION_REVIEW: "decision_review",
}
_OF_DECISIONS = (
    ObligationKind.DECISION_ANSWER,
    ObligationKind.DECISION_CONDITION,
    ObligationKind.DECISION_REVIEW,
)


def all_obligations_with_duty_fields() -> QuerySet[Obligation]:
    """Every obligation, with what a duty needs."""
    rows = all_obligations_with_reviewed_mark().select_related(
        "party", "risk", "acceptance", "decision", "asked_by"
    )
    return rows.annotate(priority=F("risk__priority"))


def all_obligations_with_reviewed_mark() -> QuerySet[Obligation]:
    """Every obligation, with no more than ``open`` asks for."""
    return Obligation.objects.annotate(reviewed=is_reviewed_since_asked())


def is_owed_by(users: Collection[int]) -> Q:
    """What one of these users (database ids) owes: what names nobody is owed by who answers for the
    risk."""
    answers = Q(risk__owner_id__in=users) | Q(risk__deputy_id__in=users)
    return Q(owner_id__in=users) | Q(owner=None) & answers


def duty_of_obligation_while_open(row: Obligation) -> Duty:
    """The duty that an obligation is, while it is open; but for what is owed because of a decision,
    while its risk is open as well."""
    stands = is_open(row)
    named: dict[str, Any] = {"owner_id": row.owner_id} if row.owner_id else {"owned_by": row.risk}
    if row.decision is not None:
        return Duty.from_row(
            row, row.kind, row.due_on if stands else None, subject_type=_SUBJECTS[row.kind],  # type: ignore[index]
            page="decision", ref=row.decision.ref, **named,
        )  # fmt: skip
    stands = stands and row.risk.state == State.OPEN
    page = {ObligationKind.QUESTION: "risk", ObligationKind.REVIEW: "review"}
    return Duty.from_row(
        row, row.kind, row.due_on if stands else None, subject_type=_SUBJECTS[row.kind],  # type: ignore[index]
        page=page.get(row.kind, "acceptance"),  # type: ignore[call-overload]
        ref=row.acceptance.ref if row.acceptance else row.risk.ref, **named,
    )  # fmt: skip


def _day_as_text(day: Any) -> str:
    # Translators: the form of a whole date, in Django's date format letters.
    return date_format(day, pgettext("date form", "j F Y"))


def _texts_of_what_is_owed(duties: Sequence[Duty]) -> TextByDutySubject:
    return {duty.subject: _fact_of_obligation(duty.thing) for duty in duties}


def _fact_of_obligation(row: Obligation) -> str:
    if row.kind == ObligationKind.DECISION_ANSWER:
        return _("it is put forward and needs a decision")
    if row.kind == ObligationKind.DECISION_CONDITION:
        return _("a condition on which it was decided")
    if row.kind == ObligationKind.DECISION_REVIEW:
        return _("what has happened since it was decided, and what was learnt")
    if row.acceptance is None:
        return _("%(name)s asks about %(ref)s") % {"name": row.asked_by, "ref": row.risk.ref}
    until = {"ref": row.risk.ref, "day": _day_as_text(row.acceptance.expires_on)}
    if row.kind == ObligationKind.ANSWER:
        return _("%(ref)s is to be accepted until %(day)s; it needs a yes or no") % until
    if row.kind == ObligationKind.EXPIRY:
        return _("%(ref)s is accepted until %(day)s, and above appetite without it") % until
    return _("a condition on which %(ref)s is accepted until %(day)s") % until


def _source(kind: ObligationKind) -> Source:
    still = Q(kind=kind.value, state=ObligationState.OPEN)
    if kind not in _OF_DECISIONS:
        still &= Q(risk__state=State.OPEN)
    return Source(
        kind=kind.value,
        due_field="due_on",
        open=still & Q(reviewed=False) if kind == ObligationKind.REVIEW else still,
        rows=all_obligations_with_duty_fields,
        bare=all_obligations_with_reviewed_mark,
        owed_by=is_owed_by,
        duty=duty_of_obligation_while_open,
        facts=_texts_of_what_is_owed,
        people=("owner", "risk__owner", "risk__deputy"),
    )


ACCEPTANCE_ANSWER = _source(ObligationKind.ANSWER)
ACCEPTANCE_EXPIRY = _source(ObligationKind.EXPIRY)
CONDITION = _source(ObligationKind.CONDITION)
QUESTION = _source(ObligationKind.QUESTION)
REVIEW_ASKED = _source(ObligationKind.REVIEW)
DECISION_ANSWER = _source(ObligationKind.DECISION_ANSWER)
DECISION_CONDITION = _source(ObligationKind.DECISION_CONDITION)
DECISION_REVIEW = _source(ObligationKind.DECISION_REVIEW)
