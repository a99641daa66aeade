"""Recording judgements."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import Entry, append, is_brought_in
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS, Cell, Matrix, check_sourced
from riskreg.register.services import mark_criteria_used
from riskreg.register.translations import clean_translations
from riskreg.risks.models import Assessment, Position, Risk, Stage, State
from riskreg.risks.queries.access import current_position_of, require_version, risk_for
from riskreg.risks.services.positions import (
    bring_review_forward_in_memory,
    cell_columns,
    save_next_version,
    set_position,
)


@transaction.atomic
def record_assessment(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    given: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Assessment:
    """Record the actor's judgement of a risk at one stage.

    ``given``: {stage, likelihood, impact, dimension?, rationale, label?, translations?}, levels as
    the criteria have them; ``dimension`` is the key of the kind of impact that drove the level.
    No score moves, and none is confirmed, without its reason (I13). A rating that asks for sooner
    reviews pulls the next review in (I1).
    Raises ``Invalid`` naming each wrong field, ``Conflict``, ``Forbidden``, ``NotFound``.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.assess", risk)
    require_version(risk, version)
    assessment = create_permitted_assessment(actor, risk, given, at=at, recorded_at=recorded_at)
    save_next_version(risk, recorded_at or at, "next_review_on")
    return assessment


def create_permitted_assessment(
    actor: Viewer,
    risk: Risk,
    given: Mapping[str, Any],
    *,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Assessment:
    """The assessment itself, on a risk that the caller has locked and will save.

    Part of ``record_assessment`` and of ``reviews.services.record_review``; changes
    ``risk.next_review_on`` in memory only.
    """
    if risk.state == State.CLOSED:
        raise Invalid.one("state", "closed", _("This risk is closed; reopen it to assess it."))
    clean, cell = clean_assessment(actor, risk, given)
    mark_criteria_used(actor.criteria, recorded_at or at)
    before = current_position_of(risk)
    assessment, entry = build_assessment(
        actor, risk, before, clean, cell, at=at, recorded_at=recorded_at
    )
    assessment.save()
    set_position(risk, at, actor.criteria, **cell_columns(clean["stage"], cell))
    # The caller saves the risk as its next version.
    append(replace(entry, subject_version=risk.version + 1))
    return assessment


def build_assessment(
    actor: Viewer,
    risk: Risk,
    before: Position,
    clean: dict[str, Any],
    cell: Cell,
    *,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> tuple[Assessment, Entry]:
    """The assessment that ``clean_assessment`` gives, and what the log says of it, neither saved;
    ``before``: where the risk stood. Changes ``risk.next_review_on`` in memory only."""
    criteria, recorded_at = actor.criteria, recorded_at or at
    assessment = Assessment(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        risk=risk,
        criteria=criteria,
        likelihood=cell.likelihood,
        impact=cell.impact,
        score=cell.score,
        rating=cell.rating,
        assessor=actor.user,
        at=at,
        created_at=recorded_at,
        brought_in=is_brought_in(at, recorded_at),
        **clean,
    )
    was = risk.next_review_on
    if clean["stage"] == Stage.RESIDUAL:
        bring_review_forward_in_memory(risk, actor.today(at), criteria, cell.rating)
    changes: dict[str, Any] = {
        clean["stage"]: [before.cell(clean["stage"]), {p: getattr(cell, p) for p in cell.__dict__}],
        "rationale": [None, clean["rationale"]],
    }
    if clean["dimension"]:
        changes["dimension"] = [None, clean["dimension"]]
    if clean["translations"]:
        changes["translations"] = [None, clean["translations"]]
    if was != risk.next_review_on:
        changes["next_review_on"] = [was, risk.next_review_on]
    entry = actor.entry("risk.assessed", risk, at=at, recorded_at=recorded_at, changes=changes)
    return assessment, entry


def clean_assessment(
    actor: Viewer, risk: Risk, given: Mapping[str, Any]
) -> tuple[dict[str, Any], Cell]:
    """``given`` checked, and the cell it names. Raises ``Invalid`` with everything wrong."""
    errors = Errors()
    if not isinstance(given, Mapping):
        raise Invalid.one("assessment", "not_an_object", _("An assessment is an object."))
    known = {"stage", "likelihood", "impact", "dimension", "rationale", "label", "translations"}
    for name in given:
        if name not in known:
            errors.add(str(name)[:60], "unknown_field", _("An assessment has no such field."))
    stage = given.get("stage", Stage.RESIDUAL)
    if stage not in Stage.values:
        errors.add(
            "stage",
            "unknown",
            _("This must be one of: %(all)s.") % {"all": ", ".join(Stage.values)},
        )
    label = given.get("label") or "judgement"
    if label not in LABELS:
        errors.add("label", "unknown", _("Unknown label; use one of: %s.") % ", ".join(LABELS))
    check_sourced(errors, "label", label, bool(risk.sources))
    dimension = _clean_dimension(errors, actor.criteria, given.get("dimension"))
    rationale = clean_text(errors, "rationale", given.get("rationale"), limit=8000)
    translations = clean_translations(errors, given.get("translations") or {}, ("rationale",))
    cell = None
    try:
        cell = Matrix(actor.criteria).cell(given.get("likelihood"), given.get("impact"))
    except Invalid as invalid:
        errors.merge(invalid)
    if cell is not None and not rationale and "rationale" not in errors.fields:
        if stage in Stage.values and vars(cell) == current_position_of(risk).cell(stage):
            why = _(
                "Nothing has changed: it stands in this cell. Choose another, or say why it stays."
            )
        else:
            why = _("A new score needs its reason: say in a sentence why it stands there.")
        errors.add("rationale", "required", why)
    errors.raise_if_any()
    assert cell is not None  # noqa: S101 - an invalid cell has raised above
    clean = {
        "stage": stage,
        "dimension": dimension,
        "label": label,
        "rationale": rationale,
        "translations": translations,
    }
    return clean, cell


def _clean_dimension(errors: Errors, criteria: Criteria, value: Any) -> str | None:
    """The key of a kind of impact that the scale in force has, or None for none."""
    if value is None or value == "":
        return None
    keys = [item["key"] for item in criteria.dimensions]
    if isinstance(value, str) and value in keys:
        return value
    if keys:
        text = _(
            "The scale in force has no such kind of impact. Leave it empty, or use one of: %s."
        )
        errors.add("dimension", "unknown", text % ", ".join(keys))
    else:
        text = _(
            "The scale in force tells no kinds of impact apart. Leave this empty; a risk manager "
            "can add kinds to the criteria."
        )
        errors.add("dimension", "none_there", text)
    return None
