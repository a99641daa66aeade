"""Being away, and somebody of one's own party who stands in meanwhile."""

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.services import append
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, NotFound
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.models import Absence, Membership
from riskreg.register.permissions import require_for_person
from riskreg.register.queries import find_answerable_member, unended_absences_between

MAX_DAYS = 366
NOTE_MAX = 300


@transaction.atomic
def start_absence(
    *,
    actor: Viewer,
    user: User | str | None = None,
    starts_on: Any,
    until_on: Any,
    stand_in: Any = None,
    note: str = "",
    at: dt.datetime,
) -> Absence:
    """Record that ``user`` (the actor, unless named) is away from ``starts_on`` to ``until_on``.

    People are named by public id or e-mail address. The stand-in is of the absent person's own
    party and not away in that time. Raises ``Invalid`` naming every wrong field, also for days that
    are past, more than 366 of them, or already covered; ``Forbidden``.
    """
    errors = Errors()
    absent = find_answerable_member(actor, errors, "user", user or actor.user)
    errors.raise_if_any()
    assert absent is not None  # noqa: S101 - its absence has been noted as an error
    replacement = find_answerable_member(actor, errors, "stand_in", stand_in) if stand_in else None
    # The lock makes recordings for one person, or for one and their stand-in, wait in turn.
    memberships = Membership.objects.select_for_update(no_key=True).filter(
        register=actor.register, ended_at=None, user__in=[absent, replacement or absent]
    )
    party_of = {row.user_id: row.party_id for row in memberships.order_by("pk")}
    require_for_person(actor, "absence.record", absent.pk, party_of[absent.pk])
    first = clean_day(errors, "starts_on", starts_on, required=True)
    last = clean_day(errors, "until_on", until_on, required=True)
    note = clean_text(errors, "note", note, limit=NOTE_MAX, one_line=True)
    if first and last:
        _check_days(errors, first, last, actor.today(at))
    if replacement == absent:
        errors.add("stand_in", "same_person", _("Somebody else must stand in."))
    elif replacement and party_of[replacement.pk] != party_of[absent.pk]:
        errors.add("stand_in", "other_party", _("Only somebody of the same party can stand in."))
    elif replacement and first and last:
        for row in unended_absences_between(actor.register.pk, replacement.pk, first, last)[:1]:
            errors.add(
                "stand_in",
                "away_too",
                _("They are away themselves from %(first)s to %(last)s; name somebody else.")
                % _days_as_texts(row),
            )
    if first and last:
        for row in unended_absences_between(actor.register.pk, absent.pk, first, last)[:1]:
            errors.add(
                "starts_on",
                "overlap",
                _("There is an absence from %(first)s to %(last)s already; end it first.")
                % _days_as_texts(row),
            )
    errors.raise_if_any()
    assert first is not None  # noqa: S101 - its absence has been noted
    assert last is not None  # noqa: S101 - its absence has been noted
    absence = Absence.objects.create(
        register=actor.register,
        user=absent,
        starts_on=first,
        until_on=last,
        stand_in=replacement,
        note=note,
        recorded_by=actor.user,
        created_at=at,
    )
    changes = {
        "user": [None, str(absent.uuid)],
        "starts_on": [None, str(first)],
        "until_on": [None, str(last)],
        "stand_in": [None, str(replacement.uuid) if replacement else None],
    }
    append(actor.entry("absence.recorded", absence, at=at, changes=changes))
    return absence


@transaction.atomic
def end_absence(*, actor: Viewer, absence: uuid.UUID, at: dt.datetime) -> Absence:
    """End an absence early, or call it off; ending it twice is no error.

    Raises ``NotFound`` for one that is not there, or over by itself, and ``Forbidden``.
    """
    row = (
        Absence.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user", "stand_in")
        .filter(register=actor.register, uuid=absence)
        .first()
    )
    if row is None or row.until_on < actor.today(at):
        raise NotFound(_("There is no such absence."))
    party = (
        Membership.objects.filter(register=actor.register, user=row.user, ended_at=None)
        .values_list("party_id", flat=True)
        .first()
    )
    require_for_person(actor, "absence.record", row.user_id, party)
    if row.ended_at is None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        changes = {"user": [None, str(row.user.uuid)], "until_on": [str(row.until_on), None]}
        append(actor.entry("absence.ended", row, at=at, changes=changes))
    return row


def _check_days(errors: Errors, first: dt.date, last: dt.date, today: dt.date) -> None:
    if last < first:
        errors.add("until_on", "before_start", _("The last day away cannot lie before the first."))
    elif last < today:
        errors.add("until_on", "in_the_past", _("This day has passed; name a day to come."))
    elif first < today:
        errors.add("starts_on", "in_the_past", _("This day has passed; start today or later."))
    elif (last - first).days >= MAX_DAYS:
        errors.add(
            "until_on",
            "too_long",
            _("An absence is at most a year. For longer, hand over what they answer for."),
        )


def _days_as_texts(row: Absence) -> dict[str, str]:
    return {
        "first": date_format(row.starts_on, "DATE_FORMAT"),
        "last": date_format(row.until_on, "DATE_FORMAT"),
    }
