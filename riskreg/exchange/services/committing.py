"""Bringing a file in: one transaction, through the same services as everybody else's acts.

A row is taken whole or not at all, and the file with everything that could be taken or not at all.
What the file says happened earlier is entered with that day and marked as brought in; what it does
not say happens now.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.exchange.mapping import Answers, Plan, Refused, RowPlan
from riskreg.exchange.models import Import, ImportedRow
from riskreg.exchange.queries import header_signature_of
from riskreg.exchange.services.row_values import judgement_of, sources_of, start_of_day_not_after
from riskreg.kernel.errors import Invalid, RiskregError
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.risks import services as risks
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for

# So many risks are made together.
_TOGETHER = 500


@dataclass
class Made:
    """What a row made beside its risk, for undoing it."""

    mitigations: dict[str, int] = field(default_factory=dict)
    controls: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {k: v for k, v in vars(self).items() if v}


class CommittedImport(NamedTuple):
    """What was made, and what became of each row, with what services refused."""

    made: Import
    plan: Plan


@transaction.atomic
def commit_import(
    *,
    actor: Viewer,
    plan: Plan,
    answers: Answers,
    file_name: str,
    data: bytes,
    at: dt.datetime,
    draft_id: uuid.UUID | None = None,
) -> CommittedImport:
    """Bring in what ``plan`` says. The rows that a service refuses are refused with its reason.

    ``draft_id``: the public id that it has had as a draft, and keeps.

    Raises ``Forbidden``; ``Invalid`` while something that was asked has no answer.
    """
    require(actor, "import.make")
    if plan.asked:
        first = plan.asked[0]
        raise Invalid.one("mapping", "answers_needed", f"{first.column}: {first.question}")
    assert actor.party is not None  # noqa: S101 - who may import acts for a party
    row = Import.objects.create(
        # Without one the model draws it, as it does for everything else.
        **({"uuid": draft_id} if draft_id else {}),
        register=actor.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        made_by=actor.user,
        file_name=file_name[:200],
        digest=hashlib.sha256(data).hexdigest(),
        signature=header_signature_of(plan.table),
        answers=answers.to_json(),
        created_at=at,
    )
    refused = list(plan.refused)
    kept: list[ImportedRow] = []
    for planned in _pieces_committed_together(plan.rows):
        kept += _commit_new_risks(actor, row, plan, planned, refused, at)
    ImportedRow.objects.bulk_create(kept, batch_size=500)
    done = Plan(
        plan.table, plan.columns, plan.scaling, plan.rows, (), refused, plan.visibility, plan.notes
    )
    row.report, row.notes = done.to_json(), list(done.notes)
    row.save(update_fields=["report", "notes"])
    counts = {name: [None, done.count(name)] for name in ("new", "updated", "skipped", "refused")}
    changes = {
        "made_by": [None, str(actor.user.uuid)],
        "file_name": [None, row.file_name],
        "digest": [None, row.digest],
        "rows": [None, len(done.rows)],
        **counts,
    }
    append(actor.entry("import.made", row, at=at, changes=changes))
    return CommittedImport(row, done)


def _pieces_committed_together(rows: Sequence[RowPlan]) -> Iterator[list[RowPlan]]:
    """``rows`` in their order: those next to each other that are new risks and nothing more
    together, up to so many, and each of the others by itself."""
    for plain, run in groupby(rows, _is_only_a_new_risk):
        together = list(run)
        size = _TOGETHER if plain else 1
        for n in range(0, len(together), size):
            yield together[n : n + size]


def _is_only_a_new_risk(row: RowPlan) -> bool:
    """Whether a row becomes a risk, with judgements of it, and nothing beside it."""
    more = row.controls or row.mitigation or row.more
    return row.outcome == "new" and row.state != "closed" and not more


def _commit_new_risks(
    actor: Viewer,
    of_import: Import,
    plan: Plan,
    rows: Sequence[RowPlan],
    refused: list[Refused],
    at: dt.datetime,
) -> Iterator[ImportedRow]:
    """Of each row what is kept of it. Those that cannot be made together are made by themselves,
    where a reason is given."""
    made: Sequence[Risk | None] = [None] * len(rows)
    if len(rows) > 1:
        new = [_build_new_risk(actor, plan, row, of_import, at) for row in rows]
        made = risks.create_risks_together_where_possible(actor=actor, rows=new, recorded_at=at)
    for row, risk in zip(rows, made, strict=True):
        if risk is None:
            yield _commit_row(actor, of_import, plan, row, refused, at)
        else:
            yield _build_imported_row(actor, of_import, row, risk, Made())


def _build_new_risk(
    actor: Viewer, plan: Plan, row: RowPlan, of_import: Import, at: dt.datetime
) -> risks.NewRisk:
    return risks.NewRisk(
        fields={**row.fields, "sources": sources_of(plan, row, of_import, actor.today(at))},
        visibility=visibility_of(plan, row),
        since=start_of_day_not_after(actor, row.identified_on, at),
        judgements=[judgement_of(stage, row, of_import) for stage in row.levels],
        opened_at=at if row.state == "open" else None,
    )


def _build_imported_row(
    actor: Viewer, of_import: Import, row: RowPlan, risk: Risk | None, made: Made
) -> ImportedRow:
    """What is kept of a row, which became ``risk``, or nothing."""
    kept = ImportedRow(
        of_import=of_import,
        number=row.number,
        title=str(row.fields.get("title", ""))[:200],
        why=row.why,
        outcome=row.outcome,
    )
    if risk is not None:
        kept.risk_id, kept.version = risk.pk, risk.version
        kept.before = {name: change[0] for name, change in row.changes.items()}
        kept.made = made.to_json()
        if row.owner_name and risk.owner_id == actor.user.pk:
            kept.owner_name, kept.parked_with = row.owner_name, actor.user
    return kept


def _commit_row(
    actor: Viewer,
    of_import: Import,
    plan: Plan,
    row: RowPlan,
    refused: list[Refused],
    at: dt.datetime,
) -> ImportedRow:
    made, risk = Made(), None
    if row.outcome in ("new", "updated"):
        try:
            # A row that is refused half way leaves nothing of itself.
            with transaction.atomic():
                if row.outcome == "new":
                    risk = _create_risk_of_row(actor, plan, row, of_import, made, at)
                else:
                    risk = _update_risk_of_row(actor, row, of_import, made, at)
        except RiskregError as error:
            risk = None
            refused.append(mark_row_refused(plan, row, error))
    kept = _build_imported_row(actor, of_import, row, risk, made)
    if row.outcome == "refused":
        mine = [refusal for refusal in refused if refusal.row == row.number]
        kept.column = mine[0].column[:200] if mine else ""
        kept.why = " ".join(refusal.why for refusal in mine)
    return kept


def mark_row_refused(plan: Plan, row: RowPlan, error: RiskregError) -> Refused:
    """The refusal of a service, with the column of the file that it is about."""
    row.outcome = "refused"
    fields = getattr(error, "fields", {})
    name = next(iter(fields), "")
    column = next((theirs for theirs, ours in plan.columns.items() if ours == name), "")
    column = column or next(
        (theirs for theirs, ours in plan.columns.items() if ours and ours.endswith(f".{name}")), ""
    )
    return Refused(row.number, column, error.detail)


def visibility_of(plan: Plan, row: RowPlan) -> str:
    """Who sees what a row becomes: as it says itself, else as was chosen for the file."""
    return row.theirs.get("visibility") or plan.visibility


def _create_risk_of_row(
    actor: Viewer, plan: Plan, row: RowPlan, of_import: Import, made: Made, at: dt.datetime
) -> Risk:
    # What is over was found by the day on which it was closed, at the latest.
    since = start_of_day_not_after(actor, row.identified_on or row.closed_on, at)
    risk = risks.create_risk(
        actor=actor,
        fields={**row.fields, "sources": sources_of(plan, row, of_import, actor.today(at))},
        visibility=visibility_of(plan, row),
        at=since,
        recorded_at=at,
    )
    for stage in row.levels:
        _record_assessment_of_row(actor, risk.ref, stage, row, of_import, since, at)
    for name, kind in row.controls:
        control = risks.add_control(
            actor=actor, ref=risk.ref, name=name, kind=kind, at=since, recorded_at=at
        )
        made.controls.append(str(control.uuid))
    for work in (row.mitigation, *row.more):
        _create_mitigation_of_row(actor, risk, work, made, since, at)
    closes = row.state == "closed"
    if row.state == "open" or (closes and row.closed_on):
        # One that is over was in force from when it was found; one that is open is so from now.
        risks.open_risk(
            actor=actor,
            ref=risk.ref,
            version=None,
            at=since if closes else at,
            recorded_at=at,
        )
    if closes:
        _close_risk_of_row(actor, risk.ref, row, of_import, since, at)
    return risk_for(actor, risk.ref)


def _update_risk_of_row(
    actor: Viewer, row: RowPlan, of_import: Import, made: Made, at: dt.datetime
) -> Risk:
    ref = row.ref
    if row.changes.get("state", [None, None])[0] == "closed":
        why = _("Open in the file %(file)s, row %(row)d.")
        reason = why % {"file": of_import.file_name, "row": row.number}
        risks.reopen_risk(actor=actor, ref=ref, version=None, reason=reason, at=at)
    fields = {name: change[1] for name, change in row.changes.items() if name in row.fields}
    if fields:
        risks.edit_risk(actor=actor, ref=ref, version=None, fields=fields, at=at)
    for stage in row.levels:
        if stage in row.changes:
            _record_assessment_of_row(actor, ref, stage, row, of_import, at, at)
    new_controls = row.changes.get("controls", [None, []])[1]
    for name, kind in row.controls:
        if name in new_controls:
            control = risks.add_control(actor=actor, ref=ref, name=name, kind=kind, at=at)
            made.controls.append(str(control.uuid))
    risk = risk_for(actor, ref)
    if "mitigation" in row.changes:
        _create_mitigation_of_row(actor, risk, row.mitigation, made, at, at)
    elif row.mitigation is not None:
        _update_first_mitigation(actor, risk, row, made, at)
    for work in row.more:
        if work["title"] in row.changes.get("mitigations", [None, []])[1]:
            _create_mitigation_of_row(actor, risk, work, made, at, at)
    state = row.changes.get("state", [None, None])[1]
    if state == "open" and risk.state == "draft":
        risks.open_risk(actor=actor, ref=ref, version=None, at=at)
    elif state == "closed":
        _close_risk_of_row(actor, ref, row, of_import, at, at)
    return risk_for(actor, ref)


def _record_assessment_of_row(
    actor: Viewer,
    ref: str,
    stage: str,
    row: RowPlan,
    of_import: Import,
    at: dt.datetime,
    recorded_at: dt.datetime,
) -> None:
    risks.record_assessment(
        actor=actor,
        ref=ref,
        version=None,
        given=judgement_of(stage, row, of_import),
        at=at,
        recorded_at=recorded_at,
    )


def _create_mitigation_of_row(
    actor: Viewer,
    risk: Risk,
    planned_work: dict[str, Any] | None,
    made: Made,
    since: dt.datetime,
    at: dt.datetime,
) -> None:
    if planned_work is None:
        return
    due = dt.date.fromisoformat(planned_work["due_on"])
    # Work whose day has passed was planned by then at the latest.
    planned = min(since, start_of_day_not_after(actor, due, at))
    work = risks.create_mitigation(
        actor=actor,
        fields={**planned_work, "risks": [risk.ref]},
        visibility=risk.visibility,
        at=planned,
        recorded_at=at,
    )
    made.mitigations[work.ref] = work.version


def _update_first_mitigation(
    actor: Viewer, risk: Risk, row: RowPlan, made: Made, at: dt.datetime
) -> None:
    changed = {
        name.removeprefix("mitigation."): change[1]
        for name, change in row.changes.items()
        if name.startswith("mitigation.")
    }
    if not changed:
        return
    title = str((row.mitigation or {})["title"])
    work = risk.mitigations.filter(title__iexact=title).first()
    if work is None:
        return
    work = risks.edit_mitigation(actor=actor, ref=work.ref, version=None, fields=changed, at=at)
    made.mitigations[work.ref] = work.version


def _close_risk_of_row(
    actor: Viewer,
    ref: str,
    row: RowPlan,
    of_import: Import,
    since: dt.datetime,
    at: dt.datetime,
) -> None:
    reason = _("Closed in the file %(file)s, row %(row)d.") % {
        "file": of_import.file_name,
        "row": row.number,
    }
    closed = max(start_of_day_not_after(actor, row.closed_on, at), since)
    risks.close_risk(
        actor=actor,
        ref=ref,
        version=None,
        reason=row.closing_reason or reason,
        ending=row.ending,
        at=closed,
        recorded_at=at,
    )
