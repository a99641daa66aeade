"""The ladder: which rung a duty is on, and who hears of it. Pure functions of values and a day."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Whom a rung tells.
OWNER, DEPUTY, MANAGERS = "owner", "deputy", "managers"
# What somebody is to a duty that they are told of; ``models.Part`` stores these.
AS_OWNER, AS_DEPUTY, AS_MANAGER, STANDING_IN = "owner", "deputy", "manager", "stand_in"


@dataclass(frozen=True)
class Rung:
    """From ``offset_days`` after the due date on (negative: before it), these are told."""

    key: str
    offset_days: int
    tells: tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """Somebody of a register who can answer for things there; ``role`` as in memberships."""

    user_id: int
    party_id: int
    role: str


@dataclass(frozen=True)
class Recipient:
    """Somebody to tell, and what they are to the duty."""

    user_id: int
    part: str


LADDER: tuple[Rung, ...] = (
    Rung("early", -14, (OWNER,)),
    Rung("due", 0, (OWNER, DEPUTY)),
    Rung("late", 7, (OWNER, DEPUTY, MANAGERS)),
)


def rung_at(ladder: Sequence[Rung], due_on: dt.date, today: dt.date) -> Rung | None:
    """The highest rung that has come by ``today``; None before the first."""
    days = (today - due_on).days
    return next((rung for rung in reversed(ladder) if days >= rung.offset_days), None)


def below(ladder: Sequence[Rung], rung: Rung) -> list[Rung]:
    """The rungs lower than ``rung``, lowest first."""
    return [r for r in ladder if r.offset_days < rung.offset_days]


def reached(ladder: Sequence[Rung], today: dt.date) -> list[tuple[Rung, dt.date]]:
    """Each rung with the last due date that has reached it by ``today``, highest rung first."""
    return [(rung, today - dt.timedelta(days=rung.offset_days)) for rung in reversed(ladder)]


def recipients(
    tells: Sequence[str],
    *,
    owner: int | None,
    deputy: int | None,
    party: int,
    private: bool,
    members: Mapping[int, Member],
) -> list[Recipient]:
    """Who is to be told, most answerable first; empty when there is nobody at all.

    ``members`` are those who are present and can answer for things, by user id. An owner who is
    not among them is stood in for by the deputy, then by the party's managers, then by its leaders.
    What is a party's own is told to that party alone.
    """

    def able(user: int | None) -> bool:
        member = members.get(user) if user is not None else None
        return member is not None and (not private or member.party_id == party)

    def of_party(role: str) -> list[int]:
        return sorted(m.user_id for m in members.values() if (m.role, m.party_id) == (role, party))

    heads = of_party("manager") or of_party("leader")
    told: dict[int, str] = {}
    if OWNER in tells and able(owner):
        told[owner] = AS_OWNER  # type: ignore[index]
    if able(deputy) and (DEPUTY in tells or not told):
        told[deputy] = AS_DEPUTY  # type: ignore[index]
    if not told:
        return [Recipient(user, STANDING_IN) for user in heads]
    if MANAGERS in tells:
        for user in heads:
            told.setdefault(user, AS_MANAGER)
    return [Recipient(user, part) for user, part in told.items()]
