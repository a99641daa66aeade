"""Invitations: made, sent again, taken back, accepted. Each is one transaction with its events."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.services import create_user, set_preferences
from riskreg.events.services import append, append_all
from riskreg.kernel.after_commit import after_commit
from riskreg.kernel.errors import Conflict, Errors, FieldError, Forbidden, Invalid
from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.models import Invitation, Membership, Party, Role
from riskreg.register.people import (
    FOR_PEOPLE,
    WITHOUT_PARTY,
    acceptable_invitation_of,
    invitation_facts_for_event,
    invitation_looked_after_by,
    manages_members_of,
    roles_to_invite_to,
)
from riskreg.register.permissions import require
from riskreg.register.services.members import add_member, lock_people

SEND_DUE = "register.send_invitations"
COLUMNS = ("email", "role", "party", "language")
DAYS_USUAL, DAYS_MAX = 14, 90
MAX_ROWS = 2000
RESENT_AFTER = dt.timedelta(minutes=1)


@transaction.atomic
def invite(
    *,
    actor: Viewer,
    email: Any,
    role: Any,
    at: dt.datetime,
    party: Any = None,
    language: Any = None,
    days: Any = DAYS_USUAL,
) -> Invitation:
    """Invite somebody by mail to be ``role`` for ``party`` (its key; null: of none).

    Managers invite to their own party; the register's maker the first manager of another one, and
    whoever looks after them viewers and auditors of no party. Raises ``Forbidden``, ``Invalid``.
    """
    require(actor, "member.manage")
    errors = Errors()
    row = _Inviting(actor, days, at).build_invitation(
        errors, {"email": email, "role": role, "party": party, "language": language}
    )
    errors.raise_if_any()
    return _save_and_log_invitations(actor, [row], at)[0]


@dataclass(frozen=True)
class Invited:
    """What became of many: those that were made, and what is wrong by the number of the row."""

    made: list[Invitation]
    refused: dict[int, list[FieldError]]


@transaction.atomic
def invite_many(
    *,
    actor: Viewer,
    rows: Sequence[Mapping[str, Any]],
    at: dt.datetime,
    take_good: bool = False,
    days: Any = DAYS_USUAL,
) -> Invited:
    """Invite up to 2,000 people: all of them or, with ``take_good``, those whose row is right.

    Each row is {email, role, party?, language?}; rows count from 1. Without ``take_good`` any wrong
    row refuses all: then nothing is made, and ``refused`` says what is wrong with which.
    """
    require(actor, "member.manage")
    if not 1 <= len(rows) <= MAX_ROWS:
        raise Invalid.one("rows", "wrong_size", _("Send 1 to %d rows.") % MAX_ROWS)
    inviting = _Inviting(actor, days, at)
    good: list[Invitation] = []
    refused: dict[int, list[FieldError]] = {}
    for number, given in enumerate(rows, 1):
        errors = Errors()
        for name in set(given) - set(COLUMNS):
            errors.add(name[:60], "unknown_field", _unknown_column_text(name))
        row = inviting.build_invitation(errors, given)
        wrong = [error for noted in errors.fields.values() for error in noted]
        if wrong:
            refused[number] = wrong
        else:
            good.append(row)
    if refused and not take_good:
        return Invited([], refused)
    return Invited(_save_and_log_invitations(actor, good, at), refused)


class _Inviting:
    """Checks rows, having read once what they are checked against."""

    def __init__(self, actor: Viewer, days: Any, at: dt.datetime) -> None:
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= DAYS_MAX:
            raise Invalid.one(
                "days", "out_of_range", _("An invitation is good for 1 to %d days.") % DAYS_MAX
            )
        self.actor, self.at = actor, at
        lock_people(actor.register)
        self.expires_at = at + dt.timedelta(days=days)
        parties = Party.objects.filter(register=actor.register).order_by("pk")
        self.parties: dict[str | None, Party | None] = {None: None, **{p.key: p for p in parties}}
        self.roles = {key: roles_to_invite_to(actor, party) for key, party in self.parties.items()}
        there = Membership.objects.filter(register=actor.register, ended_at=None)
        self.members = {email.lower() for email in there.values_list("user__email", flat=True)}
        waiting = Invitation.objects.filter(
            register=actor.register, accepted_at=None, revoked_at=None
        )
        self.invited: set[tuple[str | None, str]] = set(waiting.values_list("party__key", "email"))
        self.asked: set[tuple[str | None, str]] = set()

    def build_invitation(self, errors: Errors, given: Mapping[str, Any]) -> Invitation:
        """The invitation that ``given`` asks for, not saved; what is wrong goes to ``errors``."""
        email = _clean_address(errors, given.get("email"))
        key = given.get("party") or None
        if key not in self.parties if isinstance(key, str | None) else True:
            known = ", ".join(str(k) for k in self.parties if k)
            message = _("There is no such party; parties are: %s.") % known
            errors.add("party", "unknown_party", message)
            key = None
        else:
            _check_role(errors, given.get("role"), self.parties[key], self.roles[key])
        language = given.get("language") or self.actor.user.language
        if language not in dict(settings.LANGUAGES):
            message = _("This language is not offered; pick one of the list.")
            errors.add("language", "unknown", message)
        if email in self.members:
            there = _("This person is a member already. What they are is changed under Members.")
            errors.add("email", "already_member", there)
        if email and (key, email) in self.asked:
            above = _("This address stands above already; leave this one out.")
            errors.add("email", "repeated", above)
        elif email and (key, email) in self.invited:
            errors.add(
                "email",
                "already_invited",
                _("This address is invited already; send that invitation again, or take it back."),
            )
        if not errors.fields:
            self.asked.add((key, email))
        return Invitation(
            register=self.actor.register,
            party=self.parties[key],
            role=str(given.get("role")),
            email=email,
            language=language,
            invited_by=self.actor.user,
            expires_at=self.expires_at,
            mail_due_at=self.at,
            created_at=self.at,
        )


def _unknown_column_text(name: str) -> str:
    if not name:
        return _("This line has more cells than there are columns.")
    values = {"name": name[:60], "all": ", ".join(COLUMNS)}
    return _("There is no column “%(name)s”; columns are: %(all)s.") % values


def _save_and_log_invitations(
    actor: Viewer, rows: list[Invitation], at: dt.datetime
) -> list[Invitation]:
    made = Invitation.objects.bulk_create(rows)
    append_all(
        [
            actor.entry(
                "invitation.made",
                row,
                at=at,
                changes={
                    name: [None, value] for name, value in invitation_facts_for_event(row).items()
                },
            )
            for row in made
        ]
    )
    after_commit(SEND_DUE)
    return made


@transaction.atomic
def resend_invitation(
    *,
    actor: Viewer,
    invitation: uuid.UUID,
    version: int | None,
    at: dt.datetime,
    days: int = DAYS_USUAL,
) -> Invitation:
    """Send it again, good for ``days`` from now; links of earlier mails do not work any more.

    Raises ``Invalid`` for one that is over, or within a minute of the last time.
    """
    row = _open_invitation_for_update(actor, invitation, version)
    if row.sent_at is not None and at - row.sent_at < RESENT_AFTER:
        raise Invalid.one(
            "invitation", "too_early", _("It was sent less than a minute ago. Wait a little.")
        )
    row.issue += 1
    row.expires_at = at + dt.timedelta(days=days)
    row.mail_due_at, row.mail_attempts = at, 0
    row.version += 1
    row.save(update_fields=["issue", "expires_at", "mail_due_at", "mail_attempts", "version"])
    changes = {"expires_at": [None, row.expires_at]}
    append(actor.entry("invitation.sent_again", row, at=at, changes=changes))
    after_commit(SEND_DUE)
    return row


@transaction.atomic
def revoke_invitation(
    *, actor: Viewer, invitation: uuid.UUID, version: int | None, at: dt.datetime
) -> Invitation:
    """Take it back: its link opens nothing now. Raises ``Invalid`` for one that is over."""
    row = _open_invitation_for_update(actor, invitation, version)
    row.revoked_at, row.mail_due_at = at, None
    row.version += 1
    row.save(update_fields=["revoked_at", "mail_due_at", "version"])
    changes = {name: [value, None] for name, value in invitation_facts_for_event(row).items()}
    append(actor.entry("invitation.revoked", row, at=at, changes=changes))
    return row


@transaction.atomic
def anonymise_address_in_past_invitations(address: str, instead: str, at: dt.datetime) -> int:
    """Name ``instead`` in invitations to ``address`` that are over; how many."""
    to_them = Invitation.objects.filter(email__iexact=address)
    waiting = to_them.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)
    return to_them.exclude(pk__in=list(waiting.values_list("pk", flat=True))).update(email=instead)


@transaction.atomic
def accept_invitation(*, token: str, user: User, at: dt.datetime) -> Viewer:
    """Become a member, as somebody who has an account already.

    Raises ``Forbidden`` for whoever it was not sent to, and for a link that is over.
    """
    row = acceptable_invitation_of(token, at, lock=True)
    lock_people(row.register)
    if user.email.lower() != row.email.lower():
        raise Forbidden(
            _(
                "This invitation is for %(address)s, and you are signed in as %(own)s. Sign out, "
                "and open the link again."
            )
            % {"address": row.email, "own": user.email}
        )
    if Membership.objects.filter(register=row.register, user=user, ended_at=None).exists():
        raise Forbidden(_("You are a member of this register already; there is nothing to accept."))
    return _save_accepted_and_add_member(row, user, at)


@transaction.atomic
def accept_with_new_account(
    *, token: str, name: str, password: str, at: dt.datetime, **preferences: Any
) -> tuple[User, Viewer]:
    """Make the account of whom it was sent to, and their membership.

    The caller has checked that the password is good enough. Raises ``Forbidden`` where there is an
    account of that address: they sign in first. ``Invalid`` names what is wrong.
    """
    row = acceptable_invitation_of(token, at, lock=True)
    lock_people(row.register)
    if User.objects.filter(email__iexact=row.email).exists():
        raise Forbidden(_("You have an account already: sign in, and open the link again."))
    user = create_user(email=row.email, name=name, password=password, at=at)
    if preferences:
        user = set_preferences(user=user, at=at, **preferences)
    return user, _save_accepted_and_add_member(row, user, at)


def _save_accepted_and_add_member(row: Invitation, user: User, at: dt.datetime) -> Viewer:
    row.accepted_at, row.accepted_by, row.mail_due_at = at, user, None
    row.version += 1
    row.save(update_fields=["accepted_at", "accepted_by", "mail_due_at", "version"])
    add_member(register=row.register, user=user, role=row.role, party=row.party, at=at, by=user)
    viewer = viewer_for(user, row.register.slug)
    append(viewer.entry("invitation.accepted", row, at=at, changes={"by": [None, str(user.uuid)]}))
    return viewer


def _open_invitation_for_update(actor: Viewer, name: uuid.UUID, version: int | None) -> Invitation:
    row = invitation_looked_after_by(actor, name, lock=True)
    if version is not None and version != row.version:
        raise Conflict(_("Somebody has changed this invitation since you looked."), row)
    if row.accepted_at is not None:
        raise Invalid.one(
            "invitation",
            "wrong_state",
            _("This invitation has been accepted: its person is a member."),
        )
    if row.revoked_at is not None:
        raise Invalid.one(
            "invitation", "wrong_state", _("This invitation was taken back. Invite them anew.")
        )
    party_id = row.party.pk if row.party else None
    if not manages_members_of(actor, party_id) and row.invited_by_id != actor.user.pk:
        raise Forbidden(_("You do this for invitations to your own party alone."))
    return row


def _clean_address(errors: Errors, email: Any) -> str:
    text = email.strip().lower() if isinstance(email, str) else ""
    try:
        if not is_storable(text):
            raise ValidationError("")
        validate_email(text)
    except ValidationError:
        errors.add("email", "malformed", _("This is not an e-mail address."))
        return ""
    if len(text) > 254:
        errors.add("email", "malformed", _("This is not an e-mail address."))
        return ""
    return text


def _check_role(errors: Errors, role: Any, party: Party | None, may: tuple[str, ...]) -> None:
    if role == Role.INTEGRATION:
        errors.add("role", "program", _("A program is not invited: make a program account for it."))
        return
    if role not in FOR_PEOPLE:
        errors.add("role", "unknown", _("Unknown role; use one of: %s.") % ", ".join(FOR_PEOPLE))
        return
    if not may:
        whose = party.name if party else _("no party")
        errors.add(
            "party",
            "not_yours",
            _(
                "You do not invite people of %(party)s; a manager of it does. Where it has none, "
                "whoever made the register invites its first one."
            )
            % {"party": whose},
        )
    elif role not in may and party is None:
        errors.add(
            "party",
            "needs_party",
            _("Without a party somebody can be: %s. Name a party for this role.")
            % ", ".join(WITHOUT_PARTY),
        )
    elif role not in may:
        errors.add(
            "role",
            "not_yours_to_give",
            _("There you invite the first manager alone; who then invites the others."),
        )
