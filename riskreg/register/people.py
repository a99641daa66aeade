"""Who is in a register, who is invited, and whom the viewer may manage. Reads only."""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import F, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from riskreg.accounts.models import ApiToken, User
from riskreg.kernel.errors import Forbidden, NotFound
from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer
from riskreg.register.models import Invitation, Membership, Party, Register, Role
from riskreg.register.permissions import Reach, reach_of, require_not_archived

WITHOUT_PARTY = (Role.VIEWER, Role.AUDITOR)
# Programs are made, not invited: nobody reads their mail.
FOR_PEOPLE = (Role.VIEWER, Role.OWNER, Role.MANAGER, Role.LEADER, Role.AUDITOR)
_SIGNER = Signer(salt="riskreg.invitation", sep=".")


def active_managers_of_party(register_id: int, party_id: int | None) -> QuerySet[Membership]:
    """The managers of a party, as long as they have an active account."""
    return Membership.objects.filter(
        Q(party_id=party_id) if party_id else Q(party=None),
        register_id=register_id,
        role=Role.MANAGER,
        ended_at=None,
        user__is_active=True,
    )


def is_maker_who_manages(viewer: Viewer) -> bool:
    """Whether the viewer, a manager, made the register."""
    return (
        viewer.role == Role.MANAGER
        and viewer.register.made_by_id is not None
        and viewer.register.made_by_id == viewer.user.pk
    )


def manages_members_of(viewer: Viewer, party_id: int | None) -> bool:
    """Whether the viewer may invite, change and end members of that party (null: of none).

    Managers do for their own party. Members of no party see what is shared by all: the register's
    maker looks after them, and once the maker manages nothing here any more, every manager does.
    """
    if reach_of(viewer, "member.manage") is Reach.NONE:
        return False
    if party_id is not None:
        return party_id == viewer.party_id
    maker = viewer.register.made_by_id
    if maker is None or maker == viewer.user.pk:
        return True
    there = Membership.objects.filter(
        register=viewer.register,
        user_id=maker,
        role=Role.MANAGER,
        ended_at=None,
        user__is_active=True,
    )
    return not there.exists()


def managerless_parties_to_invite_for(viewer: Viewer) -> list[Party]:
    """Parties to which the viewer may invite a manager, as they have none.

    The register's maker does. Once the maker manages nothing here any more every manager does, for
    a party that never had anybody: nothing is there yet that somebody could be let in to see.
    """
    if not manages_members_of(viewer, None):
        return []
    rows = Party.objects.filter(register=viewer.register).order_by("pk")
    lacking = [p for p in rows if not active_managers_of_party(viewer.register.pk, p.pk).exists()]
    if is_maker_who_manages(viewer):
        return lacking
    had = Membership.objects.filter(party__in=lacking).values_list("party", flat=True)
    return [p for p in lacking if p.pk not in set(had)]


def managerless_parties_not_invited_yet(viewer: Viewer, at: dt.datetime) -> list[Party]:
    """Those of ``managerless_parties_to_invite_for`` whose first manager was not asked yet, or too
    long ago to answer."""
    lacking = managerless_parties_to_invite_for(viewer)
    if not lacking:
        return []
    asked = Invitation.objects.filter(
        register=viewer.register,
        role=Role.MANAGER,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=at,
    )
    keys = set(asked.values_list("party", flat=True))
    return [party for party in lacking if party.pk not in keys]


def roles_to_invite_to(viewer: Viewer, party: Party | None) -> tuple[str, ...]:
    """The roles that the viewer may invite somebody to, in that party or in none."""
    if manages_members_of(viewer, party.pk if party else None):
        return FOR_PEOPLE if party else WITHOUT_PARTY
    if party is not None and party in managerless_parties_to_invite_for(viewer):
        return (Role.MANAGER,)
    return ()


def present_membership_of(viewer: Viewer, user: uuid.UUID) -> Membership:
    """The present membership of that person, active account or not. Raises ``NotFound``."""
    row = (
        Membership.objects.select_related("user", "party")
        .filter(register=viewer.register, user__uuid=user, ended_at=None)
        .first()
    )
    if row is None:
        raise NotFound(_("There is no such member."))
    return row


def invitations_looked_after_by(viewer: Viewer) -> QuerySet[Invitation]:
    """Invitations that the viewer looks after, newest first: of their party, and their own.

    Those to no party as well for who manages such members; none for who manages nobody.
    """
    if reach_of(viewer, "member.manage") is Reach.NONE:
        return Invitation.objects.none()
    mine = Q(party_id=viewer.party_id) | Q(invited_by=viewer.user)
    if manages_members_of(viewer, None):
        mine |= Q(party=None)
    return (
        Invitation.objects.select_related("party", "invited_by", "accepted_by")
        .filter(mine, register=viewer.register)
        .order_by("-pk")
    )


def open_invitations(viewer: Viewer) -> QuerySet[Invitation]:
    """Those of ``invitations_looked_after_by`` that wait for an answer, or could be sent again."""
    return invitations_looked_after_by(viewer).filter(accepted_at=None, revoked_at=None)


def invitation_looked_after_by(
    viewer: Viewer, name: uuid.UUID, *, lock: bool = False
) -> Invitation:
    """One of ``invitations_looked_after_by``. Raises ``NotFound``."""
    rows = invitations_looked_after_by(viewer)
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uuid=name).first()
    if row is None:
        raise NotFound(_("There is no such invitation."))
    return row


def party_for(viewer: Viewer, key: str, *, lock: bool = False) -> Party:
    """The party of that key. Raises ``NotFound``."""
    rows = Party.objects.filter(register=viewer.register)
    rows = rows.select_for_update(no_key=True) if lock else rows
    party = rows.filter(key=key).first() if is_storable(key) else None
    if party is None:
        raise NotFound(_("There is no such party."))
    return party


def parties_that_can_answer(register: Register) -> list[Party]:
    """The parties of which a manager or a leader is there, who can say yes or no for them."""
    speakers = Membership.objects.filter(
        register=register,
        role__in=[Role.MANAGER, Role.LEADER],
        ended_at=None,
        user__is_active=True,
    )
    rows = Party.objects.filter(register=register, pk__in=speakers.values("party"))
    return list(rows.order_by("pk"))


def invitation_token(row: Invitation) -> str:
    """What the newest link of an invitation carries."""
    return _SIGNER.sign(f"{row.uuid.hex}-{row.issue}")


def acceptable_invitation_of(token: str, at: dt.datetime, *, lock: bool = False) -> Invitation:
    """The invitation that a link leads to, while it can be accepted.

    Raises ``NotFound`` for what is no link of ours, ``Forbidden`` for one that is over, with the
    way on.
    """
    try:
        name, _dash, issue = _SIGNER.unsign(token if is_storable(token) else "").partition("-")
        which = uuid.UUID(name)
    except (BadSignature, ValueError):
        raise NotFound(_("There is no such invitation.")) from None
    rows = Invitation.objects.select_related("register", "party", "invited_by")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uuid=which).first()
    if row is None:
        raise NotFound(_("There is no such invitation."))
    if row.accepted_at is not None:
        raise Forbidden(_("This invitation has been accepted already. Sign in."))
    require_not_archived(row.register)
    who = str(row.invited_by)
    if row.revoked_at is not None:
        raise Forbidden(
            _("This invitation was taken back. Ask %(name)s for another one.") % {"name": who}
        )
    if issue != str(row.issue):
        raise Forbidden(_("There is a newer mail with this invitation; use the link in that one."))
    if row.expires_at <= at:
        raise Forbidden(
            _("This invitation has expired. Ask %(name)s to send it again.") % {"name": who}
        )
    return row


def invitation_state(row: Invitation, at: dt.datetime) -> str:
    """How an invitation stands: waiting, expired, accepted or revoked."""
    if row.accepted_at is not None:
        return "accepted"
    if row.revoked_at is not None:
        return "revoked"
    return "waiting" if row.expires_at > at else "expired"


def unsent_invitation_count(at: dt.datetime) -> int:
    """How many invitations in all registers are good, and their mail failed and has not gone."""
    return Invitation.objects.filter(
        mail_attempts__gt=0, sent_at=None, accepted_at=None, revoked_at=None, expires_at__gt=at,
        register__archived_at=None,
    ).count()  # fmt: skip


def present_members(viewer: Viewer) -> QuerySet[Membership]:
    """Every present membership, oldest first, also of accounts that are switched off."""
    return (
        Membership.objects.select_related("user", "party")
        .filter(register=viewer.register, ended_at=None)
        .order_by("pk")
    )


def latest_membership_id_subquery(viewer: Viewer, user: uuid.UUID) -> Subquery:
    """The key of somebody's latest membership, for the cursor of a list."""
    rows = Membership.objects.filter(register=viewer.register, user__uuid=user)
    return Subquery(rows.order_by("-pk").values("pk")[:1])


def programs_of_own_party(viewer: Viewer) -> QuerySet[Membership]:
    """Present programs of the viewer's party, oldest first."""
    return present_members(viewer).filter(user__is_program=True, party=viewer.party)


def account_at_address_of(row: Invitation) -> User | None:
    """The account of whom an invitation was sent to; null: they have none yet."""
    return User.objects.filter(email__iexact=row.email).first()


def tokens_of_programs(viewer: Viewer, users: Collection[User]) -> dict[int, list[ApiToken]]:
    """Tokens of programs for this register, newest first, ended ones last: {user: tokens}."""
    found: dict[int, list[ApiToken]] = {user.pk: [] for user in users}
    rows = ApiToken.objects.filter(user__in=users, register=viewer.register.uuid)
    for row in rows.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-pk"):
        found[row.user_id].append(row)
    return found


def last_sign_in_if_shown(viewer: Viewer, row: Membership) -> dt.datetime | None:
    """When a member last signed in, for who manages them and for themselves; else null."""
    if row.user_id != viewer.user.pk and not manages_members_of(viewer, row.party_id):
        return None
    return row.user.last_login


def invitation_facts_for_event(row: Invitation) -> dict[str, Any]:
    """What an event tells of an invitation: the address to its own party alone."""
    body = {"role": row.role, "party": row.party.key if row.party else None}
    return body if row.party is None else {**body, "email": row.email}
