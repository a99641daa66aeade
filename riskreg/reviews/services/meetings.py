"""Holding a meeting: picking its set, who is there, what becomes of each item, the end.

Everything here locks the meeting first, then the risk, so that two chairs wait in one order.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Errors, Forbidden, Invalid
from riskreg.kernel.text import TITLE_MAX, clean_text
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import Attendance, ItemOutcome, Meeting, MeetingItem
from riskreg.reviews.queries.meetings import (
    MAX_ITEMS,
    item_for,
    meeting_for,
    open_risks_for_meeting,
    people_who_can_attend,
    users_in_meeting_now,
)
from riskreg.reviews.services.reviews import create_permitted_review
from riskreg.risks import filters
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import current_position_of, require_version, risk_for


@transaction.atomic
def start_meeting(
    *,
    actor: Viewer,
    title: Any,
    recipe: Mapping[str, Any],
    visibility: Any = Visibility.SHARED,
    at: dt.datetime,
) -> Meeting:
    """Start going through the open risks that ``recipe`` picks (filter names and values).

    The actor leads it and is there. ``visibility`` ``shared`` takes shared risks alone; ``party``
    makes the meeting the actor's party's own. Raises ``Invalid`` naming each wrong field: an
    unknown filter, nothing picked, more than ``MAX_ITEMS``.
    """
    require(actor, "meeting.hold")
    errors = Errors()
    title = clean_text(errors, "title", title, required=True, limit=TITLE_MAX, one_line=True)
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("A meeting is “shared” or of one “party”."))
        visibility = Visibility.SHARED
    rows: list[Position] = []
    chosen = filters.RiskFilter()
    if not isinstance(recipe, Mapping):
        errors.add("recipe", "not_an_object", _("Filters are an object of names and values."))
    else:
        try:
            chosen = filters.parse(actor, _as_lists(recipe), at)
            _check_recipe_names_nothing_private(errors, actor, chosen, visibility)
            rows = list(open_risks_for_meeting(actor, chosen, visibility)[: MAX_ITEMS + 1])
        except Invalid as invalid:
            errors.merge(invalid, prefix="recipe.")
        else:
            if not rows:
                errors.add("recipe", "empty", _("No open risk fits; choose another set."))
            if len(rows) > MAX_ITEMS:
                errors.add(
                    "recipe",
                    "too_many",
                    _("More than %(n)d risks fit; choose a smaller set.") % {"n": MAX_ITEMS},
                )
    errors.raise_if_any()
    assert actor.party is not None  # noqa: S101 - whoever may hold meetings acts for a party
    meeting = Meeting.objects.create(
        register=actor.register,
        party=actor.party,
        visibility=visibility,
        title=title,
        recipe={name: list(values) for name, values in chosen.given.items()},
        chair=actor.user,
        started_at=at,
        created_at=at,
    )
    MeetingItem.objects.bulk_create(
        MeetingItem(meeting=meeting, number=n, risk_id=row.risk_id) for n, row in enumerate(rows, 1)
    )
    Attendance.objects.create(meeting=meeting, user=actor.user, joined_at=at)
    changes = {
        "title": [None, title],
        "recipe": [None, meeting.recipe],
        "risks": [None, [row.ref for row in rows]],
        "chair": [None, str(actor.user.uuid)],
    }
    append(actor.entry("meeting.started", meeting, at=at, changes=changes))
    return meeting


@transaction.atomic
def record_item(
    *,
    actor: Viewer,
    meeting: uuid.UUID,
    number: int,
    version: int | None,
    outcome: Any,
    note: Any = "",
    review: Mapping[str, Any] | None = None,
    at: dt.datetime,
) -> MeetingItem:
    """Say what became of item ``number``: ``reviewed`` or ``deferred``, with a note.

    ``review`` is what ``record_review`` takes of a review; it is recorded by the same rules, but
    for who may: in a meeting that is the permission ``meeting.record``. ``version`` is that of the
    risk. A deferred item may still be reviewed; a reviewed one stays. Raises ``Invalid``,
    ``Conflict`` also where somebody was faster, ``Forbidden``, ``NotFound``.
    """
    row = _running_meeting_for_update(actor, meeting)
    item = item_for(row, number, lock=True)
    risk = risk_for(actor, item.risk.ref, lock=True)
    require(actor, "meeting.record", risk)
    require_version(risk, version)
    if item.outcome == ItemOutcome.REVIEWED:
        raise Conflict(_("This item has been reviewed already."), current=item)
    errors = Errors()
    if outcome not in (ItemOutcome.REVIEWED, ItemOutcome.DEFERRED):
        errors.add("outcome", "unknown", _("An item is “reviewed” or “deferred”."))
    note = clean_text(errors, "note", note, limit=4000)
    errors.raise_if_any()
    was = item.outcome
    item.before = _residual_cell_with_criteria_number(risk)
    item.due_on = risk.next_review_on
    if outcome == ItemOutcome.REVIEWED:
        try:
            item.review = create_permitted_review(actor, risk, at=at, **(review or {}))
        except Invalid as invalid:
            raise Invalid({f"review.{n}": e for n, e in invalid.fields.items()}) from None
        item.after = _residual_cell_with_criteria_number(risk)
    item.outcome, item.note = outcome, note
    item.recorded_by, item.recorded_at = actor.user, at
    item.save()
    changes = {"item": [None, risk.ref], "item_outcome": [was, outcome], "note": [None, note]}
    _log(actor, row, "meeting.recorded", at, changes)
    item.risk = risk
    return item


@transaction.atomic
def set_attendance(
    *,
    actor: Viewer,
    meeting: uuid.UUID,
    version: int | None,
    users: Collection[Any],
    at: dt.datetime,
) -> Meeting:
    """Those of ``users`` (public ids) and who leads are there from now on, everybody else is not.

    Only by who leads. Raises ``Invalid`` for somebody who may not attend, ``Conflict``.
    """
    row = _meeting_led_for_update(actor, meeting, version)
    errors = Errors()
    wanted = {str(user) for user in (*users, actor.user.uuid)}
    allowed = {str(m.user.uuid): m.user for m in people_who_can_attend(actor, row.visibility)}
    now = {str(user.uuid): user for user in users_in_meeting_now(row)}
    for name in sorted(wanted - set(allowed) - set(now)):
        errors.add(
            "users",
            "unknown_member",
            _("%(name)s is nobody who can attend this meeting.") % {"name": name[:60]},
        )
    errors.raise_if_any()
    if wanted == set(now):
        return row
    gone = [now[name] for name in now.keys() - wanted]
    for stay in Attendance.objects.filter(meeting=row, user__in=gone, left_at=None):
        # A clock that stepped back must not let anybody leave before they came.
        stay.left_at = max(at, stay.joined_at)
        stay.save(update_fields=["left_at"])
    Attendance.objects.bulk_create(
        Attendance(meeting=row, user=allowed[name], joined_at=at)
        for name in sorted(wanted - set(now))
    )
    _save_next_version(row)
    changes = {"present": [sorted(now), sorted(wanted)]}
    _log(actor, row, "meeting.attended", at, changes)
    return row


@transaction.atomic
def take_chair(
    *, actor: Viewer, meeting: uuid.UUID, version: int | None, at: dt.datetime
) -> Meeting:
    """Lead a running meeting from now on; whoever takes the chair is there."""
    row = _running_meeting_for_update(actor, meeting)
    require(actor, "meeting.hold")
    _require_version(row, version)
    if row.chair_id == actor.user.pk:
        return row
    changes = {"chair": [str(row.chair.uuid), str(actor.user.uuid)]}
    row.chair = actor.user
    if not Attendance.objects.filter(meeting=row, user=actor.user, left_at=None).exists():
        Attendance.objects.create(meeting=row, user=actor.user, joined_at=at)
    _save_next_version(row, "chair")
    _log(actor, row, "meeting.chaired", at, changes)
    return row


@transaction.atomic
def end_meeting(
    *, actor: Viewer, meeting: uuid.UUID, version: int | None, at: dt.datetime
) -> Meeting:
    """End it: what was not reached stays so, and the minutes can no longer change."""
    row = _meeting_led_for_update(actor, meeting, version)
    # A clock that stepped back must not end a meeting before it began.
    at = max(at, row.started_at)
    counts: dict[str, int] = dict.fromkeys(ItemOutcome.values, 0)
    for item in MeetingItem.objects.filter(meeting=row).select_related("risk"):
        counts[item.outcome] += 1
        if item.outcome == ItemOutcome.PENDING:
            item.before, item.due_on = (
                _residual_cell_with_criteria_number(item.risk),
                item.risk.next_review_on,
            )
        item.ended_at = at
        item.save(update_fields=["before", "due_on", "ended_at"])
    Attendance.objects.filter(meeting=row).update(ended_at=at)
    row.ended_at = at
    _save_next_version(row, "ended_at")
    changes = {"items": [None, counts], "ended_at": [None, at.isoformat()]}
    _log(actor, row, "meeting.ended", at, changes)
    return row


def _check_recipe_names_nothing_private(
    errors: Errors, actor: Viewer, chosen: filters.RiskFilter, visibility: str
) -> None:
    """The recipe, and what it picked, is read by whoever knows of the meeting, so it names nothing
    that they may not."""
    if visibility != Visibility.SHARED:
        return
    for name in filters.OF_THE_PARTY:
        if name in chosen.given:
            text = _("This goes by what is your party's own; hold the meeting as your party's own.")
            errors.add(f"recipe.{name}", "private_filter", text)
    if wanted := chosen.given.get("objective", []):
        own = Objective.objects.filter(
            register=actor.register, key__in=wanted, visibility=Visibility.PARTY
        ).visible_to(actor)
        if own.exists():
            errors.add(
                "recipe.objective",
                "private_objective",
                _("This objective is your party's own; hold the meeting as your party's own."),
            )


def _as_lists(recipe: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        str(name): [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]
        for name, value in recipe.items()
    }


def _running_meeting_for_update(actor: Viewer, meeting: uuid.UUID) -> Meeting:
    row = meeting_for(actor, meeting, lock=True)
    if not row.running:
        raise Invalid.one("ended_at", "ended", _("This meeting is over; its minutes stand."))
    return row


def _meeting_led_for_update(actor: Viewer, meeting: uuid.UUID, version: int | None) -> Meeting:
    row = _running_meeting_for_update(actor, meeting)
    require(actor, "meeting.hold")
    if row.chair_id != actor.user.pk:
        raise Forbidden(_("Only who leads the meeting does this; take the chair first."))
    _require_version(row, version)
    return row


def _require_version(row: Meeting, version: int | None) -> None:
    if version is not None and row.version != version:
        raise Conflict(_("Somebody changed this since you opened it."), current=row)


def _save_next_version(row: Meeting, *fields: str) -> None:
    row.version += 1
    row.save(update_fields=[*fields, "version"])


def _log(actor: Viewer, row: Meeting, verb: str, at: dt.datetime, changes: dict[str, Any]) -> None:
    append(actor.entry(verb, row, at=at, changes=changes))


def _residual_cell_with_criteria_number(risk: Risk) -> dict[str, Any] | None:
    position = current_position_of(risk)
    cell = position.cell("residual")
    return cell and {**cell, "criteria": position.criteria.number}
