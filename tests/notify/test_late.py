"""A sender whose claim was taken away, and that got its message through all the same."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from riskreg.notify.models import AttemptOutcome, Delivery, DeliveryState, Message
from riskreg.notify.policy import PassingFailure, PermanentFailure
from riskreg.notify.services import deliver
from riskreg.notify.services.claims import Result, begin_attempt, claim_due, record_end_of_attempt
from tests.builders import AT
from tests.notify.test_services import outcomes

HOUR = dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


@pytest.mark.parametrize("failure", [PassingFailure("busy"), PermanentFailure("no such user")])
def test_what_got_through_late_counts_as_sent_also_when_another_failed_since(
    posted: Posted, sending_by: Any, failure: Exception
) -> None:
    row = posted()

    def refuse(message: Message) -> None:
        raise failure

    def slow(message: Message) -> None:
        # An hour passes for everybody else.
        sending_by(refuse)
        assert deliver(row.uuid, AT + HOUR) in ("pending", "failed")

    sending_by(slow)
    assert deliver(row.uuid, AT) == ""
    row.refresh_from_db()
    assert (row.state, row.sent_at, row.last_error) == ("sent", AT, "")
    assert outcomes(row)[0] == "sent"
    # Nobody sends it once more.
    assert deliver(row.uuid, AT + 24 * HOUR) == ""


def test_what_got_through_late_counts_as_sent_where_it_was_given_up(
    posted: Posted, sending_by: Any, settings: Any
) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 1
    row = posted()

    def slow(message: Message) -> None:
        assert deliver(row.uuid, AT + HOUR) == ""
        row.refresh_from_db()
        assert row.state == "failed"

    sending_by(slow)
    assert deliver(row.uuid, AT) == ""
    row.refresh_from_db()
    assert (row.state, outcomes(row)) == ("sent", ["sent"])


def test_what_another_is_sending_at_this_moment_is_left_to_them(
    posted: Posted, sending_by: Any
) -> None:
    row = posted()

    def second(message: Message) -> None:
        finish_first()
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("sending", 2)

    finished: list[str] = []

    def finish_first() -> None:
        done = Result(DeliveryState.SENT, AttemptOutcome.SENT, AT)
        finished.append(record_end_of_attempt(lost, first, done))

    lost = claim_due("mail", "mail", AT, 1)
    (first,) = lost.rows
    assert begin_attempt(lost, first, AT)
    sending_by(second)
    assert deliver(row.uuid, AT + HOUR) == "sent"
    assert finished == [""]
    row.refresh_from_db()
    assert (row.state, row.sent_at, outcomes(row)) == ("sent", AT + HOUR, ["sent", "sent"])
