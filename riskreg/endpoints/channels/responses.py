"""What the status of an answer means for a message: there, later, or never."""

import datetime as dt
import email.utils

from riskreg.endpoints.http_client import Reply
from riskreg.notify.policy import PassingFailure, PermanentFailure, describe

# Of the 4xx these are about the moment, not about the message (RFC 9110, RFC 8470, RFC 6585).
LATER = frozenset({408, 425, 429})
LONGEST_WAIT = dt.timedelta(hours=6)


class Gone(PermanentFailure):
    """410: whoever listened there does not want any more."""


def raise_unless_2xx(reply: Reply, at: dt.datetime) -> None:
    """Return for 2xx. Raises ``Gone``, ``PermanentFailure`` or ``PassingFailure`` otherwise.

    A redirect is a refusal: the address that was checked is the one that is called.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    message = f"{status} {describe(ValueError(reply.body.decode('utf-8', 'replace')))}"[
        :200
    ].strip()
    if status == 410:
        raise Gone(message)
    if 300 <= status < 500 and status not in LATER:
        raise PermanentFailure(message)
    raise PassingFailure(message, retry_after=retry_after(reply, at))


def retry_after(reply: Reply, at: dt.datetime) -> dt.timedelta | None:
    """How long the server asks us to wait; None where it does not, or not within reason."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 7:
        wait = dt.timedelta(seconds=int(text))
    else:
        try:
            wait = email.utils.parsedate_to_datetime(text) - at
        except (ValueError, TypeError):
            return None
    return wait if dt.timedelta(0) < wait <= LONGEST_WAIT else None
