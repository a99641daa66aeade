"""When to try again, which failures are final, when to leave a server alone: pure functions."""

import datetime as dt
import math
import smtplib
import uuid
from email.utils import parseaddr
from typing import NamedTuple

from riskreg.kernel.clock import CLOCK_SLACK

FIRST_WAIT = dt.timedelta(minutes=1)
LONGEST_WAIT = dt.timedelta(hours=6)
GROWTH = 4
JITTER = 0.25
ERROR_MAX = 500

FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(minutes=30)

MINUTE = dt.timedelta(minutes=1)


class PermanentFailure(Exception):
    """Trying again cannot help: the address is unknown, or the message is refused as it is."""


class PassingFailure(Exception):
    """It did not work this time: the server is away, busy or says "later".

    ``of_server`` says that any other message would have fared alike: several in a row, and the
    server is left alone for a while. ``retry_after`` is how long it asked to be left alone.
    """

    def __init__(
        self, text: str, *, of_server: bool = True, retry_after: dt.timedelta | None = None
    ) -> None:
        super().__init__(text)
        self.of_server = of_server
        self.retry_after = retry_after


def wait_after_attempt(
    attempt: int, draw: float, retry_after: dt.timedelta | None = None
) -> dt.timedelta:
    """How long to wait after failed attempt number ``attempt`` (1, 2 …).

    Grows fourfold from a minute to six hours; with twenty attempts the last comes about 90 hours
    after the first. ``draw`` in [0, 1) spreads it by a quarter to either side, so that many mails
    that failed together do not come back together. Never shorter than ``retry_after``, which counts
    for six hours at most. Raises ``ValueError`` outside those ranges.
    """
    if attempt < 1 or not 0 <= draw < 1:
        raise ValueError("attempt counts from 1 and draw is in [0, 1)")
    # The exponent is capped before it is used: a long-lived row must not overflow a timedelta.
    wait: dt.timedelta = min(LONGEST_WAIT, FIRST_WAIT * GROWTH ** min(attempt - 1, 10))
    spread = wait * (1 - JITTER + 2 * JITTER * draw)
    return max(spread, min(retry_after, LONGEST_WAIT)) if retry_after else spread


def was_clock_set_back_since(written: dt.datetime, at: dt.datetime) -> bool:
    """Whether ``written``, a past moment when it was stored, shows that the clock went back."""
    return written > at + CLOCK_SLACK


# Circuits ----------------------------------------------------------------------------------------


def pause_of_server(pauses: int, first: dt.timedelta = FIRST_PAUSE) -> dt.timedelta:
    """How long a server is left alone the ``pauses``-th time (1, 2 …) without a success.

    Doubles from ``first`` to half an hour, or stays at ``first`` where that is longer. Raises
    ``ValueError`` below 1.
    """
    if pauses < 1:
        raise ValueError("pauses count from 1")
    doubled: dt.timedelta = first * 2 ** min(pauses - 1, 16)
    return min(max(LONGEST_PAUSE, first), doubled)


def has_pause_whose_end_is_ahead(
    paused_at: dt.datetime | None, paused_until: dt.datetime | None, at: dt.datetime
) -> bool:
    """Whether a pause holds at ``at``. One that began in the future is from before the clock was
    set back, and is over."""
    if paused_at is None or paused_until is None:
        return False
    return at < paused_until and not was_clock_set_back_since(paused_at, at)


# Rates -------------------------------------------------------------------------------------------


def burst_size(per_minute: int) -> int:
    """How many messages may go at once under a limit of ``per_minute``: a tenth of it, but one."""
    return max(1, per_minute // 10)


def spacing(per_minute: int) -> dt.timedelta:
    """The time that each message uses up.

    What may go at once is taken off the minute, so that no minute, wherever it begins, has more
    than ``per_minute``. Rounded up, or a microsecond too little each would let one more in.
    """
    return -(MINUTE // -(per_minute - burst_size(per_minute) + 1))


class Grant(NamedTuple):
    """How many messages may go now, and the ``free_at`` from then on."""

    messages: int
    free_at: dt.datetime


def grant_messages(
    per_minute: int, free_at: dt.datetime | None, wanted: int, at: dt.datetime
) -> Grant:
    """How many of ``wanted`` messages may be sent at ``at``.

    The generic cell rate algorithm (ITU-T I.371): ``free_at`` is when the next one would be in
    time if they came evenly, and up to ``burst_size`` may be early. A ``free_at`` that lies further
    ahead than it ever can is from before the clock was set back: it then counts as if the burst
    had just been used up, which neither floods nor stalls.
    """
    step, early = spacing(per_minute), burst_size(per_minute)
    full = at + step * early
    free_at = min(max(free_at or at, at), full)
    count = min(wanted, math.floor((full - free_at) / step))
    return Grant(count, free_at + step * count)


def wait_until_whole_burst(per_minute: int, free_at: dt.datetime, at: dt.datetime) -> dt.timedelta:
    """How long until a whole burst may go again: to look earlier would send them one by one."""
    return min(max(free_at - at, dt.timedelta(0)), spacing(per_minute) * burst_size(per_minute))


# Mail --------------------------------------------------------------------------------------------


def message_id(message: uuid.UUID, sender: str) -> str:
    """The Message-ID of ``message``: the same at every attempt, in the domain of ``sender``."""
    domain = parseaddr(sender)[1].partition("@")[2] or "localhost"
    return f"<{message}@{domain}>"


def is_permanent(error: Exception) -> bool:
    """Whether ``error`` from sending a mail is final.

    Final are a 5xx answer to the recipient or to the message itself (RFC 5321 section 4.2.1) and a
    message that cannot be written at all. A 5xx to our own greeting, sign-in or sender address is
    the operator's to mend, so it passes; so do 4xx answers and everything about the connection.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return 500 <= error.smtp_code < 600
    if isinstance(error, (smtplib.SMTPException, OSError)):
        return False
    return isinstance(error, (ValueError, UnicodeError, PermanentFailure))


def blames_server(error: Exception) -> bool:
    """Whether ``error`` from sending a mail says something about the server as such.

    A recipient whose box is full or who is greylisted does not; 421 is the server's goodbye to
    everybody (RFC 5321 section 4.2.3). A fault of our own does not either.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code == 421 for code, _text in error.recipients.values())
    return isinstance(error, (smtplib.SMTPException, OSError))


def describe(error: BaseException) -> str:
    """``error`` in a line for a manager: what the server said, else what went wrong."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        message = "; ".join(
            f"{address}: {_server_answer_text(code, text)}"
            for address, (code, text) in error.recipients.items()
        )
    elif isinstance(error, smtplib.SMTPResponseException):
        message = _server_answer_text(error.smtp_code, error.smtp_error)
    else:
        message = str(error) or type(error).__name__
    # Databases refuse NUL, and a server may say anything.
    return " ".join("".join(c if c.isprintable() else " " for c in message).split())[:ERROR_MAX]


def _server_answer_text(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


# Destinations ------------------------------------------------------------------------------------


def destination(channel: str, address: str, party: uuid.UUID | None) -> str:
    """The server that a delivery calls: one for all mail, else a host as a party knows it.

    Per party, or one party's failures at a host would tell the other that it goes there too.
    """
    return channel if channel in ("mail", "inbox") else f"{channel}:{address}:{party or ''}"


def host_of_destination(destination: str) -> str:
    """The host in a destination; empty for mail, whose server the operator knows."""
    return destination.partition(":")[2].rpartition(":")[0]
