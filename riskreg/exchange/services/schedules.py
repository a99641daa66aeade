"""Saying that a board pack is made and sent before each meeting, changing that, and ending it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.exchange.models import PackLanguage, PackSchedule, PackSending
from riskreg.exchange.policy import day_to_make_pack
from riskreg.exchange.queries.schedules import (
    meeting_recurrence_of,
    present_pack_makers,
    running_schedule_of_own_party,
    running_schedules_of_own_party,
)
from riskreg.exchange.schedule_fields import MOST_RECIPIENTS, PACK_SCHEDULE
from riskreg.kernel.errors import Errors
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.changes import all_values_as_changes, set_changed_in_memory, time_text
from riskreg.register.cleaning import clean_given
from riskreg.register.models import Register
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility

FIELDS = tuple(field.name for field in PACK_SCHEDULE.settable)
MOST = 20
_DATES = ("first_on", "every_months", "repeats")
_USUAL: dict[str, Any] = {
    "title": "", "first_on": None, "every_months": None, "repeats": "day", "days_before": 7,
    "audience": "shared", "format": "pdf", "recipients": [],
}  # fmt: skip


@transaction.atomic
def create_schedule(*, actor: Viewer, given: Mapping[str, Any], at: dt.datetime) -> PackSchedule:
    """Have a pack made and sent before each meeting, for the actor's party. ``given``: by the table
    of fields; what is not named is as usual.

    Raises ``Invalid`` naming every wrong field, ``Forbidden``.
    """
    require(actor, "pack.make")
    assert actor.party is not None  # noqa: S101 - who may make packs acts for a party
    _lock_register(actor)
    errors = Errors()
    spoken = actor.user.language
    usual = {**_USUAL, "language": spoken if spoken in PackLanguage.values else PackLanguage.EN}
    clean = _clean_schedule(errors, actor, {**usual, **given})
    if running_schedules_of_own_party(actor).count() >= MOST:
        text = _("A party has at most %(n)d schedules; end one first.")
        errors.add("title", "too_many", text % {"n": MOST})
    today = actor.today(at)
    _check_first_meeting_not_past(errors, clean.get("first_on"), today)
    errors.raise_if_any()
    row = PackSchedule(
        register=actor.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        counts_from=today,
        set_by=actor.user,
        set_at=at,
        created_at=at,
        **clean,
    )
    set_next_meeting_in_memory(row, today)
    row.save()
    append(
        actor.entry(
            "pack_schedule.set", row, at=at, changes=all_values_as_changes(PACK_SCHEDULE, row, {})
        )
    )
    return row


@transaction.atomic
def change_schedule(
    *,
    actor: Viewer,
    schedule: uuid.UUID,
    fields: Mapping[str, Any],
    version: int | None = None,
    at: dt.datetime,
) -> PackSchedule:
    """Change what ``fields`` names; packs are made in the actor's name from now on. For a meeting
    that something was done for already nothing is done again.

    Raises ``NotFound``, ``Forbidden``, ``Invalid``; ``Conflict`` where somebody was faster. Nothing
    is logged where nothing differs.
    """
    _lock_register(actor)
    row = running_schedule_of_own_party(actor, schedule, lock=True)
    require(actor, "pack.make", row)
    require_unchanged(row, version)
    errors, today = Errors(), actor.today(at)
    clean = _clean_schedule(errors, actor, fields)
    if clean.get("first_on", row.first_on) != row.first_on:
        _check_first_meeting_not_past(errors, clean["first_on"], today)
    errors.raise_if_any()
    changes = set_changed_in_memory(PACK_SCHEDULE, row, clean)
    if not changes:
        return row
    if {*_DATES, "days_before"} & set(changes):
        row.counts_from = today
        set_next_meeting_in_memory(row, today if set(_DATES) & set(changes) else row.next_on)
        if row.next_on is None:
            text = _("There is no meeting to come; name today, or a day to come.")
            errors.add("first_on", "in_the_past", text)
        errors.raise_if_any()
    changes |= set_changed_in_memory(PACK_SCHEDULE, row, {"set_by": actor.user, "set_at": at})
    row.version += 1
    row.save()
    append(actor.entry("pack_schedule.changed", row, at=at, changes=changes))
    return row


@transaction.atomic
def end_schedule(
    *, actor: Viewer, schedule: uuid.UUID, version: int | None = None, at: dt.datetime
) -> PackSchedule:
    """Make nothing more for it; what is being made now is still sent.

    Raises ``NotFound`` where it has ended already, ``Forbidden``; ``Conflict`` where somebody was
    faster.
    """
    row = running_schedule_of_own_party(actor, schedule, lock=True)
    require(actor, "pack.make", row)
    require_unchanged(row, version)
    row.ended_at, row.next_on, row.make_on, row.version = at, None, None, row.version + 1
    row.save(update_fields=["ended_at", "next_on", "make_on", "version"])
    changes = {"ended_at": [None, time_text(at)]}
    append(actor.entry("pack_schedule.ended", row, at=at, changes=changes))
    return row


def set_next_meeting_in_memory(row: PackSchedule, day: dt.date | None) -> None:
    """Let ``row``, in memory only, wait for its first meeting on ``day`` or later that nothing was
    done for yet; for none where there is none (None: there was none before)."""
    done = set()
    if row.pk is not None and day is not None:
        known = PackSending.objects.filter(schedule=row, meeting_on__gte=day)
        done = set(known.values_list("meeting_on", flat=True))
    meetings = meeting_recurrence_of(row).meetings_on_or_after(day) if day is not None else iter(())
    row.next_on = next((meeting for meeting in meetings if meeting not in done), None)
    row.make_on = row.next_on and day_to_make_pack(row.next_on, row.days_before, row.counts_from)


def _lock_register(actor: Viewer) -> None:
    """One at a time in a register, so that a party's number of schedules stays bounded."""
    Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)


def _clean_schedule(errors: Errors, actor: Viewer, given: Mapping[str, Any]) -> dict[str, Any]:
    assert actor.party is not None  # noqa: S101 - who may make packs acts for a party
    return clean_given(
        errors,
        actor,
        PACK_SCHEDULE,
        given,
        party=actor.party,
        visibility=Visibility.PARTY,
        special={"recipients": partial(_clean_recipients, errors, actor)},
    )


def _check_first_meeting_not_past(errors: Errors, day: dt.date | None, today: dt.date) -> None:
    if day is not None and day < today and not errors.has_any_on("first_on"):
        errors.add("first_on", "in_the_past", _("Name today, or a day to come."))


def _clean_recipients(errors: Errors, actor: Viewer, value: Any) -> list[str]:
    """Public ids of members of the actor's party who may see packs, in the order given, each once;
    ``value`` is a list of ids, addresses, or people as an answer shows them."""
    if not isinstance(value, list | tuple) or len(value) > MOST_RECIPIENTS:
        text = _("This must be a list of at most %(n)d people.")
        errors.add("recipients", "not_a_list", text % {"n": MOST_RECIPIENTS})
        return []
    if not value:
        errors.add("recipients", "required", _("Name at least one person."))
    known: dict[str, str] = {}
    for home in present_pack_makers(actor.register.pk, actor.party_id):
        name = str(home.user.uuid)
        known |= {name: name, home.user.email.lower(): name}
    found: dict[str, None] = {}
    for one in value:
        name = str(one.get("id") if isinstance(one, Mapping) else one)
        if name.lower() in known:
            found[known[name.lower()]] = None
            continue
        text = _("%(name)s is nobody of your party who may see board packs.")
        errors.add("recipients", "unknown_member", text % {"name": name[:60]})
    return list(found)
