"""A party's own appetite: set, changed and ended by its managers, told to its own people alone."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Errors
from riskreg.kernel.localised import clean_names
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.appetite import MAX_TERM_APPETITES
from riskreg.register.changes import all_values_as_changes, set_changed_in_memory, time_text
from riskreg.register.cleaning import clean_given, clean_value
from riskreg.register.models import OwnAppetite, Party, Register, Term
from riskreg.register.own_appetite_fields import OWN_APPETITE, REASON_MAX
from riskreg.register.own_appetites import own_appetite_in_force_for, own_appetites_in_force_for
from riskreg.register.permissions import require
from riskreg.register.policy import Matrix, check_sourced
from riskreg.register.terms import find_usable_terms
from riskreg.register.visibility import Visibility

FIELDS = tuple(field.name for field in OWN_APPETITE.settable)


@transaction.atomic
def set_own_appetite(
    *,
    actor: Viewer,
    rating: Any,
    reasons: Any,
    term: Any = None,
    label: Any = "judgement",
    at: dt.datetime,
) -> OwnAppetite:
    """Say up to which ``rating`` the actor's party itself is content with a threat, and why: with
    those filed under ``term`` (``taxonomy:term``), or in general (None).

    It may be stricter or looser than the common appetite. Raises ``Invalid`` naming every wrong
    field, also where the party has one for that term already; ``Forbidden``.
    """
    require(actor, "own_appetite.edit")
    party = actor.party
    assert party is not None  # noqa: S101 - a role that may do this acts for a party
    _lock_register(actor)
    errors = Errors()
    given = {"term": term, "rating": rating, "reasons": reasons, "label": label}
    clean = _clean_own_appetite(errors, actor, party, given)
    _check_no_other_for_term(errors, actor, clean.get("term"))
    if own_appetites_in_force_for(actor).count() > MAX_TERM_APPETITES:
        text = _("A party has at most %(n)d own appetites; end one first.")
        errors.add("term", "too_many", text % {"n": MAX_TERM_APPETITES + 1})
    errors.raise_if_any()
    row = OwnAppetite.objects.create(
        register=actor.register,
        party=party,
        visibility=Visibility.PARTY,
        set_by=actor.user,
        set_at=at,
        created_at=at,
        **clean,
    )
    changes = all_values_as_changes(OWN_APPETITE, row, {})
    append(actor.entry("own_appetite.set", row, at=at, changes=changes))
    return row


@transaction.atomic
def change_own_appetite(
    *,
    actor: Viewer,
    appetite: UUID,
    fields: Mapping[str, Any],
    version: int | None = None,
    at: dt.datetime,
) -> OwnAppetite:
    """Change what ``fields`` names of an own appetite of the actor's party.

    Raises ``NotFound``, ``Forbidden``, ``Invalid``; ``Conflict`` where somebody was faster. Nothing
    is logged where nothing differs.
    """
    _lock_register(actor)
    row = own_appetite_in_force_for(actor, appetite, lock=True)
    require(actor, "own_appetite.edit", row)
    require_unchanged(row, version)
    errors = Errors()
    clean = _clean_own_appetite(errors, actor, row.party, fields, row)
    if "term" in clean and not errors.has_any_on("term"):
        _check_no_other_for_term(errors, actor, clean["term"], row)
    errors.raise_if_any()
    changes = set_changed_in_memory(OWN_APPETITE, row, clean)
    if changes:
        changes |= set_changed_in_memory(OWN_APPETITE, row, {"set_by": actor.user, "set_at": at})
        row.version += 1
        row.save(update_fields=[*changes, "version"])
        append(actor.entry("own_appetite.changed", row, at=at, changes=changes))
    return row


@transaction.atomic
def end_own_appetite(
    *, actor: Viewer, appetite: UUID, version: int | None = None, at: dt.datetime
) -> OwnAppetite:
    """Let an own appetite of the actor's party hold no more; another can be set in its place.

    Raises ``NotFound`` where it has ended already, ``Forbidden``; ``Conflict`` where somebody was
    faster.
    """
    _lock_register(actor)
    row = own_appetite_in_force_for(actor, appetite, lock=True)
    require(actor, "own_appetite.edit", row)
    require_unchanged(row, version)
    row.ended_at, row.version = at, row.version + 1
    row.save(update_fields=["ended_at", "version"])
    changes = {"ended_at": [None, time_text(at)]}
    append(actor.entry("own_appetite.ended", row, at=at, changes=changes))
    return row


def _lock_register(actor: Viewer) -> None:
    """One at a time in a register: no two find the same term free, and a term that goes out of use
    meanwhile is waited for."""
    Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)


def _clean_own_appetite(
    errors: Errors,
    actor: Viewer,
    party: Party,
    given: Mapping[str, Any],
    current: OwnAppetite | None = None,
) -> dict[str, Any]:
    """What is given, checked, with the term as a row."""
    clean = clean_given(
        errors,
        actor,
        OWN_APPETITE,
        given,
        party=party,
        visibility=Visibility.PARTY,
        current=current,
        special={
            "term": partial(_clean_term, errors, actor, current),
            "rating": partial(_clean_rating, errors, actor, current),
            "reasons": partial(_clean_reasons, errors),
        },
    )
    # There is no place to name a source: it is somebody's choice.
    check_sourced(errors, "label", clean.get("label"), False)
    return clean


def _clean_term(
    errors: Errors, actor: Viewer, current: OwnAppetite | None, value: Any
) -> Term | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        text = _("Name a term, as taxonomy:term, or none for all other risks.")
        errors.add("term", "malformed", text)
        return None
    held = [current.term_id] if current and current.term_id else []
    return next(iter(find_usable_terms(actor, errors, "term", [value], held=lambda: held)), None)


def _clean_rating(errors: Errors, actor: Viewer, current: OwnAppetite | None, value: Any) -> str:
    rating = clean_value(errors, OWN_APPETITE["rating"], value)
    keys = Matrix(actor.criteria).rating_keys
    # One that criteria have dropped stays where nobody chooses another.
    kept = current is not None and rating == current.rating
    if rating and rating not in keys and not kept:
        text = _("There is no rating %(rating)s; choose one of: %(all)s.")
        values = {"rating": rating, "all": ", ".join(keys)}
        errors.add("rating", "unknown_rating", text % values)
    return str(rating)


def _clean_reasons(errors: Errors, value: Any) -> dict[str, str]:
    if not value:
        text = _("Say why in a sentence, as text or as {language: text}.")
        errors.add("reasons", "required", text)
        return {}
    return clean_names(errors, "reasons", value, REASON_MAX)


def _check_no_other_for_term(
    errors: Errors, actor: Viewer, term: Term | None, but: OwnAppetite | None = None
) -> None:
    """Note that the party has one for ``term`` (None: in general) already, other than ``but``."""
    if errors.has_any_on("term"):
        return
    others = own_appetites_in_force_for(actor).filter(term=term)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if not others.exists():
        return
    if term is None:
        text = _("Your party has a general one already; change that one, or name a term.")
    else:
        text = _("Your party has one for %(name)s already; change that one.") % {"name": term.name}
    errors.add("term", "taken", text)
