"""What becomes of an answer whose giver does not act for the party any more."""

import datetime as dt

from django.db import transaction

from riskreg.accounts.models import User
from riskreg.decisions.models import (
    Decision,
    DecisionState,
    Obligation,
    ObligationKind,
    ObligationState,
    Vote,
)
from riskreg.decisions.queries.decisions import (
    parties_whose_yes_counts,
    visible_decisions,
    who_can_decide,
)
from riskreg.decisions.services.drafts import decision_for_update, save_next_version
from riskreg.events.services import append
from riskreg.register.access import Viewer


@transaction.atomic
def reopen_lost_votes_of_user(*, actor: Viewer, user: User, at: dt.datetime) -> list[str]:
    """Ask for the answers anew that ``user`` gave to what still waits to be decided, where they
    left or have no longer the authority; the refs of these decisions.

    It falls to those of the party who are named beside them; where there is nobody, it stays with
    who left, and is told as what nobody answers for.
    """
    given = Vote.objects.filter(member=user, is_yes=True)
    rows = visible_decisions(actor).filter(
        state=DecisionState.PROPOSED, ruled_by__isnull=False, votes__in=given
    )
    refs = []
    for ref in sorted(set(rows.values_list("ref", flat=True))):
        row = decision_for_update(actor, ref, None, at)
        if _reopen_lost_votes_on(actor, row, user, at):
            refs.append(ref)
    return refs


def _reopen_lost_votes_on(actor: Viewer, row: Decision, user: User, at: dt.datetime) -> bool:
    agreed = parties_whose_yes_counts(actor, row)
    votes: list[Vote] = row.cast  # type: ignore[attr-defined]
    lost = {
        vote.party
        for vote in votes
        if vote.member_id == user.pk
        and vote.is_yes
        and vote.round == row.round
        and vote.party_id not in agreed
    }
    for party in lost:
        able = {one.pk for one in who_can_decide(actor, row)}
        asked = [one.user_id for one in row.asked if one.party_id == party.pk]  # type: ignore[attr-defined]
        owners = [person for person in asked if person in able] or [user.pk]
        _reopen_duties_to_answer(row, owners, at)
        save_next_version(row, [], at)
        changes = {"answer_needed": [None, party.key]}
        append(actor.entry("decision.answer_reopened", row, at=at, changes=changes))
    return bool(lost)


def _reopen_duties_to_answer(row: Decision, owners: list[int], at: dt.datetime) -> None:
    """Open the duty of each of ``owners`` that this round began with."""
    found = (
        Obligation.objects.filter(
            decision=row,
            kind=ObligationKind.DECISION_ANSWER,
            state=ObligationState.MET,
            owner__in=owners,
            created_at__gte=row.proposed_at,
        )
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    for one in found:
        one.state, one.closed_by, one.closed_at = ObligationState.OPEN, None, None
        one.version += 1
        one.updated_at = max(at, one.updated_at)
        one.save(update_fields=["state", "closed_by", "closed_at", "version", "updated_at"])
