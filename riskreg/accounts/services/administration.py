"""What somebody else, or its owner, changes of an account itself: address, access, password.

Every way to do so comes through here, the admin's pages and the commands too: an event in the
system's chain tells who changed what, and a mail tells the owner, at the address they had before.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.notices import tell_owner
from riskreg.accounts.services.accounts import check_email_address, create_user, log_change
from riskreg.accounts.services.sign_in import delete_failed_attempts
from riskreg.events.services import store_personal_value
from riskreg.kernel.errors import Errors, Forbidden
from riskreg.kernel.text import clean_text

ACCOUNT_FIELDS = ("email", "name", "is_active", "is_staff", "is_superuser")
_VERBS = {
    "email": "user.address_changed",
    "name": "user.renamed",
    "is_active": "user.activity_changed",
    "is_staff": "user.access_changed",
    "is_superuser": "user.access_changed",
}
_PERSONAL = ("email", "name")
_ACCESS = ("is_active", "is_staff", "is_superuser")


def check_account_changes(errors: Errors, *, user: User, given: Mapping[str, Any]) -> None:
    """Note what speaks against ``change_account`` with the same arguments."""
    for name in set(given) - set(ACCOUNT_FIELDS):
        errors.add(name[:60], "unknown_field", _("There is no such setting."))
    if "email" in given:
        check_email_address(errors, str(given["email"]), account=user)
    if "name" in given:
        clean_text(errors, "name", given["name"], required=True, limit=120, one_line=True)
    gone = [name for name in ("is_active", "is_superuser") if given.get(name) is False]
    if gone and user.is_superuser and user.is_active:
        others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
        if not others.exists():
            errors.add(
                gone[0],
                "last_administrator",
                _("This is the last active administrator; make another one first."),
            )


@transaction.atomic
def change_account(*, user: User, at: dt.datetime, actor: User | None, **given: Any) -> User:
    """Change those of ``ACCOUNT_FIELDS`` that are given; ``actor`` None: the operator, by command.

    Raises ``Forbidden`` unless the actor is an administrator, ``Invalid`` naming the field.
    A new address ends every other address that the account could be reached at.
    """
    if actor is not None and not (actor.is_superuser and actor.is_active):
        raise Forbidden(_("Only an administrator changes accounts."))
    # All of them are locked, so that of two administrators not each takes the other's place away.
    list(User.objects.select_for_update().filter(is_superuser=True).order_by("pk"))
    user = User.objects.select_for_update().get(pk=user.pk)
    changes = _save_and_log_changes(user, given, at, actor)
    _tell_owner_of_changes(user, changes, at)
    return user


def _save_and_log_changes(
    user: User, given: dict[str, Any], at: dt.datetime, actor: User | None
) -> dict[str, list[Any]]:
    """Save and log what is given and differs; ``{field: [before, after]}``."""
    errors = Errors()
    check_account_changes(errors, user=user, given=given)
    errors.raise_if_any()
    if "email" in given:
        given["email"] = given["email"].strip().lower()
    if "name" in given:
        given["name"] = clean_text(errors, "name", given["name"], limit=120, one_line=True)
    changes = {
        name: [getattr(user, name), value]
        for name, value in given.items()
        if getattr(user, name) != value
    }
    if not changes:
        return {}
    for name, (_before, value) in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    if "email" in changes:
        EmailAddress.objects.filter(user=user).delete()
    for verb in dict.fromkeys(_VERBS[name] for name in changes):
        these = {
            name: _store_personal_pair_for_log(user, name, pair)
            for name, pair in changes.items()
            if _VERBS[name] == verb
        }
        log_change(user, verb, at, these, actor_for_log=actor, by_operator=actor is None)
    return changes


def _store_personal_pair_for_log(user: User, name: str, pair: list[Any]) -> list[Any]:
    """``pair`` as the event has it: what is personal stands beside it."""
    return [store_personal_value(user.uuid, value) for value in pair] if name in _PERSONAL else pair


@transaction.atomic
def create_administrator(*, email: str, name: str, password: str | None, at: dt.datetime) -> User:
    """Make an account that may do everything in the admin, by the operator.

    It has no mail of a change of its access, as an account has that was there before.
    """
    user = create_user(email=email, name=name, password=password, at=at)
    _save_and_log_changes(user, {"is_staff": True, "is_superuser": True}, at, None)
    return user


@transaction.atomic
def set_password(
    *, user: User, password: str | None, at: dt.datetime, actor_for_log: User | None
) -> None:
    """Set the password of an account; None: it has none. ``actor_for_log`` None: the operator.

    Sessions of the old one end with it, and failed attempts on the account are forgotten. The
    caller has checked that it is good enough. ``user`` is saved as it is otherwise.
    """
    user.password = make_password(password)
    user.save(update_fields=["password"])
    delete_failed_attempts(address=user.email)
    log_change(
        user,
        "user.password_set",
        at,
        {},
        actor_for_log=actor_for_log,
        by_operator=actor_for_log is None,
    )
    if actor_for_log is None or actor_for_log.pk != user.pk:
        # What one does oneself is told by the page where it is done.
        tell_owner(user, "password", at, key=f"password:{user.uuid}:{at.isoformat()}")


def _tell_owner_of_changes(user: User, changes: Mapping[str, Any], at: dt.datetime) -> None:
    stamp = f"{user.uuid}:{at.isoformat()}"
    before, after = changes.get("email", (user.email, user.email))
    if before != after:
        tell_owner(
            user, "address", at, key=f"address:{stamp}", address=before, before=before, after=after
        )
    access = {name: changes[name][1] for name in _ACCESS if name in changes}
    if access:
        tell_owner(user, "access", at, key=f"access:{stamp}", address=before, access=access)
