"""What can be taken from the system of a person who has left, taken."""

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.services.forgetting import FORGOTTEN_DOMAIN, forget_account
from riskreg.kernel.errors import Invalid
from riskreg.notify.models import Message
from riskreg.notify.services.emptying import empty_messages
from riskreg.register.models import Invitation, Membership
from riskreg.register.services.invitations import anonymise_address_in_past_invitations
from riskreg.requests.services import delete_requests_and_drafts


@transaction.atomic
def forget_person(*, user: User, at: dt.datetime) -> dict[str, int]:
    """Take from the system what names ``user``, and end what they could do; how many of each.

    They must have left every register: what they answered for is somebody else's by then. Chains
    stay as they are. Raises ``Invalid`` that says what is in the way.
    """
    there = Membership.objects.filter(user=user, ended_at=None).order_by("register__slug")
    if slugs := list(there.values_list("register__slug", flat=True)):
        raise Invalid.one("user", "already_member", _(
            "Still a member of %(all)s. End the membership there first (Register settings, People)"
            ", and hand over what they answer for."
        ) % {"all": ", ".join(slugs)})  # fmt: skip
    address = user.email
    _require_no_open_invitation(address, at)
    found = forget_account(user=user, at=at)
    user.refresh_from_db()
    found["invitations"] = anonymise_address_in_past_invitations(address, user.email, at)
    to_them = Message.objects.filter(Q(recipient=user.uuid) | Q(address=address))
    found["messages"] = empty_messages(to_them, at)
    found["requests"] = delete_requests_and_drafts(user)
    return found


@transaction.atomic
def forget_invited(*, address: str, at: dt.datetime) -> dict[str, int]:
    """Take ``address`` from the system, of somebody who was invited and never had an account.

    How many of each. Raises ``Invalid`` while an invitation to it waits.
    """
    _require_no_open_invitation(address, at)
    instead = f"former-{uuid.uuid4().hex}@{FORGOTTEN_DOMAIN}"
    to_them = Message.objects.filter(address__iexact=address)
    return {
        "invitations": anonymise_address_in_past_invitations(address, instead, at),
        "messages": empty_messages(to_them, at),
    }


def _require_no_open_invitation(address: str, at: dt.datetime) -> None:
    waiting = Invitation.objects.filter(
        email__iexact=address, accepted_at=None, revoked_at=None, expires_at__gt=at
    )
    if slugs := list(waiting.order_by("pk").values_list("register__slug", flat=True)):
        raise Invalid.one(
            "user",
            "already_invited",
            _("An invitation to this address waits in %(all)s. Take it back there first.")
            % {"all": ", ".join(slugs)},
        )
