"""Digests: one message a day for each person with all that is due for them."""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.accounts.policy import works_on
from riskreg.duties import links
from riskreg.notify import queries as outbox
from riskreg.notify.services import drop_waiting_messages, post
from riskreg.reminders.digest import (
    DigestContents,
    DigestLookups,
    collect_digest,
    collect_digests,
    render_with_fingerprint,
)
from riskreg.reminders.models import Addressee, AddresseeState, DigestMark, Imprint
from riskreg.reminders.policy import DIGEST, DigestOfDay, digest_of_day
from riskreg.reminders.queries import (
    RegisterSnapshots,
    ids_with_waiting_reminders_among,
    member_zones,
    members_whose_digest_may_be_due,
    waiting_addressees_of,
)
from riskreg.reminders.services.assignment import (
    drop_gone_and_readdress_moved,
    mark_sent,
    settle_older_addressees,
)
from riskreg.reminders.services.refresh import addressees_interrupted_lately, addressees_of_messages

log = structlog.get_logger(__name__)
DAY = dt.timedelta(days=1)
# How many people's digests are looked at together.
TOGETHER = 50


class _Taken(Exception):
    """Another sweep wrote this person's digest of the day, between our look and our writing."""


class WrittenAndBroken(NamedTuple):
    """How many messages were written, and of how many people none was because something broke."""

    written: int
    broken: int


class _WrittenBatch(NamedTuple):
    """How many digests were written, and the people (database ids) whose digest broke."""

    written: int
    broken_for: set[int]


def write_digests(at: dt.datetime) -> WrittenAndBroken:
    """Write the digests of everybody whose hour has come.

    Whose hour has come is marked, told something or not; whose digest broke is not, and is tried
    again by the next sweep.
    """
    written = broken = 0
    for zone in member_zones():
        try:
            local = at.astimezone(zoneinfo.ZoneInfo(zone))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            # Zones are checked when they are set, but the list of them changes with the system.
            broken += 1
            log.exception("zone_unknown", zone=zone)
            continue
        day = local.date()
        for batch in members_whose_digest_may_be_due(zone, day, local.hour):
            come, marks = [], {}
            for user, last in batch:
                known = last if last is not None and last < day else None
                digest = digest_of_day(
                    day, local.hour, user.digest_hour, known, _works_on_day(user)
                )
                if digest is DigestOfDay.DUE:
                    come.append(user)
                elif digest is DigestOfDay.NONE:
                    # Nobody need be looked at in each sweep of a weekend.
                    marks[user.pk] = day
                elif known is None:
                    # From now on it is known whether a day goes by without a digest.
                    marks[user.pk] = day - DAY
            done = _write_batch(come, day, at)
            marks.update({user.pk: day for user in come if user.pk not in done.broken_for})
            _save_digest_marks(marks)
            written, broken = written + done.written, broken + len(done.broken_for)
    return WrittenAndBroken(written, broken)


def _works_on_day(user: User) -> Callable[[dt.date], bool]:
    """Whether ``user`` works on a day."""
    return lambda day: works_on(day, user.working_days, user.holiday_calendar)


def _write_batch(users: Collection[User], day: dt.date, at: dt.datetime) -> _WrittenBatch:
    waiting = ids_with_waiting_reminders_among([user.pk for user in users])
    asked = [user for user in users if user.pk in waiting]
    written, faults, snapshots = 0, set(), RegisterSnapshots(at)
    for start in range(0, len(asked), TOGETHER):
        for user, writing in _prepare_each(asked[start : start + TOGETHER], at, snapshots):
            try:
                if writing is None:
                    faults.add(user.pk)
                else:
                    written += writing.write_unless_there_or_empty(day)
            except Exception:
                faults.add(user.pk)
                log.exception("digest_broke", recipient=str(user.uuid))
    return _WrittenBatch(written, faults)


def _prepare_each(
    users: Sequence[User], at: dt.datetime, snapshots: RegisterSnapshots
) -> Iterator[tuple[User, "_PreparedDigest | None"]]:
    """Each person with their digest: looked at together, or one by one where what is due for one
    of them breaks it for all. None for whom it breaks."""
    try:
        together = list(_prepare_digests(users, at, snapshots))
    except Exception:
        log.exception("digests_looked_at_one_by_one")
    else:
        yield from zip(users, together, strict=True)
        return
    for user in users:
        writing = None
        try:
            writing = next(_prepare_digests([user], at, snapshots))
        except Exception:
            log.exception("digest_broke", recipient=str(user.uuid))
        yield user, writing


def _save_digest_marks(days: Mapping[int, dt.date]) -> None:
    DigestMark.objects.bulk_create(
        [DigestMark(user_id=user, local_day=day) for user, day in sorted(days.items())],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["local_day"],
    )


def write_digest_unless_there_or_empty(user: User, day: dt.date, at: dt.datetime) -> bool:
    """Write ``user``'s digest of their local ``day`` into the outbox, with all that is due.

    Message, delivery and the reminders it tells of become so in one transaction. False when there
    is one already, or nothing left to tell.
    """
    return next(_prepare_digests([user], at, RegisterSnapshots(at))).write_unless_there_or_empty(
        day
    )


def _prepare_digests(
    users: Sequence[User], at: dt.datetime, snapshots: RegisterSnapshots
) -> Iterator["_PreparedDigest"]:
    """The digests of ``users``, ready to be written; what they need is read at once."""
    rows: dict[int, list[Addressee]] = {user.pk: [] for user in users}
    keys = list(rows)
    for addressee in [*waiting_addressees_of(keys), *addressees_interrupted_lately(keys, at)]:
        rows[addressee.user_id].append(addressee)
    seen = collect_digests([(user, rows[user.pk]) for user in users], at, snapshots=snapshots)
    backdrop = DigestLookups([(user, p.items) for user, p in zip(users, seen, strict=True)])
    for user, its in zip(users, seen, strict=True):
        yield _PreparedDigest(user, its, backdrop, at)


@dataclass
class _PreparedDigest:
    """One person's digest, as it was seen a moment ago."""

    user: User
    seen: DigestContents
    backdrop: DigestLookups
    at: dt.datetime

    def write_unless_there_or_empty(self, day: dt.date) -> bool:
        """See ``write_digest_unless_there_or_empty``."""
        key = f"{DIGEST}:{self.user.uuid}:{day.isoformat()}"
        if outbox.message_exists(key):
            return False
        try:
            with transaction.atomic():
                return self._post_or_raise_taken(day, key)
        except _Taken:
            return False

    def _post_or_raise_taken(self, day: dt.date, key: str) -> bool:
        """Drop what does not hold any more and post the rest; False when nothing is left."""
        user, at, seen, backdrop = self.user, self.at, self.seen, self.backdrop
        waiting = self._lock_still_waiting()
        drop_gone_and_readdress_moved(
            [a for a in seen.gone if a.pk in waiting],
            [a for a in seen.moved if a.pk in waiting],
            seen.duties,
            seen.snapshots,
        )
        valid = [a for a in seen.valid if a.pk in waiting]
        if not valid:
            return False
        with translation.override(user.language):
            reason = _("A newer digest says the same and more.")
        replaced = drop_waiting_messages(kind=DIGEST, recipient=user.uuid, reason=reason)
        if replaced:
            older = addressees_of_messages(replaced)
            unsaid = waiting | {a.pk for a in older}
            seen = collect_digest(user, [*seen.valid, *older], at, snapshots=seen.snapshots)
            settle_older_addressees(older, seen)
            valid = [a for a in seen.valid if a.pk in unsaid]
            backdrop = DigestLookups([(user, seen.items)])
        content, imprint = render_with_fingerprint(user, seen.items, DIGEST, backdrop)
        message = post(
            build_draft_to(
                user,
                at,
                key=key,
                kind=DIGEST,
                local_day=day,
                content=content,
                audiences=seen.audiences,
                unsubscribe_url=links.preferences_url(),
                channels=("mail", "inbox") if user.digest_by_mail else ("inbox",),
            ),
            at,
        )
        if message is None:
            raise _Taken
        Imprint.objects.create(message=message.uuid, made_of=imprint)
        Addressee.objects.filter(pk__in=[a.pk for a in valid]).update(
            state=AddresseeState.TOLD, message=message.uuid
        )
        mark_sent([a.reminder_id for a in valid], seen.duties, at)
        return True

    def _lock_still_waiting(self) -> set[int]:
        """Those of the addressees that nobody else has told since they were looked at.

        They are locked from here to the end of the transaction, so that no other sweep, and no
        interrupting message, tells of them as well.
        """
        keys = [a.pk for a in (*self.seen.valid, *self.seen.gone, *self.seen.moved)]
        rows = Addressee.objects.select_for_update(of=("self",)).order_by("pk")
        waiting = rows.filter(pk__in=keys, state=AddresseeState.WAITING)
        return set(waiting.values_list("pk", flat=True))
