"""What another scale does to the risks: beforehand, and between two days that are compared."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Value

from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.criteria import clean_criteria_for_register
from riskreg.register.models import Criteria
from riskreg.register.policy import STAGES, Cell, Matrix
from riskreg.risks.appetite import joined_terms_expression, split_joined_terms
from riskreg.risks.models import Position, State
from riskreg.risks.policy import clean_mapping, levels_gone, restate_on_scale, scale_differs
from riskreg.risks.queries.access import current_positions, visible_positions


@dataclass(frozen=True)
class CellChange:
    """A risk that would stand elsewhere, or be rated otherwise, at one stage; ``after`` None: it
    would be unrated until somebody judges it again."""

    ref: str
    stage: str
    before: dict[str, Any]
    after: dict[str, Any] | None


@dataclass(frozen=True)
class AppetiteChange:
    """An open threat that stands above its appetite, or within it, and would not."""

    ref: str
    rating: dict[str, Any] | None
    before: bool
    after: bool


@dataclass(frozen=True)
class Adoption:
    """What putting criteria into force would do to the risks that the viewer may know of.

    ``to_map``: the levels, by axis, whose judgements must be sent somewhere; ``errors``: what is
    wrong with the mapping so far, by field. Until that is right ``changes`` counts what is not
    mapped as unrated. ``appetite``: the open threats that would come to stand above appetite, or
    not any more, by their terms too.
    """

    scale_differs: bool
    to_map: dict[str, list[int]]
    errors: Invalid | None
    changes: list[CellChange]
    appetite: list[AppetiteChange]


def preview_adoption(
    viewer: Viewer, criteria: Criteria, mapping: Mapping[str, Any] | None = None
) -> Adoption:
    """What ``services.adopt_criteria`` would change, for ``criteria`` that may not be saved yet."""
    old = viewer.criteria
    problem: Invalid | None = None
    try:
        levels: dict[str, dict[int, int | None]] = clean_mapping(old, criteria, mapping)
    except Invalid as invalid:
        problem = invalid
        # What is right already counts; what is not is asked for.
        levels = _valid_part_of_mapping(old, criteria, mapping, invalid)
    was, matrix = Matrix(old), Matrix(criteria)
    changes: list[CellChange] = []
    appetite: list[AppetiteChange] = []
    positions = current_positions(viewer).exclude(state="closed").order_by("ref_order")
    # Of many risks, and so only where a term decides anything.
    by_terms = bool(was.term_appetites or matrix.term_appetites)
    for position in positions.annotate(
        terms_now=joined_terms_expression() if by_terms else Value("")
    ):
        residual: Cell | None = None
        for stage in STAGES:
            before = position.cell(stage)
            if before is None:
                continue
            cell = restate_on_scale(before, levels, matrix)
            residual = cell if stage == "residual" else residual
            after = None if cell is None else dict(cell.__dict__)
            if after != before:
                changes.append(CellChange(position.ref, stage, before, after))
        if position.state == State.OPEN:
            terms, kind = split_joined_terms(position.terms_now), position.kind
            now = was.above_appetite(position.residual_rating, kind, terms)
            then = matrix.above_appetite(residual.rating if residual else None, kind, terms)
            if now != then:
                appetite.append(AppetiteChange(position.ref, position.cell("residual"), now, then))
    return Adoption(
        scale_differs=scale_differs(old, criteria),
        to_map=levels_gone(old, criteria),
        errors=problem,
        changes=changes,
        appetite=appetite,
    )


def preview_publication(
    viewer: Viewer, data: Mapping[str, Any], mapping: Mapping[str, Any] | None = None
) -> Adoption:
    """What ``services.publish_criteria`` would change. Raises ``Invalid`` for bad criteria."""
    criteria = Criteria(
        register=viewer.register, number=0, **clean_criteria_for_register(viewer, data)
    )
    return preview_adoption(viewer, criteria, mapping)


def _valid_part_of_mapping(
    old: Criteria, new: Criteria, mapping: Any, invalid: Invalid
) -> dict[str, dict[int, int | None]]:
    given = mapping if isinstance(mapping, Mapping) else {}
    known: dict[str, dict[int, int | None]] = {}
    for axis in ("likelihood", "impact"):
        own = given.get(axis)
        own = own if isinstance(own, Mapping) else {}
        most = len(getattr(new, axis))
        wanted = {
            int(str(key)): value
            for key, value in own.items()
            if f"mapping.{axis}.{str(key)[:20]}" not in invalid.fields
        }
        known[axis] = {
            n: wanted.get(n, n if n <= most else None)
            for n in range(1, len(getattr(old, axis)) + 1)
        }
    return known


@dataclass(frozen=True)
class ScaleChanges:
    """The days on which another scale came into force, and the risks (database ids) that nothing
    but that moved."""

    days: list[dt.date] = field(default_factory=list)
    moved: frozenset[int] = frozenset()


def scale_changes(
    viewer: Viewer,
    stage: str,
    since: dt.datetime,
    until: dt.datetime | None,
    moved: Mapping[int, dict[str, Any] | None],
) -> ScaleChanges:
    """Changes of scale after ``since`` and before ``until`` (None: up to now), as the positions of
    the visible risks show them. ``moved``: the risks that moved, with where they stood before.
    """
    window = visible_positions(viewer).filter(valid_from__gte=since)
    if until is not None:
        window = window.filter(valid_from__lt=until)
    moments = window.filter(by_scale=True).order_by().values_list("valid_from", flat=True)
    zone = viewer.register.time_zone
    days = sorted({clock.local_date(moment, zone) for moment in moments.distinct()})
    if not days:
        return ScaleChanges()
    return ScaleChanges(
        days, frozenset(_ids_moved_by_scale_alone(window, stage, moved, list(moved)))
    )


def _ids_moved_by_scale_alone(
    window: Any,
    stage: str,
    before: Mapping[int, dict[str, Any] | None],
    risks: Collection[int],
) -> set[int]:
    stood, judged = dict(before), set()
    steps: Any = window.filter(risk_id__in=risks).order_by("risk_id", "valid_from")
    position: Position
    for position in steps:
        cell = position.cell(stage)
        if cell != stood[position.risk_id] and not position.by_scale:
            judged.add(position.risk_id)
        stood[position.risk_id] = cell
    return set(before) - judged
