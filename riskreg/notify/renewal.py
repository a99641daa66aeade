"""The last look before sending: whoever wrote a message says whether it still holds.

A room that posts messages registers, once at start, a function for its kind of message. Just before
each attempt it is asked for the content as it should be now; None means that there is nothing left
to tell. This room need not know what the message is about.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """What a message says."""

    subject: str
    text: str
    html: str = ""


Renew = Callable[[uuid.UUID, dt.datetime], Content | None]

_by_kind: dict[str, Renew] = {}


def register(kind: str, renew: Renew) -> None:
    """Ask ``renew(message uuid, at)`` before each attempt to send a message of ``kind``."""
    _by_kind[kind] = renew


def renewer(kind: str) -> Renew | None:
    """The function registered for ``kind``; None where what was written once always holds."""
    return _by_kind.get(kind)
