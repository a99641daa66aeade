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


def create_risks_together_where_possible(
    *, actor: Viewer, rows: Sequence[NewRisk], recorded_at: dt.datetime
) -> list[Risk | None]:
    """Make a risk of each of ``rows`` inside a transaction; None for each that is to be made by
    itself, which may be all of them. Refs are in the order of ``rows``."""
    named = {str(row.fields["external_id"]) for row in rows if row.fields.get("external_id")}
    lookups = Lookups(actor, named)
    batch: list[_PreparedRisk | None] = []
    for row in rows:
        try:
            batch.append(_check_and_prepare_or_none(actor, row, lookups, recorded_at))
        except RiskregError:
            batch.append(None)
    ready = [prepared for prepared in batch if prepared is not None]
    if not ready:
        return [None] * len(rows)
    try:
        with transaction.atomic():
            _write_prepared_risks(actor, ready, recorded_at)
    except (IntegrityError, RiskregError):
        # Somebody took an id or merged a term meanwhile, of one of them.
        return [None] * len(rows)
    return [prepared.risk if prepared is not None else None for prepared in batch]


@dataclass
class _PreparedRisk:
    """A risk with what is to be written beside it."""

    row: NewRisk
    risk: Risk
    links: dict[str, Any]
    judgements: list[tuple[dict[str, Any], Cell]]
    positions: list[Position] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def _check_and_prepare_or_none(
    actor: Viewer, row: NewRisk, lookups: Lookups, recorded_at: dt.datetime
) -> _PreparedRisk | None:
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
    return _PreparedRisk(row, built.risk, built.links, judgements)


def _write_prepared_risks(
    actor: Viewer, batch: Sequence[_PreparedRisk], recorded_at: dt.datetime
) -> None:
    criteria = actor.criteria
    mark_criteria_used(criteria, recorded_at)
    # What all see first, so that two writers cannot wait for each other.
    for own in sorted(
        {party_if_private(prepared.risk) for prepared in batch}, key=lambda p: p is not None
    ):
        theirs = [prepared for prepared in batch if party_if_private(prepared.risk) == own]
        refs = take_next_refs(actor.register, "risk", own, len(theirs))
        for prepared, ref in zip(theirs, refs, strict=True):
            prepared.risk.set_ref_in_memory(ref)
    for prepared in batch:
        _judge_and_open_in_memory(actor, prepared, criteria, recorded_at)
    Risk.objects.bulk_create([prepared.risk for prepared in batch])
    for name in LINKS:
        _create_links(name, batch)
    require_not_merged({term for prepared in batch for term in prepared.links.get("terms", ())})
    Position.objects.bulk_create([one for prepared in batch for one in prepared.positions])
    Assessment.objects.bulk_create([one for prepared in batch for one in prepared.assessments])
    append_all([entry for prepared in batch for entry in prepared.entries])


def _judge_and_open_in_memory(
    actor: Viewer, prepared: _PreparedRisk, criteria: Criteria, recorded_at: dt.datetime
) -> None:
    """Let the risk be made, judged and opened, in memory only."""
    risk, row = prepared.risk, prepared.row
    _add_position_in_memory(prepared, row.since, criteria, {})
    entry = actor.entry(
        "risk.created", risk, at=row.since, recorded_at=recorded_at,
        changes=creation_changes(risk, prepared.links),
    )  # fmt: skip
    prepared.entries += split_entry_by_audience(RISK, risk, entry)
    for clean, cell in prepared.judgements:
        before = prepared.positions[-1]
        assessment, entry = build_assessment(
            actor, risk, before, clean, cell, at=row.since, recorded_at=recorded_at
        )
        _add_position_in_memory(prepared, row.since, criteria, cell_columns(clean["stage"], cell))
        increment_version_and_set_draft_due_in_memory(risk, recorded_at)
        prepared.assessments.append(assessment)
        prepared.entries.append(replace(entry, subject_version=risk.version))
    if row.opened_at is None:
        return
    _columns, by, changes = change_state_in_memory(
        "open", actor, risk, prepared.positions[-1], row.opened_at
    )
    increment_version_and_set_draft_due_in_memory(risk, recorded_at)
    _add_position_in_memory(prepared, row.opened_at, by, {})
    prepared.entries.append(
        actor.entry(VERBS["open"], risk, at=row.opened_at, recorded_at=recorded_at, changes=changes)
    )


def _add_position_in_memory(
    prepared: _PreparedRisk, at: dt.datetime, criteria: Criteria, changes: Mapping[str, Any]
) -> None:
    """As ``set_position``, in memory only."""
    current = prepared.positions[-1] if prepared.positions else None
    step, columns = next_step_and_columns(current, prepared.risk, at, criteria, changes)
    set_priority_in_memory(prepared.risk, columns)
    if step == Step.BEGIN:
        if current is not None:
            current.valid_to = at
        prepared.positions.append(Position(risk=prepared.risk, valid_from=at, **columns))
    elif step == Step.REWRITE:
        for name, value in columns.items():
            setattr(current, name, value)
    # Not to be read again for each of them.
    prepared.positions[-1].criteria = criteria


def _create_links(name: str, batch: Sequence[_PreparedRisk]) -> None:
    through: Any = getattr(Risk, name).through
    linked = Risk._meta.get_field(name).related_model._meta.model_name  # type: ignore[union-attr]
    through.objects.bulk_create([
        through(**{"risk_id": prepared.risk.pk, f"{linked}_id": row.pk})
        for prepared in batch
        for row in prepared.links.get(name, ())
    ])  # fmt: skip
