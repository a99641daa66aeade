"""Putting a new version of the criteria into force."""

import datetime as dt
from typing import Any

from django.db import transaction

from riskreg.events.services import append, append_all
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria, Register
from riskreg.register.permissions import require
from riskreg.register.policy import STAGES, Matrix
from riskreg.register.services import mark_used
from riskreg.risks.models import Risk
from riskreg.risks.services.standing import (
    cell_columns,
    pull_in_review,
    take_position,
    touch,
)


@transaction.atomic
def adopt_criteria(*, actor: Viewer, number: int, at: dt.datetime) -> Register:
    """Make version ``number`` the register's criteria and restate every risk by it.

    Levels that the new version has keep their place and are scored anew; a judgement on a level
    that is gone, or made on a scale of another length, is not carried over: that risk is unrated
    until somebody assesses it. Covers every party's risks, each in its own audience's log.
    """
    require(actor, "register.configure")
    # no_key: rows that are added meanwhile may refer to these, or both sides would wait forever.
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    criteria = Criteria.objects.filter(register=register, number=number).first()
    if criteria is None:
        raise NotFound("There are no such criteria.")
    old = register.criteria
    same_scale = old is not None and (len(old.likelihood), len(old.impact)) == (
        len(criteria.likelihood),
        len(criteria.impact),
    )
    register.criteria = criteria
    register.save(update_fields=["criteria"])
    mark_used(criteria, at)
    matrix, today, entries = Matrix(criteria), actor.today(at), []
    # The rule holds for all risks of the register, so this is the one write that looks at both
    # sides of the party boundary; what it finds goes nowhere but into each side's own rows.
    risks = Risk.objects.filter(register=register).select_for_update(no_key=True).order_by("pk")
    for risk in risks.select_related("party").prefetch_related("positions"):
        risk.register = register
        position = next(p for p in risk.positions.all() if p.valid_to is None)
        columns: dict[str, Any] = {}
        for stage in STAGES:
            cell = position.cell(stage)
            kept = cell if same_scale else None
            columns |= cell_columns(
                stage, matrix.cell(kept["likelihood"], kept["impact"]) if kept else None
            )
        was = risk.next_review_on
        after = take_position(risk, at, criteria, **columns)
        pull_in_review(risk, today, criteria, after.residual_rating)
        touch(risk, at, "next_review_on")
        changes: dict[str, Any] = {"residual": [position.cell("residual"), after.cell("residual")]}
        if was != risk.next_review_on:
            changes["next_review_on"] = [was, risk.next_review_on]
        entries.append(actor.entry("risk.restated", risk, at=at, changes=changes))
    if entries:
        append_all(entries)
    append(
        actor.entry(
            "criteria.adopted",
            register,
            at=at,
            changes={"criteria": [old.number if old else None, criteria.number]},
        )
    )
    return register
