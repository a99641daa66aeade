"""What belongs into a person's message at a moment."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from riskreg.accounts.models import User
from riskreg.duties.base import DutyKey
from riskreg.duties.sources import (
    LISTED,
    SOURCES,
    Duty,
    Source,
    load_duties_of_reminders,
    urgency_sort_key,
)
from riskreg.events.policy import Audience
from riskreg.register.models import Membership, Register
from riskreg.register.queries import ANSWERABLE
from riskreg.reminders.models import Addressee
from riskreg.reminders.policy import (
    STANDING_IN,
    Recipient,
    Rung,
    due_date_cutoffs,
    highest_rung_reached,
)
from riskreg.reminders.queries import RegisterSnapshots

OWN_LIMIT = 200


@dataclass(frozen=True)
class Item:
    """One duty in a message, and what the reader is to it (``for_id``: who is away)."""

    duty: Duty
    register: Register
    today: dt.date
    part: str
    party_id: int
    for_id: int | None = None

    @property
    def days_until_due(self) -> int:
        """Days from today to the due date; negative when it has passed."""
        assert self.duty.due_on is not None  # noqa: S101 - only what is due becomes an item
        return (self.duty.due_on - self.today).days


@dataclass
class DigestContents:
    """What is due for a person at a moment.

    Of the addressees asked about: ``valid`` are still to be told, ``gone`` have nothing to be told
    of any more, ``moved`` are not the ones to tell any more, ``held`` wait as long as their
    register is archived. ``items`` is everything due for the person, most urgent first.
    ``snapshots``: what was known of the registers.
    """

    snapshots: RegisterSnapshots
    items: list[Item] = field(default_factory=list)
    valid: list[Addressee] = field(default_factory=list)
    gone: list[Addressee] = field(default_factory=list)
    moved: list[Addressee] = field(default_factory=list)
    held: list[Addressee] = field(default_factory=list)
    duties: dict[DutyKey, Duty] = field(default_factory=dict)
    audiences: set[Audience] = field(default_factory=set)
    listed: set[DutyKey] = field(default_factory=set)


def collect_digest(
    user: User,
    addressees: Collection[Addressee],
    at: dt.datetime,
    *,
    snapshots: RegisterSnapshots | None = None,
    own: bool = True,
) -> DigestContents:
    """See ``DigestContents``. ``addressees`` are ``user``'s, with their reminder."""
    return collect_digests([(user, addressees)], at, snapshots=snapshots, own=own)[0]


def collect_digests(
    asked: Sequence[tuple[User, Collection[Addressee]]],
    at: dt.datetime,
    *,
    snapshots: RegisterSnapshots | None = None,
    own: bool = True,
) -> list[DigestContents]:
    """The contents of each person's digest from their addressees, in as many queries as for one.

    ``own``: with what they answer for and is on the ladder, told before or not. ``snapshots``:
    whole registers read already; without one the people concerned are looked up.
    """
    near = snapshots or RegisterSnapshots(at, set())
    homes = _present_memberships_by_user_and_register([user for user, _theirs in asked])
    owned: dict[int, list[Duty]] = (
        _duties_answered_for_or_stood_in_for_by_user(homes, near) if own else {}
    )
    read = (duty for theirs in owned.values() for duty in theirs)
    duties = load_duties_of_reminders((a.reminder for _user, theirs in asked for a in theirs), read)
    if snapshots is None:
        known = [*duties.values(), *(d for found in owned.values() for d in found)]
        near.users = {user.pk for user, _theirs in asked}
        near.users |= {u for d in known for u in (d.owner_id, d.deputy_id)}
    there = {home.register_id: home.register for at in homes.values() for home in at.values()}
    concerned = {d.register_id for d in duties.values()}
    concerned |= {d.register_id for mine in owned.values() for d in mine}
    near.set_registers_read_together(there[key] for key in sorted(concerned) if key in there)
    found = []
    for user, theirs in asked:
        at_home = homes.get(user.pk, {}) if user.is_active else {}
        seen = DigestContents(near, duties=duties)
        _sort_addressees_into(seen, user, theirs, at_home)
        _add_duties_answered_for_or_stood_in_for(seen, user, owned.get(user.pk, []), at_home)
        seen.items.sort(key=_urgency_sort_key_of_item)
        found.append(seen)
    return found


def _present_memberships_by_user_and_register(
    users: Collection[User],
) -> dict[int, dict[int, Membership]]:
    """The memberships of each user, by user and register."""
    homes: dict[int, dict[int, Membership]] = {}
    rows = Membership.objects.filter(user__in=users, ended_at=None, party__isnull=False)
    for membership in rows.select_related("register", "party"):
        homes.setdefault(membership.user_id, {})[membership.register_id] = membership
    return homes


def _sort_addressees_into(
    seen: DigestContents, user: User, theirs: Collection[Addressee], homes: dict[int, Membership]
) -> None:
    """Sort the addressees out."""
    for addressee in theirs:
        reminder = addressee.reminder
        home = homes.get(reminder.register_id)
        if home is not None and home.register.archived_at is not None:
            seen.held.append(addressee)
            continue
        duty = seen.duties[reminder.duty_key]
        if duty.due_on != reminder.due_on:
            seen.gone.append(addressee)
            continue
        recipient = _recipient(duty, seen.snapshots.rung(reminder), user, homes, seen.snapshots)
        if recipient is None:
            seen.moved.append(addressee)
        else:
            seen.valid.append(addressee)
            _add_item_once(seen, duty, homes[duty.register_id], recipient)


def _add_duties_answered_for_or_stood_in_for(
    seen: DigestContents, user: User, own: Iterable[Duty], homes: dict[int, Membership]
) -> None:
    """Add what they answer for and is on the ladder."""
    for duty in own:
        rung = _highest_rung_reached_now(
            SOURCES[duty.kind], duty, homes[duty.register_id].register, seen.snapshots
        )
        recipient = _recipient(duty, rung, user, homes, seen.snapshots) if rung else None
        if recipient is not None:
            _add_item_once(seen, duty, homes[duty.register_id], recipient)


def _urgency_sort_key_of_item(item: Item) -> tuple[Any, ...]:
    orphan = item.part == STANDING_IN
    return (*urgency_sort_key(item.duty, item.today, orphan), item.register.slug, item.duty.ref)


def _duties_answered_for_or_stood_in_for_by_user(
    memberships_by_user_and_register: dict[int, dict[int, Membership]],
    snapshots: RegisterSnapshots,
) -> dict[int, list[Duty]]:
    """What each user answers for, or stands in for, and may have come onto the ladder."""
    found: dict[int, list[Duty]] = {}
    working = [
        home
        for theirs in memberships_by_user_and_register.values()
        for home in theirs.values()
        if home.role in ANSWERABLE and home.register.archived_at is None
    ]
    snapshots.set_registers_read_together(home.register for home in working)
    registers = {home.register_id: home.register for home in working}
    # Whom of the users it matters to.
    readers_by_register_and_answerer: dict[int, dict[int, list[int]]] = {}
    for home in working:
        there = readers_by_register_and_answerer.setdefault(home.register_id, {})
        there.setdefault(home.user_id, []).append(home.user_id)
        for away, stand_in in snapshots.stand_ins_by_absent_user(home.register).items():
            if stand_in == home.user_id:
                there.setdefault(away, []).append(home.user_id)
    for source in LISTED.values():
        for duty in _duties_answered_for(
            source, registers, readers_by_register_and_answerer, snapshots
        ):
            there = readers_by_register_and_answerer[duty.register_id]
            readers = {
                reader
                for who in (duty.owner_id, duty.deputy_id)
                for reader in there.get(who or 0, ())
            }
            for reader in readers:
                found.setdefault(reader, []).append(duty)
    return found


def _duties_answered_for(
    source: Source,
    registers: Mapping[int, Register],
    people: Mapping[int, Collection[int]],
    snapshots: RegisterSnapshots,
) -> list[Duty]:
    """What ``people`` answer for, by register, and may have come onto the ladder there."""
    if not people:
        return []
    # Most registers climb the same ladder on the same day.
    by_day: dict[dt.date, list[int]] = {}
    for key in people:
        rungs = source.rungs_of_kind(snapshots.ladder(key).rungs)
        by_day.setdefault(
            due_date_cutoffs(rungs, snapshots.today(registers[key]))[-1][1], []
        ).append(key)
    come = Q()
    for last, keys in by_day.items():
        come |= Q(register_id__in=keys, **{f"{source.due_field}__lte": last})
    rows = source.open_rows().order_by(source.due_field, "pk")
    limit = OWN_LIMIT * sum(len(there) for there in people.values())
    whose = source.is_answered_for_by(sorted({user for there in people.values() for user in there}))
    duties = [source.duty(row) for row in rows.filter(come, whose)[:limit]]
    if len(duties) < limit:
        return duties
    # Somebody has more than can be listed, which must not cost the others theirs. All of theirs are
    # read nevertheless: the message says how many there are, and shows the worst.
    return [
        source.duty(row)
        for key, there in people.items()
        for user in sorted(there)
        for row in rows.filter(come, source.is_answered_for_by([user]), register_id=key)
    ]


def _highest_rung_reached_now(
    source: Source, duty: Duty, register: Register, snapshots: RegisterSnapshots
) -> Rung | None:
    if duty.due_on is None:
        return None
    rungs = source.rungs_of_kind(snapshots.ladder(register.pk).rungs)
    extension = duty.extension(register.time_zone)
    return highest_rung_reached(rungs, duty.due_on, snapshots.today(register), extension)


def _recipient(
    duty: Duty, rung: Rung, user: User, homes: dict[int, Membership], snapshots: RegisterSnapshots
) -> Recipient | None:
    """What ``user`` is told ``duty`` as, on ``rung``; None when it is not for them."""
    home = homes.get(duty.register_id)
    if home is None:
        return None
    found = snapshots.snapshot(home.register).recipients_or_fallback(duty, rung)
    return next((recipient for recipient in found if recipient.user_id == user.pk), None)


def _add_item_once(
    seen: DigestContents, duty: Duty, home: Membership, recipient: Recipient
) -> None:
    if duty.key in seen.listed:
        return
    seen.listed.add(duty.key)
    register = home.register
    assert home.party is not None  # noqa: S101 - only members with a party are read
    today = seen.snapshots.today(register)
    its = duty.as_notified_to(home.party.pk)
    seen.items.append(Item(its, register, today, recipient.part, home.party.pk, recipient.for_id))
    seen.audiences.add(Audience(register.uuid, home.party.uuid))
