"""Reads of imports, and of what a file is laid against."""

import datetime as dt
import hashlib
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from riskreg.exchange.mapping import Answers, Context, Existing, Person, clean_answers
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.models import Import, ImportDraft, ImportedRow
from riskreg.exchange.reading import Table
from riskreg.jobs.models import OPEN, Job
from riskreg.jobs.queries import Progress, newest_job_of, progress_of_newest_job_of_each
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Membership
from riskreg.register.permissions import permits
from riskreg.register.queries import (
    answerable_members,
    objectives_for,
    parties_for,
    taxonomies_for,
)
from riskreg.risks.models import Mitigation, Risk, Stage
from riskreg.risks.queries.access import current_positions, visible_risks
from riskreg.risks.queries.lists import controls_for, mitigations_for

# What a file may say of a risk that is there; the rest follows from acts of its own.
_COMPARED = ("title", "event", "cause", "consequence", "kind", "response", "external_id", "state")


def import_context_for(viewer: Viewer, file: str, at: dt.datetime) -> Context:
    """The register as ``viewer`` may know it, to lay a file called ``file`` against."""
    criteria = viewer.criteria
    cells: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for likelihood, row in enumerate(criteria.cells, 1):
        for impact, cell in enumerate(row, 1):
            cells[cell["score"]].append((likelihood, impact))
    taxonomies = taxonomies_for(viewer)
    return Context(
        today=viewer.today(at),
        file=file,
        party=viewer.party.key if viewer.party else "",
        me=str(viewer.user.uuid),
        parties=parties_for(viewer).count(),
        currency=viewer.register.currency,
        levels={
            axis: [list(level["names"].values()) for level in getattr(criteria, axis)]
            for axis in ("likelihood", "impact")
        },
        cells=cells,
        people=[_person(member) for member in answerable_members(viewer)],
        taxonomies={t.key: list(t.names.values()) for t in taxonomies},
        terms={
            t.key: {
                fold_value(name): term.key
                for term in t.terms.all()
                if term.retired_at is None
                for name in (term.key, f"{t.key}:{term.key}", *term.names.values())
            }
            for t in taxonomies
        },
        objectives=frozenset(objectives_for(viewer).values_list("key", flat=True)),
        existing=_own_party_risks(viewer),
        dimensions={
            fold_value(name): item["key"]
            for item in criteria.dimensions
            for name in (item["key"], *item["names"].values())
        },
    )


def _person(member: Membership) -> Person:
    user = member.user
    called = {user.name, user.email, str(user.uuid), *(user.names or {}).values()}
    return Person(
        id=str(user.uuid),
        name=user.name,
        called=frozenset(fold_value(name) for name in called if name),
        party=member.party.key if member.party else "",
    )


def _own_party_risks(viewer: Viewer) -> list[Existing]:
    """The risks of the viewer's own party: those of another are not theirs to change."""
    if viewer.party is None:
        return []
    risks = (
        visible_risks(viewer)
        .filter(party=viewer.party)
        .select_related("owner", "deputy")
        .prefetch_related("terms__taxonomy", "objectives")
        .order_by("pk")
    )
    positions = {p.risk_id: p for p in current_positions(viewer).filter(party=viewer.party)}
    works: dict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for work in mitigations_for(viewer).filter(party=viewer.party):
        for risk in work.risks.all():
            works[risk.pk][fold_value(work.title)] = _mitigation_for_comparison(work)
    controls: dict[int, set[str]] = defaultdict(set)
    for control in controls_for(viewer).filter(party=viewer.party, ended_at=None):
        for risk in control.risks.all():
            controls[risk.pk].add(fold_value(control.name))
    found = []
    for risk in risks:
        values: dict[str, Any] = {name: getattr(risk, name) for name in _COMPARED}
        values["owner"] = str(risk.owner.uuid)
        values["deputy"] = str(risk.deputy.uuid) if risk.deputy else None
        values["terms"] = sorted(term.ref for term in risk.terms.all())
        values["objectives"] = sorted(o.key for o in risk.objectives.all())
        cells = {stage: positions[risk.pk].cell(stage) for stage in Stage.values}
        found.append(
            Existing(
                ref=risk.ref,
                version=risk.version,
                editable=permits(viewer, "risk.edit", risk),
                values=values,
                levels={s: (c["likelihood"], c["impact"]) for s, c in cells.items() if c},
                mitigations=works[risk.pk],
                controls=frozenset(controls[risk.pk]),
            )
        )
    return found


def _mitigation_for_comparison(work: Mitigation) -> dict[str, Any]:
    return {
        "ref": work.ref,
        "title": work.title,
        "description": work.description,
        "expected_effect": work.expected_effect,
        "due_on": work.due_on.isoformat(),
        "status": work.status,
        "progress": work.progress,
        "cost": None if work.cost is None else f"{work.cost:.2f}",
        "owner": str(work.owner.uuid),
    }


def header_signature_of(table: Table) -> str:
    """What names the shape of a file: its header, and nothing of its rows."""
    return hashlib.sha256("\x1f".join(table.headers).encode()).hexdigest()


def remembered_answers(viewer: Viewer, table: Table, taxonomies: Sequence[str]) -> Answers:
    """How the last file of that header was read for the viewer's party; of rows, nothing."""
    last = (
        imports_of_own_party(viewer)
        .filter(signature=header_signature_of(table), undone_at=None)
        .first()
        if viewer.party is not None
        else None
    )
    if last is None:
        return Answers()
    kept = {k: v for k, v in last.answers.items() if k not in ("matches", "visibility")}
    try:
        return clean_answers(kept, tuple(taxonomies))
    except Invalid:
        # The register has changed since: a taxonomy that was named is gone.
        return Answers()


def imports_of_own_party(viewer: Viewer) -> QuerySet[Import]:
    """Imports of the viewer's party, newest first."""
    rows = Import.objects.visible_to(viewer)
    return rows.select_related("made_by", "undone_by", "party").order_by("-created_at", "-pk")


def import_of_own_party(viewer: Viewer, name: uuid.UUID, *, lock: bool = False) -> Import:
    """The import of that id. Raises ``NotFound``."""
    rows = imports_of_own_party(viewer)
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uuid=name).first()
    if row is None:
        raise NotFound(_("There is no such import."))
    row.register = viewer.register
    return row


def own_import_draft(viewer: Viewer, name: uuid.UUID, *, lock: bool = False) -> ImportDraft:
    """The viewer's own draft of that id. Raises ``NotFound``."""
    rows = ImportDraft.objects.filter(
        register=viewer.register, party=viewer.party, made_by=viewer.user
    )
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uuid=name).first()
    if row is None:
        raise NotFound(_("This file is no longer here. Bring it again."))
    return row


def open_job_of_draft(draft: ImportDraft) -> Job | None:
    """The work that brings ``draft`` in, while it goes on."""
    job = newest_job_of(draft.uuid)
    return job if job is not None and job.state in OPEN else None


def progress_of_draft_or_none(draft: ImportDraft) -> Progress | None:
    """How far a worker is with ``draft``; None where it was left to none."""
    return progress_of_newest_job_of_each([draft.uuid]).get(draft.uuid)


def imported_rows_of(row: Import) -> QuerySet[ImportedRow]:
    """What became of each row of an import, in the order of the file."""
    return row.rows.select_related("risk").order_by("number")


def refused_imported_rows_of(row: Import) -> QuerySet[ImportedRow]:
    """The rows of an import that were refused."""
    return imported_rows_of(row).filter(outcome="refused")


def imported_rows_waiting_for_owner(viewer: Viewer) -> QuerySet[ImportedRow]:
    """Risks whose file named an owner whom nobody is called, and that nobody was assigned since."""
    visible = visible_risks(viewer).filter(party=viewer.party)
    return (
        ImportedRow.objects.filter(
            of_import__in=imports_of_own_party(viewer).filter(undone_at=None).order_by(),
            risk__in=visible,
            risk__owner=F("parked_with"),
        )
        .exclude(owner_name="")
        .exclude(risk__state="closed")
        .select_related("risk", "parked_with")
        .order_by("risk__ref_order", "-pk")
    )


def parked_owner_name_or_empty(viewer: Viewer, risk: Risk) -> str:
    """Whom the file named as owner of ``risk``, while it waits to be assigned; else nothing."""
    if viewer.party_id is None or risk.party_id != viewer.party_id:
        return ""
    row = imported_rows_waiting_for_owner(viewer).filter(risk=risk).first()
    return row.owner_name if row else ""
