"""Making and changing risks."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append_all
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import are_settable_in, permissions_to_set
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.changes import (
    all_values_as_changes,
    save_changed_links,
    set_changed_in_memory,
    split_entry_by_audience,
)
from riskreg.register.cleaning import already_owner_text
from riskreg.register.external_ids import refusing_taken_external_id
from riskreg.register.models import Party
from riskreg.register.permissions import require
from riskreg.register.services import mark_criteria_used, take_next_ref
from riskreg.register.terms import require_not_merged
from riskreg.register.translations import CONFIRMED, outdated_translations
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RISK
from riskreg.risks.models import Kind, Risk, State
from riskreg.risks.parts import refs_of_whole_and_parts
from riskreg.risks.queries.access import require_version, risk_for
from riskreg.risks.services.claims import check_sources_are_kept_where_relied_on
from riskreg.risks.services.cleaning import LINKS, check_deputy_is_not_owner, clean_fields
from riskreg.risks.services.controls import leave_private_controls_with_past_owner
from riskreg.risks.services.crossing import (
    check_no_transfer_needs_yes,
    propose_transfers,
    transfer_lines,
    transfer_title,
    transfers_of,
)
from riskreg.risks.services.positions import (
    save_next_version,
    set_draft_due_in_memory,
    set_position,
    set_position_if_concerned,
)

TRANSFER = "risk.transfer"


@transaction.atomic
def create_risk(
    *,
    actor: Viewer,
    fields: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Risk:
    """Make a draft risk of the actor's party, owned by the actor unless ``fields`` name an owner.

    ``fields``: those of ``risks.fields.RISK`` that can be set. Raises ``Invalid`` naming every
    wrong field, ``Forbidden``.
    """
    risk, links = build_risk(actor, fields, visibility, at=at, recorded_at=recorded_at)
    risk.set_ref_in_memory(take_next_ref(actor.register, "risk", party_if_private(risk)))
    with refusing_taken_external_id():
        risk.save(force_insert=True)
    for name, rows in links.items():
        getattr(risk, name).set(rows)
    require_not_merged(links.get("terms", ()))
    criteria = actor.criteria
    mark_criteria_used(criteria, recorded_at or at)
    set_position(risk, at, criteria)
    _log(actor, "risk.created", risk, creation_changes(risk, links), at=at, recorded_at=recorded_at)
    return risk


class UnsavedRisk(NamedTuple):
    """A risk that is not saved yet, and the rows that it is to be linked to."""

    risk: Risk
    links: dict[str, Any]


def build_risk(
    actor: Viewer,
    fields: Mapping[str, Any],
    visibility: str,
    *,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    clean: Callable[..., dict[str, Any]] = clean_fields,
    check_transfers: Callable[..., None] = check_no_transfer_needs_yes,
) -> UnsavedRisk:
    """A draft risk as ``create_risk`` makes it, without a ref. ``clean`` and ``check_transfers``
    check what is given, where many are made at once. Raises as ``create_risk``."""
    require(actor, "risk.create")
    errors = Errors()
    party = actor.party
    if party is None:
        raise Invalid.one("party", "required", _("Only members who act for a party make risks."))
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    given = dict(fields)
    given.setdefault("title", "")
    given.setdefault("kind", Kind.THREAT)
    if not given.get("owner"):
        given["owner"] = actor.user
    found = clean(errors, actor, given, party=party, visibility=visibility)
    check_deputy_is_not_owner(errors, found.get("owner"), found.get("deputy"))
    new = Risk(party=party, visibility=visibility, owner=actor.user)
    check_transfers(errors, actor, transfers_of(new, found))
    errors.raise_if_any()
    links = {name: found.pop(name) for name in LINKS if name in found}
    risk = Risk(
        register=actor.register,
        party=party,
        visibility=visibility,
        state=State.DRAFT,
        created_at=recorded_at or at,
        updated_at=recorded_at or at,
        **found,
    )
    set_draft_due_in_memory(risk)
    return UnsavedRisk(risk, links)


def party_if_private(risk: Risk) -> Party | None:
    """Whose refs a new risk takes: its party's own, or (None) those of all."""
    return risk.party if risk.visibility == Visibility.PARTY else None


def creation_changes(risk: Risk, links: Mapping[str, Any]) -> dict[str, Any]:
    """What the log says of a new risk."""
    nothing: dict[str, Any] = dict.fromkeys(LINKS, ())
    return all_values_as_changes(RISK, risk, nothing | dict(links))


@transaction.atomic
def edit_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Risk:
    """Change what ``fields`` name of a risk that is still at ``version``.

    Raises ``Conflict`` when somebody changed it since, ``Invalid``, ``Forbidden``, ``NotFound``.
    A text that changes keeps its versions in other languages; those that do not change with it are
    noted as outdated, unless ``confirmed_translations`` ({language: [field]}) says that they fit.
    An owner or deputy of another party is refused: ``transfer_risk`` asks that party first
    (``agreed``: a hand-over to which it has said yes).
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.edit", risk)
    require_version(risk, version)
    errors = Errors()
    clean = clean_fields(
        errors, actor, fields, party=risk.party, visibility=risk.visibility, risk=risk
    )
    if "sources" in clean and not clean["sources"]:
        check_sources_are_kept_where_relied_on(errors, actor, risk)
    if "kind" in clean and clean["kind"] != risk.kind and "response" not in clean:
        clean["response"] = ""
    if clean.get("kind", risk.kind) != risk.kind and (
        related := refs_of_whole_and_parts(actor, risk)
    ):
        text = _(
            "A threat is part of a threat, and an opportunity of an opportunity. End the relations "
            "to these first: %s."
        )
        errors.add("kind", "other_kind", text % enumerate_texts(related))
    check_deputy_is_not_owner(
        errors,
        clean.get("owner", risk.owner),
        clean.get("deputy", risk.deputy),
    )
    moved_people = transfers_of(risk, clean)
    if agreed is None or propose_transfers(actor, moved_people, "", {}, at, agreed) is None:
        check_no_transfer_needs_yes(errors, actor, moved_people)
    # Of somebody whom nobody knows it is said that they are unknown.
    known = {name: value for name, value in clean.items() if value is not None}
    differing = RISK.settable_among(_columns_that_differ(risk, known))
    for permission in permissions_to_set(differing):
        require(actor, permission, risk)
    if risk.state == State.OPEN and clean.get("event") == "":
        errors.add("event", "required", _("An open risk says what may happen."))
    # A change of nothing asks for what a change of anything does.
    if not are_settable_in(risk.state, RISK.settable_among(fields) or RISK.settable):
        errors.add("state", "closed", _("This risk is closed; reopen it to change it."))
    errors.raise_if_any()
    links = {name: clean.pop(name) for name in LINKS if name in clean}
    confirmed = clean.pop(CONFIRMED, {})
    moved = _columns_that_differ(risk, {n: clean[n] for n in RISK.translated if n in clean})
    clean["outdated_translations"] = outdated_translations(
        risk, clean.get("translations", risk.translations), moved, confirmed
    )
    changes = set_changed_in_memory(RISK, risk, clean) | save_changed_links(risk, links)
    if not changes:
        return risk
    if "terms" in changes:
        before, _after = changes["terms"]
        require_not_merged(term for term in links["terms"] if term.ref not in before)
    columns = [name for name in changes if name not in LINKS]
    with refusing_taken_external_id(written="external_id" in columns):
        save_next_version(risk, at, *columns)
    set_position_if_concerned(risk, at, changes)
    _log(actor, "risk.edited", risk, changes, at=at)
    return risk


@transaction.atomic
def transfer_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    owner: Any,
    deputy: Any = None,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Risk | ChangeRequest:
    """Hand a risk over to another owner. The deputy stays unless named, or made owner.

    A shared risk goes to somebody of another party when that party has said yes: until then the
    request for it is returned (``propose``). Raises ``Invalid`` where it would stay with whom it
    is.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.transfer", risk)
    require_version(risk, version)
    errors = Errors()
    given = {"owner": owner} | ({"deputy": deputy} if deputy else {})
    clean = clean_fields(
        errors, actor, given, party=risk.party, visibility=risk.visibility, risk=risk
    )
    new_deputy = clean.get("deputy", risk.deputy)
    if not deputy and clean.get("owner") == new_deputy:
        new_deputy = None
    check_deputy_is_not_owner(errors, clean.get("owner"), new_deputy)
    if clean.get("owner") == risk.owner and new_deputy == risk.deputy:
        errors.add("owner", "unchanged", already_owner_text(risk.owner))
    errors.raise_if_any()
    people = {"owner": clean["owner"], "deputy": new_deputy}
    content = {
        "ref": risk.ref,
        "version": risk.version,
        "owner": str(clean["owner"].uuid),
        "deputy": str(new_deputy.uuid) if deputy and new_deputy else None,
    }
    transfers = transfers_of(risk, people)
    asked = propose_transfers(actor, transfers, TRANSFER, content, at, agreed)
    if asked is not None and asked.is_open:
        return asked
    past_owner = risk.owner
    changes = {"owner": [str(past_owner.uuid)] * 2} | set_changed_in_memory(RISK, risk, people)
    save_next_version(risk, at, "owner", "deputy")
    set_position(risk, at)
    _log(actor, "risk.transferred", risk, changes, at=at)
    if risk.visibility == Visibility.SHARED:
        leave_private_controls_with_past_owner(actor, risk, past_owner, at=at)
    return risk


def _apply_transfer(*, content: Mapping[str, Any], **given: Any) -> Any:
    return transfer_risk(**content, **given)


def register_change_kinds() -> None:
    """Let transfers to another party be asked for."""
    register_change_kind(ChangeKind(TRANSFER, transfer_title, transfer_lines, _apply_transfer))


def _columns_that_differ(risk: Risk, clean: Mapping[str, Any]) -> set[str]:
    """Which of the columns in ``clean`` would become something else."""
    return {n for n, value in clean.items() if n in RISK and getattr(risk, n) != value}


def _log(
    actor: Viewer, verb: str, risk: Risk, changes: dict[str, Any], **when: dt.datetime | None
) -> None:
    """Log a change of ``risk`` for those who see it, and what its party alone knows for that."""
    at, recorded_at = when["at"], when.get("recorded_at")
    assert at is not None  # noqa: S101 - every caller names it
    entry = actor.entry(verb, risk, at=at, recorded_at=recorded_at, changes=changes)
    append_all(split_entry_by_audience(RISK, risk, entry))


__all__ = ["create_risk", "edit_risk", "transfer_risk"]
