"""When to try again, and which failures are final: pure functions."""

import datetime as dt
import smtplib
import uuid
from email.utils import parseaddr

FIRST_WAIT = dt.timedelta(minutes=1)
LONGEST_WAIT = dt.timedelta(hours=6)
GROWTH = 4
JITTER = 0.25
ERROR_MAX = 500


class PermanentFailure(Exception):
    """Trying again cannot help: the address is unknown, or the message is refused as it is."""


class PassingFailure(Exception):
    """It did not work this time: the server is away, busy or says "later"."""


def wait_before(attempt: int, draw: float) -> dt.timedelta:
    """How long to wait after failed attempt number ``attempt`` (1, 2 …).

    Grows fourfold from a minute to six hours; with eight attempts the last comes about 19 hours
    after the first. ``draw`` in [0, 1) spreads it by a quarter to either side, so that many mails
    that failed together do not come back together. Raises ``ValueError`` outside those ranges.
    """
    if attempt < 1 or not 0 <= draw < 1:
        raise ValueError("attempt counts from 1 and draw is in [0, 1)")
    # The exponent is capped before it is used: a long-lived row must not overflow a timedelta.
    wait = min(LONGEST_WAIT, FIRST_WAIT * GROWTH ** min(attempt - 1, 10))
    return wait * (1 - JITTER + 2 * JITTER * draw)


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


def describe(error: BaseException) -> str:
    """``error`` in a line for a manager: what the server said, else what went wrong."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = "; ".join(
            f"{address}: {_answer(code, text)}"
            for address, (code, text) in error.recipients.items()
        )
    elif isinstance(error, smtplib.SMTPResponseException):
        said = _answer(error.smtp_code, error.smtp_error)
    else:
        said = str(error) or type(error).__name__
    # Databases refuse NUL, and a server may say anything.
    return " ".join("".join(c if c.isprintable() else " " for c in said).split())[:ERROR_MAX]


def _answer(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
