"""Asking whoever answers for a risk for an answer or a review by a day, and answering."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.decisions.models import Obligation, ObligationKind, ObligationState
from riskreg.decisions.queries.questions import (
    is_open,
    open_questions_of_same_audience,
    question_for,
)
from riskreg.decisions.services.conditions import close_obligation
from riskreg.decisions.services.mail import write_to_asker
from riskreg.events.services import append
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Forbidden
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.risks.models import State
from riskreg.risks.queries.access import risk_for

# More questions than this cannot wait about one risk at once.
MAX_OPEN = 20


@transaction.atomic
def ask_about_risk(
    *,
    actor: Viewer,
    ref: str,
    text: Any,
    due_on: Any,
    wants: Any = "answer",
    at: dt.datetime,
) -> Obligation:
    """Ask whoever answers for the risk for an ``answer`` in words, or a ``review``, by a day.

    It is a duty of theirs, whoever that is by then. Raises ``Invalid`` naming each wrong field,
    ``Forbidden``, ``NotFound``.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.ask", risk)
    errors = Errors()
    if risk.state != State.OPEN:
        errors.add("risk", "not_open", _("Only about an open risk is anything asked."))
    kinds = {"answer": ObligationKind.QUESTION, "review": ObligationKind.REVIEW}
    if wants not in kinds:
        errors.add("wants", "unknown", _("Ask for an answer or for a review."))
    text = clean_text(errors, "text", text, required=True, limit=4000)
    day = clean_day(errors, "due_on", due_on, required=True)
    if day is not None and day < actor.today(at):
        errors.add("due_on", "in_the_past", _("Name today, or a day to come."))
    waiting = open_questions_of_same_audience(risk)
    _check_not_asked_already(errors, actor, waiting, kinds.get(wants), text)
    if waiting.count() >= MAX_OPEN:
        message = _("%(n)d questions about this risk wait already; have some of them answered.")
        errors.add("risk", "too_many", message % {"n": MAX_OPEN})
    errors.raise_if_any()
    assert day is not None  # noqa: S101 - it is required
    row = Obligation.objects.create(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        kind=kinds[wants],
        state=ObligationState.OPEN,
        risk=risk,
        text=text,
        asked_by=actor.user,
        due_on=day,
        created_at=at,
        updated_at=at,
    )
    append(
        actor.entry("risk.asked", risk, at=at, changes={"question": [None, _question_for_log(row)]})
    )
    return row


def _check_not_asked_already(
    errors: Errors,
    actor: Viewer,
    waiting: QuerySet[Obligation],
    kind: str | None,
    text: str,
) -> None:
    """Note it where the same person asks for the same while it still waits: for a review in other
    words, or for an answer in the same."""
    mine = waiting.filter(kind=kind, asked_by=actor.user)
    if kind == ObligationKind.QUESTION:
        mine = mine.filter(text=text)
    row = mine.first()
    if row is not None:
        message = _("You ask for this already, by %(day)s. Take that back first to ask anew.")
        errors.add("text", "already_asked", message % {"day": date_format(row.due_on)})


@transaction.atomic
def answer_question(
    *, actor: Viewer, ref: str, question: UUID, words: Any, at: dt.datetime
) -> Obligation:
    """Answer in words, by whoever could review the risk; whoever asked is written to. Raises as
    ``ask_about_risk``."""
    risk = risk_for(actor, ref, lock=True)
    row = question_for(actor, risk, question)
    require(actor, "risk.review", risk)
    return _close_question_and_log(actor, row, ObligationState.MET, words, at, needed=True)


@transaction.atomic
def withdraw_question(
    *, actor: Viewer, ref: str, question: UUID, words: Any = "", at: dt.datetime
) -> Obligation:
    """Take a question back, by whoever asked. Raises as ``ask_about_risk``."""
    risk = risk_for(actor, ref, lock=True)
    row = question_for(actor, risk, question)
    if row.asked_by_id != actor.user.pk:
        text = _("Only %(name)s, who asked, can take it back.") % {"name": row.asked_by}
        raise Forbidden(text)
    return _close_question_and_log(actor, row, ObligationState.CANCELLED, words, at, needed=False)


def _close_question_and_log(
    actor: Viewer, row: Obligation, state: str, words: Any, at: dt.datetime, *, needed: bool
) -> Obligation:
    errors = Errors()
    words = clean_text(errors, "words", words, required=needed, limit=4000)
    if not is_open(row):
        errors.add("state", "wrong_state", _("This does not wait for an answer any more."))
    errors.raise_if_any()
    before = _question_for_log(row)
    close_obligation(row, actor, state, at, words)
    verb = "risk.answered" if state == ObligationState.MET else "risk.question_withdrawn"
    append(
        actor.entry(verb, row.risk, at=at, changes={"question": [before, _question_for_log(row)]})
    )
    if state == ObligationState.MET:
        write_to_asker(row, at)
    return row


def _question_for_log(row: Obligation) -> dict[str, Any]:
    entry = {
        "id": str(row.uuid),
        "wants": "review" if row.kind == ObligationKind.REVIEW else "answer",
        "text": row.text,
        "due_on": row.due_on.isoformat(),
        "state": str(row.state),
    }
    return entry | ({"words": row.words} if row.words else {})
