"""Putting a new version of the criteria into force."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append, append_all
from riskreg.kernel.errors import Conflict, NotFound
from riskreg.register.accepting import rating_with_caps
from riskreg.register.access import Viewer
from riskreg.register.axes import axes_of
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_policy import criteria_differences, needs_yes_of_others
from riskreg.register.change_words import criteria_changed_lines, criteria_changed_title
from riskreg.register.criteria import clean_criteria_for_register, names_of_terms_with_appetite
from riskreg.register.models import Criteria, Register
from riskreg.register.permissions import require
from riskreg.register.policy import STAGES, Matrix
from riskreg.register.services import (
    Proposal,
    add_criteria,
    ask_others_or_note_agreed,
    mark_criteria_used,
)
from riskreg.risks.models import Risk
from riskreg.risks.policy import clean_mapping, restate_on_scale, scale_differs
from riskreg.risks.services.positions import (
    bring_review_forward_in_memory,
    cell_columns,
    save_next_version,
    set_position,
)

CRITERIA = "criteria"


@transaction.atomic
def publish_criteria(
    *,
    actor: Viewer,
    data: Mapping[str, Any],
    mapping: Mapping[str, Any] | None = None,
    seen_number: int,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Register | ChangeRequest:
    """Make ``data`` the next version of the criteria and put it into force at once.

    Appetites of terms and the tolerance stay as they are where ``data`` says nothing of them.

    ``seen_number`` is the version that the actor decided by; ``mapping`` is as ``adopt_criteria``
    takes it. What this changes is what ``queries.scales.preview_publication`` says beforehand.
    Where nothing differs, no version is made. What does not only make them stricter needs a yes of
    every party: the request for it is returned, and nothing is changed yet (``propose``). Raises
    ``Forbidden``, ``Invalid`` naming each field; ``Conflict`` where other criteria are in force by
    now.
    """
    require(actor, "register.configure")
    now = lock_criteria_in_force(actor, seen_number)
    clean = clean_criteria_for_register(actor, data)
    held = {name: getattr(now, name) for name in clean}
    held["ratings"] = [rating_with_caps(rating) for rating in now.ratings]
    held["term_appetites"] = now.term_appetites or []
    held["tolerance"] = now.tolerance or []
    if held == clean and not mapping:
        return now.register
    # Refused at once, not by the last yes: a level that is gone and of which nothing is said.
    clean_mapping(now, Criteria(register=now.register, **clean), mapping)
    asked = ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=CRITERIA,
            content={"data": clean, "mapping": mapping, "seen_number": seen_number},
            before={
                **held,
                "number": now.number,
                "axes": axes_of(now.register).as_json(),
                "terms": names_of_terms_with_appetite(actor, held, clean),
            },
            after={**clean, "mapping": mapping},
            asks=needs_yes_of_others(criteria_differences(held, clean, mapping)),
        ),
        at,
        agreed=agreed,
    )
    if asked.is_open:
        return asked
    made = add_criteria(actor=actor, data=clean, at=at)
    return adopt_criteria(actor=actor, number=made.number, mapping=mapping, at=at)


def lock_criteria_in_force(actor: Viewer, seen_number: int) -> Criteria:
    """The criteria in force, with the register locked until the transaction ends.

    Raises ``Conflict`` where they are another version than ``seen_number``.
    """
    # no_key: rows that are added meanwhile may refer to it, or both sides would wait forever.
    # The criteria by a query of their own: PostgreSQL reads the row again that it waited for, and
    # joins it to what was there before the wait, where criteria just published are not.
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    now = register.criteria
    assert now is not None  # noqa: S101 - create_register sets it in its transaction
    if now.number != seen_number:
        raise Conflict(
            _("Other criteria are in force by now: version %(n)d.") % {"n": now.number}, now
        )
    now.register = register
    return now


@transaction.atomic
def adopt_criteria(
    *,
    actor: Viewer,
    number: int,
    mapping: Mapping[str, Any] | None = None,
    at: dt.datetime,
) -> Register:
    """Make version ``number`` the register's criteria and restate every risk by it.

    The last step of ``publish_criteria``, which asks the other parties first; nobody else calls it.

    Levels that the new version has keep their judgements, scored anew. For each that is gone
    ``mapping`` says where its judgements go: {"likelihood": {5: 4}, "impact": {5: None}}; None
    leaves them to be judged again. It may move levels that still exist, too. Covers every party's
    risks, each in its own audience's log; ``preview_adoption`` says beforehand what would change.
    Raises ``Invalid`` naming each level that was not mapped, ``NotFound``, ``Forbidden``.
    """
    require(actor, "register.configure")
    # no_key: rows that are added meanwhile may refer to these, or both sides would wait forever.
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    criteria = Criteria.objects.filter(register=register, number=number).first()
    if criteria is None:
        raise NotFound(_("There are no such criteria."))
    old = register.criteria
    assert old is not None  # noqa: S101 - create_register sets it in its transaction
    levels = clean_mapping(old, criteria, mapping)
    by_scale = scale_differs(old, criteria)
    register.criteria = criteria
    register.save(update_fields=["criteria"])
    mark_criteria_used(criteria, at)
    matrix, today, entries = Matrix(criteria), actor.today(at), []
    # The rule holds for all risks of the register, so this is the one write that looks at both
    # sides of the party boundary; what it finds goes nowhere but into each side's own rows.
    risks = Risk.objects.filter(register=register).select_for_update(no_key=True).order_by("pk")
    for risk in risks.select_related("party").prefetch_related("positions"):
        risk.register = register
        position = next(p for p in risk.positions.all() if p.valid_to is None)
        columns: dict[str, Any] = {}
        for stage in STAGES:
            columns |= cell_columns(stage, restate_on_scale(position.cell(stage), levels, matrix))
        was = risk.next_review_on
        after = set_position(risk, at, criteria, by_scale=by_scale, **columns)
        bring_review_forward_in_memory(risk, today, criteria, after.residual_rating)
        save_next_version(risk, at, "next_review_on")
        changes: dict[str, Any] = {"criteria": [old.number, criteria.number]}
        for stage in STAGES:
            if position.cell(stage) != after.cell(stage):
                changes[stage] = [position.cell(stage), after.cell(stage)]
        if was != risk.next_review_on:
            changes["next_review_on"] = [was, risk.next_review_on]
        entries.append(actor.entry("risk.restated", risk, at=at, changes=changes))
    if entries:
        append_all(entries)
    adopted: dict[str, Any] = {"criteria": [old.number, criteria.number]}
    if by_scale:
        adopted["mapping"] = [None, levels]
    append(actor.entry("criteria.adopted", register, at=at, changes=adopted))
    return register


def _apply_publication(*, content: Mapping[str, Any], **given: Any) -> Any:
    return publish_criteria(**content, **given)


def register_change_kinds() -> None:
    """Let changes of the criteria be asked for."""
    register_change_kind(
        ChangeKind(CRITERIA, criteria_changed_title, criteria_changed_lines, _apply_publication)
    )
