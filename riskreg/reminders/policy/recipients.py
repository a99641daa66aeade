"""Who hears of a rung. Pure functions of who is a member, who is away, and what they are."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from riskreg.duties.policy.ladder import DEPUTY, LEADERS, MANAGERS, OWNER, Rung
from riskreg.duties.policy.scope import DutyScope

# What somebody is to a duty that they are told of; ``models.Part`` stores these.
AS_OWNER, AS_DEPUTY, AS_MANAGER, AS_LEADER = "owner", "deputy", "manager", "leader"
# Named by the ladder; for one who is away; as nobody who answers for it is a member any more.
AS_NAMED, FOR_AWAY, STANDING_IN = "named", "for_away", "stand_in"

ANSWERS = ("owner", "manager", "leader")


@dataclass(frozen=True)
class Member:
    """Somebody of a register; ``role`` as in memberships."""

    user_id: int
    party_id: int
    role: str


@dataclass(frozen=True)
class Recipient:
    """Somebody to tell, and what they are to the duty. ``for_id``: who is away, if that is why."""

    user_id: int
    part: str
    for_id: int | None = None


@dataclass(frozen=True)
class Roster:
    """The people of one register on one day: members, and who of them is away.

    ``away`` maps whoever is away to who stands in for them, if anybody does; ``named`` the public
    ids that the ladder names to members.
    """

    members: Mapping[int, Member]
    away: Mapping[int, int | None] = field(default_factory=dict)
    named: Mapping[uuid.UUID, int] = field(default_factory=dict)

    @cached_property
    def _present_heads_by_role_and_party(self) -> Mapping[tuple[str, int], list[int]]:
        found: dict[tuple[str, int], list[int]] = {}
        for member in self.members.values():
            if member.role in ("manager", "leader") and member.user_id not in self.away:
                found.setdefault((member.role, member.party_id), []).append(member.user_id)
        return {key: sorted(users) for key, users in found.items()}

    def present_of_party(self, role: str, party: int) -> list[int]:
        """Managers or leaders of ``party`` who are there."""
        return self._present_heads_by_role_and_party.get((role, party), [])

    def fallback_contacts(self, party: int) -> list[int]:
        """Who is asked when nobody answers for something: managers, else leaders."""
        return self.present_of_party("manager", party) or self.present_of_party("leader", party)

    def may_receive(
        self, user: int | None, scope: DutyScope, roles: Collection[str] = ANSWERS
    ) -> bool:
        """Whether ``user`` is a member who may be told of ``scope``, away or not."""
        member = self.members.get(user) if user is not None else None
        if member is None or (roles and member.role not in roles):
            return False
        return not scope.private or member.party_id == scope.party_id

    def recipient_or_stand_in(
        self, user: int | None, scope: DutyScope, part: str, roles: Collection[str] = ANSWERS
    ) -> Recipient | None:
        """``user``, or who stands in while they are away; None when neither is there."""
        if user is None or not self.may_receive(user, scope, roles):
            return None
        if user not in self.away:
            return Recipient(user, part)
        other = self.away[user]
        if other is not None and other not in self.away and self.may_receive(other, scope):
            return Recipient(other, FOR_AWAY, user)
        return None


def recipients_or_fallback(rung: Rung, scope: DutyScope, roster: Roster) -> list[Recipient]:
    """Who is to be told of ``scope`` on ``rung``, most answerable first; empty: nobody at all.

    An owner who is gone or away without a stand-in is replaced by the deputy, then by the party's
    managers, then by its leaders; so is whoever else was to be told, when not one of them is there.
    What is a party's own is told to that party alone; managers and leaders are always those of the
    party whose matter it is.
    """
    notified: dict[int, Recipient] = {}

    def tell(found: Iterable[Recipient | None]) -> None:
        for recipient in found:
            if recipient is not None:
                notified.setdefault(recipient.user_id, recipient)

    if OWNER in rung.tells:
        tell([roster.recipient_or_stand_in(scope.owner_id, scope, AS_OWNER)])
    if DEPUTY in rung.tells or (OWNER in rung.tells and not notified):
        tell([roster.recipient_or_stand_in(scope.deputy_id, scope, AS_DEPUTY)])
    if not notified and (OWNER in rung.tells or DEPUTY in rung.tells):
        tell(_heads_of_party(scope, roster))
    if MANAGERS in rung.tells:
        tell(Recipient(user, AS_MANAGER) for user in roster.fallback_contacts(scope.party_id))
    if LEADERS in rung.tells:
        tell(Recipient(u, AS_LEADER) for u in roster.present_of_party("leader", scope.party_id))
    named = [roster.named.get(user) for user in rung.users]
    tell(roster.recipient_or_stand_in(user, scope, AS_NAMED, ()) for user in named)
    if not notified:
        tell([roster.recipient_or_stand_in(scope.owner_id, scope, AS_OWNER)])
    if not notified:
        tell([roster.recipient_or_stand_in(scope.deputy_id, scope, AS_DEPUTY)])
    if not notified:
        tell(_heads_of_party(scope, roster))
    return list(notified.values())


def _heads_of_party(scope: DutyScope, roster: Roster) -> list[Recipient]:
    """The heads of the party: for an owner or deputy who is away, or because both are gone."""
    away = next(
        (u for u in (scope.owner_id, scope.deputy_id) if roster.may_receive(u, scope)), None
    )
    part = STANDING_IN if away is None else FOR_AWAY
    return [Recipient(user, part, away) for user in roster.fallback_contacts(scope.party_id)]
