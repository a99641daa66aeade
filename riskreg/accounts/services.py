"""Changes to accounts: preferences and API tokens."""

import datetime as dt
import secrets
import zoneinfo
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import ApiToken, Scope, User
from riskreg.accounts.policy import TOKEN_PREFIX, token_digest
from riskreg.events.services import Entry, append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text

MAX_TOKEN_DAYS = 366


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
) -> User:
    """Make an account. Raises ``Invalid`` naming the field for a bad name, language or zone."""
    errors = Errors()
    name = clean_text(errors, "name", name, required=True, limit=120, one_line=True)
    _check_preferences(errors, language, time_zone)
    try:
        validate_email(email)
    except ValidationError:
        errors.add("email", "malformed", _("This is not an e-mail address."))
        errors.raise_if_any()
    if User.objects.filter(email__iexact=email).exists():
        errors.add("email", "taken", _("There is an account with this e-mail address already."))
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
    _log(user, "user.created", at, {"language": [None, language], "time_zone": [None, time_zone]})
    return user


@transaction.atomic
def set_preferences(*, user: User, language: str, time_zone: str, at: dt.datetime) -> User:
    """Set the user's own language and time zone. Raises ``Invalid`` for unknown ones."""
    errors = Errors()
    _check_preferences(errors, language, time_zone)
    errors.raise_if_any()
    user = User.objects.select_for_update().get(pk=user.pk)
    changes = {
        field: [getattr(user, field), value]
        for field, value in (("language", language), ("time_zone", time_zone))
        if getattr(user, field) != value
    }
    if changes:
        user.language, user.time_zone = language, time_zone
        user.save(update_fields=["language", "time_zone"])
        _log(user, "user.preferences_set", at, changes)
    return user


@transaction.atomic
def create_token(
    *, user: User, scope: str, days: int, at: dt.datetime, name: str = ""
) -> tuple[ApiToken, str]:
    """Make a token for ``user`` that expires after ``days`` (1 to 366).

    Returns the row and the token itself, which is shown this once and never stored.
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
        expires_at=at + dt.timedelta(days=days),
        created_at=at,
    )
    _log(user, "token.created", at, {"scope": [None, scope], "prefix": [None, row.prefix]})
    return row, token


@transaction.atomic
def revoke_token(*, token: ApiToken, at: dt.datetime) -> None:
    """End a token now; ending it twice is no error."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        _log(token.user, "token.revoked", at, {"prefix": [token.prefix, None]})


def _check_preferences(errors: Errors, language: str, time_zone: str) -> None:
    if language not in dict(settings.LANGUAGES):
        errors.add("language", "unknown", _("This language is not offered; pick one of the list."))
    try:
        known = time_zone in zoneinfo.available_timezones()
    except TypeError:
        known = False
    if not known:
        errors.add(
            "time_zone", "unknown", _("There is no time zone of that name; pick one of the list.")
        )


def _log(user: User, verb: str, at: dt.datetime, changes: dict[str, list[str | None]]) -> None:
    append(
        Entry(
            audience=None,
            verb=verb,
            subject_type="user",
            subject_uuid=user.uuid,
            subject_ref=str(user.uuid),
            at=at,
            actor=user.uuid,
            changes=changes,
        )
    )


__all__ = ["Invalid", "create_token", "create_user", "revoke_token", "set_preferences"]
