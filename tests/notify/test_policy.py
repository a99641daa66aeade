"""When to try again, and what is final."""

import datetime as dt
import smtplib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.notify import policy


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 4), (3, 16), (4, 64), (5, 256), (6, 360), (50, 360)]
)
def test_waits_grow_fourfold_up_to_six_hours(attempt: int, minutes: int) -> None:
    assert policy.wait_after_attempt(attempt, 0.5) == dt.timedelta(minutes=minutes)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_jitter_spreads_by_a_quarter_at_most(attempt: int, draw: float) -> None:
    middle = policy.wait_after_attempt(attempt, 0.5)
    wait = policy.wait_after_attempt(attempt, draw)
    assert middle * 0.75 <= wait < middle * 1.25 + dt.timedelta(microseconds=1)


@pytest.mark.parametrize(("attempt", "draw"), [(0, 0.5), (-1, 0.5), (1, 1.0), (1, -0.1)])
def test_a_wait_needs_an_attempt_and_a_draw(attempt: int, draw: float) -> None:
    with pytest.raises(ValueError):
        policy.wait_after_attempt(attempt, draw)


REFUSED = smtplib.SMTPRecipientsRefused


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (REFUSED({"a@x": (550, b"no such user")}), True),
        (REFUSED({"a@x": (450, b"mailbox busy")}), False),
        (smtplib.SMTPDataError(554, b"looks like spam"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPSenderRefused(553, b"not you", "r@x"), False),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), False),
        (smtplib.SMTPHeloError(501, b"who"), False),
        (smtplib.SMTPConnectError(421, b"busy"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (ConnectionRefusedError(111, "refused"), False),
        (TimeoutError("timed out"), False),
        (ValueError("header with a line break"), True),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "no"), True),
        (RuntimeError("a fault"), False),
    ],
)
def test_failures_that_are_final(error: Exception, permanent: bool) -> None:
    assert policy.is_permanent(error) is permanent


def test_an_error_is_a_line_that_any_database_takes() -> None:
    error = REFUSED({"a@x": (550, b"no\r\nsuch\x00user \xff" + b"x" * 900)})
    message = policy.describe(error)
    assert message.startswith("a@x: 550 no such user")
    assert len(message) <= policy.ERROR_MAX
    assert message.isprintable()
    assert policy.describe(smtplib.SMTPDataError(451, b"4.3.0 later")) == "451 4.3.0 later"
    assert policy.describe(TimeoutError()) == "TimeoutError"


def test_a_message_id_is_stable_and_in_the_senders_domain() -> None:
    name = uuid.UUID(int=7)
    message = policy.message_id(name, "riskreg <risk@register.example>")
    assert message == f"<{name}@register.example>"
    assert policy.message_id(name, "riskreg <risk@register.example>") == message
    assert policy.message_id(name, "nobody") == f"<{name}@localhost>"
