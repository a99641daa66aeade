"""Keeping positions and review dates true. Called by services inside their transaction."""

import datetime as dt
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from riskreg.kernel import clock
from riskreg.register.models import Criteria
from riskreg.register.policy import Cell, Matrix
from riskreg.risks import policy
from riskreg.risks.models import Position, Risk, State

PARTS = ("likelihood", "impact", "score", "rating")
# What a position repeats of its risk.
_OF_RISK = ("register", "party", "visibility", "ref", "ref_order", "state", "kind", "owner")
_COLUMNS = [c.attname for c in Position._meta.concrete_fields if c.name in _OF_RISK]


def set_position(
    risk: Risk,
    at: dt.datetime,
    criteria: Criteria | None = None,
    *,
    by_scale: bool = False,
    **changes: Any,
) -> Position:
    """Close the risk's open position at ``at`` and open one that says how it stands from then on.

    ``changes`` are columns that differ (``cell_columns``); state, ref, owner, party and visibility
    come from the risk. Without ``criteria`` it stays judged on the scale that it is judged on.
    ``by_scale`` marks that another scale moved it and nobody's judgement. If nothing differs the
    old position stays. A clock that stepped back never makes positions overlap: the change counts
    from the start of the open one.
    """
    current = Position.objects.filter(risk=risk, valid_to=None).first()
    step, columns = next_step_and_columns(current, risk, at, criteria, changes)
    if step == Step.NONE:
        assert current is not None  # noqa: S101 - nothing differs from it
        return current
    if set_priority_in_memory(risk, columns):
        Risk.objects.filter(pk=risk.pk).update(priority=risk.priority)
    if step == Step.REWRITE:
        assert current is not None  # noqa: S101 - it is the one to write anew
        # What began with the risk itself was moved by nothing.
        moved = by_scale and Position.objects.filter(risk=risk, valid_to__isnull=False).exists()
        Position.objects.filter(pk=current.pk).update(by_scale=moved or current.by_scale, **columns)
        current.refresh_from_db()
        return current
    if current is not None:
        Position.objects.filter(pk=current.pk).update(valid_to=at)
    return Position.objects.create(risk=risk, valid_from=at, by_scale=by_scale, **columns)


def set_position_if_concerned(risk: Risk, at: dt.datetime, changed: Collection[str]) -> None:
    """``set_position`` after fields of the risk that are ``changed``; where a position repeats none
    of them, nothing is asked."""
    if not set(_OF_RISK).isdisjoint(changed):
        set_position(risk, at)


class Step(Enum):
    """What another standing of a risk makes of its positions: nothing, the open one is written
    anew, or a new one begins (and ends the open one, if there is one)."""

    NONE = 0
    REWRITE = 1
    BEGIN = 2


def next_step_and_columns(
    current: Position | None,
    risk: Risk,
    at: dt.datetime,
    criteria: Criteria | None,
    changes: Mapping[str, Any],
) -> tuple[Step, dict[str, Any]]:
    """What ``set_position`` does after ``current``, the open one, and the columns of what stands
    then."""
    columns: dict[str, Any] = {
        **{name: getattr(risk, name) for name in _COLUMNS},
        "criteria_id": criteria.pk if criteria else current and current.criteria_id,
    }
    for stage in ("inherent", "residual", "target"):
        for part in PARTS:
            name = f"{stage}_{part}"
            columns[name] = getattr(current, name) if current else None
    columns.update(changes)
    if current is None:
        return Step.BEGIN, columns
    if all(getattr(current, name) == value for name, value in columns.items()):
        return Step.NONE, columns
    return Step.REWRITE if at <= current.valid_from else Step.BEGIN, columns


def set_priority_in_memory(risk: Risk, columns: Mapping[str, Any]) -> bool:
    """Let ``risk`` say what is at stake where its position has ``columns``; whether it changed."""
    before, risk.priority = risk.priority, policy.priority(risk.kind, columns["residual_score"])
    return risk.priority != before


def cell_columns(stage: str, cell: Cell | None) -> dict[str, Any]:
    """The position columns of ``stage`` for ``cell`` (None: not judged)."""
    return {f"{stage}_{part}": getattr(cell, part) if cell else None for part in PARTS}


def bring_review_forward_in_memory(
    risk: Risk, today: dt.date, criteria: Criteria, rating: str | None
) -> None:
    """Bring the risk's next review date in to what the rating's cadence asks (I1: never out)."""
    if risk.state == State.OPEN:
        cadence = Matrix(criteria).cadence_days(rating)
        risk.next_review_on = policy.brought_forward_review_on(risk.next_review_on, today, cadence)


def set_draft_due_in_memory(risk: Risk) -> None:
    """Count anew, from its last change, by when a draft is to be opened or closed."""
    changed_on = clock.local_date(risk.updated_at, risk.register.time_zone)
    risk.draft_due_on = policy.finish_due_if_draft(risk.state, changed_on)


def increment_version_and_set_draft_due_in_memory(risk: Risk, at: dt.datetime) -> None:
    """Make it the next version of ``risk``, in memory only."""
    risk.version += 1
    risk.updated_at = max(at, risk.updated_at)
    set_draft_due_in_memory(risk)


def save_next_version(risk: Risk, at: dt.datetime, *fields: str) -> None:
    """Save ``fields`` of ``risk`` as its next version."""
    increment_version_and_set_draft_due_in_memory(risk, at)
    risk.save(update_fields=[*fields, "version", "updated_at", "draft_due_on"])
