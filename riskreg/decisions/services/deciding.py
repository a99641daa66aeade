"""Putting a decision forward, and the answers to it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import (
    Decision,
    DecisionState,
    ObligationKind,
    ObligationState,
)
from riskreg.decisions.policy.decisions import Act
from riskreg.decisions.queries.acceptances import text_on_who_can
from riskreg.decisions.queries.decisions import (
    asked_parties,
    bare_decision_for,
    least_role_to_decide,
    ratings_now_by_risk,
    stale_because,
    who_can_decide,
)
from riskreg.decisions.services.conditions import clean_conditions, condition_changes_for_log
from riskreg.decisions.services.drafts import save_next_version
from riskreg.decisions.services.rulings import (
    close_with_obligations_and_build_entry,
    create_obligation,
    create_permitted_vote,
    decide_if_all_agreed,
    locked_decision_for_act,
    prefetched_deciders,
    prefetched_options,
    return_to_draft_and_cancel_obligations,
)
from riskreg.decisions.services.telling import post_to_webhooks
from riskreg.events.services import append
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.punctuation import enumerate_texts, join_sentences
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import set_changed_in_memory
from riskreg.register.models import Role
from riskreg.register.queries import active_members_for, party_id_of
from riskreg.risks.models import Risk, State


@transaction.atomic
def propose_decision(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """Put a draft forward: it becomes a duty of each who is named to decide it.

    Raises ``Invalid`` with everything that it lacks, ``Forbidden``, ``Conflict``, ``NotFound``.
    """
    row = locked_decision_for_act(actor, ref, version, Act.PROPOSE, at)
    _require_can_be_proposed(actor, row, actor.today(at))
    values = {
        "state": DecisionState.PROPOSED,
        "proposed_by": actor.user,
        "proposed_at": at,
        "round": row.round + 1,
        "words": "",
    }
    changes: dict[str, Any] = set_changed_in_memory(DECISION, row, values)
    row.criteria, row.basis = actor.criteria, ratings_now_by_risk(row)
    changes["criteria_number"] = [None, actor.criteria.number]
    save_next_version(row, [*values, "criteria", "basis"], recorded_at or at)
    for one in prefetched_deciders(row):
        create_obligation(row, ObligationKind.DECISION_ANSWER, one.user, row.due_on, at)
    entry = actor.entry("decision.proposed", row, at=at, recorded_at=recorded_at, changes=changes)
    append(entry)
    post_to_webhooks(actor, row, "decision.proposed", recorded_at or at)
    return row


@transaction.atomic
def retract_decision(
    *, actor: Viewer, ref: str, version: int | None, words: Any = "", at: dt.datetime
) -> Decision:
    """Take it back to a draft; what was chosen meanwhile is chosen no more."""
    row = locked_decision_for_act(actor, ref, version, Act.RETRACT, at)
    text = _clean_words(words, needed=False)
    return return_to_draft_and_cancel_obligations(
        actor, row, Act.RETRACT, "decision.retracted", text, at
    )


@transaction.atomic
def decide(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    option: Any,
    rationale: Any,
    review_on: Any,
    conditions: Any = (),
    despite: Any = "",
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """Choose an option, why, on which conditions, and when it is looked at again.

    It is decided where no other party is asked; otherwise with the last yes of theirs.
    ``conditions``: [{text, owner, due_on, before}]; ``before``: it is in force when that is met.
    ``despite``: what is said to the fact that something it stood on has moved; needed then.
    Raises ``Forbidden`` with who could, ``Invalid``, ``Conflict``, ``NotFound``.
    """
    row = locked_decision_for_act(actor, ref, version, Act.DECIDE, at)
    today, errors = actor.today(at), Errors()
    keys = [one.key for one in prefetched_options(row)]
    if not isinstance(option, str) or option not in keys:
        text = _("Choose one of the options: %(keys)s.") % {"keys": ", ".join(keys)}
        errors.add("option", "unknown", text)
    rationale = clean_text(errors, "rationale", rationale, required=True, limit=8000)
    review = clean_day(errors, "review_on", review_on, required=True)
    if review is not None and review <= today:
        errors.add("review_on", "in_the_past", _("Name a day to come on which it is looked at."))
    despite = clean_text(errors, "despite", despite, limit=4000)
    if stale_because(actor, row) and not despite and not errors.has_any_on("despite"):
        text = _("What it stood on has moved since: say why it is decided nevertheless.")
        errors.add("despite", "stale", text)
    given = clean_conditions(errors, actor, row, conditions, today, None, ("before",))
    _check_condition_owners(errors, actor, row, given)
    errors.raise_if_any()
    values = {
        "chosen": option,
        "rationale": rationale,
        "despite": despite,
        "ruled_by": actor.user,
        "review_on": review,
    }
    changes: dict[str, Any] = set_changed_in_memory(DECISION, row, values)
    made = [
        create_obligation(
            row, ObligationKind.DECISION_CONDITION, one.pop("owner"), one.pop("due_on"), at,
            state=ObligationState.PROPOSED, **one,
        )
        for one in given
    ]  # fmt: skip
    changes |= condition_changes_for_log([], made)
    save_next_version(row, values, recorded_at or at)
    create_permitted_vote(actor, row, True, "", at)
    return decide_if_all_agreed(actor, row, Act.DECIDE, changes, at, recorded_at)


@transaction.atomic
def vote_on_decision(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    answer: Any,
    words: Any = "",
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Decision:
    """A party's yes or no to what another has chosen: the last yes decides it, a no (with words)
    takes it back to a draft. Raises as ``decide``."""
    if answer not in ("yes", "no"):
        # Read first: nobody learns by this whether there is such a decision.
        bare_decision_for(actor, ref)
        raise Invalid.one("answer", "unknown", _("Say yes or no."))
    act = Act.AGREE if answer == "yes" else Act.OBJECT
    row = locked_decision_for_act(actor, ref, version, act, at)
    text = _clean_words(words, needed=act == Act.OBJECT)
    create_permitted_vote(actor, row, act == Act.AGREE, text, at)
    if act == Act.OBJECT:
        return return_to_draft_and_cancel_obligations(
            actor, row, act, "decision.objected", text, at
        )
    save_next_version(row, [], recorded_at or at)
    return decide_if_all_agreed(actor, row, act, {}, at, recorded_at)


@transaction.atomic
def reject_decision(
    *, actor: Viewer, ref: str, version: int | None, words: Any, at: dt.datetime
) -> Decision:
    """Refuse the whole question, with words: nothing is chosen. Raises as ``decide``."""
    return _close_with_words_and_log(actor, ref, version, Act.REJECT, words, at)


@transaction.atomic
def lapse_decision(
    *, actor: Viewer, ref: str, version: int | None, words: Any, at: dt.datetime
) -> Decision:
    """Say, when its day has passed, that it is not decided any more. Raises as ``decide``."""
    return _close_with_words_and_log(actor, ref, version, Act.LAPSE, words, at)


def _close_with_words_and_log(
    actor: Viewer, ref: str, version: int | None, act: Act, words: Any, at: dt.datetime
) -> Decision:
    row = locked_decision_for_act(actor, ref, version, act, at)
    append(
        close_with_obligations_and_build_entry(
            actor, row, act, _clean_words(words, needed=True), at
        )
    )
    return row


def _clean_words(words: Any, *, needed: bool) -> str:
    errors = Errors()
    text = clean_text(errors, "words", words, required=needed, limit=4000)
    errors.raise_if_any()
    return text


def _require_can_be_proposed(actor: Viewer, row: Decision, today: dt.date) -> None:
    """Raise ``Invalid`` with everything that keeps a draft from being put forward."""
    errors = Errors()
    options = prefetched_options(row)
    if len(options) < 2:
        text = _("Doing nothing alone is no choice: add an option.")
        errors.add("options", "too_few", text)
    for option in options:
        if not option.is_nothing and not option.costs:
            text = _("Say what option %(key)s costs, and if it costs nothing, 0.")
            errors.add(f"options.{option.key}.costs", "required", text % {"key": option.key})
    if row.due_on < today:
        text = _("The day by which it is to be decided has passed; name a day to come.")
        errors.add("due_on", "in_the_past", text)
    risks: list[Risk] = row.touched  # type: ignore[attr-defined]
    if not any(risk.state == State.OPEN for risk in risks):
        text = _("Name the risks that it touches, an open one at least.")
        errors.add("risks", "required", text)
    _check_deciders(errors, actor, row, risks)
    errors.raise_if_any()


def _check_deciders(errors: Errors, actor: Viewer, row: Decision, risks: Sequence[Risk]) -> None:
    could = who_can_decide(actor, row, but=[actor.user.pk], only_named=False)
    asked = prefetched_deciders(row)
    if not asked:
        text = f"{_('Name who decides it.')} {text_on_who_can(could)}"
        errors.add("deciders", "required", text)
    role = Role(least_role_to_decide(actor, row)).label
    now = dict(active_members_for(actor).values_list("user_id", "party_id"))
    for one in asked:
        if one.user == actor.user:
            text = _("You put it forward; somebody else has to decide it.")
            errors.add("deciders", "same_person", join_sentences([text, text_on_who_can(could)]))
        elif one.user not in could or now.get(one.user_id) != one.party_id:
            text = _("%(name)s cannot decide this: it takes the role %(role)s.")
            text = text % {"name": one.user, "role": role}
            errors.add("deciders", "no_authority", join_sentences([text, text_on_who_can(could)]))
    missing = {risk.party_id for risk in risks} - {one.party_id for one in asked}
    if asked and missing and row.visibility == "shared":
        names = sorted({str(r.party.name) for r in risks if r.party_id in missing})
        text = _("It touches risks of %(names)s: name somebody who decides for them.")
        errors.add("deciders", "party_missing", text % {"names": enumerate_texts(names)})


def _check_condition_owners(
    errors: Errors, actor: Viewer, row: Decision, conditions: Sequence[Mapping[str, Any]]
) -> None:
    """A condition binds nobody whose party was not asked."""
    asked = asked_parties(row)
    for n, one in enumerate(conditions):
        owner = one["owner"]
        if owner is not None and party_id_of(actor, owner) not in asked:
            text = _("%(name)s acts for a party that does not decide this; name somebody else.")
            errors.add(f"conditions.{n}.owner", "other_party", text % {"name": owner})
