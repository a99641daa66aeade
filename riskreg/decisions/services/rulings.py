"""What the answers to a decision have in common: who may, what is owed, and when it is decided."""

import datetime as dt
import hashlib
from typing import Any

from django.db.models import QuerySet

from riskreg.accounts.models import User
from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import (
    Decider,
    Decision,
    DecisionState,
    Obligation,
    ObligationKind,
    ObligationState,
    Option,
    Vote,
)
from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.policy.decisions import Act, Block
from riskreg.decisions.queries.decisions import (
    asked_parties,
    decision_for,
    parties_whose_yes_counts,
    reason_blocked_and_who_can_text,
    reason_blocked_for,
)
from riskreg.decisions.queries.weighing import weighing_for_record
from riskreg.decisions.services.conditions import close_obligation, condition_changes_for_log
from riskreg.decisions.services.drafts import decision_for_update, save_next_version
from riskreg.decisions.services.records import record_as_canonical_json
from riskreg.decisions.services.telling import post_to_webhooks
from riskreg.events.services import Entry, append, append_all
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register.access import Viewer
from riskreg.register.changes import set_changed_in_memory
from riskreg.risks.queries.access import require_version

_LIVE = (ObligationState.PROPOSED, ObligationState.OPEN)
_NO_RULING: dict[str, Any] = {
    "chosen": "",
    "rationale": "",
    "despite": "",
    "ruled_by": None,
    "review_on": None,
}


def locked_decision_for_act(
    actor: Viewer, ref: str, version: int | None, act: Act, at: dt.datetime
) -> Decision:
    """The decision for update, where the actor may do ``act``. What keeps them from it is said
    before whether they have seen its newest version."""
    row = decision_for_update(actor, ref, None, at)
    blocked = reason_blocked_for(actor, act, row, actor.today(at))
    if blocked is not None and blocked not in _OF_STATE:
        raise Forbidden(reason_blocked_and_who_can_text(actor, act, row, blocked))
    require_version(row, version)
    if blocked is not None:
        raise Invalid.one(
            "state", "wrong_state", reason_blocked_and_who_can_text(actor, act, row, blocked)
        )
    return row


# What may be otherwise in a moment, for the same person.
_OF_STATE = (Block.STATE, Block.RULED, Block.NO_RULING, Block.VOTED, Block.NOT_DUE)


def prefetched_deciders(row: Decision) -> list[Decider]:
    return row.asked  # type: ignore[attr-defined, no-any-return]


def prefetched_options(row: Decision) -> list[Option]:
    return row.choices  # type: ignore[attr-defined, no-any-return]


def create_obligation(
    row: Decision, kind: str, owner: User, due_on: dt.date, at: dt.datetime, **given: Any
) -> Obligation:
    """Note what is owed because of a decision; it is filed under the risk that puts most at
    stake."""
    worst = row.risks.order_by("-priority", "pk").first()
    assert worst is not None  # noqa: S101 - nothing is put forward that touches no risk
    return Obligation.objects.create(
        register=row.register,
        party=row.party,
        visibility=row.visibility,
        kind=kind,
        state=given.pop("state", ObligationState.OPEN),
        risk=worst,
        decision=row,
        owner=owner,
        due_on=due_on,
        created_at=at,
        updated_at=at,
        **given,
    )


def create_permitted_vote(
    actor: Viewer, row: Decision, is_yes: bool, words: str, at: dt.datetime
) -> None:
    assert actor.party is not None  # noqa: S101 - who is named to decide acts for one
    Vote.objects.create(
        decision=row, round=row.round, party=actor.party, member=actor.user, is_yes=is_yes,
        words=words, at=at, created_at=at,
    )  # fmt: skip


def decide_if_all_agreed(
    actor: Viewer,
    row: Decision,
    act: Act,
    changes: dict[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None,
) -> Decision:
    """After a yes: decided, if every party that is asked has said so; else it waits for theirs."""
    today = actor.today(at)
    fresh = decision_for(actor, row.ref, today)
    agreed = parties_whose_yes_counts(actor, fresh)
    state = policy.state_after(fresh.state, act, agreed, asked_parties(fresh))
    voted = {"vote": [None, {"party": actor.party.key if actor.party else None, "answer": "yes"}]}
    if state == fresh.state:
        verb = "decision.chosen" if act == Act.DECIDE else "decision.agreed"
        for one in prefetched_deciders(fresh):
            if one.party_id in agreed:
                _meet_obligations_of_owner(
                    actor, fresh, ObligationKind.DECISION_ANSWER, one.user, at
                )
        append(actor.entry(verb, fresh, at=at, recorded_at=recorded_at, changes=changes | voted))
        post_to_webhooks(actor, fresh, verb, recorded_at or at)
        return fresh
    return _decide_and_log(actor, fresh, changes | voted, at, recorded_at)


def _decide_and_log(
    actor: Viewer,
    row: Decision,
    changes: dict[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None,
) -> Decision:
    today = actor.today(at)
    conditions = list(
        Obligation.objects.select_for_update(of=("self",), no_key=True)
        .filter(decision=row, kind=ObligationKind.DECISION_CONDITION, state="proposed")
        .order_by("due_on", "pk")
    )
    before = [one.state for one in conditions]
    for one in conditions:
        one.state, one.updated_at = ObligationState.OPEN, max(at, one.updated_at)
        one.save(update_fields=["state", "updated_at"])
    if before:
        # What is owed from now on, as it stands.
        changes |= condition_changes_for_log([], conditions)
    waits = any(one.before for one in conditions)
    state = DecisionState.DECIDED if waits else policy.NEXT[DecisionState.DECIDED, Act.START]
    record = record_as_canonical_json(row, conditions, weighing_for_record(actor, row, today), at)
    values = {
        "state": state,
        "decided_at": at,
        "in_force_on": None if waits else today,
        "digest": hashlib.sha256(record.encode()).hexdigest(),
    }
    changes |= set_changed_in_memory(DECISION, row, values)
    row.record = record
    row.save(update_fields=[*values, "record"])
    close_obligations_of(actor, row, ObligationKind.DECISION_ANSWER, at, state=ObligationState.MET)
    assert row.ruled_by is not None  # noqa: S101 - chosen before
    assert row.review_on is not None  # noqa: S101 - as above
    create_obligation(row, ObligationKind.DECISION_REVIEW, row.ruled_by, row.review_on, at)
    entries = [
        actor.entry("decision.decided", row, at=at, recorded_at=recorded_at, changes=changes)
    ]
    if row.replaces is not None:
        entries += _supersede_earlier_and_build_entries(actor, row, at, recorded_at)
    append_all(entries)
    post_to_webhooks(actor, row, "decision.decided", recorded_at or at)
    return row


def _supersede_earlier_and_build_entries(
    actor: Viewer, successor: Decision, at: dt.datetime, recorded_at: dt.datetime | None
) -> list[Entry]:
    """End the decision that ``successor`` takes the place of, if it still holds; the entries to be
    appended."""
    assert successor.replaces is not None  # noqa: S101 - asked by the caller
    old = decision_for_update(actor, successor.replaces.ref, None, at)
    if (old.state, Act.SUPERSEDE) not in policy.NEXT:
        return []
    return [
        close_with_obligations_and_build_entry(
            actor, old, Act.SUPERSEDE, successor.ref, at, recorded_at
        )
    ]


def close_with_obligations_and_build_entry(
    actor: Viewer,
    row: Decision,
    act: Act,
    words: str,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Entry:
    """Bring ``row`` to its last state, and end what is owed because of it; the entry that tells of
    it, to be appended by the caller."""
    state = policy.NEXT[row.state, act]
    values = {"state": state, "closed_by": actor.user, "closed_at": at, "words": words}
    changes = set_changed_in_memory(DECISION, row, values)
    save_next_version(row, values, recorded_at or at)
    for kind in _OWED:
        close_obligations_of(actor, row, kind, at)
    post_to_webhooks(actor, row, f"decision.{state}", recorded_at or at)
    return actor.entry(f"decision.{state}", row, at=at, recorded_at=recorded_at, changes=changes)


_OWED = (
    ObligationKind.DECISION_ANSWER,
    ObligationKind.DECISION_CONDITION,
    ObligationKind.DECISION_REVIEW,
)


def return_to_draft_and_cancel_obligations(
    actor: Viewer, row: Decision, act: Act, verb: str, words: str, at: dt.datetime
) -> Decision:
    values = {"state": policy.NEXT[row.state, act], "words": words, **_NO_RULING}
    changes: dict[str, Any] = set_changed_in_memory(DECISION, row, values)
    if act == Act.OBJECT:
        party = actor.party.key if actor.party else None
        changes["vote"] = [None, {"party": party, "answer": "no"}]
    save_next_version(row, values, at)
    for kind in (ObligationKind.DECISION_ANSWER, ObligationKind.DECISION_CONDITION):
        close_obligations_of(actor, row, kind, at)
    append(actor.entry(verb, row, at=at, changes=changes))
    post_to_webhooks(actor, row, verb, at)
    return row


def close_obligations_of(
    actor: Viewer,
    row: Decision,
    kind: str,
    at: dt.datetime,
    *,
    state: str = ObligationState.CANCELLED,
) -> None:
    """Bring what is owed of ``kind`` because of ``row``, whoever owes it, to ``state``."""
    _close_each(actor, _live_obligations(row, kind), state, at)


def _meet_obligations_of_owner(
    actor: Viewer, row: Decision, kind: str, owner: User, at: dt.datetime
) -> None:
    _close_each(actor, _live_obligations(row, kind).filter(owner=owner), ObligationState.MET, at)


def _live_obligations(row: Decision, kind: str) -> QuerySet[Obligation]:
    return Obligation.objects.filter(decision=row, kind=kind, state__in=_LIVE)


def _close_each(actor: Viewer, rows: QuerySet[Obligation], state: str, at: dt.datetime) -> None:
    for one in rows.select_for_update(of=("self",), no_key=True).order_by("pk"):
        close_obligation(one, actor, state, at)
