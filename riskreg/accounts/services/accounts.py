"""Changes to accounts: preferences, API tokens and calendar addresses."""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import ApiToken, CalendarFeed, Scope, User
from riskreg.accounts.policy import TOKEN_PREFIX, WEEKDAYS, calendar_exists, token_digest
from riskreg.events.services import Entry, append
from riskreg.kernel.clock import time_zones
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text

MAX_TOKEN_DAYS = 366
# RFC 2606: no mail can ever be delivered there.
PROGRAM_DOMAIN = "programs.invalid"
PREFERENCES = (
    "language", "time_zone", "digest_hour", "working_days", "holiday_calendar", "digest_by_mail",
)  # fmt: skip


@transaction.atomic
def create_user(
    *,
    email: str,
    name: str,
    password: str | None,
    at: dt.datetime,
    language: str = "en",
    time_zone: str = "UTC",
    names: Mapping[str, str] | None = None,
    actor_for_log: User | None = None,
) -> User:
    """Make an account, by ``actor_for_log``, whose right to it the caller checks (None: by itself).

    Raises ``Invalid`` naming the field for a bad name, language or zone.
    """
    errors = Errors()
    name = clean_text(errors, "name", name, required=True, limit=120, one_line=True)
    _check_preferences(errors, {"language": language, "time_zone": time_zone})
    check_email_address(errors, email)
    errors.raise_if_any()
    user = User.objects.create_user(
        email,
        password,
        name=name,
        names=dict(names or {}),
        language=language,
        time_zone=time_zone,
        created_at=at,
    )
    changes = {"language": [None, language], "time_zone": [None, time_zone]}
    log_change(user, "user.created", at, changes, actor_for_log=actor_for_log)
    return user


@transaction.atomic
def create_program_user(*, name: str, at: dt.datetime, actor_for_log: User) -> User:
    """Make the account of a program: without a password, at an address that reaches nobody."""
    address = f"program-{secrets.token_hex(8)}@{PROGRAM_DOMAIN}"
    user = create_user(email=address, name=name, password=None, at=at, actor_for_log=actor_for_log)
    user.is_program, user.digest_by_mail = True, False
    user.save(update_fields=["is_program", "digest_by_mail"])
    return user


@transaction.atomic
def set_preferences(
    *, user: User, at: dt.datetime, actor_for_log: User | None = None, **given: Any
) -> User:
    """Set those of the user's own settings that are given, see ``PREFERENCES``.

    Raises ``Invalid`` naming each that is unknown or out of range. A holiday calendar that is not
    known any more may stay as it is.
    """
    errors = Errors()
    for name in set(given) - set(PREFERENCES):
        errors.add(name[:60], "unknown_field", _("There is no such setting."))
    _check_preferences(errors, given, present_calendar=user.holiday_calendar)
    errors.raise_if_any()
    if "working_days" in given:
        given["working_days"] = sorted(set(given["working_days"]))
    user = User.objects.select_for_update().get(pk=user.pk)
    changes = {
        name: [getattr(user, name), value]
        for name, value in given.items()
        if getattr(user, name) != value
    }
    if changes:
        for name, (_before, value) in changes.items():
            setattr(user, name, value)
        user.save(update_fields=list(changes))
        log_change(user, "user.preferences_set", at, changes, actor_for_log=actor_for_log)
    return user


@transaction.atomic
def replace_calendar_secret(*, user: User, at: dt.datetime) -> str:
    """A new secret for the user's calendar address; one there was before ends.

    Returns the secret itself, which is shown this once and never stored.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    CalendarFeed.objects.filter(user=user, revoked_at=None).update(revoked_at=at)
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(user=user, digest=token_digest(secret), created_at=at)
    log_change(user, "calendar.made", at, {})
    return secret


@transaction.atomic
def revoke_calendar_feed(*, user: User, at: dt.datetime) -> None:
    """End the user's calendar address; where there is none it is no error."""
    if CalendarFeed.objects.filter(user=user, revoked_at=None).update(revoked_at=at):
        log_change(user, "calendar.revoked", at, {})


class TokenWithSecret(NamedTuple):
    """A token, and what its program is to send: told once, and never stored."""

    token: ApiToken
    secret: str


@transaction.atomic
def create_token(
    *,
    user: User,
    scope: str,
    days: int,
    at: dt.datetime,
    name: str = "",
    register: uuid.UUID | None = None,
    actor_for_log: User | None = None,
) -> TokenWithSecret:
    """Make a token for ``user`` that expires after ``days`` (1 to 366).

    ``register`` (its public id) is the only one that it opens; null: all that the user is in.
    The token itself is shown this once and never stored.
    """
    errors = Errors()
    if scope not in Scope.values:
        errors.add(
            "scope",
            "unknown",
            _("Unknown scope; use one of: %(all)s.") % {"all": ", ".join(Scope.values)},
        )
    if not 1 <= days <= MAX_TOKEN_DAYS:
        errors.add("days", "out_of_range", _("A token lives 1 to 366 days."))
    errors.raise_if_any()
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user,
        name=name[:80],
        prefix=token[:10],
        digest=token_digest(token),
        scope=scope,
        register=register,
        expires_at=at + dt.timedelta(days=days),
        created_at=at,
    )
    changes = {"scope": [None, scope], "prefix": [None, row.prefix]}
    log_change(user, "token.created", at, changes, actor_for_log=actor_for_log)
    return TokenWithSecret(row, token)


@transaction.atomic
def revoke_token(*, token: ApiToken, at: dt.datetime, actor_for_log: User | None = None) -> None:
    """End a token now; ending it twice is no error."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        log_change(
            token.user,
            "token.revoked",
            at,
            {"prefix": [token.prefix, None]},
            actor_for_log=actor_for_log,
        )


@transaction.atomic
def end_tokens_of_that_register_alone(
    *, user: User, register: uuid.UUID, at: dt.datetime, by: User
) -> None:
    """End the tokens of ``user`` that open that register alone."""
    rows = ApiToken.objects.filter(user=user, register=register, revoked_at=None)
    for token in rows.select_related("user").order_by("pk"):
        revoke_token(token=token, at=at, actor_for_log=by)


@transaction.atomic
def revoke_tokens_and_calendar(*, user: User, at: dt.datetime, by: User) -> None:
    """End every token and the calendar address of ``user``, who is no member of anything now."""
    for token in ApiToken.objects.filter(user=user, revoked_at=None).order_by("pk"):
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=at)
        log_change(user, "token.revoked", at, {"prefix": [token.prefix, None]}, actor_for_log=by)
    if CalendarFeed.objects.filter(user=user, revoked_at=None).update(revoked_at=at):
        log_change(user, "calendar.revoked", at, {}, actor_for_log=by)


def _check_preferences(
    errors: Errors, given: Mapping[str, Any], present_calendar: str = ""
) -> None:
    if given.get("language", "en") not in dict(settings.LANGUAGES):
        errors.add("language", "unknown", _("This language is not offered; pick one of the list."))
    try:
        known = given.get("time_zone", "UTC") in time_zones()
    except TypeError:
        known = False
    if not known:
        errors.add(
            "time_zone", "unknown", _("There is no time zone of that name; pick one of the list.")
        )
    hour = given.get("digest_hour", 0)
    if isinstance(hour, bool) or not isinstance(hour, int) or not 0 <= hour <= 23:
        errors.add("digest_hour", "out_of_range", _("An hour is a whole number from 0 to 23."))
    days = given.get("working_days", WEEKDAYS)
    fine = isinstance(days, list | tuple) and all(
        isinstance(d, int) and not isinstance(d, bool) and d in WEEKDAYS for d in days
    )
    if not fine:
        errors.add(
            "working_days", "unknown", _("Working days are numbers from 1 (Monday) to 7 (Sunday).")
        )
    elif not days:
        errors.add(
            "working_days", "required", _("Name at least one: a digest comes on working days only.")
        )
    calendar = given.get("holiday_calendar", "")
    if calendar != present_calendar and not calendar_exists(calendar):
        errors.add(
            "holiday_calendar",
            "unknown",
            _("There is no holiday calendar of that code; pick one of the list."),
        )
    if not isinstance(given.get("digest_by_mail", True), bool):
        errors.add("digest_by_mail", "not_a_boolean", _("This must be true or false."))


def check_email_address(errors: Errors, email: str, account: User | None = None) -> None:
    """Note what speaks against ``email`` as the address of an account (None: of a new one)."""
    try:
        validate_email(email)
    except ValidationError:
        errors.add("email", "malformed", _("This is not an e-mail address."))
        return
    others = User.objects.exclude(pk=account.pk) if account else User.objects.all()
    if others.filter(email__iexact=email).exists():
        errors.add("email", "taken", _("There is an account with this e-mail address already."))


def log_change(
    user: User,
    verb: str,
    at: dt.datetime,
    changes: dict[str, Any],
    *,
    actor_for_log: User | None = None,
    by_operator: bool = False,
) -> None:
    """Log what was done to an account: by ``actor_for_log``, None: by its owner, or by the
    operator's command."""
    append(
        Entry(
            audience=None,
            verb=verb,
            subject_type="user",
            subject_uuid=user.uuid,
            subject_ref=str(user.uuid),
            at=at,
            actor=None if by_operator else (actor_for_log or user).uuid,
            changes=changes,
        )
    )


__all__ = [
    "PREFERENCES",
    "Invalid",
    "check_email_address",
    "create_program_user",
    "create_token",
    "create_user",
    "end_tokens_of_that_register_alone",
    "log_change",
    "replace_calendar_secret",
    "revoke_calendar_feed",
    "revoke_token",
    "revoke_tokens_and_calendar",
    "set_preferences",
]
