"""Who may do what to a decision, in which state, and what it stood on. Pure functions."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from riskreg.decisions.models import DecisionState as State
from riskreg.decisions.policy.acceptances import criteria_ask_no_more, has_authority
from riskreg.register.policy import Matrix

KEYS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_OPTIONS = 12
MAX_COSTS = 20
MAX_DECIDERS = 12
MAX_RISKS = 50


class Act(StrEnum):
    """What can be done to a decision."""

    PROPOSE = "propose"
    RETRACT = "retract"
    DECIDE = "decide"
    AGREE = "agree"
    OBJECT = "object"
    REJECT = "reject"
    LAPSE = "lapse"
    START = "start"
    REVISIT = "revisit"
    CLOSE = "close"
    SUPERSEDE = "supersede"


# Every step there is; what is not here is refused.
NEXT: dict[tuple[str, str], str] = {
    (State.DRAFT, Act.PROPOSE): State.PROPOSED,
    (State.DRAFT, Act.LAPSE): State.LAPSED,
    (State.PROPOSED, Act.RETRACT): State.DRAFT,
    # Where other parties are asked as well, it is decided with the last yes.
    (State.PROPOSED, Act.DECIDE): State.DECIDED,
    (State.PROPOSED, Act.AGREE): State.DECIDED,
    (State.PROPOSED, Act.OBJECT): State.DRAFT,
    (State.PROPOSED, Act.REJECT): State.REJECTED,
    (State.PROPOSED, Act.LAPSE): State.LAPSED,
    # By meeting the last condition that comes before it; nobody does it by itself.
    (State.DECIDED, Act.START): State.IN_FORCE,
    (State.IN_FORCE, Act.REVISIT): State.REVISITED,
    (State.REVISITED, Act.REVISIT): State.REVISITED,
    (State.REVISITED, Act.CLOSE): State.CLOSED,
    # By deciding another that says that it replaces this one.
    (State.DECIDED, Act.SUPERSEDE): State.SUPERSEDED,
    (State.IN_FORCE, Act.SUPERSEDE): State.SUPERSEDED,
    (State.REVISITED, Act.SUPERSEDE): State.SUPERSEDED,
}
# What is done by itself, in the course of something else.
BY_ITSELF = (Act.START, Act.SUPERSEDE)
# In these it stands on something that can move.
STANDING = (State.PROPOSED, State.DECIDED, State.IN_FORCE, State.REVISITED)
STANDS = (State.DECIDED, State.IN_FORCE, State.REVISITED)


class Block(StrEnum):
    """Why somebody may not do something."""

    STATE = "state"
    EDITOR = "editor"
    REQUESTER = "requester"
    DECIDER = "decider"
    AUTHORITY = "authority"
    RULED = "ruled"
    NO_RULING = "no_ruling"
    VOTED = "voted"
    NOT_DUE = "not_due"
    REVIEWER = "reviewer"


@dataclass(frozen=True)
class ViewerRelation:
    """Who wants to do something, in relation to a decision: whether they may change its draft,
    asked for it (or put it forward), are named as one who decides and have the authority, and may
    say what became of it."""

    edits: bool
    requested_it: bool
    decides: bool
    has_authority: bool
    reviews: bool


@dataclass(frozen=True)
class Situation:
    """How a decision stands: its state, whether somebody has ruled, whether the viewer's party has
    said yes to that, and whether its day has passed."""

    state: str
    ruled: bool = False
    party_agreed: bool = False
    overdue: bool = False


def reason_blocked(act: str, situation: Situation, relation: ViewerRelation) -> Block | None:
    """What keeps who stands in ``relation`` to it from it; None for nothing. Who asks does not
    decide, nor tell what became of what they forecast."""
    if (situation.state, act) not in NEXT or act in BY_ITSELF:
        return Block.STATE
    if act in (Act.PROPOSE, Act.RETRACT):
        return None if relation.edits else Block.EDITOR
    if act == Act.LAPSE:
        if not (relation.edits or relation.decides):
            return Block.EDITOR
        return None if situation.overdue else Block.NOT_DUE
    if act in (Act.REVISIT, Act.CLOSE):
        if relation.requested_it:
            return Block.REQUESTER
        return None if relation.reviews else Block.REVIEWER
    return _block_of_deciding(act, situation, relation)


def _block_of_deciding(act: str, situation: Situation, relation: ViewerRelation) -> Block | None:
    if relation.requested_it:
        return Block.REQUESTER
    if not relation.decides:
        return Block.DECIDER
    if not relation.has_authority:
        return Block.AUTHORITY
    if act in (Act.DECIDE, Act.REJECT):
        return Block.RULED if situation.ruled else None
    if not situation.ruled:
        return Block.NO_RULING
    return Block.VOTED if situation.party_agreed else None


def state_after(state: str, act: str, agreed: Collection[int], asked: Collection[int]) -> str:
    """The state that ``act`` leads to: a ruling waits until every party that is ``asked`` is among
    those that ``agreed`` (database ids)."""
    if act in (Act.DECIDE, Act.AGREE) and not set(asked) <= set(agreed):
        return state
    return NEXT[state, act]


# Who decides -----------------------------------------------------------------------------------
def highest_rating_or_worst_if_unrated(ratings: Collection[str | None], matrix: Matrix) -> str:
    """The highest of ``ratings``; of what nobody has rated, or not by these criteria, the highest
    there is: the authority for the unknown is that for the worst."""
    keys = matrix.rating_keys
    if not ratings or any(rating not in keys for rating in ratings):
        return keys[-1]
    return keys[max(keys.index(str(rating)) for rating in ratings)]


def may_decide(role: str, needed: str) -> bool:
    """Whether somebody of ``role`` has the authority that ``needed`` names."""
    return has_authority(role, needed)


# What it stood on ------------------------------------------------------------------------------
class Stale(StrEnum):
    """What a decision stood on, and does not any more."""

    RATING = "rating_moved"
    CRITERIA = "criteria_stricter"
    CONDITION = "condition_missed"


class RatingMove(NamedTuple):
    """How a risk was rated then, and how it is now; None: it is not."""

    then: str | None
    now: str | None


def moved_ratings_by_risk(
    basis: Mapping[str, str | None], now: Mapping[str, str | None]
) -> dict[str, RatingMove]:
    """By public id of a risk, of those whose rating moved. One that is not among ``now`` is not
    rated any more."""
    return {
        risk: RatingMove(then, now.get(risk))
        for risk, then in basis.items()
        if now.get(risk) != then
    }


def stale_because(
    state: str,
    basis: Mapping[str, str | None],
    now: Mapping[str, str | None],
    frozen: Matrix | None,
    current: Matrix,
    missed: bool,
    terms: Iterable[Collection[str]] = (),
) -> list[Stale]:
    """Everything that it stood on and that moved; nothing for what stands on nothing (a draft, or
    what is over). ``terms``: what each risk that it touches is filed under."""
    if state not in STANDING or frozen is None:
        return []
    found = [Stale.RATING] if moved_ratings_by_risk(basis, now) else []
    worst = highest_rating_or_worst_if_unrated(list(basis.values()), frozen)
    filed = list(terms) or [()]
    if worst not in current.rating_keys or not all(
        criteria_ask_no_more(frozen, current, worst, of_risk) for of_risk in filed
    ):
        found.append(Stale.CRITERIA)
    if missed and state in STANDS:
        found.append(Stale.CONDITION)
    return found


def is_overdue(state: str, due_on: dt.date, today: dt.date) -> bool:
    """Whether it should have been decided by now."""
    return state in (State.DRAFT, State.PROPOSED) and due_on < today
