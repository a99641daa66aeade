"""Changes to a register's settings."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.clock import time_zones
from riskreg.kernel.errors import Conflict, Errors, Invalid
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.axes import axes_of, clean_axes
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_policy import needs_yes_of_others, time_zone_differences
from riskreg.register.change_words import (
    programme_changed_lines,
    programme_changed_title,
    time_zone_changed_lines,
    time_zone_changed_title,
)
from riskreg.register.models import Register
from riskreg.register.permissions import require
from riskreg.register.programme import as_json, clean_programme, only_adds, programme_of
from riskreg.register.services.change_requests import Proposal, ask_others_or_note_agreed

TIME_ZONE = "time_zone"
PROGRAMME = "programme"


@transaction.atomic
def set_time_zone(
    *,
    actor: Viewer,
    time_zone: Any,
    seen: str,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> Register | ChangeRequest:
    """Move the register to another IANA zone; ``seen`` is the one the actor decided by.

    It moves what is common: where others can speak for their party, they are asked first, and the
    request is returned (``propose``).

    Due dates stay the days that they are (I1): only which day it is today, and so what is late,
    follows the new zone. Nothing is recorded where it is the zone already. Raises ``Forbidden``,
    ``Conflict`` where somebody else has moved it since, ``Invalid`` for an unknown zone.
    """
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    if register.time_zone != seen:
        raise Conflict(
            _("The time zone was changed meanwhile; it is now %(zone)s.")
            % {"zone": register.time_zone},
            register,
        )
    if not isinstance(time_zone, str) or time_zone not in time_zones():
        raise Invalid.one("time_zone", "unknown", _("There is no time zone of that name."))
    if time_zone == register.time_zone:
        return register
    asked = ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=TIME_ZONE,
            content={"time_zone": time_zone, "seen": seen},
            before={"time_zone": seen},
            after={"time_zone": time_zone},
            asks=needs_yes_of_others(time_zone_differences(seen, time_zone)),
        ),
        at,
        agreed=agreed,
    )
    if asked.is_open:
        return asked
    register.time_zone = time_zone
    register.save(update_fields=["time_zone"])
    append(
        actor.entry("register.zone_changed", register, at=at, changes={"zone": [seen, time_zone]})
    )
    return register


@transaction.atomic
def set_axes(
    *, actor: Viewer, across: Any, names: Any, version: int | None, at: dt.datetime
) -> Register:
    """Say which axis of the matrices lies across, and what the axes are called: {axis: {language:
    name}}, an axis left out being called what it is everywhere.

    It changes how a matrix looks and no judgement, so that it needs no other party's yes. Nothing
    is recorded where it is so already. Raises ``Forbidden``, ``Invalid``; ``Conflict`` where
    somebody was faster.
    """
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    require_unchanged(register, version)
    errors = Errors()
    axes = clean_axes(errors, across, names)
    errors.raise_if_any()
    before = axes_of(register).as_json()
    after = axes.as_json()
    if before == after:
        return register
    register.axis_across, register.axis_names = after["across"], after["names"]
    register.version += 1
    register.save(update_fields=["axis_across", "axis_names", "version"])
    append(actor.entry("register.axes_changed", register, at=at, changes={"axes": [before, after]}))
    return register


@transaction.atomic
def set_programme(
    *,
    actor: Viewer,
    given: Mapping[str, Any],
    version: int | None,
    at: dt.datetime,
    seen: Mapping[str, Any] | None = None,
    agreed: ChangeRequest | None = None,
) -> Register | ChangeRequest:
    """Say when and where the programme runs, and what must be reached on the way: the whole frame
    (``programme.FIELDS``), what is left out being unknown.

    What was said is common: to change or take it away needs a yes of the other parties, and the
    request is returned (``propose``). What is said for the first time, and that a milestone was
    reached, holds at once. Nothing is recorded where it is so already. Raises ``Forbidden``,
    ``Invalid``; ``Conflict`` where somebody was faster.
    """
    require(actor, "register.configure")
    register = Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    require_unchanged(register, version)
    errors = Errors()
    after = clean_programme(errors, given, actor.today(at))
    errors.raise_if_any()
    before = programme_of(register)
    was, now = as_json(before), as_json(after)
    if seen is not None and seen != was:
        raise Conflict(_("Somebody changed it meanwhile."), register)
    if was == now:
        return register
    if agreed is not None or not only_adds(before, after):
        content = {"given": now, "seen": was}
        proposal = Proposal(kind=PROGRAMME, content=content, before=was, after=now, asks=True)
        asked = ask_others_or_note_agreed(actor, proposal, at, agreed=agreed)
        if asked.is_open:
            return asked
    register.programme = now
    register.version += 1
    register.save(update_fields=["programme", "version"])
    changes = {"programme": [was if before.is_set else None, now]}
    append(actor.entry("register.programme_set", register, at=at, changes=changes))
    return register


def _apply_programme(*, content: Mapping[str, Any], **given: Any) -> Any:
    return set_programme(given=content["given"], seen=content["seen"], version=None, **given)


def _apply_time_zone(*, content: Mapping[str, Any], **given: Any) -> Any:
    return set_time_zone(time_zone=content["time_zone"], seen=content["seen"], **given)


def register_change_kinds() -> None:
    """Let changes of the settings be asked for."""
    register_change_kind(
        ChangeKind(TIME_ZONE, time_zone_changed_title, time_zone_changed_lines, _apply_time_zone)
    )
    register_change_kind(
        ChangeKind(PROGRAMME, programme_changed_title, programme_changed_lines, _apply_programme)
    )
