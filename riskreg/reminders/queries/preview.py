"""Who gets what when: the ladder foretold for one risk."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.policy import works_on
from riskreg.duties.sources import REVIEW, Duty
from riskreg.endpoints.models import Endpoint
from riskreg.endpoints.queries import enabled_endpoints_of_parties
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.notify.models import Message
from riskreg.register.access import Viewer
from riskreg.register.models import Membership
from riskreg.register.queries import stand_ins_by_day_and_absent_user
from riskreg.reminders.models import AddresseeState, Reminder
from riskreg.reminders.policy import (
    Member,
    Roster,
    Rung,
    clean_ladder,
    day_of_rung,
    next_digest_day,
    recipients_or_fallback,
)
from riskreg.reminders.queries.ladders import ladder_in_force_of
from riskreg.reminders.queries.people import users_named_on
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import risk_for

# What has become of a rung.
SENT, SKIPPED, DUE, TO_COME, DEFERRED = "sent", "skipped", "due", "to_come", "deferred"


@dataclass(frozen=True)
class Reached:
    """Somebody on a rung: ``digest_on`` is the day, of their own, whose digest tells them; None
    for one who never works. Of an interrupting rung it is the day on which it comes."""

    name: str
    part: str
    digest_on: dt.date | None
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Forecast:
    """One rung for one risk: when it comes, whom it tells, what became of it."""

    rung: Rung
    on: dt.date
    recipients: list[Reached]
    endpoints: list[tuple[str, str]]
    interrupts: bool
    state: str
    nobody: bool


def preview_reminders_of_risk(
    viewer: Viewer, ref: str, rungs: Any, at: dt.datetime
) -> list[Forecast]:
    """What each rung does for the next review of the risk ``ref``, lowest first.

    ``rungs``: a ladder that need not be saved (see ``policy.clean_ladder``); None: the one in
    force. With those who are members today, and away on the day as far as is known today. Raises
    ``NotFound``, and ``Invalid`` for a wrong ladder or a risk that is not open.
    """
    risk = risk_for(viewer, ref)
    ladder = ladder_in_force_of(viewer.register).rungs if rungs is None else clean_ladder(rungs)
    return forecast_for_risk(viewer, risk, ladder, at)


def forecast_for_risk(
    viewer: Viewer, risk: Risk, ladder: Sequence[Rung], at: dt.datetime
) -> list[Forecast]:
    """The same for a risk that the viewer has been given, and a ladder that is one."""
    if risk.state != State.OPEN:
        raise Invalid.one("ref", "not_open", _("Only an open risk has a review to remind of."))
    duty = REVIEW.load([risk.uuid])[risk.uuid]
    return forecast_for_duty(viewer, duty, REVIEW.rungs_of_kind(ladder), at)


def forecast_for_duty(
    viewer: Viewer, duty: Duty, ladder: Sequence[Rung], at: dt.datetime
) -> list[Forecast]:
    """The same for any duty; it has a due date."""
    assert duty.due_on is not None  # noqa: S101 - asked of the callers
    register = viewer.register
    today = viewer.today(at)
    extension = duty.as_notified_to(viewer.party_id).extension(register.time_zone)
    recorded = {
        reminder.rung: reminder
        for reminder in Reminder.objects.filter(
            kind=duty.kind, subject=duty.subject, due_on=duty.due_on
        ).prefetch_related("addressees__user")
    }
    highest = max(recorded, default=None)
    came = {r.offset_days: day_of_rung(r, duty.due_on, extension) for r in ladder}
    current = max((o for o, day in came.items() if day <= today), default=None)
    people = _present_members_by_user(register.pk)
    named = users_named_on(ladder)
    everybody = Roster(
        {
            user: Member(user, m.party_id, m.role)
            for user, m in people.items()
            if m.party_id is not None
        },
        named={m.user.uuid: user for user, m in people.items() if m.user.uuid in named},
    )
    away = stand_ins_by_day_and_absent_user(
        register.pk, {max(day, today) for day in came.values()} | {today}
    )
    days = _local_day_by_message(recorded.values())
    listens = _endpoints_that_hear_of(viewer, duty, ladder)
    found = []
    for rung in ladder:
        offset = rung.offset_days
        on = came[offset]
        reminder = recorded.get(offset)
        if reminder is not None:
            state = str(reminder.state)
        elif (highest is not None and offset < highest) or (on <= today and offset != current):
            state = SKIPPED
        elif on <= today:
            state = DUE
        else:
            deferred = on != duty.due_on + dt.timedelta(days=offset)
            state = DEFERRED if deferred else TO_COME
        if reminder is not None and state != SKIPPED:
            notified = _reached_as_recorded(reminder, rung, days, at, register.time_zone)
        elif state == SKIPPED:
            notified = []
        else:
            day = max(on, today)
            moment = max(at, _start_of(day, register.time_zone))
            notified = _reached_as_forecast(
                duty, rung, replace(everybody, away=away[day]), people, moment
            )
        found.append(
            Forecast(
                rung=rung,
                on=on,
                recipients=notified,
                endpoints=[(e.name, e.channel) for e in listens if e.channel in rung.channels],
                interrupts=rung.interrupts,
                state=state,
                nobody=not notified and state != SKIPPED,
            )
        )
    return found


def _endpoints_that_hear_of(viewer: Viewer, duty: Duty, ladder: Sequence[Rung]) -> list[Endpoint]:
    """The chats and webhooks that hear of ``duty``; those of another party are not for the viewer
    to know."""
    if viewer.party_id != duty.party_id or not any(rung.is_announced for rung in ladder):
        return []
    return enabled_endpoints_of_parties(viewer.register.uuid, [duty.party_uuid])


def _start_of(day: dt.date, zone: str) -> dt.datetime:
    return clock.start_of_day(day, zone)


def _present_members_by_user(register_id: int) -> dict[int, Membership]:
    """The members who can be told of something, with their users, by the user's database id."""
    rows = Membership.objects.filter(
        register_id=register_id, ended_at=None, user__is_active=True, party__isnull=False
    )
    return {row.user_id: row for row in rows.select_related("user")}


def _reached_as_forecast(
    duty: Duty,
    rung: Rung,
    roster: Roster,
    people: Mapping[int, Membership],
    moment: dt.datetime,
) -> list[Reached]:
    notified = [
        (r.part, people[r.user_id].user) for r in recipients_or_fallback(rung, duty.scope, roster)
    ]
    return [
        Reached(
            name=str(user),
            part=part,
            digest_on=_digest_on(user, rung.interrupts, moment),
            channels=_channels(user, rung.interrupts),
        )
        for part, user in notified
    ]


def _reached_as_recorded(
    reminder: Reminder, rung: Rung, days: Mapping[Any, dt.date], at: dt.datetime, zone: str
) -> list[Reached]:
    notified = []
    for addressee in reminder.addressees.all():
        if addressee.state == AddresseeState.DROPPED:
            continue
        if addressee.state == AddresseeState.TOLD:
            day = days.get(addressee.message)
        else:
            day = _digest_on(addressee.user, rung.interrupts, at)
        notified.append(
            Reached(
                name=str(addressee.user),
                part=addressee.part,
                digest_on=day,
                channels=_channels(addressee.user, addressee.urgent),
            )
        )
    return notified


def _local_day_by_message(reminders: Any) -> dict[Any, dt.date]:
    messages = {a.message for r in reminders for a in r.addressees.all() if a.message}
    return dict(Message.objects.filter(uuid__in=messages).values_list("uuid", "local_day"))


def _digest_on(user: User, interrupts: bool, moment: dt.datetime) -> dt.date | None:
    local = moment.astimezone(zoneinfo.ZoneInfo(user.time_zone))
    if interrupts:
        return local.date()
    return next_digest_day(
        local,
        user.digest_hour,
        lambda day: works_on(day, user.working_days, user.holiday_calendar),
    )


def _channels(user: User, interrupts: bool) -> tuple[str, ...]:
    return ("mail", "inbox") if interrupts or user.digest_by_mail else ("inbox",)
