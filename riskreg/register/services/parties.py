"""The parties of a register: added, renamed, and removed while nothing is theirs."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Forbidden, Invalid
from riskreg.kernel.localised import clean_names
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Invitation, Membership, Party, RefSequence, Register
from riskreg.register.people import parties_that_can_answer, party_for
from riskreg.register.permissions import require
from riskreg.register.services.founding import MAX_PARTIES, prefix_from_party_key
from riskreg.register.services.frame import check_name_free
from riskreg.register.services.named import key_from_name
from riskreg.register.services.party_requests import bring_in_party

_PREFIX = re.compile(r"^[A-Z]{1,3}\Z")
# What a party has from being there, and takes along.
_ITS_OWN = (RefSequence,)


@transaction.atomic
def add_party_or_ask_others(
    *, actor: Viewer, names: Any, key: Any = None, prefix: Any = None, at: dt.datetime
) -> Party | ChangeRequest:
    """Add a party, or return the request that waits for the others' yes (``bring_in_party``);
    without a key or a prefix (None) one is made from its name. Raises ``Forbidden``, ``Invalid``.
    """
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    known = list(Party.objects.filter(register=register))
    if len(known) >= MAX_PARTIES:
        text = _("A register has at most %d parties.") % MAX_PARTIES
        raise Invalid.one("key", "too_many", text)
    errors = Errors()
    clean = clean_names(errors, "names", names)
    for field, value in (("key", key), ("prefix", prefix)):
        if not isinstance(value, str | None):
            errors.add(field, "not_text", _("This must be text."))
    errors.raise_if_any()
    word = next(iter(clean.values()))
    chosen = key if key is not None else key_from_name(word, [p.key for p in known])
    letters = (
        prefix if prefix is not None else prefix_from_party_key(chosen, [p.prefix for p in known])
    )
    return bring_in_party(actor=actor, names=clean, key=chosen, prefix=letters, at=at)


@transaction.atomic
def edit_party(
    *, actor: Viewer, key: str, fields: Mapping[str, Any], version: int | None, at: dt.datetime
) -> Party:
    """Change a party's ``names``, or its ``prefix`` while no ref was given with it.

    By its own managers; by any manager while it has nobody who speaks for it. Nothing is logged
    where nothing differs. Raises ``NotFound``, ``Forbidden``, ``Invalid``; ``Conflict`` where
    somebody was faster.
    """
    party = _party_for_update(actor, key, version)
    errors = Errors()
    new: dict[str, Any] = {}
    others = Party.objects.filter(register=actor.register).exclude(pk=party.pk)
    if "names" in fields:
        new["names"] = clean_names(errors, "names", fields["names"])
        check_name_free(errors, new["names"], others)
    if "prefix" in fields:
        new["prefix"] = _clean_prefix(errors, party, fields["prefix"], others)
    errors.raise_if_any()
    changes = {
        name: [getattr(party, name), value]
        for name, value in new.items()
        if getattr(party, name) != value
    }
    if not changes:
        return party
    for name, pair in changes.items():
        setattr(party, name, pair[1])
    party.version += 1
    party.save(update_fields=[*changes, "version"])
    append(actor.entry("party.edited", party, at=at, changes=changes))
    return party


@transaction.atomic
def remove_party(*, actor: Viewer, key: str, version: int | None, at: dt.datetime) -> None:
    """Remove a party that nothing was ever of. Raises ``Invalid`` saying what is, and what
    ``edit_party`` raises."""
    party = _party_for_update(actor, key, version)
    if why := reason_party_stays_or_empty(actor, party):
        raise Invalid.one("party", "in_use", why)
    changes = {"names": [party.names, None], "prefix": [party.prefix, None]}
    entry = actor.entry("party.removed", party, at=at, changes=changes)
    RefSequence.objects.filter(party=party).delete()
    party.delete()
    append(entry)


def reason_party_stays_or_empty(actor: Viewer, party: Party) -> str:
    """Why a party cannot be removed, in a sentence; empty where it can."""
    values = {"party": party.name}
    if party == actor.party:
        return _("You act for %(party)s yourself.") % values
    if Membership.objects.filter(party=party).exists():
        return _("%(party)s has members, or had some: what they did stays theirs.") % values
    if Invitation.objects.filter(party=party).exists():
        return _("Somebody was invited for %(party)s, which the log keeps.") % values
    for relation in Party._meta.related_objects:
        model: Any = relation.related_model
        if model in (Membership, Invitation, *_ITS_OWN):
            continue
        if model._default_manager.filter(**{relation.field.name: party}).exists():
            return _("Something here is of %(party)s; it cannot be without it.") % values
    return ""


def may_change_party(actor: Viewer, party: Party) -> bool:
    """Whether the actor may rename a party, as far as it is a question of whose it is."""
    return party == actor.party or party not in parties_that_can_answer(actor.register)


def _party_for_update(actor: Viewer, key: str, version: int | None) -> Party:
    require(actor, "register.configure")
    party = party_for(actor, key, lock=True)
    if not may_change_party(actor, party):
        text = _("Managers of %(party)s change that.") % {"party": party.name}
        raise Forbidden(text)
    require_unchanged(party, version)
    return party


def _clean_prefix(errors: Errors, party: Party, value: Any, others: Any) -> str:
    if not isinstance(value, str) or not _PREFIX.match(value) or value == "R":
        errors.add("prefix", "malformed", _("A prefix is 1 to 3 capital letters, and not R."))
    elif value != party.prefix:
        if others.filter(prefix=value).exists():
            errors.add("prefix", "taken", _("Another party has this prefix."))
        if RefSequence.objects.filter(party=party).exists():
            text = _("Refs were given with %(prefix)s already, and a ref never changes.")
            errors.add("prefix", "in_use", text % {"prefix": party.prefix})
    return str(value)
