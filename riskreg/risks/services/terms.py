"""Merging two terms: what is filed under one is filed under the other from now on."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append_all
from riskreg.kernel.errors import Invalid
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_words import terms_merged_lines, terms_merged_title
from riskreg.register.models import Term
from riskreg.register.permissions import require
from riskreg.register.services import (
    Proposal,
    ask_others_or_note_agreed,
    require_no_appetite,
    retire_as_merged_into,
)
from riskreg.register.terms import term_for
from riskreg.risks.models import Risk
from riskreg.risks.services.positions import save_next_version

MERGE = "term.merge"


@transaction.atomic
def merge_terms(
    *,
    actor: Viewer,
    ref: str,
    into: object,
    version: int | None,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Term | ChangeRequest:
    """File everything under the term ``into`` that is filed under ``ref``, and take ``ref`` out of
    use for good; returns the term that stays.

    Both are written ``taxonomy:term`` and of one taxonomy. Covers every party's risks, each in its
    own audience's log; a risk that has both keeps the one. It needs a yes of every party: the
    request for it is returned (``propose``). Raises ``Invalid`` for a term that is to
    be merged into itself, into one of another taxonomy or out of use, and for one for which the
    criteria in force name an appetite; ``NotFound``, ``Forbidden``;
    ``Conflict`` where somebody changed it since.
    """
    require(actor, "register.configure")
    term = term_for(actor, ref, lock=True)
    require_unchanged(term, version)
    target = _term_to_merge_into(term, into)
    require_no_appetite(actor, term, "into")
    asked = ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=MERGE,
            content={"ref": term.ref, "into": target.ref, "version": term.version},
            before={"names": term.names},
            after={"names": target.names},
            asks=True,
        ),
        at,
        agreed=agreed,
    )
    if asked.is_open:
        return asked
    # Whoever has just linked something to it is waited for, and whoever is about to waits: see
    # ``register.terms.require_not_merged``.
    Term.objects.select_for_update(of=("self",)).get(pk=term.pk)
    links = Risk.terms.through.objects
    # The rule holds for all risks of the register: what is found on either side of the party
    # boundary goes nowhere but into each side's own rows.
    filed = links.filter(term=term).values_list("risk_id", flat=True)
    risks = Risk.objects.filter(pk__in=list(filed)).select_for_update(no_key=True, of=("self",))
    entries = []
    for risk in risks.select_related("party").prefetch_related("terms__taxonomy").order_by("pk"):
        risk.register = actor.register
        before = sorted(t.ref for t in risk.terms.all())
        after = sorted({*before, target.ref} - {term.ref})
        risk.terms.remove(term)
        risk.terms.add(target)
        save_next_version(risk, at)
        changes = {"terms": [before, after]}
        entries.append(actor.entry("risk.refiled", risk, at=at, changes=changes))
    if entries:
        append_all(entries)
    retire_as_merged_into(actor=actor, term=term, into=target, at=at)
    return target


def _apply_merge(*, content: Mapping[str, Any], **given: Any) -> Any:
    return merge_terms(**content, **given)


def register_change_kinds() -> None:
    """Let terms be merged by a yes of all."""
    register_change_kind(ChangeKind(MERGE, terms_merged_title, terms_merged_lines, _apply_merge))


def _term_to_merge_into(term: Term, into: object) -> Term:
    name = str(into or "")
    taxonomy, _colon, key = name.partition(":")
    if not name:
        raise Invalid.one("into", "required", _("Name the term that it is to be merged into."))
    if term.merged_into is not None:
        text = _("It was merged already, into %(name)s.") % {"name": term.merged_into.name}
        raise Invalid.one("into", "merged", text)
    if name == term.ref:
        raise Invalid.one("into", "itself", _("A term cannot be merged into itself; pick another."))
    if taxonomy != term.taxonomy.key:
        text = _("Only terms of the same classification can be merged.")
        raise Invalid.one("into", "other_taxonomy", text)
    target = term.taxonomy.terms.filter(key=key[:60]).first() if "\0" not in key else None
    if target is None:
        text = _("Unknown term: %(names)s. Terms are written taxonomy:term.")
        raise Invalid.one("into", "unknown_term", text % {"names": name[:60]})
    if target.retired_at:
        text = _("%(name)s is out of use; choose another term.") % {"name": target.ref}
        raise Invalid.one("into", "retired", text)
    target.taxonomy = term.taxonomy
    return target
