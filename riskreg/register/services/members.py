"""Members: who joins a register, and who leaves it."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.services import end_tokens_of_that_register_alone, revoke_tokens_and_calendar
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Absence, Membership, Party, Register, Role
from riskreg.register.services.change_answers import post_missed_change_if_first_to_answer
from riskreg.register.services.named import LogSubject


@transaction.atomic
def add_member(
    *, register: Register, user: User, role: str, party: Party | None, at: dt.datetime, by: User
) -> Membership:
    """Make ``user`` a member. Only viewers and auditors can be of no party."""
    errors = Errors()
    if role not in Role.values:
        errors.add("role", "unknown", _("Unknown role; use one of: %s.") % ", ".join(Role.values))
    elif party is None and role not in (Role.VIEWER, Role.AUDITOR):
        errors.add("party", "required", _("This role acts for a party; name it."))
    if Membership.objects.filter(register=register, user=user, ended_at=None).exists():
        errors.add("user", "already_member", _("This person is a member already."))
    errors.raise_if_any()
    membership = Membership.objects.create(
        register=register, user=user, role=role, party=party, created_at=at
    )
    changes = {"role": [None, role], "party": [None, party.key if party else None]}
    append(
        _viewer_without_party(register, by).entry(
            "member.added", _log_subject_of_user(user), at=at, changes=changes
        )
    )
    post_missed_change_if_first_to_answer(membership, at)
    return membership


@transaction.atomic
def end_membership(*, register: Register, user: User, at: dt.datetime, by: User) -> Membership:
    """End ``user``'s membership, and with it every right that hangs on it, at once (I15).

    What they read by is asked for anew each time: pages, tokens, calendar, inbox (``access``) and
    what still waits to be sent. Ended here is what would otherwise run on: their absences, their
    standing in for others, and, with their last membership, their tokens and calendar address.
    What they answer for stays theirs until it is handed over. For a change of party, end the
    membership and add another. Raises ``NotFound`` for who is no member.
    """
    membership = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("party")
        .filter(register=register, user=user, ended_at=None)
        .first()
    )
    if membership is None:
        raise NotFound(_("There is no such member."))
    membership.ended_at = at
    membership.save(update_fields=["ended_at"])
    actor = _viewer_without_party(register, by)
    party = membership.party.key if membership.party else None
    changes = {"role": [membership.role, None], "party": [party, None]}
    append(actor.entry("member.ended", _log_subject_of_user(user), at=at, changes=changes))
    rows = Absence.objects.select_for_update(of=("self",)).filter(register=register, ended_at=None)
    for row in rows.filter(user=user).order_by("pk"):
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        changes = {"user": [None, str(user.uuid)], "until_on": [str(row.until_on), None]}
        append(actor.entry("absence.ended", row, at=at, changes=changes))
    for row in rows.filter(stand_in=user).order_by("pk"):
        row.stand_in = None
        row.save(update_fields=["stand_in"])
        changes = {"stand_in": [str(user.uuid), None]}
        append(actor.entry("absence.changed", row, at=at, changes=changes))
    end_tokens_of_that_register_alone(user=user, register=register.uuid, at=at, by=by)
    if not Membership.objects.filter(user=user, ended_at=None).exists():
        revoke_tokens_and_calendar(user=user, at=at, by=by)
    return membership


def lock_people(register: Register) -> None:
    """Let who is in ``register`` change by one act at a time, until the transaction ends."""
    Register.objects.select_for_update(no_key=True).get(pk=register.pk)


def _viewer_without_party(register: Register, by: User) -> Viewer:
    return Viewer(user=by, register=register, role=Role.MANAGER, party=None)


def _log_subject_of_user(user: User) -> LogSubject:
    return LogSubject(user, str(user.uuid))
