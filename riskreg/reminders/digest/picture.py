"""What belongs into a person's message at a moment."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from riskreg.accounts.models import User
from riskreg.duties.sources import LISTED, SOURCES, Duty, Source, load, urgency
from riskreg.events.policy import Audience
from riskreg.register.models import Membership, Register
from riskreg.register.queries import ANSWERABLE
from riskreg.reminders.models import Addressee
from riskreg.reminders.policy import STANDING_IN, Recipient, Rung, reached, rung_at
from riskreg.reminders.queries import Scene

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
    def days(self) -> int:
        """Days from today to the due date; negative when it has passed."""
        assert self.duty.due_on is not None  # noqa: S101 - only what is due becomes an item
        return (self.duty.due_on - self.today).days


@dataclass
class Picture:
    """What is due for a person at a moment.

    Of the addressees asked about: ``valid`` are still to be told, ``gone`` have nothing to be told
    of any more, ``moved`` are not the ones to tell any more. ``items`` is everything due for the
    person, most urgent first. ``scene``: what was known of the registers.
    """

    scene: Scene
    items: list[Item] = field(default_factory=list)
    valid: list[Addressee] = field(default_factory=list)
    gone: list[Addressee] = field(default_factory=list)
    moved: list[Addressee] = field(default_factory=list)
    duties: dict[tuple[str, uuid.UUID], Duty] = field(default_factory=dict)
    audiences: set[Audience] = field(default_factory=set)
    listed: set[tuple[str, uuid.UUID]] = field(default_factory=set)


def picture(
    user: User,
    addressees: Collection[Addressee],
    at: dt.datetime,
    *,
    scene: Scene | None = None,
    own: bool = True,
) -> Picture:
    """See ``Picture``. ``addressees`` are ``user``'s, with their reminder."""
    return pictures([(user, addressees)], at, scene=scene, own=own)[0]


def pictures(
    asked: Sequence[tuple[User, Collection[Addressee]]],
    at: dt.datetime,
    *,
    scene: Scene | None = None,
    own: bool = True,
) -> list[Picture]:
    """The picture of each person with their addressees, in as many queries as for one.

    ``own``: with what they answer for and is on the ladder, told before or not. ``scene``: whole
    registers read already; without one the people concerned are looked up.
    """
    near = scene or Scene(at, set())
    homes = _homes([user for user, _theirs in asked])
    owned: dict[int, list[Duty]] = _own(homes, near) if own else {}
    read = (duty for theirs in owned.values() for duty in theirs)
    duties = load((a.reminder for _user, theirs in asked for a in theirs), read)
    if scene is None:
        known = [*duties.values(), *(d for found in owned.values() for d in found)]
        near.users = {user.pk for user, _theirs in asked}
        near.users |= {u for d in known for u in (d.owner_id, d.deputy_id)}
    there = {home.register_id: home.register for at in homes.values() for home in at.values()}
    concerned = {d.register_id for d in duties.values()}
    concerned |= {d.register_id for mine in owned.values() for d in mine}
    near.will_ask(there[key] for key in sorted(concerned) if key in there)
    found = []
    for user, theirs in asked:
        at_home = homes.get(user.pk, {}) if user.is_active else {}
        seen = Picture(near, duties=duties)
        _look(seen, user, theirs, at_home)
        _look_at_own(seen, user, owned.get(user.pk, []), at_home)
        seen.items.sort(key=_urgency)
        found.append(seen)
    return found


def _homes(users: Collection[User]) -> dict[int, dict[int, Membership]]:
    """The memberships of each user, by user and register."""
    homes: dict[int, dict[int, Membership]] = {}
    rows = Membership.objects.filter(user__in=users, ended_at=None, party__isnull=False)
    for membership in rows.select_related("register", "party"):
        homes.setdefault(membership.user_id, {})[membership.register_id] = membership
    return homes


def _look(
    seen: Picture, user: User, theirs: Collection[Addressee], homes: dict[int, Membership]
) -> None:
    """Sort the addressees out."""
    for addressee in theirs:
        reminder = addressee.reminder
        duty = seen.duties[reminder.duty_key]
        if duty.due_on != reminder.due_on:
            seen.gone.append(addressee)
            continue
        told = _told(duty, seen.scene.rung(reminder), user, homes, seen.scene)
        if told is None:
            seen.moved.append(addressee)
        else:
            seen.valid.append(addressee)
            _add(seen, duty, homes[duty.register_id], told)


def _look_at_own(
    seen: Picture, user: User, own: Iterable[Duty], homes: dict[int, Membership]
) -> None:
    """Add what they answer for and is on the ladder."""
    for duty in own:
        rung = _rung_of(SOURCES[duty.kind], duty, homes[duty.register_id].register, seen.scene)
        told = _told(duty, rung, user, homes, seen.scene) if rung else None
        if told is not None:
            _add(seen, duty, homes[duty.register_id], told)


def _urgency(item: Item) -> tuple[Any, ...]:
    orphan = item.part == STANDING_IN
    return (*urgency(item.duty, item.today, orphan), item.register.slug, item.duty.ref)


def _own(homes: dict[int, dict[int, Membership]], scene: Scene) -> dict[int, list[Duty]]:
    """What each user answers for, or stands in for, and may have come onto the ladder."""
    found: dict[int, list[Duty]] = {}
    working = [h for theirs in homes.values() for h in theirs.values() if h.role in ANSWERABLE]
    scene.will_ask(home.register for home in working)
    registers = {home.register_id: home.register for home in working}
    # Register → who answers for something there → to whom of the users that matters.
    matters: dict[int, dict[int, list[int]]] = {}
    for home in working:
        there = matters.setdefault(home.register_id, {})
        there.setdefault(home.user_id, []).append(home.user_id)
        for away, stand_in in scene.away(home.register).items():
            if stand_in == home.user_id:
                there.setdefault(away, []).append(home.user_id)
    for source in LISTED.values():
        for duty in _owned(source, registers, matters, scene):
            there = matters[duty.register_id]
            readers = {
                reader
                for who in (duty.owner_id, duty.deputy_id)
                for reader in there.get(who or 0, ())
            }
            for reader in readers:
                found.setdefault(reader, []).append(duty)
    return found


def _owned(
    source: Source,
    registers: Mapping[int, Register],
    people: Mapping[int, Collection[int]],
    scene: Scene,
) -> list[Duty]:
    """What ``people`` answer for, by register, and may have come onto the ladder there."""
    if not people:
        return []
    # Most registers climb the same ladder on the same day.
    by_day: dict[dt.date, list[int]] = {}
    for key in people:
        rungs = source.rungs(scene.ladder(key).rungs)
        by_day.setdefault(reached(rungs, scene.today(registers[key]))[-1][1], []).append(key)
    come = Q()
    for last, keys in by_day.items():
        come |= Q(register_id__in=keys, **{f"{source.due_field}__lte": last})
    rows = source.open_rows().order_by(source.due_field, "pk")
    limit = OWN_LIMIT * sum(len(there) for there in people.values())
    whose = source.whose(sorted({user for there in people.values() for user in there}))
    duties = [source.duty(row) for row in rows.filter(come, whose)[:limit]]
    if len(duties) < limit:
        return duties
    # Somebody has more than can be listed, which must not cost the others theirs. All of theirs are
    # read nevertheless: the message says how many there are, and shows the worst.
    return [
        source.duty(row)
        for key, there in people.items()
        for user in sorted(there)
        for row in rows.filter(come, source.whose([user]), register_id=key)
    ]


def _rung_of(source: Source, duty: Duty, register: Register, scene: Scene) -> Rung | None:
    if duty.due_on is None:
        return None
    rungs = source.rungs(scene.ladder(register.pk).rungs)
    extension = duty.extension(register.time_zone)
    return rung_at(rungs, duty.due_on, scene.today(register), extension)


def _told(
    duty: Duty, rung: Rung, user: User, homes: dict[int, Membership], scene: Scene
) -> Recipient | None:
    """What ``user`` is told ``duty`` as, on ``rung``; None when it is not for them."""
    home = homes.get(duty.register_id)
    if home is None:
        return None
    found = scene.place(home.register).told(duty, rung)
    return next((recipient for recipient in found if recipient.user_id == user.pk), None)


def _add(seen: Picture, duty: Duty, home: Membership, told: Recipient) -> None:
    if duty.key in seen.listed:
        return
    seen.listed.add(duty.key)
    register = home.register
    assert home.party is not None  # noqa: S101 - only members with a party are read
    today = seen.scene.today(register)
    its = duty.as_told_to(home.party.pk)
    seen.items.append(Item(its, register, today, told.part, home.party.pk, told.for_id))
    seen.audiences.add(Audience(register.uuid, home.party.uuid))
