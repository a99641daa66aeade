"""What becomes of a decision: its conditions, and looking at it again."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import (
    Decision,
    DecisionState,
    Obligation,
    ObligationKind,
    ObligationState,
    Revisit,
)
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.decisions import Act
from riskreg.decisions.queries.acceptances import text_on_who_can
from riskreg.decisions.queries.decisions import (
    decision_condition_for,
    who_can_decide,
)
from riskreg.decisions.services.conditions import close_obligation, condition_for_log
from riskreg.decisions.services.drafts import decision_for_update, save_next_version
from riskreg.decisions.services.rulings import (
    close_with_obligations_and_build_entry,
    locked_decision_for_act,
)
from riskreg.decisions.services.telling import post_to_webhooks
from riskreg.events.services import append
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Forbidden, Invalid
from riskreg.kernel.punctuation import join_sentences
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import set_changed_in_memory
from riskreg.register.permissions import require


@transaction.atomic
def revisit_decision(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    happened: Any,
    lessons: Any = "",
    review_on: Any,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """Say what happened since, what was learnt, and when it is looked at again: by another than who
    asked for it and said what would happen. Raises ``Invalid``, ``Forbidden``, ``Conflict``."""
    row = locked_decision_for_act(actor, ref, version, Act.REVISIT, at)
    errors = Errors()
    happened = clean_text(errors, "happened", happened, required=True, limit=8000)
    lessons = clean_text(errors, "lessons", lessons, limit=8000)
    review = clean_day(errors, "review_on", review_on, required=True)
    if review is not None and review <= actor.today(at):
        errors.add("review_on", "in_the_past", _("Name a day to come on which it is looked at."))
    errors.raise_if_any()
    Revisit.objects.create(
        decision=row, happened=happened, lessons=lessons, by=actor.user, at=at,
        created_at=recorded_at or at,
    )  # fmt: skip
    values = {"state": policy.NEXT[row.state, Act.REVISIT], "review_on": review}
    changes: dict[str, Any] = set_changed_in_memory(DECISION, row, values)
    changes["happened"] = [None, happened]
    if lessons:
        changes["lessons"] = [None, lessons]
    save_next_version(row, values, recorded_at or at)
    for one in Obligation.objects.filter(
        decision=row, kind=ObligationKind.DECISION_REVIEW, state=ObligationState.OPEN
    ).select_for_update(of=("self",), no_key=True):
        assert review is not None  # noqa: S101 - checked above
        one.due_on, one.version, one.updated_at = review, one.version + 1, max(at, one.updated_at)
        one.save(update_fields=["due_on", "version", "updated_at"])
    append(actor.entry("decision.revisited", row, at=at, recorded_at=recorded_at, changes=changes))
    post_to_webhooks(actor, row, "decision.revisited", recorded_at or at)
    return row


@transaction.atomic
def close_revisited_decision(
    *, actor: Viewer, ref: str, version: int | None, words: Any, at: dt.datetime
) -> Decision:
    """Say that nothing more is to be looked at, and why. Raises as ``revisit_decision``."""
    row = locked_decision_for_act(actor, ref, version, Act.CLOSE, at)
    errors = Errors()
    text = clean_text(errors, "words", words, required=True, limit=4000)
    errors.raise_if_any()
    append(close_with_obligations_and_build_entry(actor, row, Act.CLOSE, text, at))
    return row


@transaction.atomic
def close_decision_condition(
    *, actor: Viewer, ref: str, condition: UUID, state: Any, words: Any, at: dt.datetime
) -> Obligation:
    """Say that a condition of a decision is met, and how; or waive it, and why.

    Met by its owner or whoever answers for their party's things; waived by who decided, and not by
    its owner. The last one that comes before it brings the decision into force. Raises ``Invalid``,
    ``Forbidden``, ``NotFound``.
    """
    decision = decision_for_update(actor, ref, None, at)
    row = decision_condition_for(actor, ref, condition, lock=True)
    row.register, row.decision = actor.register, decision
    errors = Errors()
    if state not in (ObligationState.MET, ObligationState.WAIVED):
        errors.add("state", "unknown", _("A condition is met or waived."))
    words = clean_text(errors, "words", words, required=True, limit=4000)
    errors.raise_if_any()
    if state == ObligationState.WAIVED:
        _require_may_waive(actor, decision, row)
    else:
        require(actor, "decision.close_condition", row)
    if row.state != ObligationState.OPEN:
        text = _("This condition is %(state)s; there is nothing to be done about it.")
        raise Invalid.one("state", "wrong_state", text % {"state": row.get_state_display()})
    before = condition_for_log(row)
    close_obligation(row, actor, state, at, words)
    changes: dict[str, Any] = {"condition": [before, condition_for_log(row)]}
    values = _values_if_now_in_force(decision, actor.today(at))
    changes |= set_changed_in_memory(DECISION, decision, values)
    save_next_version(decision, values, at)
    verb = "decision.condition_met" if state == "met" else "decision.condition_waived"
    append(actor.entry(verb, decision, at=at, changes=changes))
    post_to_webhooks(actor, decision, verb, at)
    return row


def may_waive(actor: Viewer, decision: Decision, row: Obligation) -> bool:
    """Whether the viewer is one of those who decided, and does not owe it themselves."""
    could = who_can_decide(actor, decision)
    return actor.user in could and row.owner_id != actor.user.pk


def _require_may_waive(actor: Viewer, decision: Decision, row: Obligation) -> None:
    if not may_waive(actor, decision, row):
        owner = [row.owner_id] if row.owner_id else []
        text = _("A condition is waived by who decided, and not by who owes it.")
        raise Forbidden(
            join_sentences([text, text_on_who_can(who_can_decide(actor, decision, owner))])
        )


def _values_if_now_in_force(decision: Decision, today: dt.date) -> dict[str, Any]:
    """What changes of a decision when no condition that comes before it is open any more."""
    waits = Obligation.objects.filter(
        decision=decision,
        kind=ObligationKind.DECISION_CONDITION,
        before=True,
        state=ObligationState.OPEN,
    )
    if decision.state != DecisionState.DECIDED or waits.exists():
        return {}
    return {"state": policy.NEXT[decision.state, Act.START], "in_force_on": today}
