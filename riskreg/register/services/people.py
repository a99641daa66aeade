"""Changing what a member may do, and ending a membership, by who may."""

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Membership, Party, Role
from riskreg.register.people import (
    FOR_PEOPLE,
    WITHOUT_PARTY,
    active_managers_of_party,
    manages_members_of,
    present_membership_of,
)
from riskreg.register.services.change_answers import post_missed_change_if_first_to_answer
from riskreg.register.services.members import end_membership, lock_people
from riskreg.register.services.named import LogSubject


@transaction.atomic
def change_role(
    *, actor: Viewer, user: uuid.UUID, role: Any, version: int | None, at: dt.datetime
) -> Membership:
    """Give a member another role in the same party.

    Raises ``Forbidden`` for members of another party, ``Invalid`` for a role that they cannot have
    and for the last manager of a party, ``Conflict`` for another version than was seen.
    """
    row = lock_member_without_permission_check(actor, user, version)
    if not manages_members_of(actor, row.party_id):
        raise Forbidden(_other_party_refusal_text(row))
    if row.user.is_program or role == Role.INTEGRATION:
        raise Invalid.one(
            "role", "program", _("A program stays one, and a person does not become one.")
        )
    if role not in FOR_PEOPLE:
        raise Invalid.one(
            "role", "unknown", _("Unknown role; use one of: %s.") % ", ".join(FOR_PEOPLE)
        )
    if row.party is None and role not in WITHOUT_PARTY:
        raise Invalid.one(
            "role",
            "needs_party",
            _("Without a party somebody can be: %s. Name a party for this role.")
            % ", ".join(WITHOUT_PARTY),
        )
    if role == row.role:
        return row
    require_party_keeps_a_manager(row, "role")
    before, row.role = row.role, role
    row.version += 1
    row.save(update_fields=["role", "version"])
    changes = {"role": [before, role]}
    append(
        actor.entry(
            "member.changed", LogSubject(row.user, str(row.user.uuid)), at=at, changes=changes
        )
    )
    post_missed_change_if_first_to_answer(row, at)
    return row


@transaction.atomic
def remove_member(
    *, actor: Viewer, user: uuid.UUID, version: int | None, at: dt.datetime
) -> Membership:
    """End a membership: of somebody of the actor's party, or the actor's own.

    What they answer for is the caller's affair (``handover.services.end_member``). Raises as
    ``change_role`` does.
    """
    row = lock_member_to_remove(actor, user, version)
    return end_membership(register=actor.register, user=row.user, at=at, by=actor.user)


def lock_member_to_remove(actor: Viewer, user: uuid.UUID, version: int | None) -> Membership:
    """The membership, locked, that ``remove_member`` would end; it raises what that raises."""
    row = lock_member_without_permission_check(actor, user, version)
    if row.user_id != actor.user.pk and not manages_members_of(actor, row.party_id):
        raise Forbidden(_other_party_refusal_text(row))
    require_party_keeps_a_manager(row, "user")
    return row


def lock_member_without_permission_check(
    actor: Viewer, user: uuid.UUID, version: int | None
) -> Membership:
    """The membership, locked with its register's other managers; see ``change_role``."""
    # Of two managers who leave at once, one must find the other gone.
    lock_people(actor.register)
    row = present_membership_of(actor, user)
    if version is not None and version != row.version:
        raise Conflict(_("This member's role was changed since you looked."), row)
    return row


def require_party_keeps_a_manager(leaving: Membership, error_field: str) -> None:
    """Raise ``Invalid`` on that field if nobody else manages the party (or those of none)."""
    if leaving.role != Role.MANAGER:
        return
    managers = active_managers_of_party(leaving.register_id, leaving.party_id)
    if not managers.exclude(pk=leaving.pk).exists():
        party = leaving.party.name if isinstance(leaving.party, Party) else ""
        raise Invalid.one(
            error_field,
            "last_manager",
            _("%(name)s is the last manager of %(party)s; make somebody else a manager first.")
            % {"name": leaving.user, "party": party},
        )


def _other_party_refusal_text(row: Membership) -> str:
    whose = row.party.name if row.party else _("no party")
    return _("This is a member of %(party)s: managers of it change that.") % {"party": whose}
