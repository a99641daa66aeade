"""The rows of a register that goes out: exactly those of a list, in its order, read in pieces."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from riskreg.events.queries import history_of
from riskreg.kernel import clock
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.dimensions import dimension_name
from riskreg.risks.models import Mitigation, Position, Stage, State
from riskreg.risks.queries.links import objectives_by_risk
from riskreg.risks.queries.lists import mitigations_for, residual_dimension

PIECE = 500
_TEXTS = ("title", "event", "cause", "consequence")


def export_rows(
    viewer: Viewer, positions: QuerySet[Position], language: str
) -> Iterator[dict[str, Any]]:
    """A row for each of ``positions``, by the names of ``exchange.columns``.

    A risk with several measures has a row for each of them. What only a
    risk's own party knows is empty for everybody else.
    """
    found = positions.select_related(
        "risk__register", "risk__party", "owner", "risk__deputy", "party"
    ).prefetch_related("risk__terms__taxonomy")
    found = found.annotate(dimension=residual_dimension(viewer))
    rows = found.iterator(chunk_size=PIECE)
    while piece := list(islice(rows, PIECE)):
        works = _works(viewer, piece)
        objectives = objectives_by_risk(viewer, [position.risk_id for position in piece])
        closings = _closings(viewer, piece, language)
        for position in piece:
            row = _row(viewer, position, language, objectives)
            row |= closings.get(position.risk.uuid, {})
            mine = works[position.risk_id]
            yield from (row | _measure(work) for work in mine) if mine else (row,)


def _works(viewer: Viewer, piece: Sequence[Position]) -> defaultdict[int, list[Mitigation]]:
    wanted = {position.risk_id for position in piece}
    works: defaultdict[int, list[Mitigation]] = defaultdict(list)
    for work in mitigations_for(viewer).filter(risks__in=wanted).distinct():
        for risk in work.risks.all():
            if risk.pk in wanted:
                works[risk.pk].append(work)
    return works


def _row(
    viewer: Viewer,
    position: Position,
    language: str,
    objectives: Any,
) -> dict[str, Any]:
    risk = position.risk
    row: dict[str, Any] = {
        "ref": position.ref,
        "external_id": risk.external_id if viewer.party_id == risk.party_id else None,
        **{name: risk.in_language(name, language) for name in _TEXTS},
        "kind": position.kind,
        "state": position.state,
        "response": risk.response,
        "owner": localised(position.owner.names or {}, position.owner.name),
        "deputy": localised(risk.deputy.names or {}, risk.deputy.name) if risk.deputy else None,
        "objectives": "; ".join(objectives.get(risk.pk, [])),
        "next_review_on": risk.next_review_on,
        "last_reviewed_on": risk.last_reviewed_on,
        "visibility": position.visibility,
    }
    terms: dict[str, list[str]] = defaultdict(list)
    for term in risk.terms.all():
        terms[term.taxonomy.key].append(localised(term.names, term.key))
    row |= {f"terms.{key}": "; ".join(sorted(names)) for key, names in terms.items()}
    for stage in Stage.values:
        for part, value in (position.cell(stage) or {}).items():
            row[f"{stage}.{part}"] = value
    if key := position.dimension:  # type: ignore[attr-defined]
        row["dimension"] = dimension_name(viewer.criteria, key)
    return row


def _closings(
    viewer: Viewer, piece: Sequence[Position], language: str
) -> dict[uuid.UUID, dict[str, Any]]:
    """How those that are closed ended: on which day, why, and, of what happened, when and at which
    cost. At most one query."""
    ended = {row.risk.uuid: row.risk for row in piece if row.state == State.CLOSED}
    found: dict[uuid.UUID, dict[str, Any]] = {}
    if not ended:
        return found
    for event in history_of(viewer.audience, list(ended)).filter(verb="risk.closed"):
        risk = ended[event.subject_uuid]
        if risk.uuid in found:
            continue
        changes = json.loads(event.changes)
        versions = (changes.get("translations") or [None, {}])[1] or {}
        own = versions.get(language) or {}
        found[risk.uuid] = {
            "closed_on": clock.local_date(event.at, viewer.register.time_zone),
            "closing_reason": own.get("reason") or changes["reason"][1],
            "happened_on": risk.happened_on,
            "happened_cost": risk.happened_cost,
            "happened_cost_label": risk.labels.get("happened_cost"),
        }
    return found


def _measure(work: Mitigation) -> dict[str, Any]:
    return {
        "mitigation.title": work.title,
        "mitigation.due_on": work.due_on,
        "mitigation.owner": localised(work.owner.names or {}, work.owner.name),
        "mitigation.status": work.status,
        "mitigation.progress": work.progress,
        "mitigation.cost": work.cost,
    }
