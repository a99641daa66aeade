"""No minute, wherever it begins, has more messages than a channel may send."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.core import mail
from hypothesis import example, given
from hypothesis import strategies as st

from riskreg.notify import policy
from riskreg.notify.models import Circuit, Delivery, Rate
from riskreg.notify.services import deliver, deliver_due
from riskreg.notify.services.claims import claim_due
from tests.builders import AT

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


def drain(at: dt.datetime) -> int:
    return deliver_due(lambda: at, seconds=60, limit=1000)


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 60)), min_size=1, max_size=60),
)
def test_no_minute_has_more_than_the_limit(limit: int, asked: list[tuple[int, int]]) -> None:
    at, free_at = AT, None
    sent: list[dt.datetime] = []
    for milliseconds, wanted in asked:
        at += dt.timedelta(milliseconds=milliseconds)
        count, free_at = policy.grant_messages(limit, free_at, wanted, at)
        assert 0 <= count <= wanted
        sent += [at] * count
    for begin in sent:
        assert sum(begin <= moment < begin + MINUTE for moment in sent) <= limit


@given(st.integers(1, 2000))
@example(11)  # a minute has no eleventh part in whole microseconds
def test_whoever_keeps_asking_sends_nearly_as_much_as_is_allowed(limit: int) -> None:
    at, free_at, sent = AT, None, 0
    while at < AT + 10 * MINUTE:
        count, free_at = policy.grant_messages(limit, free_at, 10_000, at)
        sent += count
        at += max(policy.wait_until_whole_burst(limit, free_at, at), dt.timedelta(milliseconds=1))
    assert 0.85 * limit * 10 - 1 <= sent <= limit * 10


@given(st.integers(1, 500), st.integers(-100_000, 100_000), st.integers(1, 60))
def test_a_clock_that_jumps_neither_floods_nor_stalls(limit: int, jump: int, wanted: int) -> None:
    _count, free_at = policy.grant_messages(limit, None, 10_000, AT)
    at = AT + dt.timedelta(seconds=jump)
    count, free_at = policy.grant_messages(limit, free_at, wanted, at)
    assert 0 <= count <= policy.burst_size(limit)
    soon = at + policy.wait_until_whole_burst(limit, free_at, at)
    assert soon - at <= MINUTE
    assert policy.grant_messages(limit, free_at, 1, soon)[0] == 1


def test_what_is_over_the_limit_waits_without_an_attempt(
    posted: Posted, settings: Any, woken: list[Any]
) -> None:
    settings.DELIVERY_PER_MINUTE = {"mail": 20}
    for n in range(10):
        posted(n)
    assert drain(AT) == 2
    assert list(Delivery.objects.order_by("pk").values_list("state", "attempts"))[2:] == (
        [("pending", 0)] * 8
    )
    # Somebody will look again, once, when there is room.
    assert woken == [("notify.deliver_due", ("mail",))]
    assert drain(AT) == 0
    assert deliver(Delivery.objects.get(message__key="note:9").uuid, AT) == ""
    assert len(woken) == 1
    wake_at = Rate.objects.get().wake_at
    assert wake_at is not None
    assert AT < wake_at <= AT + 10 * SECOND
    assert drain(wake_at) == 2
    assert len(woken) == 2
    sent = 4
    for n in range(1, 60):
        sent += drain(wake_at + n * SECOND)
    assert sent == len(mail.outbox) == 10


def test_a_clock_that_was_set_back_does_not_stop_a_channel(
    posted: Posted, settings: Any, woken: list[Any]
) -> None:
    settings.DELIVERY_PER_MINUTE = {"mail": 20}
    for n in range(6):
        posted(n, at=AT - 48 * HOUR)
    assert drain(AT) == 2
    back = AT - 24 * HOUR
    assert drain(back) == 0
    assert len(woken) == 2
    assert drain(back + 20 * SECOND) == 2


def test_other_channels_go_on(posted: Posted, settings: Any, sending_by: Any) -> None:
    settings.DELIVERY_PER_MINUTE = {"mail": 1, "webhook": 0}
    sending_by(lambda message: None, "webhook")
    for n in range(4):
        posted(n)
        posted(10 + n, channels=("webhook",))
    assert drain(AT) == 5
    assert Rate.objects.count() == 1


def test_two_workers_share_the_limit(posted: Posted, settings: Any) -> None:
    settings.DELIVERY_PER_MINUTE = {"mail": 50}
    for n in range(20):
        posted(n)
    first, second = (claim_due("mail", "mail", AT, 4) for _worker in range(2))
    assert (len(first.rows), len(second.rows)) == (4, 1)
    assert claim_due("mail", "mail", AT, 4).rows == []


def test_a_probe_that_may_not_be_sent_yet_is_left_to_the_next(
    posted: Posted, settings: Any, sending_by: Any
) -> None:
    def down(message: Any) -> None:
        raise policy.PassingFailure("down")

    settings.DELIVERY_PER_MINUTE = {"mail": 50}
    settings.DELIVERY_CIRCUIT_SECONDS = 0
    sending_by(down)
    for n in range(9):
        posted(n)
    assert drain(AT) == 5
    sending_by(lambda message: None)
    assert drain(AT) == 0
    circuit = Circuit.objects.get()
    assert (circuit.probe, circuit.opened_at) == (None, AT)
    assert drain(AT + 2 * SECOND) == 1
    assert Circuit.objects.get().opened_at is None
