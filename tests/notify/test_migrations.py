"""Migrations that move data: what an older version left in the outbox is sent by this one."""

import uuid
from typing import Any

import pytest

from riskreg.notify.models import Delivery, DeliveryAttempt
from tests.builders import AT
from tests.migrating import as_after

pytestmark = pytest.mark.django_db(transaction=True)


def write_old(apps: Any, n: int, **fields: Any) -> Any:
    """A mail as it was when there was no other channel, claims had no beginning, and attempts were
    recorded when they began."""
    message = apps.get_model("notify", "Message").objects.create(
        key=f"note:{n}", kind="note", recipient=uuid.UUID(int=n), address="person@foton.example",
        language="en", local_day=AT.date(), subject="A subject", text="A text",
        message_id=f"<{n}@riskreg.example>", created_at=AT,
    )  # fmt: skip
    row = apps.get_model("notify", "Delivery").objects.create(
        message=message, channel="mail", allowed_attempts=8, next_attempt_at=AT, created_at=AT,
        **fields,
    )  # fmt: skip
    for number in range(1, fields.get("attempts", 0) + 1):
        apps.get_model("notify", "DeliveryAttempt").objects.create(
            delivery=row, number=number, started_at=AT,
            outcome="" if number == fields["attempts"] else "passing",
        )  # fmt: skip
    return row


def test_what_was_being_sent_waits_again_and_counts_its_attempt() -> None:
    with as_after("notify", "0001_initial") as apps:
        write_old(apps, 1, state="pending")
        write_old(apps, 2, state="sending", attempts=2, claimed_by=uuid.uuid4(), claimed_until=AT)
        write_old(apps, 3, state="sent", sent_at=AT)
    rows = Delivery.objects.order_by("pk")
    assert [(r.state, r.attempts, r.destination, r.claimed_by) for r in rows] == [
        ("pending", 0, "mail", None),
        ("pending", 2, "mail", None),
        ("sent", 0, "mail", None),
    ]
    tries = DeliveryAttempt.objects.order_by("number").values_list("number", "outcome")
    assert list(tries) == [(1, "passing"), (2, "lost")]
