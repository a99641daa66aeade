"""Alarms: what nobody is left to be told of is told to the managers of the register."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db import transaction

from riskreg.accounts.messages import build_draft_to
from riskreg.duties.sources import SOURCES, Duty
from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.notify.models import Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import post
from riskreg.register.models import Membership, Party, Register
from riskreg.reminders.digest import SHOWN, render_alarm
from riskreg.reminders.policy import ALARM
from riskreg.reminders.queries import managers_present_or_all, unaddressed_in_batches


@dataclass
class UnassignedDuties:
    """Duties that nobody could be told of, by party and whether they are its own: how many, and
    the first of them."""

    counts: dict[tuple[int, bool], int] = field(default_factory=dict)
    first: dict[tuple[int, bool], list[Duty]] = field(default_factory=dict)

    def note(self, duty: Duty) -> None:
        """Count ``duty``, and keep it while it is among the worst."""
        key = (duty.party_id, duty.private)
        self.counts[key] = self.counts.get(key, 0) + 1
        kept = self.first.setdefault(key, [])
        kept.append(duty)
        kept.sort(key=lambda duty: (-duty.priority, duty.due_on, duty.ref))
        del kept[SHOWN:]


def mail_managers_of_unassigned(
    register: Register, unheard: UnassignedDuties, at: dt.datetime
) -> int:
    """Tell managers what of ``register`` nobody could be told of. Returns how many messages.

    Once a day of the register's calendar for each party whose matters they are: to every manager
    of the register for what is shared, to the party's own for what is private.
    """
    today = clock.local_date(at, register.time_zone)
    written = 0
    for (party_id, private), duties in sorted(unheard.first.items(), key=lambda pair: pair[0]):
        party = Party.objects.get(pk=party_id)
        scope = "own" if private else "shared"
        for manager in managers_present_or_all(register.pk, today, party_id if private else None):
            key = f"{ALARM}:{register.uuid}:{party.uuid}:{scope}:{today}:{manager.uuid}"
            if Message.objects.filter(key=key).exists():
                continue
            home = Membership.objects.select_related("party").get(
                register=register, user=manager, ended_at=None
            )
            assert home.party is not None  # noqa: S101 - managers act for a party
            draft = build_draft_to(
                manager,
                at,
                key=key,
                kind=ALARM,
                content=render_alarm(
                    manager, register, party, duties, unheard.counts[party_id, private], today
                ),
                audiences=[Audience(register.uuid, home.party.uuid)],
                urgent=True,
            )
            with transaction.atomic():
                written += post(draft, at) is not None
    return written


def current_content_of_alarm(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What an alarm should say now, just before it is sent; None when there is nobody missing."""
    row = Message.objects.get(uuid=message)
    _kind, register_uuid, party_uuid, scope, _day, manager_uuid = row.key.split(":")
    register = Register.objects.get(uuid=register_uuid)
    party = Party.objects.get(uuid=party_uuid)
    today = clock.local_date(at, register.time_zone)
    unheard = UnassignedDuties()
    for source in SOURCES.values():
        for reminders in unaddressed_in_batches(source, register):
            duties = source.load([r.subject for r in reminders])
            for reminder in reminders:
                if duties[reminder.subject].due_on == reminder.due_on:
                    unheard.note(duties[reminder.subject])
    key = (party.pk, scope == "own")
    managers = managers_present_or_all(register.pk, today, party.pk if scope == "own" else None)
    manager = next((user for user in managers if str(user.uuid) == manager_uuid), None)
    if manager is None or key not in unheard.first or register.archived_at is not None:
        return None
    return render_alarm(manager, register, party, unheard.first[key], unheard.counts[key], today)
