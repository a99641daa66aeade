"""The last look before sending: whoever wrote a message says whether it still holds.

A room that posts messages registers, once at start, its functions for its kind of message. Before
each attempt ``content_now`` is asked for the content as it should be now; None means that there is
nothing left to tell. As that may be dear, a room may also tell of many messages at once, cheaply,
which of them would come out as they are: those are sent without it. This room need not know what a
message is about.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from django.db import transaction

from riskreg.events.policy import Audience

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Content:
    """What a message says: to people, and in ``payload`` to programs (None: as it was).

    ``audiences``: of whom it tells, and ``address``: where it goes, where writing it anew can
    change that (None: as it was).
    """

    subject: str
    text: str
    html: str = ""
    payload: Mapping[str, Any] | None = None
    audiences: Collection[Audience] | None = None
    address: str | None = None


ContentNow = Callable[[uuid.UUID, dt.datetime], Content | None]
UnchangedAmong = Callable[[Collection[uuid.UUID], dt.datetime], set[uuid.UUID]]


@dataclass(frozen=True)
class MessageRefresher:
    """How messages of one kind are renewed.

    ``content_now(message, at)``: what it should say at ``at``, or None where there is nothing left
    to tell; who is to be told of what may be settled by it. ``unchanged_among(messages, at)``:
    those of ``messages`` that have that content already; when in doubt it leaves one out.
    """

    content_now: ContentNow
    unchanged_among: UnchangedAmong | None = None


_by_kind: dict[str, MessageRefresher] = {}


def register_refresher(
    kind: str, content_now: ContentNow, unchanged_among: UnchangedAmong | None = None
) -> None:
    """Ask these before messages of ``kind`` are sent; see ``MessageRefresher``."""
    _by_kind[kind] = MessageRefresher(content_now, unchanged_among)


def refresher(kind: str) -> MessageRefresher | None:
    """What was registered for ``kind``; None where what was written once always holds."""
    return _by_kind.get(kind)


class MessageOfKind(NamedTuple):
    """A message (public id) and its kind."""

    message: uuid.UUID
    kind: str


def messages_to_refresh(messages: Collection[MessageOfKind], at: dt.datetime) -> set[uuid.UUID]:
    """Which of ``messages`` are to be renewed before they are sent."""
    found: set[uuid.UUID] = set()
    for kind in {kind for _message, kind in messages}:
        asked = refresher(kind)
        if asked is not None:
            these = {message for message, its in messages if its == kind}
            found |= these - _unchanged_messages_or_empty(asked, these, at)
    return found


def _unchanged_messages_or_empty(
    asked: MessageRefresher, these: set[uuid.UUID], at: dt.datetime
) -> set[uuid.UUID]:
    if asked.unchanged_among is None:
        return set()
    try:
        # Under a savepoint: a failed query would spoil the transaction of a caller that has one.
        with transaction.atomic():
            return asked.unchanged_among(these, at)
    except Exception:
        # The check only saves work.
        log.exception("unchanged_broke", messages=len(these))
        return set()
