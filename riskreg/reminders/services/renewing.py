"""The last look at a digest or an interrupting message, just before it is sent."""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import replace

from django.db import transaction

from riskreg.notify import queries as outbox
from riskreg.notify.renewal import Content
from riskreg.reminders.digest import (
    Backdrop,
    facts_for,
    made_of,
    picture,
    pictures,
    render,
)
from riskreg.reminders.models import Addressee, AddresseeState, Imprint
from riskreg.reminders.policy import DIGEST, INTERRUPT
from riskreg.reminders.services.settling import let_go

DAY = dt.timedelta(days=1)


def told_at_once(users: Collection[int], at: dt.datetime) -> list[Addressee]:
    """What interrupted ``users`` during the last day: the digest carries it too, as told."""
    return list(
        Addressee.objects.filter(
            user__in=users,
            state=AddresseeState.TOLD,
            urgent=True,
            reminder__settled_at__gt=at - DAY,
        ).select_related("reminder")
    )


def told_by(messages: Collection[uuid.UUID]) -> list[Addressee]:
    """Whom ``messages`` tell of something, and of what."""
    return list(
        Addressee.objects.filter(message__in=messages, state=AddresseeState.TOLD)
        .select_related("reminder")
        .prefetch_related("user")
        .order_by("pk")
    )


def renew_digest(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What a digest should say now, just before it is sent; None when nothing in it is due still.

    Asked by the room that delivers. What was discharged since is left out of the new text, and
    its Reminder is put right if no one was told.
    """
    return renew(message, DIGEST, at)


def renew(message: uuid.UUID, kind: str, at: dt.datetime) -> Content | None:
    """See ``renew_digest``; for messages of ``kind``."""
    with transaction.atomic():
        told = told_by([message])
        if not told:
            return None
        user, mine = told[0].user, {a.pk for a in told}
        also = told_at_once([user.pk], at) if kind == DIGEST else []
        seen = picture(user, [*told, *also], at, own=kind == DIGEST)
        gone = [a for a in seen.gone if a.pk in mine]
        moved = [a for a in seen.moved if a.pk in mine]
        # Of an attempt whose end nobody knows the worse is assumed: for what is done, that it was
        # told; for what has gone over to somebody else, that nobody was, or they would never be.
        let_go(
            [] if outbox.may_have_arrived(message) else gone,
            [] if outbox.has_arrived(message) else moved,
            seen.duties,
            seen.scene,
        )
        if not any(a.pk in mine for a in seen.valid):
            return None
        content, imprint = render(user, seen.items, kind)
        Imprint.objects.filter(message=message).update(made_of=imprint)
        return replace(content, audiences=seen.audiences, address=user.email)


def unchanged_digests(messages: Collection[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
    """Those digests that ``renew_digest`` would give the very content they have."""
    return unchanged(messages, DIGEST, at)


def unchanged(messages: Collection[uuid.UUID], kind: str, at: dt.datetime) -> set[uuid.UUID]:
    """See ``unchanged_digests``; for messages of ``kind``. All are looked at together."""
    before = dict(Imprint.objects.filter(message__in=messages).values_list("message", "made_of"))
    told: dict[uuid.UUID, list[Addressee]] = {}
    for addressee in told_by(list(before)):
        assert addressee.message is not None  # noqa: S101 - it was asked for
        told.setdefault(addressee.message, []).append(addressee)
    users = {message: theirs[0].user for message, theirs in told.items()}
    also: dict[int, list[Addressee]] = {}
    if kind == DIGEST:
        for addressee in told_at_once([user.pk for user in users.values()], at):
            also.setdefault(addressee.user_id, []).append(addressee)
    asked = [(users[m], [*theirs, *also.get(users[m].pk, [])]) for m, theirs in told.items()]
    seen = pictures(asked, at, own=kind == DIGEST)
    backdrop = Backdrop([(user, p.items) for (user, _rows), p in zip(asked, seen, strict=True)])
    same = set()
    for (message, theirs), (user, _rows), its in zip(told.items(), asked, seen, strict=True):
        # One that has left or moved must be let go, which is for ``renew``.
        whole = {a.pk for a in theirs} <= {a.pk for a in its.valid}
        if whole and made_of(kind, facts_for(user, its.items, backdrop)) == before[message]:
            same.add(message)
    return same


def renew_interrupt(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What such a message should say now, just before it is sent; None when all of it is done."""
    return renew(message, INTERRUPT, at)


def unchanged_interrupts(messages: Collection[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
    """Those messages that ``renew_interrupt`` would give the very content they have."""
    return unchanged(messages, INTERRUPT, at)
