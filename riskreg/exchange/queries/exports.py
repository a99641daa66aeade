"""The rows of a register that goes out: exactly those of a list, in its order, read in pieces."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from riskreg.accounts.models import User
from riskreg.events.queries import history_of
from riskreg.kernel import clock
from riskreg.kernel.localised import localised
from riskreg.kernel.many_ids import is_among
from riskreg.register.access import Viewer
from riskreg.register.dimensions import dimension_name
from riskreg.register.queries import terms_of
from riskreg.risks.models import Assessment, Mitigation, Position, Risk, Stage, State
from riskreg.risks.queries.links import objective_keys_by_risk

# Each piece costs a few statements of its own, however many rows it has.
PIECE = 5000
_PARTS = ("likelihood", "impact", "score", "rating")
_TEXTS = ("title", "event", "cause", "consequence")


def export_rows(
    viewer: Viewer,
    positions: QuerySet[Position],
    language: str,
    column_names: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """A row for each of ``positions``, by the names of ``exchange.columns``.

    A risk with several measures has a row for each of them. What only a risk's own party knows is
    empty for everybody else. ``column_names``: what each row has in any case, in this order. Values
    are read without making rows into objects: of a large register that would be most of the time.
    """
    terms = terms_of(viewer).order_by().values_list("pk", "taxonomy__key", "key", "names")
    columns = {pk: _ColumnAndName(f"terms.{own}", localised(n, key)) for pk, own, key, n in terms}
    people: dict[int, str] = {}
    blank = dict.fromkeys(column_names)
    ours = viewer.party_id
    rows = positions.select_related(None).values_list(*_VALUES).iterator(chunk_size=PIECE)
    while piece := list(islice(rows, PIECE)):
        ids = [values[0] for values in piece]
        works = _mitigations_by_risk(viewer, ids)
        filed = _joined_term_names_by_risk_and_column(ids, columns)
        objectives = objective_keys_by_risk(viewer, ids)
        ended = [values[0] for values in piece if values[_STATE] == State.CLOSED]
        closings = _ending_by_risk(viewer, ended, language)
        driven = _newest_residual_dimension_by_risk(viewer, ids)
        _add_names_of_owners_and_deputies(people, piece)
        for values in piece:
            pk, owner, deputy, party, translations, criteria, *plain = values
            row: dict[str, Any] = blank | dict(zip(_NAMES, plain, strict=True))
            row["owner"], row["deputy"] = people[owner], people.get(deputy)
            if party != ours:
                row["external_id"] = None
            if translations not in _NO_VERSIONS:
                version = json.loads(translations).get(language) or {}
                row |= {text: version[text] for text in _TEXTS if version.get(text)}
            row["objectives"] = "; ".join(objectives[pk]) if pk in objectives else ""
            if pk in filed:
                row |= filed[pk]
            if pk in driven and driven[pk][:2] == (criteria, row["residual.impact"]):
                row["dimension"] = dimension_name(viewer.criteria, driven[pk].dimension)
            if pk in closings:
                row |= closings[pk]
            if pk in works:
                yield from (row | work for work in works[pk])
            else:
                yield row


def _mitigations_by_risk(
    viewer: Viewer, risk_ids: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """{risk: its measures that the viewer may know of, soonest first}, of those that have some."""
    works: dict[int, list[dict[str, Any]]] = {}
    links = Mitigation.risks.through.objects.filter(
        is_among("risk_id", risk_ids), mitigation__in=Mitigation.objects.visible_to(viewer)
    ).order_by("mitigation__due_on", "mitigation_id")
    for risk, *values in links.values_list("risk_id", *_OF_WORK):
        title, due_on, owner, names, status, progress, cost = values
        work = {
            "mitigation.title": title,
            "mitigation.due_on": due_on,
            "mitigation.owner": localised(names, owner),
            "mitigation.status": status,
            "mitigation.progress": progress,
            "mitigation.cost": cost,
        }
        works.setdefault(risk, []).append(work)
    return works


class _ColumnAndName(NamedTuple):
    """In which column of the file a term stands, and what it is called in the reader's language."""

    column: str
    name: str


def _joined_term_names_by_risk_and_column(
    visible_risk_ids: Sequence[int], column_and_name_by_term: Mapping[int, _ColumnAndName]
) -> dict[int, dict[str, str]]:
    """{risk: {column: names}}, of risks that have terms; the caller has the ids from a query that
    was told who asks."""
    found: dict[int, dict[str, str]] = {}
    several: dict[tuple[int, str], list[str]] = {}
    links = Risk.terms.through.objects.filter(is_among("risk_id", visible_risk_ids))
    for risk, term in links.values_list("risk_id", "term_id"):
        column, name = column_and_name_by_term[term]
        if risk not in found:
            found[risk] = {column: name}
        elif column not in found[risk]:
            found[risk][column] = name
        else:
            several.setdefault((risk, column), [found[risk][column]]).append(name)
    for (risk, column), names in several.items():
        found[risk][column] = "; ".join(sorted(names))
    return found


def _add_names_of_owners_and_deputies(
    name_by_user: dict[int, str], rows: Sequence[Sequence[Any]]
) -> None:
    """Add to ``name_by_user`` those who answer for the risks of ``rows`` (``_VALUES``): a register
    has few, and so they are asked for once and not joined to each of its risks."""
    named = {pk for values in rows for pk in values[1:3] if pk is not None}
    wanted = named - name_by_user.keys()
    if wanted:
        found = User.objects.filter(pk__in=wanted).values_list("pk", "name", "names")
        name_by_user.update((pk, localised(names, name)) for pk, name, names in found)


class _Driven(NamedTuple):
    """What kind of impact drove a judgement, and by which criteria (database id)."""

    criteria: int
    impact: int
    dimension: str


def _newest_residual_dimension_by_risk(
    viewer: Viewer, risk_ids: Sequence[int]
) -> dict[int, _Driven]:
    """By risk, of its newest judgement of what is left as it stands; no query where the criteria
    know no kinds, as there is no column for them."""
    if not viewer.criteria.dimensions:
        return {}
    rows = Assessment.objects.visible_to(viewer).filter(
        is_among("risk_id", risk_ids), stage=Stage.RESIDUAL
    )
    newest = {
        risk: _Driven(criteria, impact, dimension or "")
        for risk, criteria, impact, dimension in rows.order_by("at", "id").values_list(
            "risk_id", "criteria_id", "impact", "dimension"
        )
    }
    return {risk: judged for risk, judged in newest.items() if judged.dimension}


_CELLS = [(f"{s}.{p}", f"{s}_{p}") for s in Stage.values for p in _PARTS]
_PLAIN_VALUES = (
    ("ref", "ref"), ("kind", "kind"), ("state", "state"), ("visibility", "visibility"),
    ("response", "risk__response"),
    ("next_review_on", "risk__next_review_on"), ("last_reviewed_on", "risk__last_reviewed_on"),
    ("external_id", "risk__external_id"), *((text, f"risk__{text}") for text in _TEXTS), *_CELLS,
)  # fmt: skip
# Before them what is no column as it stands: who and whose, versions of texts (taken apart where
# there are any, of which most registers have few).
_NAMES = [name for name, _column in _PLAIN_VALUES]
_VALUES: tuple[Any, ...] = (
           "risk_id", "owner_id", "risk__deputy_id", "risk__party_id",
           Cast("risk__translations", TextField()), "criteria_id",
           *(column for _name, column in _PLAIN_VALUES))  # fmt: skip
_OF_WORK = [f"mitigation__{name}" for name in ("title", "due_on", "owner__name", "owner__names",
                                               "status", "progress", "cost")]  # fmt: skip
_NO_VERSIONS = (None, "", "{}", "null")
_STATE = _VALUES.index("state")


def _ending_by_risk(
    viewer: Viewer, closed_risk_ids: Sequence[int], language: str
) -> dict[int, dict[str, Any]]:
    """How those that are closed ended: on which day, why, and, of what happened, when and at which
    cost. At most two queries; the caller has the ids from a query that was told who asks."""
    found: dict[int, dict[str, Any]] = {}
    if not closed_risk_ids:
        return found
    kept = Risk.objects.filter(is_among("pk", closed_risk_ids))
    risks = {
        values[1]: values
        for values in kept.values_list("pk", "uuid", "happened_on", "happened_cost", "labels")
    }
    for event in history_of(viewer.audience, list(risks)).filter(verb="risk.closed"):
        values = risks[event.subject_uuid]
        if values[0] in found:
            continue
        changes = json.loads(event.changes)
        versions = (changes.get("translations") or [None, {}])[1] or {}
        own = versions.get(language) or {}
        _pk, _uuid, happened_on, happened_cost, labels = values
        found[values[0]] = {
            "closed_on": clock.local_date(event.at, viewer.register.time_zone),
            "closing_reason": own.get("reason") or changes["reason"][1],
            "happened_on": happened_on,
            "happened_cost": happened_cost,
            "happened_cost_label": (labels or {}).get("happened_cost"),
        }
    return found
