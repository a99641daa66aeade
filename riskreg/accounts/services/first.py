"""The first account of an empty system: a link that is good for an hour, and what it makes."""

import datetime as dt
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.mails import page_address
from riskreg.accounts.models import User
from riskreg.accounts.services.accounts import set_preferences
from riskreg.accounts.services.administration import create_administrator
from riskreg.kernel.errors import Forbidden, NotFound

GOOD_FOR = dt.timedelta(hours=1)
CLOCKS_DIFFER = dt.timedelta(minutes=1)
_SIGNER = Signer(salt="riskreg.first-account", sep=".")


def no_account_exists() -> bool:
    """Whether nobody has an account yet."""
    return not User.objects.exists()


def first_account_link_or_empty(at: dt.datetime) -> str:
    """The address of the page that makes the first account; empty where there is an account.

    Good for an hour, for whoever has it. Nothing of it is kept: it is signed with SECRET_KEY.
    """
    if not no_account_exists():
        return ""
    return page_address("web:first_account", token=_SIGNER.sign(str(int(at.timestamp()))))


def require_valid_first_account_link(token: str, at: dt.datetime) -> None:
    """Raise ``NotFound`` for what is no link of ours, ``Forbidden`` for one that opens nothing."""
    try:
        made = dt.datetime.fromtimestamp(int(_SIGNER.unsign(token)), dt.UTC)
    except (BadSignature, ValueError, OverflowError):
        raise NotFound(_("There is no such page.")) from None
    if not no_account_exists():
        raise Forbidden(_("There is an account already, so this link makes none. Sign in."))
    if not -CLOCKS_DIFFER <= at - made <= GOOD_FOR:
        raise Forbidden(
            _(
                "This link was good for an hour, and that is over. Start the system again for "
                "another, or run manage.py create_admin."
            )
        )


@transaction.atomic
def make_first_account(
    *, token: str, email: str, name: str, password: str, at: dt.datetime, **preferences: Any
) -> User:
    """The administrator whom the link makes; ``preferences``: their language and time zone.

    The caller has checked that the password is good enough. Of two at once one is refused.
    """
    require_valid_first_account_link(token, at)
    user = create_administrator(email=email, name=name, password=password, at=at)
    # The account's event locks the system's chain until commit, so whoever was faster is seen.
    if User.objects.exclude(pk=user.pk).exists():
        raise Forbidden(_("There is an account already, so this link makes none. Sign in."))
    return set_preferences(user=user, at=at, **preferences) if preferences else user
