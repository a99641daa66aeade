"""Accounts of programs: made by a manager for one register, called with tokens that end."""

import datetime as dt
import uuid
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import ApiToken
from riskreg.accounts.services import create_program_user, create_token, revoke_token
from riskreg.accounts.services.accounts import TokenWithSecret
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Forbidden, Invalid, NotFound
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.models import Membership, Role
from riskreg.register.people import manages_members_of, present_membership_of
from riskreg.register.permissions import require
from riskreg.register.services.members import add_member
from riskreg.register.services.named import LogSubject

DAYS_USUAL = 90


class NewProgram(NamedTuple):
    """A program's membership and its first token, with what the program is to send: told once."""

    membership: Membership
    token: ApiToken
    secret: str


@transaction.atomic
def create_program(
    *, actor: Viewer, name: Any, scope: Any, at: dt.datetime, days: Any = DAYS_USUAL
) -> NewProgram:
    """An account for a program of the actor's party, with its first token, shown this once.

    The token opens this register alone. Raises ``Forbidden``, ``Invalid`` naming the field.
    """
    require(actor, "member.manage")
    errors = Errors()
    name = clean_text(errors, "name", name, required=True, limit=120, one_line=True)
    errors.raise_if_any()
    user = create_program_user(name=name, at=at, actor_for_log=actor.user)
    row = add_member(
        register=actor.register,
        user=user,
        role=Role.INTEGRATION,
        party=actor.party,
        at=at,
        by=actor.user,
    )
    made = _create_and_log_token(actor, row, scope=scope, days=days, name=name, at=at)
    return NewProgram(row, made.token, made.secret)


@transaction.atomic
def add_program_token(
    *,
    actor: Viewer,
    program: uuid.UUID,
    scope: Any,
    at: dt.datetime,
    days: Any = DAYS_USUAL,
    name: str = "",
) -> TokenWithSecret:
    """Another token of a program, so that the one it uses can be replaced without a gap."""
    row = _program_to_manage(actor, program)
    return _create_and_log_token(actor, row, scope=scope, days=days, name=name, at=at)


@transaction.atomic
def end_program_token(
    *, actor: Viewer, program: uuid.UUID, token: uuid.UUID, at: dt.datetime
) -> ApiToken:
    """End a token now; ending it twice is no error. Raises ``NotFound``."""
    row = _program_to_manage(actor, program)
    found = ApiToken.objects.filter(user=row.user, register=actor.register.uuid, uuid=token).first()
    if found is None:
        raise NotFound(_("There is no such token."))
    if found.revoked_at is None:
        revoke_token(token=found, at=at, actor_for_log=actor.user)
        changes = {"prefix": [found.prefix, None]}
        append(
            actor.entry(
                "program.token_ended", _log_subject_of_program_user(row), at=at, changes=changes
            )
        )
        found.refresh_from_db()
    return found


def _program_to_manage(actor: Viewer, program: uuid.UUID) -> Membership:
    require(actor, "member.manage")
    row = present_membership_of(actor, program)
    if not row.user.is_program:
        raise NotFound(_("There is no such program."))
    if not manages_members_of(actor, row.party_id):
        raise Forbidden(_("This program belongs to another party; its managers look after it."))
    return row


def _create_and_log_token(
    actor: Viewer, row: Membership, *, scope: Any, days: Any, name: str, at: dt.datetime
) -> TokenWithSecret:
    if isinstance(days, bool) or not isinstance(days, int):
        raise Invalid.one("days", "out_of_range", _("A token lives 1 to 366 days."))
    made = create_token(
        user=row.user,
        scope=scope,
        days=days,
        name=name,
        register=actor.register.uuid,
        actor_for_log=actor.user,
        at=at,
    )
    changes = {
        "scope": [None, made.token.scope],
        "prefix": [None, made.token.prefix],
        "expires_at": [None, made.token.expires_at],
    }
    append(
        actor.entry("program.token_made", _log_subject_of_program_user(row), at=at, changes=changes)
    )
    return made


def _log_subject_of_program_user(row: Membership) -> LogSubject:
    return LogSubject(row.user, str(row.user.uuid))
