"""Who is there to be told: members, who of them is away, whom a ladder names."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.register.models import Membership, Register, Role
from riskreg.register.queries import stand_ins_by_absent_user
from riskreg.reminders.models import Addressee, AddresseeState, DigestMark
from riskreg.reminders.policy import Member, Roster, Rung

BATCH = 200


def users_named_on(rungs: Iterable[Rung]) -> set[uuid.UUID]:
    """The public ids of everybody whom ``rungs`` name."""
    return {user for rung in rungs for user in rung.users}


def roster_of(
    register_id: int,
    away: Mapping[int, int | None],
    *,
    users: Collection[int | None] | None = None,
    named: Collection[uuid.UUID] = (),
) -> Roster:
    """The people of a register on a day on which ``away`` are.

    All members, or managers, leaders, stand-ins, whom ``named`` names and who of ``users`` is one:
    enough to say who is told of what ``users`` answer for.
    """
    return rosters_of({register_id: away}, users=users, named={register_id: named})[register_id]


def rosters_of(
    away: Mapping[int, Mapping[int, int | None]],
    *,
    users: Collection[int | None] | None = None,
    named: Mapping[int, Collection[uuid.UUID]],
) -> dict[int, Roster]:
    """``roster_of`` for each register in ``away`` and ``named``, in one query."""
    rows = Membership.objects.filter(
        register_id__in=list(away), ended_at=None, user__is_active=True, party__isnull=False
    )
    if users is not None:
        stand_ins = (u for theirs in away.values() for u in theirs.values())
        near = {u for u in (*users, *stand_ins) if u is not None}
        wanted = Q(role__in=[Role.MANAGER, Role.LEADER]) | Q(user_id__in=near)
        all_named = {name for names in named.values() for name in names}
        rows = rows.filter(wanted | Q(user__uuid__in=all_named) if all_named else wanted)
    members: dict[int, dict[int, Member]] = {register: {} for register in away}
    names: dict[int, dict[uuid.UUID, int]] = {register: {} for register in away}
    for register, user, name, party, role in rows.values_list(
        "register_id", "user_id", "user__uuid", "party_id", "role"
    ):
        members[register][user] = Member(user, party, role)
        if name in named[register]:
            names[register][name] = user
    return {r: Roster(members[r], theirs, names[r]) for r, theirs in away.items()}


def managers_present_or_all(
    register_id: int, day: dt.date, party_id: int | None = None
) -> list[User]:
    """The managers of a register (or of one party in it) who are there on ``day``; all of them
    where not one is, so that somebody finds it when they are back."""
    away = stand_ins_by_absent_user(register_id, day)
    memberships = Membership.objects.filter(
        register_id=register_id, role=Role.MANAGER, ended_at=None, party__isnull=False
    )
    if party_id is not None:
        memberships = memberships.filter(party_id=party_id)
    rows = list(
        User.objects.filter(pk__in=memberships.values("user_id"), is_active=True).order_by("pk")
    )
    return [user for user in rows if user.pk not in away] or rows


def ids_with_waiting_reminders_among(users: Collection[int], *, urgent: bool = False) -> set[int]:
    """Who of ``users`` (database ids) a reminder waits for."""
    rows = Addressee.objects.filter(
        user__in=users, state=AddresseeState.WAITING, reminder__register__archived_at=None
    )
    if urgent:
        rows = rows.filter(urgent=True)
    return set(rows.values_list("user_id", flat=True))


def ids_of_users_with_waiting_reminders(register: Register) -> set[int]:
    """Database ids of those whom something of ``register`` waits for."""
    return set(
        Addressee.objects.filter(state=AddresseeState.WAITING, reminder__register=register)
        .order_by()
        .values_list("user_id", flat=True)
        .distinct()
    )


def users_to_interrupt() -> Iterator[User]:
    """People for whom something waits that they are to be told at once."""
    waiting = Addressee.objects.filter(
        user=OuterRef("pk"),
        state=AddresseeState.WAITING,
        urgent=True,
        reminder__register__archived_at=None,
    )
    rows = User.objects.filter(Exists(waiting)).order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


def member_zones() -> list[str]:
    """The time zones of members."""
    return sorted(
        Membership.objects.filter(ended_at=None, user__is_active=True)
        .values_list("user__time_zone", flat=True)
        .order_by("user__time_zone")
        .distinct()
    )


class MemberAndLastDigest(NamedTuple):
    """Somebody, and the last day whose digest was looked after for them; None: not known."""

    user: User
    last_day: dt.date | None


def members_whose_digest_may_be_due(
    zone: str, day: dt.date, hour: int
) -> Iterator[list[MemberAndLastDigest]]:
    """Members of ``zone`` whose digest of ``day`` was not looked after yet though its hour has come
    at ``hour``, or who may be owed one of before; each with the last day that was, in batches. A
    mark further ahead than a change of zone can put it counts as none: the clock had been wrong."""
    present = Membership.objects.filter(user=OuterRef("pk"), ended_at=None)
    of_user = DigestMark.objects.filter(user=OuterRef("pk"))
    marked = of_user.filter(local_day__gte=day, local_day__lte=day + dt.timedelta(days=1))
    # With that of yesterday nothing is owed before the hour of today.
    nothing_owed = of_user.filter(local_day=day - dt.timedelta(days=1))
    come_or_owed = Q(digest_hour__lte=hour) | ~Exists(nothing_owed)
    rows = User.objects.filter(
        come_or_owed, ~Exists(marked), Exists(present), time_zone=zone, is_active=True
    ).order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        marks = dict(DigestMark.objects.filter(user__in=batch).values_list("user_id", "local_day"))
        yield [MemberAndLastDigest(user, marks.get(user.pk)) for user in batch]
        last = batch[-1].pk


def ids_of_users_with_digest_mark_today(at: dt.datetime) -> set[int]:
    """Database ids of those whose digest of their present day was looked after already."""
    marks = DigestMark.objects.values_list("user_id", "local_day", "user__time_zone")
    return {user for user, day, zone in marks if day >= clock.local_date(at, zone)}
