"""Conditions of acceptances and decisions: what must be done, by whom and by when."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.decisions.models import Decision, Obligation, ObligationState
from riskreg.decisions.policy.acceptances import MAX_CONDITIONS, Act
from riskreg.decisions.queries.acceptances import (
    acceptance_condition_for,
    reason_blocked_and_who_can_text,
    reason_blocked_for,
)
from riskreg.decisions.services.telling import post_to_webhooks
from riskreg.events.services import append
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Conflict, Errors, Forbidden, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import find_answerable_member, party_id_of
from riskreg.register.translations import clean_translations
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk

_PARTS = {"text", "owner", "due_on", "translations"}
RiskOrDecision = Risk | Decision


def clean_conditions(
    errors: Errors,
    actor: Viewer,
    about: RiskOrDecision,
    given: Any,
    today: dt.date,
    expires_on: dt.date | None,
    switches: tuple[str, ...] = (),
) -> list[dict[str, Any]]:
    """``given`` [{text, owner, due_on}] checked; what is wrong is noted as ``conditions.0.text``.
    ``switches`` are parts that are true or false, and false where they are not given.

    A condition of something private is owed by somebody of its party: nobody else may know of it.
    """
    if not isinstance(given, list | tuple) or len(given) > MAX_CONDITIONS:
        text = _("Conditions are a list of at most %(n)d.") % {"n": MAX_CONDITIONS}
        errors.add("conditions", "too_many", text)
        return []
    found = []
    for n, item in enumerate(given):
        where = f"conditions.{n}"
        if not isinstance(item, Mapping) or set(item) - _PARTS - set(switches):
            text = _("A condition has a text, an owner and a day.")
            errors.add(where, "not_an_object", text)
            continue
        text = clean_text(errors, f"{where}.text", item.get("text"), required=True, limit=2000)
        owner = find_answerable_member(actor, errors, f"{where}.owner", item.get("owner"))
        due_on = clean_day(errors, f"{where}.due_on", item.get("due_on"), required=True)
        if (
            owner is not None
            and about.visibility == Visibility.PARTY
            and party_id_of(actor, owner) != about.party_id
        ):
            message = _("This is your party's own; name somebody of your party.")
            errors.add(f"{where}.owner", "other_party", message)
        if due_on is not None and due_on < today:
            errors.add(f"{where}.due_on", "in_the_past", _("Name today, or a day to come."))
        elif due_on is not None and expires_on is not None and due_on > expires_on:
            message = _("A condition is due before the acceptance ends.")
            errors.add(f"{where}.due_on", "too_late", message)
        versions = clean_translations(errors, item.get("translations") or {}, ("text",))
        for name in switches:
            if not isinstance(item.get(name, False), bool):
                errors.add(f"{where}.{name}", "not_a_boolean", _("This must be true or false."))
        found.append(
            {"text": text, "owner": owner, "due_on": due_on, "translations": versions or None}
            | {name: item.get(name, False) for name in switches}
        )
    return found


def condition_changes_for_log(
    before: Sequence[dict[str, Any]], rows: Sequence[Obligation]
) -> dict[str, list[Any]]:
    """``conditions`` for an event: as they were told before, and as they are."""
    after = [condition_for_log(row) for row in rows]
    return {"conditions": [list(before), after]} if after or before else {}


def condition_for_log(row: Obligation) -> dict[str, Any]:
    """A condition as events tell it."""
    entry: dict[str, Any] = {
        "id": str(row.uuid),
        "text": row.text,
        "owner": str(row.owner.uuid) if row.owner else None,
        "due_on": row.due_on.isoformat(),
        "state": str(row.state),
    }
    if row.translations:
        entry["translations"] = row.translations
    if row.before:
        entry["before"] = True
    if row.words:
        entry["words"] = row.words
    return entry


@transaction.atomic
def close_acceptance_condition(
    *,
    actor: Viewer,
    ref: str,
    condition: UUID,
    version: int | None,
    state: Any,
    words: Any,
    at: dt.datetime,
) -> Obligation:
    """Say that a condition is met, and how; or waive it, and why.

    Met by its owner or whoever answers for their party's things; waived only by somebody who could
    have granted the acceptance. Raises ``Invalid``, ``Conflict``, ``Forbidden``, ``NotFound``.
    """
    row = acceptance_condition_for(actor, ref, condition, lock=True)
    acceptance = row.acceptance
    assert acceptance is not None  # noqa: S101 - a condition of an acceptance
    acceptance.register = row.register = row.risk.register = actor.register
    errors = Errors()
    if state not in (ObligationState.MET, ObligationState.WAIVED):
        errors.add("state", "unknown", _("A condition is met or waived."))
    words = clean_text(errors, "words", words, required=True, limit=4000)
    errors.raise_if_any()
    if state == ObligationState.WAIVED:
        # Who may take the acceptance back may let a part of it go, but never their own burden.
        blocked = reason_blocked_for(actor, Act.REVOKE, acceptance)
        if blocked is not None:
            raise Forbidden(reason_blocked_and_who_can_text(actor, Act.REVOKE, acceptance, blocked))
        if row.owner_id == actor.user.pk or row.risk.owner_id == actor.user.pk:
            raise Forbidden(_("Nobody waives what they owe themselves; ask who granted it."))
    else:
        require(actor, "acceptance.close_condition", row)
    if version is not None and row.version != version:
        raise Conflict(_("Somebody changed this since you opened it."), current=row)
    if row.state != ObligationState.OPEN:
        text = _("This condition is %(state)s; there is nothing to be done about it.")
        raise Invalid.one("state", "wrong_state", text % {"state": row.get_state_display()})
    before = condition_for_log(row)
    close_obligation(row, actor, state, at, words)
    acceptance.version += 1
    acceptance.updated_at = max(at, acceptance.updated_at)
    acceptance.save(update_fields=["version", "updated_at"])
    verb = "acceptance.condition_met" if state == "met" else "acceptance.condition_waived"
    changes = {"condition": [before, condition_for_log(row)]}
    append(actor.entry(verb, acceptance, at=at, changes=changes))
    post_to_webhooks(actor, acceptance, verb, at)
    return row


def close_obligation(
    row: Obligation, actor: Viewer, state: str, at: dt.datetime, words: str = ""
) -> None:
    """Set an obligation to a state that is its last."""
    row.state, row.closed_by, row.closed_at, row.words = state, actor.user, at, words
    row.version += 1
    row.updated_at = max(at, row.updated_at)
    row.save(update_fields=["state", "closed_by", "closed_at", "words", "version", "updated_at"])
