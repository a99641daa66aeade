"""Making many risks at once, of which each is as ``create_risk`` makes one.

Every row goes by the functions that one risk goes by, in the same order; what they give is written
table by table. A row about which there is any doubt is left to be made by itself, where the reason
is said: nothing is refused here.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, transaction

from riskreg.events.services import Entry, append_all
from riskreg.kernel.errors import RiskregError
from riskreg.register.access import Viewer
from riskreg.register.changes import split_entry_by_audience
from riskreg.register.models import Criteria
from riskreg.register.permissions import require
from riskreg.register.policy import Cell
from riskreg.register.services import mark_criteria_used, take_next_refs
from riskreg.register.terms import require_not_merged
from riskreg.risks.fields import RISK
from riskreg.risks.models import Assessment, Position, Risk
from riskreg.risks.services.assessments import build_assessment, clean_assessment
from riskreg.risks.services.cleaning import LINKS
from riskreg.risks.services.lifecycle import VERBS, change_state_in_memory
from riskreg.risks.services.lookups import Lookups
from riskreg.risks.services.positions import (
    Step,
    cell_columns,
    increment_version_and_set_draft_due_in_memory,
    next_step_and_columns,
    set_priority_in_memory,
)
from riskreg.risks.services.risks import build_risk, creation_changes, party_if_private


@dataclass(frozen=True)
class NewRisk:
    """What a risk is made of: its fields, who sees it, since when it is there, the judgements of it
    (as ``record_assessment`` is given them) from that moment, and when it was opened (None: it
    stays a draft)."""

    fields: Mapping[str, Any]
    visibility: str
    since: dt.datetime
    judgements: Sequence[Mapping[str, Any]] = ()
    opened_at: dt.datetime | None = None


def create_risks(
    *, actor: Viewer, rows: Sequence[NewRisk], recorded_at: dt.datetime
) -> list[Risk | None]:
    """Make a risk of each of ``rows`` inside a transaction; None for each that is to be made by
    itself, which may be all of them. Refs are in the order of ``rows``."""
    named = {str(row.fields["external_id"]) for row in rows if row.fields.get("external_id")}
    lookups = Lookups(actor, named)
    drafts: list[_Draft | None] = []
    for row in rows:
        try:
            drafts.append(_check_and_build_draft(actor, row, lookups, recorded_at))
        except RiskregError:
            drafts.append(None)
    ready = [draft for draft in drafts if draft is not None]
    if not ready:
        return [None] * len(rows)
    try:
        with transaction.atomic():
            _write_drafts(actor, ready, recorded_at)
    except (IntegrityError, RiskregError):
        # Somebody took an id or merged a term meanwhile, of one of them.
        return [None] * len(rows)
    return [draft.risk if draft is not None else None for draft in drafts]


@dataclass
class _Draft:
    """A risk with what is to be written beside it."""

    row: NewRisk
    risk: Risk
    links: dict[str, Any]
    judgements: list[tuple[dict[str, Any], Cell]]
    positions: list[Position] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def _check_and_build_draft(
    actor: Viewer, row: NewRisk, lookups: Lookups, recorded_at: dt.datetime
) -> _Draft | None:
    """Everything checked, nothing written, no ref yet; None for what cannot be checked here.
    Raises what a service would."""
    built = build_risk(
        actor,
        row.fields,
        row.visibility,
        at=row.since,
        recorded_at=recorded_at,
        clean=lookups.clean,
        check_transfers=lookups.check_no_transfer_needs_yes,
    )
    judgements = []
    for given in row.judgements:
        if not given.get("rationale"):
            # Whether one is needed depends on where the risk stands by then.
            return None
        require(actor, "risk.assess", built.risk)
        judgements.append(clean_assessment(actor, built.risk, given))
    if row.opened_at is not None:
        require(actor, "risk.open", built.risk)
        if not built.risk.event:
            return None
    lookups.note_external_id_taken(built.risk.external_id)
    return _Draft(row, built.risk, built.links, judgements)


def _write_drafts(actor: Viewer, drafts: Sequence[_Draft], recorded_at: dt.datetime) -> None:
    criteria = actor.criteria
    mark_criteria_used(criteria, recorded_at)
    # What all see first, so that two writers cannot wait for each other.
    for own in sorted(
        {party_if_private(draft.risk) for draft in drafts}, key=lambda p: p is not None
    ):
        theirs = [draft for draft in drafts if party_if_private(draft.risk) == own]
        refs = take_next_refs(actor.register, "risk", own, len(theirs))
        for draft, ref in zip(theirs, refs, strict=True):
            draft.risk.set_ref(ref)
    for draft in drafts:
        _make_in_memory(actor, draft, criteria, recorded_at)
    Risk.objects.bulk_create([draft.risk for draft in drafts])
    for name in LINKS:
        _create_links(name, drafts)
    require_not_merged({term for draft in drafts for term in draft.links.get("terms", ())})
    Position.objects.bulk_create([one for draft in drafts for one in draft.positions])
    Assessment.objects.bulk_create([one for draft in drafts for one in draft.assessments])
    append_all([entry for draft in drafts for entry in draft.entries])


def _make_in_memory(
    actor: Viewer, draft: _Draft, criteria: Criteria, recorded_at: dt.datetime
) -> None:
    """Let the risk be made, judged and opened, in memory only."""
    risk, row = draft.risk, draft.row
    _add_position_in_memory(draft, row.since, criteria, {})
    entry = actor.entry(
        "risk.created", risk, at=row.since, recorded_at=recorded_at,
        changes=creation_changes(risk, draft.links),
    )  # fmt: skip
    draft.entries += split_entry_by_audience(RISK, risk, entry)
    for clean, cell in draft.judgements:
        before = draft.positions[-1]
        assessment, entry = build_assessment(
            actor, risk, before, clean, cell, at=row.since, recorded_at=recorded_at
        )
        _add_position_in_memory(draft, row.since, criteria, cell_columns(clean["stage"], cell))
        increment_version_and_set_draft_due_in_memory(risk, recorded_at)
        draft.assessments.append(assessment)
        draft.entries.append(replace(entry, subject_version=risk.version))
    if row.opened_at is None:
        return
    _columns, by, changes = change_state_in_memory(
        "open", actor, risk, draft.positions[-1], row.opened_at
    )
    increment_version_and_set_draft_due_in_memory(risk, recorded_at)
    _add_position_in_memory(draft, row.opened_at, by, {})
    draft.entries.append(
        actor.entry(VERBS["open"], risk, at=row.opened_at, recorded_at=recorded_at, changes=changes)
    )


def _add_position_in_memory(
    draft: _Draft, at: dt.datetime, criteria: Criteria, changes: Mapping[str, Any]
) -> None:
    """As ``set_position``, in memory only."""
    current = draft.positions[-1] if draft.positions else None
    step, columns = next_step_and_columns(current, draft.risk, at, criteria, changes)
    set_priority_in_memory(draft.risk, columns)
    if step == Step.BEGIN:
        if current is not None:
            current.valid_to = at
        draft.positions.append(Position(risk=draft.risk, valid_from=at, **columns))
    elif step == Step.REWRITE:
        for name, value in columns.items():
            setattr(current, name, value)
    # Not to be read again for each of them.
    draft.positions[-1].criteria = criteria


def _create_links(name: str, drafts: Sequence[_Draft]) -> None:
    through: Any = getattr(Risk, name).through
    linked = Risk._meta.get_field(name).related_model._meta.model_name  # type: ignore[union-attr]
    through.objects.bulk_create([
        through(**{"risk_id": draft.risk.pk, f"{linked}_id": row.pk})
        for draft in drafts
        for row in draft.links.get(name, ())
    ])  # fmt: skip
