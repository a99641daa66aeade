"""The rows of a register that goes out: exactly those of a list, in its order, read in pieces."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from riskreg.events.queries import history_of
from riskreg.kernel import clock
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.dimensions import dimension_name
from riskreg.register.queries import terms_of
from riskreg.risks.models import Assessment, Mitigation, Position, Risk, Stage, State
from riskreg.risks.queries.links import objectives_by_risk
from riskreg.risks.queries.lists import mitigations_for

PIECE = 1000
_PARTS = ("likelihood", "impact", "score", "rating")
_TEXTS = ("title", "event", "cause", "consequence")


def export_rows(
    viewer: Viewer, positions: QuerySet[Position], language: str
) -> Iterator[dict[str, Any]]:
    """A row for each of ``positions``, by the names of ``exchange.columns``.

    A risk with several measures has a row for each of them. What only a risk's own party knows is
    empty for everybody else. Values are read without making rows into objects: of a large register
    that would be most of the time.
    """
    terms = terms_of(viewer).order_by().values_list("pk", "taxonomy__key", "key", "names")
    columns = {pk: (f"terms.{own}", localised(n, key)) for pk, own, key, n in terms}
    rows = positions.select_related(None).values_list(*_VALUES).iterator(chunk_size=PIECE)
    while piece := list(islice(rows, PIECE)):
        ids = [values[0] for values in piece]
        works = _works(viewer, ids)
        filed = _terms(ids, columns)
        objectives = objectives_by_risk(viewer, ids)
        ended = [values for values in piece if values[_STATE] == State.CLOSED]
        closings = _closings(viewer, ended, language)
        driven = _dimensions(viewer, ids)
        for values in piece:
            row = _row(viewer, values, language)
            pk = values[0]
            row["objectives"] = "; ".join(objectives.get(pk, ()))
            for name, texts in filed.get(pk, {}).items():
                row[name] = "; ".join(sorted(texts))
            judged = driven.get(pk)
            if judged and judged[:2] == (values[_CRITERIA], row["residual.impact"]):
                row["dimension"] = dimension_name(viewer.criteria, judged[2])
            if pk in closings:
                row |= closings[pk]
            if pk in works:
                yield from (row | _measure(work) for work in works[pk])
            else:
                yield row


def _works(viewer: Viewer, ids: Sequence[int]) -> dict[int, list[Mitigation]]:
    wanted = set(ids)
    works: dict[int, list[Mitigation]] = {}
    for work in mitigations_for(viewer).filter(risks__in=wanted).distinct():
        for risk in work.risks.all():
            if risk.pk in wanted:
                works.setdefault(risk.pk, []).append(work)
    return works


def _terms(
    ids: Sequence[int], columns: Mapping[int, tuple[str, str]]
) -> dict[int, dict[str, list[str]]]:
    """{risk: {column: [name, …]}}; the caller has the ids from a query that was told who asks."""
    found: dict[int, dict[str, list[str]]] = {}
    links = Risk.terms.through.objects.filter(risk__in=ids)
    for risk, term in links.values_list("risk_id", "term_id"):
        column, name = columns[term]
        found.setdefault(risk, {}).setdefault(column, []).append(name)
    return found


def _dimensions(viewer: Viewer, ids: Sequence[int]) -> dict[int, tuple[int, int, str]]:
    """Of each risk the criteria, the impact and the kind of impact of its newest judgement as it
    stands; no query where the criteria know no kinds, as there is no column for them."""
    if not viewer.criteria.dimensions:
        return {}
    rows = Assessment.objects.visible_to(viewer).filter(risk__in=ids, stage=Stage.RESIDUAL)
    newest = {
        risk: (criteria, impact, dimension or "")
        for risk, criteria, impact, dimension in rows.order_by("at", "id").values_list(
            "risk_id", "criteria_id", "impact", "dimension"
        )
    }
    return {risk: judged for risk, judged in newest.items() if judged[2]}


_CELLS = [(f"{s}.{p}", f"{s}_{p}") for s in Stage.values for p in _PARTS]
_PLAIN_VALUES = (
    ("ref", "ref"), ("kind", "kind"), ("state", "state"), ("visibility", "visibility"),
    ("response", "risk__response"),
    ("next_review_on", "risk__next_review_on"), ("last_reviewed_on", "risk__last_reviewed_on"),
    ("external_id", "risk__external_id"), *((text, f"risk__{text}") for text in _TEXTS), *_CELLS,
)  # fmt: skip
# Before them what is no column as it stands: who and whose, versions of texts, how it ended.
_NAMES = [name for name, _column in _PLAIN_VALUES]
_VALUES = ("risk_id", "owner__name", "owner__names", "risk__deputy__name", "risk__deputy__names",
           "risk__party_id", "risk__translations",
           "risk__uuid", "risk__happened_on", "risk__happened_cost", "risk__labels",
           "criteria_id",
           *(column for _name, column in _PLAIN_VALUES))  # fmt: skip
_UUID, _CRITERIA, _FIRST = 7, 11, 12
_STATE = _VALUES.index("state")


def _row(viewer: Viewer, values: Sequence[Any], language: str) -> dict[str, Any]:
    owner, owner_names, deputy, deputy_names, party, translations = values[1:_UUID]
    row: dict[str, Any] = dict(zip(_NAMES, values[_FIRST:], strict=True))
    row["owner"] = localised(owner_names, owner) if owner_names else owner
    row["deputy"] = localised(deputy_names, deputy) if deputy else None
    if party != viewer.party_id:
        row["external_id"] = None
    if translations and (version := translations.get(language)):
        row |= {text: version[text] for text in _TEXTS if version.get(text)}
    return row


def _closings(
    viewer: Viewer, ended: Sequence[Sequence[Any]], language: str
) -> dict[int, dict[str, Any]]:
    """How those that are closed ended: on which day, why, and, of what happened, when and at which
    cost. At most one query."""
    found: dict[int, dict[str, Any]] = {}
    if not ended:
        return found
    risks = {values[_UUID]: values for values in ended}
    for event in history_of(viewer.audience, list(risks)).filter(verb="risk.closed"):
        values = risks[event.subject_uuid]
        if values[0] in found:
            continue
        changes = json.loads(event.changes)
        versions = (changes.get("translations") or [None, {}])[1] or {}
        own = versions.get(language) or {}
        _uuid, happened_on, happened_cost, labels = values[_UUID : _UUID + 4]
        found[values[0]] = {
            "closed_on": clock.local_date(event.at, viewer.register.time_zone),
            "closing_reason": own.get("reason") or changes["reason"][1],
            "happened_on": happened_on,
            "happened_cost": happened_cost,
            "happened_cost_label": (labels or {}).get("happened_cost"),
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
