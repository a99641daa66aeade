"""Classifications and their terms: added, renamed, taken out of use and brought back.

A term is never deleted: what was filed under it stays so, and old links still find it. Merging two
moves risks, and so is in the room that knows risks (``risks.services.merge_terms``).
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.localised import clean_names
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.appetite import appetite_by_term
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_words import term_retired_lines, term_retired_title
from riskreg.register.models import Register, Taxonomy, Term
from riskreg.register.permissions import require
from riskreg.register.services.change_requests import Proposal, ask_others_or_note_agreed
from riskreg.register.services.named import LogSubject, key_from_name
from riskreg.register.sources import clean_source
from riskreg.register.terms import taxonomy_for, term_for

RETIRE = "term.retire"
MAX_TAXONOMIES = 20
MAX_TERMS = 200
_KEY = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}\Z")


@transaction.atomic
def add_taxonomy(
    *, actor: Viewer, key: Any, names: Any, terms: list[Mapping[str, Any]], at: dt.datetime
) -> Taxonomy:
    """Add a classification with its terms, in their order.

    Raises ``Invalid`` for a key that is taken or malformed, names that are missing, keys or names
    that two of its terms have, too many of either; ``Forbidden``.
    """
    require(actor, "register.configure")
    # One at a time in a register, so that two of the same key cannot both find it free.
    Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    errors = Errors()
    names = clean_names(errors, "names", names)
    known = list(Taxonomy.objects.filter(register=actor.register))
    key = _clean_key(errors, "key", key, names, (row.key for row in known))
    if any(row.key == key for row in known):
        errors.add("key", "taken", _("There is a taxonomy of that key already."))
    _check_names_free(errors, "names", names, known)
    if len(known) >= MAX_TAXONOMIES:
        text = _("A register has at most %(n)d classifications.") % {"n": MAX_TAXONOMIES}
        errors.add("key", "too_many", text)
    rows = _clean_new_terms(errors, terms)
    errors.raise_if_any()
    place = 1 + max((row.position for row in known), default=-1)
    taxonomy = Taxonomy.objects.create(
        register=actor.register, key=key, names=names, position=place, created_at=at
    )
    for position, term in enumerate(rows):
        term.taxonomy, term.position, term.created_at = taxonomy, position, at
    Term.objects.bulk_create(rows)
    changes: dict[str, Any] = {"key": [None, key], "names": [None, names]}
    if rows:
        changes["terms"] = [None, [{"id": str(t.uuid), **_term_for_log(t)} for t in rows]]
    append(actor.entry("taxonomy.added", taxonomy, at=at, changes=changes))
    return taxonomy


@transaction.atomic
def rename_taxonomy(
    *, actor: Viewer, key: str, names: Any, version: int | None, at: dt.datetime
) -> Taxonomy:
    """Give a classification other names; its key stays. Nothing is logged where nothing differs.

    Raises ``NotFound``, ``Forbidden``, ``Invalid``; ``Conflict`` where somebody was faster.
    """
    require(actor, "register.configure")
    taxonomy = taxonomy_for(actor, key, lock=True)
    require_unchanged(taxonomy, version)
    errors = Errors()
    names = clean_names(errors, "names", names)
    others = Taxonomy.objects.filter(register=actor.register).exclude(pk=taxonomy.pk)
    _check_names_free(errors, "names", names, others)
    errors.raise_if_any()
    before = taxonomy.names
    if names == before:
        return taxonomy
    taxonomy.names = names
    _save_next_version(taxonomy, "names")
    changes = {"names": [before, names]}
    append(actor.entry("taxonomy.renamed", taxonomy, at=at, changes=changes))
    return taxonomy


@transaction.atomic
def add_term(
    *,
    actor: Viewer,
    taxonomy: str,
    key: Any,
    names: Any,
    source: Mapping[str, Any] | None = None,
    at: dt.datetime,
) -> Term:
    """Add a term at the end of the classification whose key is ``taxonomy``.

    Raises ``Invalid`` for a key or a name that another term of it has; ``NotFound``, ``Forbidden``.
    """
    require(actor, "register.configure")
    parent = taxonomy_for(actor, taxonomy, lock=True)
    errors = Errors()
    names = clean_names(errors, "names", names)
    known = list(parent.terms.all())
    key = _clean_key(errors, "key", key, names, (row.key for row in known))
    taken = next((row for row in known if row.key == key), None)
    if taken is not None:
        text = (
            _("There was a term of that key; bring it back, or take another key.")
            if taken.retired_at
            else _("There is a term of that key already.")
        )
        errors.add("key", "taken", text)
    _check_names_free(errors, "names", names, [row for row in known if row.retired_at is None])
    if len(known) >= MAX_TERMS:
        text = _("A classification has at most %(n)d terms.") % {"n": MAX_TERMS}
        errors.add("key", "too_many", text)
    cleaned = clean_source(errors, "source", source)
    errors.raise_if_any()
    term = Term.objects.create(
        taxonomy=parent,
        key=key,
        names=names,
        source=cleaned,
        position=1 + max((row.position for row in known), default=-1),
        created_at=at,
    )
    changes = {name: [None, value] for name, value in _term_for_log(term).items()}
    append(actor.entry("term.added", LogSubject(term, term.ref), at=at, changes=changes))
    return term


@transaction.atomic
def edit_term(
    *,
    actor: Viewer,
    ref: str,
    fields: Mapping[str, Any],
    version: int | None,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Term | ChangeRequest:
    """Change what ``fields`` names of a term: names, source, active (whether it is in use).

    A term out of use is offered nowhere any more; what is filed under it stays. As it goes for all
    parties, it needs a yes of each: the request for it, with what else was to change, is returned
    (``propose``). One that was merged cannot come back. Raises ``NotFound``, ``Forbidden``,
    ``Invalid``; ``Conflict`` where somebody was faster. Nothing is logged where nothing differs.
    """
    require(actor, "register.configure")
    term = term_for(actor, ref, lock=True)
    require_unchanged(term, version)
    errors, new = Errors(), {}
    if "names" in fields:
        new["names"] = clean_names(errors, "names", fields["names"])
    if "source" in fields:
        new["source"] = clean_source(errors, "source", fields["source"])
    active = fields.get("active", term.retired_at is None)
    if not isinstance(active, bool):
        errors.add("active", "not_a_boolean", _("This must be true or false."))
    elif active and term.merged_into is not None:
        text = _("It was merged into %(name)s and cannot come back; use that one.")
        errors.add("active", "merged", text % {"name": term.merged_into.name})
    elif active:
        others = Term.objects.filter(taxonomy=term.taxonomy, retired_at=None).exclude(pk=term.pk)
        _check_names_free(errors, "names", new.get("names", term.names), others)
    errors.raise_if_any()
    if not active and term.retired_at is None:
        require_no_appetite(actor, term, "active")
        asked = ask_others_or_note_agreed(
            actor,
            Proposal(
                kind=RETIRE,
                content={"ref": term.ref, "fields": dict(fields), "version": term.version},
                before={"names": term.names},
                after={},
                asks=True,
            ),
            at,
            agreed=agreed,
        )
        if asked.is_open:
            return asked
    changes: dict[str, Any] = {
        name: [getattr(term, name), value]
        for name, value in new.items()
        if getattr(term, name) != value
    }
    for name, pair in changes.items():
        setattr(term, name, pair[1])
    if changes:
        _save_next_version(term, *changes)
        append(actor.entry("term.edited", LogSubject(term, term.ref), at=at, changes=changes))
    if active != (term.retired_at is None):
        term.retired_at = None if active else at
        _save_next_version(term, "retired_at")
        verb = "term.restored" if active else "term.retired"
        moved = {"active": [not active, active]}
        append(actor.entry(verb, LogSubject(term, term.ref), at=at, changes=moved))
    return term


def _apply_retirement(*, content: Mapping[str, Any], **given: Any) -> Any:
    return edit_term(**content, **given)


def register_change_kinds() -> None:
    """Let terms go out of use by a yes of all."""
    register_change_kind(
        ChangeKind(RETIRE, term_retired_title, term_retired_lines, _apply_retirement)
    )


def retire_as_merged_into(*, actor: Viewer, term: Term, into: Term, at: dt.datetime) -> None:
    """Note that ``term``, locked by the caller, was merged into another."""
    term.retired_at, term.merged_into = at, into
    _save_next_version(term, "retired_at", "merged_into")
    changes = {"active": [True, False], "merged_into": [None, into.ref]}
    append(actor.entry("term.merged", LogSubject(term, term.ref), at=at, changes=changes))
    # What was merged into it before follows, so that one step leads from any term to what is filed
    # under instead: criteria of a past day are read by it (``risks.appetite``).
    for earlier in Term.objects.filter(merged_into=term).order_by("pk"):
        earlier.taxonomy, earlier.merged_into = term.taxonomy, into
        _save_next_version(earlier, "merged_into")
        changes = {"merged_into": [term.ref, into.ref]}
        append(actor.entry("term.merged", LogSubject(earlier, earlier.ref), at=at, changes=changes))


def require_no_appetite(actor: Viewer, term: Term, field: str) -> None:
    """Raise ``Invalid`` where the criteria in force name an appetite for ``term``.

    The register is locked, so that criteria published meanwhile are waited for, and those to come
    see that the term is out of use.
    """
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    assert register.criteria is not None  # noqa: S101 - a register has criteria from its first day
    if term.ref in appetite_by_term(register.criteria.term_appetites):
        text = _(
            "The criteria in force name an appetite for %(name)s. Publish criteria without it, or "
            "with one for another term, and then take it out of use."
        )
        raise Invalid.one(field, "has_appetite", text % {"name": term.name})


def _save_next_version(row: Taxonomy | Term, *columns: str) -> None:
    row.version += 1
    row.save(update_fields=[*columns, "version"])


def _clean_key(
    errors: Errors, field: str, key: Any, made_from: Mapping[str, str], taken: Iterable[str]
) -> str:
    """``key``, or one made from the English name where none is given (None)."""
    if key is None:
        return key_from_name(made_from.get("en", ""), set(taken), fallback="term")
    if not isinstance(key, str) or not _KEY.match(key):
        errors.add(field, "malformed", _("A key is lower-case letters, digits and hyphens."))
        return ""
    return key


def _check_names_free(errors: Errors, field: str, names: Mapping[str, str], others: Any) -> None:
    """Note names that another one has, in the same language, however they are written."""
    for row in others:
        for language, name in row.names.items():
            if names.get(language, "").casefold() == name.casefold():
                text = _("Another one is called “%(name)s” already.") % {"name": name}
                errors.add(field, "taken", text)
                return


def _clean_new_terms(errors: Errors, terms: list[Mapping[str, Any]]) -> list[Term]:
    rows: list[Term] = []
    for place, given in enumerate(terms[: MAX_TERMS + 1]):
        names = clean_names(errors, "terms", given.get("names"))
        where = f"terms.{place}.key"
        key = _clean_key(errors, where, given.get("key"), names, (row.key for row in rows))
        if any(row.key == key for row in rows):
            errors.add("terms", "repeated", _("Two terms have the same key."))
        _check_names_free(errors, "terms", names, rows)
        source = clean_source(errors, f"terms.{place}.source", given.get("source"))
        rows.append(Term(key=key, names=names, source=source))
    if len(terms) > MAX_TERMS:
        text = _("A classification has at most %(n)d terms.") % {"n": MAX_TERMS}
        errors.add("terms", "too_many", text)
    return rows


def _term_for_log(term: Term) -> dict[str, Any]:
    values: dict[str, Any] = {"key": term.key, "names": term.names}
    return values | ({"source": term.source} if term.source else {})
