"""Changing a register's ladder."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.queries import users_by_uuid
from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Errors
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_policy import needs_yes_of_others
from riskreg.register.models import Membership, Register
from riskreg.register.permissions import require
from riskreg.register.services import Proposal, ask_others_or_note_agreed, would_wait_for_others
from riskreg.reminders.labels import (
    ladder_change_lines,
    ladder_change_title,
    ladder_for_change_request,
)
from riskreg.reminders.models import Ladder
from riskreg.reminders.policy import Rung, clean_ladder, ladder_differences
from riskreg.reminders.queries import LadderInForce, ladder_in_force_of
from riskreg.reminders.services.advance import advance_and_readdress

LADDER = "ladder"


def set_reminder_ladder(
    *,
    actor: Viewer,
    rungs: Any,
    expected_number: int | None,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> LadderInForce | ChangeRequest:
    """Give the actor's register a new version of its ladder; the one in force is returned.

    When it climbs those very rungs already, that is the version in force, and nothing is written.
    What the ladder before asked for up to now is recorded first, so that a sweep that did not run
    makes no difference. One that is not stricter as a whole (``ladder_differences``) needs a yes of
    every party: the request for it is returned, and the ladder stays (``propose``). Raises
    ``Forbidden``, ``Invalid`` (see ``policy.clean_ladder``; also for a user who is no member or has
    no e-mail address) and ``Conflict`` unless version ``expected_number`` is in force (0: the
    default; None: whichever is).
    """
    require(actor, "ladder.edit")
    clean = clean_ladder(rungs)
    require_members_with_mail(actor.register, rungs, clean)
    if (same := _in_force_if_same(actor.register, clean, expected_number)) is not None:
        return same
    # Whoever only asks moves nothing yet.
    goes_on = agreed is not None or not would_wait_for_others(
        actor, _proposal(ladder_in_force_of(actor.register), clean)
    )
    if goes_on:
        advance_and_readdress(actor.register, at)
    with transaction.atomic():
        Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
        # Once more, now that nobody else can change it.
        if (same := _in_force_if_same(actor.register, clean, expected_number)) is not None:
            return same
        before = ladder_in_force_of(actor.register)
        asked = ask_others_or_note_agreed(actor, _proposal(before, clean), at, agreed=agreed)
        if asked.is_open:
            return asked
        if not goes_on:
            # Somebody has changed the ladder meanwhile so that this one is stricter.
            advance_and_readdress(actor.register, at)
        row = Ladder.objects.create(
            register=actor.register,
            number=before.number + 1,
            rungs=[rung.as_json() for rung in clean],
            created_at=at,
        )
        changes = {
            "number": [before.number, row.number],
            "rungs": [[rung.as_json() for rung in before.rungs], row.rungs],
        }
        append(actor.entry("ladder.changed", row, at=at, changes=changes))
    return LadderInForce(row.number, clean, row.pk)


def _proposal(before: LadderInForce, clean: tuple[Rung, ...]) -> Proposal:
    named = {user for rung in (*before.rungs, *clean) for user in rung.users}
    names = {user: row.names or {"en": str(row.name)} for user, row in users_by_uuid(named).items()}
    after = ladder_for_change_request(clean, names)
    return Proposal(
        kind=LADDER,
        content={"rungs": after["rungs"], "expected_number": before.number},
        before=ladder_for_change_request(before.rungs, names),
        after=after,
        asks=needs_yes_of_others(ladder_differences(before.rungs, clean)),
    )


def _apply_ladder(*, content: Mapping[str, Any], **given: Any) -> Any:
    return set_reminder_ladder(**content, **given)


def register_change_kinds() -> None:
    """Let changes of the ladder be asked for."""
    register_change_kind(
        ChangeKind(LADDER, ladder_change_title, ladder_change_lines, _apply_ladder)
    )


def _in_force_if_same(
    register: Register, clean: tuple[Rung, ...], expected_number: int | None
) -> LadderInForce | None:
    """The ladder in force if it is ``clean`` already. Raises as ``set_reminder_ladder`` does."""
    now = ladder_in_force_of(register)
    if expected_number is not None and now.number != expected_number:
        raise Conflict(_("The ladder was changed meanwhile. Look at it again."), current=now)
    return now if now.rungs == clean else None


def require_members_with_mail(register: Register, given: Any, clean: tuple[Rung, ...]) -> None:
    """Raise ``Invalid`` unless everybody named is a member with a party and an e-mail address.

    ``given`` is the ladder as it was handed in, whose places the errors name.
    """
    named = {user for rung in clean for user in rung.users}
    if not named:
        return
    members = set(
        Membership.objects.filter(
            register=register, ended_at=None, user__is_active=True, party__isnull=False,
            user__uuid__in=named,
        ).values_list("user__uuid", flat=True)
    )  # fmt: skip
    unreachable = set(User.objects.filter(uuid__in=named, email="").values_list("uuid", flat=True))
    errors = Errors()
    places = {_offset(raw): place for place, raw in enumerate(given)}
    for rung in clean:
        place = places[rung.offset_days]
        for user in rung.users:
            if user not in members:
                errors.add(
                    f"rungs.{place}.users",
                    "unknown_member",
                    _("Rung %(n)d names somebody who is not a member of this register.")
                    % {"n": place + 1},
                )
            elif user in unreachable:
                errors.add(
                    f"rungs.{place}.users",
                    "no_address",
                    _("Rung %(n)d names somebody who has no e-mail address.") % {"n": place + 1},
                )
    errors.raise_if_any()


def _offset(raw: Any) -> int:
    return int(raw.offset_days if isinstance(raw, Rung) else raw["offset_days"])
