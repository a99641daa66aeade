"""Answers to a request for acceptance, and the end of one that was granted."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.decisions.fields import ACCEPTANCE
from riskreg.decisions.models import (
    Acceptance,
    AcceptanceState,
    Obligation,
    ObligationKind,
    ObligationState,
)
from riskreg.decisions.policy import acceptances as policy
from riskreg.decisions.policy.acceptances import Act, Block
from riskreg.decisions.queries.acceptances import (
    acceptance_for,
    reason_blocked_and_who_can_text,
    reason_blocked_for,
)
from riskreg.decisions.services.conditions import (
    clean_conditions,
    close_obligation,
    condition_changes_for_log,
    condition_for_log,
)
from riskreg.decisions.services.requests import (
    accepted_without_break_since,
    check_expiry,
    create_obligation,
    newest_granted_acceptance,
    require_still_acceptable,
)
from riskreg.decisions.services.telling import post_to_webhooks
from riskreg.events.services import Entry, append, append_all
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Forbidden, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import set_changed_in_memory
from riskreg.risks.queries.access import require_version, risk_for

_LIVE = (ObligationState.PROPOSED, ObligationState.OPEN)


@transaction.atomic
def grant_acceptance(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    words: Any = "",
    expires_on: Any = None,
    conditions: Any = (),
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Acceptance:
    """Say yes: the risk is accepted from today. An earlier end and further conditions may be set.

    Nothing that moved since it was asked for is accepted unseen: where the risk is rated higher by
    now, or the criteria ask for more, it is to be asked for anew. An acceptance that held before is
    replaced. Raises ``Forbidden`` with who could, ``Invalid``, ``Conflict``, ``NotFound``.
    """
    row = _locked_acceptance_for_act(actor, ref, version, Act.GRANT, at)
    today, errors = actor.today(at), Errors()
    require_still_acceptable(actor, row)
    words = clean_text(errors, "words", words, limit=4000)
    end = clean_day(errors, "expires_on", expires_on) or row.expires_on
    if end > row.expires_on:
        text = _("Longer than was asked for cannot be granted; it can be asked for anew.")
        errors.add("expires_on", "too_late", text)
    else:
        check_expiry(errors, actor, row.risk, row.rating, end, today)
    more = clean_conditions(errors, actor, row.risk, conditions, today, end)
    errors.raise_if_any()
    entries = _supersede_earlier_and_build_entries(actor, row, at, recorded_at)
    values = {
        "state": AcceptanceState.GRANTED,
        "expires_on": end,
        "starts_on": today,
        "first_granted_on": accepted_without_break_since(actor, row.risk) or today,
        "granted_by": actor.user,
        "granted_at": at,
        "grant_words": words,
    }
    # Written after what it replaces, for only one of a risk is in force.
    changes = _save_next_version(row, values, recorded_at or at)
    before = [condition_for_log(one) for one in _conditions_by_due_day(row)]
    for given in more:
        create_obligation(row, ObligationKind.CONDITION, ObligationState.PROPOSED, **given)
    rows = _conditions_by_due_day(row)
    for one in rows:
        one.state, one.updated_at = ObligationState.OPEN, max(at, one.updated_at)
        one.due_on = min(one.due_on, end)
        one.save(update_fields=["state", "due_on", "updated_at"])
    _close_obligations(actor, row, (ObligationKind.ANSWER,), ObligationState.MET, at)
    create_obligation(row, ObligationKind.EXPIRY, ObligationState.OPEN, owner=None, due_on=end)
    logged = changes | condition_changes_for_log(before, rows)
    entries.append(
        actor.entry("acceptance.granted", row, at=at, recorded_at=recorded_at, changes=logged)
    )
    append_all(entries)
    post_to_webhooks(actor, row, "acceptance.granted", recorded_at or at)
    return row


@transaction.atomic
def refuse_acceptance(
    *, actor: Viewer, ref: str, version: int | None, words: Any, at: dt.datetime
) -> Acceptance:
    """Say no, with words; what held before stays as it is. Raises as ``grant_acceptance``."""
    return _close_with_words_and_log(actor, ref, version, Act.REFUSE, words, at)


@transaction.atomic
def withdraw_acceptance(
    *, actor: Viewer, ref: str, version: int | None, words: Any = "", at: dt.datetime
) -> Acceptance:
    """Take a request back, by whoever asked. Raises as ``grant_acceptance``."""
    return _close_with_words_and_log(
        actor, ref, version, Act.WITHDRAW, words, at, needs_words=False
    )


@transaction.atomic
def revoke_acceptance(
    *, actor: Viewer, ref: str, version: int | None, words: Any, at: dt.datetime
) -> Acceptance:
    """End an acceptance before its day, with words: by whoever could grant it, or whoever answers
    for the risk and needs it no more. Raises as ``grant_acceptance``."""
    return _close_with_words_and_log(actor, ref, version, Act.REVOKE, words, at)


def _close_with_words_and_log(
    actor: Viewer,
    ref: str,
    version: int | None,
    act: Act,
    words: Any,
    at: dt.datetime,
    *,
    needs_words: bool = True,
) -> Acceptance:
    row = _locked_acceptance_for_act(actor, ref, version, act, at)
    errors = Errors()
    words = clean_text(errors, "words", words, required=needs_words, limit=4000)
    errors.raise_if_any()
    entry = _close_with_obligations_and_build_entry(actor, row, act, words, at, None)
    append(entry)
    return row


def _close_with_obligations_and_build_entry(
    actor: Viewer,
    row: Acceptance,
    act: Act,
    words: str,
    at: dt.datetime,
    recorded_at: dt.datetime | None,
) -> Entry:
    """Bring ``row`` to its last state; the entry that tells of it, to be appended by the caller."""
    state = policy.NEXT[row.state, act]
    before = [condition_for_log(one) for one in _conditions_by_due_day(row)]
    values = {"state": state, "closed_by": actor.user, "closed_at": at, "words": words}
    changes = _save_next_version(row, values, recorded_at or at)
    _close_obligations(actor, row, tuple(ObligationKind), ObligationState.CANCELLED, at)
    after = [condition_for_log(one) for one in _conditions_by_due_day(row)]
    if before != after:
        changes["conditions"] = [before, after]
    post_to_webhooks(actor, row, f"acceptance.{state}", recorded_at or at)
    return actor.entry(f"acceptance.{state}", row, at=at, recorded_at=recorded_at, changes=changes)


def _supersede_earlier_and_build_entries(
    actor: Viewer, successor: Acceptance, at: dt.datetime, recorded_at: dt.datetime | None
) -> list[Entry]:
    """End the acceptance that ``successor`` takes the place of, if there is one; the entries to be
    appended."""
    old = newest_granted_acceptance(successor.risk)
    if old is None:
        return []
    old.register = old.risk.register = actor.register
    return [
        _close_with_obligations_and_build_entry(
            actor, old, Act.SUPERSEDE, successor.ref, at, recorded_at
        )
    ]


def _locked_acceptance_for_act(
    actor: Viewer, ref: str, version: int | None, act: Act, at: dt.datetime
) -> Acceptance:
    """The acceptance and its risk for update, where the actor may do ``act``."""
    found = acceptance_for(actor, ref, actor.today(at))
    # The risk first, as everybody does who writes about one.
    risk_for(actor, found.risk.ref, lock=True)
    row = (
        Acceptance.objects.select_for_update(of=("self",), no_key=True)
        .select_related("risk__party", "party", "criteria", "requested_by", "acceptor")
        .get(pk=found.pk)
    )
    row.register = row.risk.register = actor.register
    blocked = reason_blocked_for(actor, act, row)
    if blocked is not None and blocked != Block.STATE:
        raise Forbidden(reason_blocked_and_who_can_text(actor, act, row, blocked))
    require_version(row, version)
    if blocked is not None:
        raise Invalid.one(
            "state", "wrong_state", reason_blocked_and_who_can_text(actor, act, row, blocked)
        )
    return row


def _save_next_version(row: Acceptance, values: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
    changes: dict[str, Any] = set_changed_in_memory(ACCEPTANCE, row, values)
    row.version += 1
    row.updated_at = max(at, row.updated_at)
    row.save(update_fields=[*values, "version", "updated_at"])
    return changes


def _conditions_by_due_day(row: Acceptance) -> list[Obligation]:
    rows = Obligation.objects.filter(acceptance=row, kind=ObligationKind.CONDITION)
    return list(rows.select_related("owner").order_by("due_on", "pk"))


def _close_obligations(
    actor: Viewer, row: Acceptance, kinds: tuple[str, ...], state: str, at: dt.datetime
) -> None:
    """End what is owed because of ``row`` and not done."""
    rows = Obligation.objects.filter(acceptance=row, kind__in=kinds, state__in=_LIVE)
    for one in rows.select_for_update(no_key=True).order_by("pk"):
        close_obligation(one, actor, state, at)
