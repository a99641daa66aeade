"""A register made in one step, with its parties, its first manager and a classification."""

import copy
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Forbidden, Invalid, NotFound
from riskreg.kernel.localised import clean_names
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.frame_templates import (
    CLASSIFICATIONS,
    DEFAULT_SCALE,
    NO_CLASSIFICATION,
    SCALES,
    classification_template,
    scale_template,
)
from riskreg.register.models import Party, Register, Role
from riskreg.register.permissions import may_make_registers
from riskreg.register.queries import taxonomies_for
from riskreg.register.services.frame import add_party, create_register
from riskreg.register.services.members import add_member
from riskreg.register.services.terms import add_taxonomy

MAX_PARTIES = 20
# What the guided set-up asks after the register itself, in this order.
SETUP_STEPS = ("parties", "scale", "classification", "people", "risk")


@transaction.atomic
def found_register(
    *,
    by: User,
    slug: str,
    names: Any,
    parties: Sequence[Mapping[str, Any]],
    acts_for: str,
    currency: str,
    time_zone: str,
    at: dt.datetime,
    languages: list[str] | None = None,
    descriptions: Any = None,
    notices: Any = None,
    criteria: Mapping[str, Any] | None = None,
    scale: str = DEFAULT_SCALE,
    classification: str = NO_CLASSIFICATION,
    copy_of: str = "",
    steps: Collection[str] = (),
    by_operator: bool = False,
    request_id: str = "",
) -> Viewer:
    """Make a register whose maker is manager of the party ``acts_for``; they are its first viewer.

    ``parties``: each {key, names, prefix}, without a prefix one is chosen. ``copy_of``: the slug of
    a register that the maker is in, whose criteria, axes and classifications it starts with in
    place of templates; nobody and nothing else comes along. ``criteria`` of its own stand in place
    of the scale, and ``notices`` on each of its pages. ``steps``: what of the
    guided set-up is still to be done. Raises ``Forbidden`` for who may not make registers (unless
    ``by_operator``), ``Invalid`` with everything that is wrong; then nothing was made.
    """
    if not (by_operator or may_make_registers(by)):
        raise Forbidden(_("Only an administrator of this system makes registers; ask one."))
    errors = Errors()
    if scale not in SCALES:
        errors.add("scale", "unknown", _("Scales are: %s.") % ", ".join(SCALES))
    known = (*CLASSIFICATIONS, NO_CLASSIFICATION)
    if classification not in known:
        errors.add("template", "unknown", _("Templates are: %s.") % ", ".join(known))
    if descriptions:
        descriptions = clean_names(errors, "descriptions", descriptions, 2000)
    like = _find_copied_register(errors, by, copy_of)
    _check_parties(errors, parties, acts_for)
    register = None
    try:
        register = create_register(
            slug=slug,
            names=names,
            currency=currency,
            time_zone=time_zone,
            languages=languages,
            descriptions=descriptions,
            notices=notices,
            criteria=criteria or _first_criteria(like, scale),
            at=at,
            by=by,
        )
    except Invalid as invalid:
        errors.merge(invalid)
    errors.raise_if_any()
    assert register is not None  # noqa: S101 - made, or its errors were raised
    made = [
        _add_party(errors, n, register=register, given=given, at=at, by=by)
        for n, given in enumerate(parties)
    ]
    errors.raise_if_any()
    register.setup_steps = [step for step in SETUP_STEPS if step in steps]
    if like is not None:
        register.axis_across = like.register.axis_across
        register.axis_names = copy.deepcopy(like.register.axis_names)
    register.save(update_fields=["setup_steps", "axis_across", "axis_names"])
    own = next(party for party in made if party is not None and party.key == acts_for)
    add_member(register=register, user=by, role=Role.MANAGER, party=own, at=at, by=by)
    viewer = viewer_for(by, slug, request_id)
    if like is None:
        add_classification(actor=viewer, template=classification, at=at)
    for taxonomy in taxonomies_for(like) if like else ():
        terms: list[Mapping[str, Any]] = [
            {"key": term.key, "names": term.names, "source": term.source}
            for term in taxonomy.terms.all()
            if term.retired_at is None
        ]
        add_taxonomy(actor=viewer, key=taxonomy.key, names=taxonomy.names, terms=terms, at=at)
    return viewer


@transaction.atomic
def add_classification(*, actor: Viewer, template: str, at: dt.datetime) -> list[str]:
    """Add the taxonomies of a classification template; those whose key is there stay as they are.

    Returns the keys that were added. Raises ``Invalid`` for an unknown template, ``Forbidden``.
    """
    known = (*CLASSIFICATIONS, NO_CLASSIFICATION)
    if template not in known:
        raise Invalid.one("template", "unknown", _("Templates are: %s.") % ", ".join(known))
    there = set(actor.register.taxonomies.values_list("key", flat=True))
    added = []
    for taxonomy in classification_template(template):
        if taxonomy["key"] not in there:
            add_taxonomy(actor=actor, at=at, **taxonomy)
            added.append(taxonomy["key"])
    return added


@transaction.atomic
def note_step_finished(*, actor: Viewer, step: str, at: dt.datetime) -> Register:
    """Note that ``step`` of the guided set-up is done or left out; noting it twice is no error."""
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    if step in register.setup_steps:
        register.setup_steps = [other for other in register.setup_steps if other != step]
        register.save(update_fields=["setup_steps"])
        append(actor.entry("register.set_up", register, at=at, changes={"step": [None, step]}))
    return register


def prefix_from_party_key(party_key: str, taken: Collection[str]) -> str:
    """One to three capital letters for the refs of a party's own, none of ``taken``, never R."""
    letters = "".join(c for c in party_key.upper() if "A" <= c <= "Z") or "P"
    alphabet = "ABCDEFGHIJKLMNOPQSTUVWXYZ"
    tried: tuple[str, ...] = (
        *(letters[:n] for n in (1, 2, 3)),
        *(letters[0] + c for c in letters[1:]),
        *alphabet,
        *(letters[0] + c for c in alphabet),
    )
    return next(p for p in tried if p and p != "R" and p not in taken)


def _check_parties(errors: Errors, parties: Sequence[Mapping[str, Any]], acts_for: str) -> None:
    keys = [str(given.get("key")) for given in parties]
    if not 1 <= len(parties) <= MAX_PARTIES:
        errors.add("parties", "wrong_size", _("Name 1 to %d parties.") % MAX_PARTIES)
    elif acts_for not in keys:
        errors.add(
            "party", "unknown", _("Name the party that you act for; it must be one of the parties.")
        )
    for key in dict.fromkeys(key for key in keys if keys.count(key) > 1):
        errors.add(
            "parties", "repeated", _("The party %s is named twice; give each its own key.") % key
        )


def _find_copied_register(errors: Errors, by: User, slug: str) -> Viewer | None:
    if not slug:
        return None
    try:
        return viewer_for(by, slug)
    except NotFound:
        errors.add("copy_of", "unknown", _("You are in no register of that short name."))
        return None


def _first_criteria(like: Viewer | None, scale: str) -> dict[str, Any]:
    if like is not None:
        return _copy_criteria_of(like)
    return scale_template(scale if scale in SCALES else DEFAULT_SCALE)


def _copy_criteria_of(like: Viewer) -> dict[str, Any]:
    """What a Criteria row was made of, for another one."""
    names = (
        "likelihood", "impact", "dimensions", "ratings", "cells", "appetite",
        "unrated_cadence_days", "label",
    )  # fmt: skip
    made = {name: copy.deepcopy(getattr(like.criteria, name)) for name in names}
    made["tolerance"] = copy.deepcopy(like.criteria.tolerance or [])
    # Of terms in use, which are copied with their keys.
    return {**made, "term_appetites": copy.deepcopy(like.criteria.term_appetites or [])}


def _add_party(
    errors: Errors,
    n: int,
    *,
    register: Register,
    given: Mapping[str, Any],
    at: dt.datetime,
    by: User,
) -> Party | None:
    taken = set(Party.objects.filter(register=register).values_list("prefix", flat=True))
    key = str(given.get("key") or "")
    prefix = given.get("prefix") or prefix_from_party_key(key, taken)
    try:
        return add_party(
            register=register, key=key, names=given.get("names"), prefix=prefix, at=at, by=by
        )
    except Invalid as invalid:
        errors.merge(invalid, f"parties.{n}.")
        return None
