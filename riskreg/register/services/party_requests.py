"""Another party in a register that has some: it comes to see everything that is shared, so those
that are there agree first (I12)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from riskreg.register.access import Viewer
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_words import party_added_lines, party_added_title
from riskreg.register.models import Party, Register
from riskreg.register.permissions import require
from riskreg.register.services.change_requests import Proposal, ask_others_or_note_agreed
from riskreg.register.services.frame import add_party, clean_names_of_new_party

PARTY = "party"


@transaction.atomic
def bring_in_party(
    *,
    actor: Viewer,
    key: str,
    names: Any,
    prefix: str,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Party | ChangeRequest:
    """Add a party to the actor's register, or return the request that waits for the others' yes.

    While nobody else can speak for a party, as in a register that is being set up, it is there at
    once. Raises what ``add_party`` raises, and ``Forbidden``.
    """
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    names = clean_names_of_new_party(register, key, names, prefix)
    asked = ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=PARTY,
            content={"key": key, "names": names, "prefix": prefix},
            before={},
            after={"names": names, "prefix": prefix},
            asks=True,
        ),
        at,
        agreed=agreed,
    )
    if asked.is_open:
        return asked
    return add_party(register=register, key=key, names=names, prefix=prefix, at=at, by=actor.user)


def _apply_new_party(*, content: Mapping[str, Any], **given: Any) -> Any:
    return bring_in_party(**content, **given)


def register_change_kinds() -> None:
    """Let parties be asked for."""
    register_change_kind(ChangeKind(PARTY, party_added_title, party_added_lines, _apply_new_party))
