"""Of a person who has left nothing stays but that there was somebody."""

import datetime as dt

from allauth.account.models import EmailAddress
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction

from riskreg.accounts.models import ApiToken, CalendarFeed, User
from riskreg.accounts.services.accounts import log_change, revoke_token
from riskreg.accounts.services.administration import check_account_changes
from riskreg.accounts.services.sign_in import delete_failed_attempts
from riskreg.events.services import erase_personal_values
from riskreg.kernel.errors import Errors

# RFC 2606: no mail can ever be delivered there.
FORGOTTEN_DOMAIN = "forgotten.invalid"


@transaction.atomic
def forget_account(*, user: User, at: dt.datetime) -> dict[str, int]:
    """Take name, address, password, tokens and records of sign-ins from ``user``, by the operator.

    The account stays, switched off, under a name that says nothing, since everything done with it
    names it by its id; its events stay as they are, and what stood beside them is erased. How many
    rows of each kind were deleted or ended. Twice is as once. Raises ``Invalid`` for the last
    administrator.
    """
    list(User.objects.select_for_update().filter(is_superuser=True).order_by("pk"))
    user = User.objects.select_for_update().get(pk=user.pk)
    errors = Errors()
    check_account_changes(errors, user=user, given={"is_active": False})
    errors.raise_if_any()
    address = user.email
    found = {
        "tokens": _revoke_and_unname_tokens_and_feeds(user, at),
        "sign_ins": _delete_sign_in_records(address),
    }
    delete_failed_attempts(address=address)
    found["sessions"] = _delete_sessions(user)
    found["addresses"] = EmailAddress.objects.filter(user=user).delete()[0]
    found["values"] = erase_personal_values(user.uuid)
    first = user.forgotten_at is None
    if first:
        number = User.objects.exclude(forgotten_at=None).count() + 1
        user.name = f"Former member {number}"
        user.names = {"en": user.name, "zh-hans": f"前成员 {number}"}
    user.email = f"former-{user.uuid.hex}@{FORGOTTEN_DOMAIN}"
    user.is_active = user.is_staff = user.is_superuser = user.digest_by_mail = False
    user.holiday_calendar, user.time_zone = "", "UTC"
    user.last_login, user.forgotten_at = None, user.forgotten_at or at
    user.set_unusable_password()
    user.save()
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(user.pk)).update(object_repr=user.name)
    if first:
        log_change(user, "user.forgotten", at, {}, by_operator=True)
    return found


def _revoke_and_unname_tokens_and_feeds(user: User, at: dt.datetime) -> int:
    live = ApiToken.objects.filter(user=user, revoked_at=None).order_by("pk")
    for token in live:
        revoke_token(token=token, at=at)
    ApiToken.objects.filter(user=user).update(name="")
    feeds = CalendarFeed.objects.filter(user=user, revoked_at=None).update(revoked_at=at)
    return len(live) + feeds


def _delete_sign_in_records(address: str) -> int:
    models = (AccessLog, AccessFailureLog, AccessAttempt)
    return sum(m.objects.filter(username__iexact=address).delete()[0] for m in models)


def _delete_sessions(user: User) -> int:
    """What a session holds can only be known by opening each; there are no more than people."""
    mine = [
        session.pk
        for session in Session.objects.all().iterator()
        if session.get_decoded().get("_auth_user_id") == str(user.pk)
    ]
    return Session.objects.filter(pk__in=mine).delete()[0]
