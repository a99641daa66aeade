"""Several workers at the same outbox at once, on whatever database the suite runs on."""

import datetime as dt
import threading
from collections import Counter
from typing import Any

import pytest

from riskreg.notify.models import Circuit, Delivery, Message, Rate
from riskreg.notify.policy import PassingFailure
from riskreg.notify.services import deliver_due, post
from tests.builders import AT
from tests.notify.conftest import draft
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = dt.timedelta(minutes=1)


def drain() -> int:
    return deliver_due(lambda: AT, seconds=60, limit=1000)


def test_each_message_is_sent_by_one_of_them(sending_by: Any) -> None:
    sent: Counter[str] = Counter()
    lock = threading.Lock()

    def send(message: Message) -> None:
        with lock:
            sent[message.key] += 1

    sending_by(send)
    for n in range(120):
        post(draft(n), AT)
    results = at_once(4, drain)
    assert sum(results) == 120
    assert len(sent) == 120
    assert set(sent.values()) == {1}
    assert set(Delivery.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_a_rate_holds_over_all_of_them(sending_by: Any, settings: Any) -> None:
    settings.DELIVERY_PER_MINUTE = {"mail": 70}
    sent: list[str] = []
    sending_by(lambda message: sent.append(message.key))
    for n in range(40):
        post(draft(n), AT)
    results = at_once(4, drain)
    assert sum(results) == len(sent) == 7
    assert Rate.objects.count() == 1


def test_one_of_them_tries_a_server_that_was_dead(sending_by: Any) -> None:
    calls: list[str] = []

    def down(message: Message) -> None:
        calls.append(message.key)
        raise PassingFailure("down")

    sending_by(down)
    for n in range(30):
        post(draft(n), AT)
    drain()
    assert len(calls) == 5
    results = at_once(4, lambda: deliver_due(lambda: AT + MINUTE, seconds=60, limit=1000))
    assert sum(results) == 1
    assert len(calls) == 6
    assert Circuit.objects.get().pauses == 2


def test_failures_that_come_at_once_are_all_counted(sending_by: Any, settings: Any) -> None:
    settings.DELIVERY_CIRCUIT_FAILURES = 1000

    def down(message: Message) -> None:
        raise PassingFailure("down")

    sending_by(down)
    for n in range(24):
        post(draft(n), AT)
    results = at_once(4, drain)
    assert sum(results) == 24
    assert Circuit.objects.get().failures == 24
