"""The last look at a digest or an interrupting message, just before it is sent."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import replace

from django.db import transaction

from riskreg.notify import queries as outbox
from riskreg.notify.refresh import Content
from riskreg.reminders.digest import (
    DigestLookups,
    collect_digest,
    collect_digests,
    digest_data,
    fingerprint_of_digest,
    render_with_fingerprint,
)
from riskreg.reminders.models import Addressee, AddresseeState, Imprint
from riskreg.reminders.policy import DIGEST, INTERRUPT
from riskreg.reminders.services.assignment import drop_gone_and_readdress_moved, reset_to_waiting

DAY = dt.timedelta(days=1)


def addressees_interrupted_lately(users: Collection[int], at: dt.datetime) -> list[Addressee]:
    """What interrupted ``users`` during the last day: the digest carries it too, as told."""
    return list(
        Addressee.objects.filter(
            user__in=users,
            state=AddresseeState.TOLD,
            urgent=True,
            reminder__settled_at__gt=at - DAY,
        ).select_related("reminder")
    )


def addressees_of_messages(messages: Collection[uuid.UUID]) -> list[Addressee]:
    """Whom ``messages`` tell of something, and of what."""
    return list(
        Addressee.objects.filter(message__in=messages, state=AddresseeState.TOLD)
        .select_related("reminder")
        .prefetch_related("user")
        .order_by("pk")
    )


def settle_and_render_digest(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What a digest should say now, just before it is sent; None when nothing in it is due still.

    Asked by the room that delivers. What was discharged since is left out of the new text, and
    its Reminder is put right if no one was told.
    """
    return settle_and_render(message, DIGEST, at)


def settle_and_render(message: uuid.UUID, kind: str, at: dt.datetime) -> Content | None:
    """See ``settle_and_render_digest``; for messages of ``kind``."""
    with transaction.atomic():
        notified = addressees_of_messages([message])
        if not notified:
            return None
        user, mine = notified[0].user, {a.pk for a in notified}
        also = addressees_interrupted_lately([user.pk], at) if kind == DIGEST else []
        seen = collect_digest(user, [*notified, *also], at, own=kind == DIGEST)
        gone = [a for a in seen.gone if a.pk in mine]
        moved = [a for a in seen.moved if a.pk in mine]
        if not outbox.may_have_arrived(message):
            reset_to_waiting([a for a in seen.held if a.pk in mine])
        # Of an attempt whose end nobody knows the worse is assumed: for what is done, that it was
        # told; for what has gone over to somebody else, that nobody was, or they would never be.
        drop_gone_and_readdress_moved(
            [] if outbox.may_have_arrived(message) else gone,
            [] if outbox.has_arrived(message) else moved,
            seen.duties,
            seen.snapshots,
        )
        if not any(a.pk in mine for a in seen.valid):
            return None
        content, imprint = render_with_fingerprint(user, seen.items, kind)
        Imprint.objects.filter(message=message).update(made_of=imprint)
        return replace(content, audiences=seen.audiences, address=user.email)


def unchanged_digests_among(messages: Collection[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
    """Those digests that ``settle_and_render_digest`` would give the very content they have."""
    return unchanged_messages_of_kind(messages, DIGEST, at)


def unchanged_messages_of_kind(
    messages: Collection[uuid.UUID], kind: str, at: dt.datetime
) -> set[uuid.UUID]:
    """See ``unchanged_digests_among``; for messages of ``kind``. All are looked at together."""
    before = dict(Imprint.objects.filter(message__in=messages).values_list("message", "made_of"))
    notified: dict[uuid.UUID, list[Addressee]] = {}
    for addressee in addressees_of_messages(list(before)):
        assert addressee.message is not None  # noqa: S101 - it was asked for
        notified.setdefault(addressee.message, []).append(addressee)
    users = {message: theirs[0].user for message, theirs in notified.items()}
    also: dict[int, list[Addressee]] = {}
    if kind == DIGEST:
        for addressee in addressees_interrupted_lately([user.pk for user in users.values()], at):
            also.setdefault(addressee.user_id, []).append(addressee)
    asked = [(users[m], [*theirs, *also.get(users[m].pk, [])]) for m, theirs in notified.items()]
    seen = collect_digests(asked, at, own=kind == DIGEST)
    backdrop = DigestLookups(
        [(user, p.items) for (user, _rows), p in zip(asked, seen, strict=True)]
    )
    same = set()
    for (message, theirs), (user, _rows), its in zip(notified.items(), asked, seen, strict=True):
        # One that has left or moved must be let go, which is for ``settle_and_render``.
        whole = {a.pk for a in theirs} <= {a.pk for a in its.valid}
        if (
            whole
            and fingerprint_of_digest(kind, digest_data(user, its.items, backdrop))
            == before[message]
        ):
            same.add(message)
    return same


def settle_and_render_interrupt(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What such a message should say now, just before it is sent; None when all of it is done."""
    return settle_and_render(message, INTERRUPT, at)


def unchanged_interrupts_among(messages: Collection[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
    """Those messages that ``settle_and_render_interrupt`` would give the very content they have."""
    return unchanged_messages_of_kind(messages, INTERRUPT, at)
