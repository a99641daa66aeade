"""Who may do what to an acceptance, in which state, and whether it still holds. Pure functions."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from riskreg.decisions.models import AcceptanceState as State
from riskreg.register.accepting import AUTHORITY
from riskreg.register.appetite import ConditionBeforeAndNow, above_appetite_condition
from riskreg.register.policy import Matrix

DAY = dt.timedelta(days=1)
# Days that whoever is asked has, where the request says nothing.
ANSWER_DAYS = 14
MAX_CONDITIONS = 20


class Act(StrEnum):
    """What can be done to an acceptance. Extending one is asking for another."""

    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"


# Every step there is; what is not here is refused.
NEXT: dict[tuple[str, str], str] = {
    (State.REQUESTED, Act.GRANT): State.GRANTED,
    (State.REQUESTED, Act.REFUSE): State.REFUSED,
    (State.REQUESTED, Act.WITHDRAW): State.WITHDRAWN,
    (State.GRANTED, Act.REVOKE): State.REVOKED,
    # By granting a later one of the same risk; nobody does it by itself.
    (State.GRANTED, Act.SUPERSEDE): State.SUPERSEDED,
}


class Block(StrEnum):
    """Why somebody may not do something."""

    STATE = "state"
    PARTY = "party"
    AUTHORITY = "authority"
    REQUESTER = "requester"
    ANSWERS_FOR_IT = "answers_for_it"
    NOT_REQUESTER = "not_requester"


@dataclass(frozen=True)
class ViewerRelation:
    """Who wants to do something, in relation to an acceptance: their ``role``, whether they act for
    the risk's party, asked for it themselves, and answer for the risk (also standing in)."""

    role: str
    same_party: bool
    requested_it: bool
    answers_for_it: bool


def has_authority(role: str, needed: str) -> bool:
    """Whether ``role`` is ``needed``, or above it; who has no authority at all never is."""
    return role in AUTHORITY and AUTHORITY.index(role) >= AUTHORITY.index(needed)


def roles_with_at_least_authority_of(needed: str) -> tuple[str, ...]:
    """The roles with at least the authority of ``needed``."""
    return AUTHORITY[AUTHORITY.index(needed) :]


def reason_blocked(act: str, state: str, needed: str, relation: ViewerRelation) -> Block | None:
    """What keeps who stands in ``relation`` to it from it; None for nothing. ``needed``: the role
    that the criteria name for the rating.

    Three pairs of eyes: who asks for an acceptance, who answers for the risk and who grants it.
    Taking a permission away is open to whoever could give it, and to whoever it was given to.
    """
    if (state, act) not in NEXT:
        return Block.STATE
    if act == Act.WITHDRAW:
        return None if relation.requested_it else Block.NOT_REQUESTER
    if not relation.same_party:
        return Block.PARTY
    if act == Act.REVOKE and relation.answers_for_it and relation.role in AUTHORITY:
        return None
    if not has_authority(relation.role, needed):
        return Block.AUTHORITY
    if act == Act.REVOKE:
        return None
    if relation.requested_it:
        return Block.REQUESTER
    return Block.ANSWERS_FOR_IT if relation.answers_for_it else None


# How long --------------------------------------------------------------------------------------
def last_possible_day(
    today: dt.date, first_granted_on: dt.date | None, matrix: Matrix, rating: str
) -> dt.date:
    """The last day on which an acceptance from ``today`` can end: within the cap of one, and within
    that of all of them since the first."""
    first = first_granted_on or today
    return min(
        today + matrix.most_days_accepted_at_once(rating) * DAY,
        first + matrix.most_days_accepted_in_all(rating) * DAY,
    )


# Whether it holds ------------------------------------------------------------------------------
class Stale(StrEnum):
    """What an acceptance stood on, and does not any more."""

    RATING = "rating_up"
    CRITERIA = "criteria_stricter"
    CONDITION = "condition_missed"


class Status(StrEnum):
    """How an acceptance stands on a day."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    STALE = "stale"
    EXPIRED = "expired"
    CLOSED = "closed"


def criteria_ask_no_more(
    frozen: Matrix, now: Matrix, rating: str, terms: Collection[str] = ()
) -> bool:
    """Whether the criteria ask no more of an acceptance of this rating, of a risk filed under
    ``terms``, than those did by which it was granted."""
    return times_and_role_ask_no_more(frozen, now, rating) and not any(
        then.is_met_by(terms) and not before.is_met_by(terms)
        for before, then in changed_appetite_conditions(frozen, now)
    )


def changed_appetite_conditions(frozen: Matrix, now: Matrix) -> list[ConditionBeforeAndNow]:
    """For each rating (those above appetite then, those above it now): the appetite is stricter now
    for a risk that is among the second and was not among the first. Only where
    ``times_and_role_ask_no_more`` compares the two."""
    if frozen.criteria.pk == now.criteria.pk:
        return []
    order, named = now.rating_keys, frozen.term_appetites
    pairs = [
        ConditionBeforeAndNow(
            above_appetite_condition(order, frozen.criteria.appetite, named, key),
            now.above_appetite_condition(key),
        )
        for key in order
    ]
    return [pair for pair in dict.fromkeys(pairs) if pair.before != pair.now]


def times_and_role_ask_no_more(frozen: Matrix, now: Matrix, rating: str) -> bool:
    """Whether the criteria name no higher role and no shorter time for this rating than those did,
    and their appetites can be compared: ratings that are gone, or go in another order where a term
    has an appetite of its own, cannot."""
    if frozen.criteria.pk == now.criteria.pk:
        return True
    known = {frozen.criteria.appetite, *frozen.term_appetites.values(), rating}
    if not known <= set(now.rating_keys):
        return False
    if frozen.term_appetites and _ratings_in_both(frozen, now) != _ratings_in_both(now, frozen):
        return False
    roles = [AUTHORITY.index(m.least_role_to_accept(rating)) for m in (frozen, now)]
    return (
        roles[1] <= roles[0]
        and now.most_days_accepted_at_once(rating) >= frozen.most_days_accepted_at_once(rating)
        and now.most_days_accepted_in_all(rating) >= frozen.most_days_accepted_in_all(rating)
    )


def ratings_that_cover(frozen: Matrix, now: Matrix, rating_now: str) -> list[str]:
    """The ratings of which an acceptance by the criteria ``frozen`` covers a risk that is rated
    ``rating_now``: that one, and those above it. None where the appetite is stricter by now for
    every risk; for which terms it is, where that depends on them, ``changed_appetite_conditions``
    says."""
    if rating_now not in now.rating_keys:
        return []
    if any(
        then.is_met_by_all and before.is_met_by_none
        for before, then in changed_appetite_conditions(frozen, now)
    ):
        return []
    above = now.rating_keys[now.rating_keys.index(rating_now) :]
    return [
        key
        for key in above
        if key in frozen.rating_keys and times_and_role_ask_no_more(frozen, now, key)
    ]


def _ratings_in_both(one: Matrix, other: Matrix) -> list[str]:
    return [key for key in one.rating_keys if key in other.rating_keys]


def stale_because(
    frozen: Matrix,
    now: Matrix,
    rating: str,
    rating_now: str | None,
    missed: bool,
    terms: Collection[str] = (),
) -> list[Stale]:
    """Everything that an acceptance of a risk filed under ``terms`` stood on and that moved;
    nothing for none."""
    found = []
    keys = now.rating_keys
    known = rating in keys
    if rating_now in keys and known and keys.index(rating_now) > keys.index(rating):
        found.append(Stale.RATING)
    if not known or not criteria_ask_no_more(frozen, now, rating, terms):
        found.append(Stale.CRITERIA)
    if missed:
        found.append(Stale.CONDITION)
    return found


def current_status(
    state: str, expires_on: dt.date, today: dt.date, stale: Iterable[Stale]
) -> Status:
    """How an acceptance stands today. One that ran out counts no more, whatever else it is."""
    if state == State.REQUESTED:
        return Status.WAITING
    if state != State.GRANTED:
        return Status.CLOSED
    if expires_on < today:
        return Status.EXPIRED
    return Status.STALE if any(stale) else Status.IN_FORCE
