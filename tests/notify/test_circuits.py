"""A dead server is left alone, by everybody, and found alive again."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.notify import policy
from riskreg.notify.models import Circuit, Delivery, Message
from riskreg.notify.policy import PassingFailure, PermanentFailure
from riskreg.notify.queries import open_circuits_holding_up
from riskreg.notify.services import deliver, deliver_due, make_waiting_due_and_wake_workers
from riskreg.notify.services.claims import claim_due
from tests.builders import AT
from tests.notify.conftest import PARTY, REGISTER, Killed
from tests.notify.sink import Sink
from tests.notify.test_services import OURS

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


class Server:
    """Fails as it is told; counts how often it was called."""

    def __init__(self) -> None:
        self.failing: Exception | None = PassingFailure("down")
        self.calls = 0

    def __call__(self, message: Message) -> None:
        self.calls += 1
        if self.failing is not None:
            raise self.failing


@pytest.fixture
def server(sending_by: Any) -> Server:
    made = Server()
    sending_by(made)
    return made


def drain(at: dt.datetime) -> int:
    return deliver_due(lambda: at, seconds=60, limit=1000)


def attempts() -> list[int]:
    return list(Delivery.objects.order_by("pk").values_list("attempts", flat=True))


def test_after_five_failures_in_a_row_the_rest_waits_untouched(
    posted: Posted, server: Server
) -> None:
    for n in range(9):
        posted(n)
    assert drain(AT) == 5
    assert server.calls == 5
    assert attempts() == [1] * 5 + [0] * 4
    assert set(Delivery.objects.values_list("state", flat=True)) == {"pending"}
    circuit = Circuit.objects.get()
    assert (circuit.destination, circuit.opened_at, circuit.last_error) == ("mail", AT, "down")
    # Nor does anything else reach it meanwhile, however it is asked for.
    assert drain(AT + 59 * SECOND) == 0
    assert deliver(posted(10).uuid, AT + SECOND) == ""
    assert server.calls == 5


def test_one_is_tried_after_the_pause_and_the_pause_grows(posted: Posted, server: Server) -> None:
    for n in range(9):
        posted(n)
    drain(AT)
    at, pauses = AT, []
    for _probe in range(7):
        circuit = Circuit.objects.get()
        assert circuit.paused_until is not None
        pauses.append((circuit.paused_until - at) / MINUTE)
        at = circuit.paused_until
        assert drain(at - SECOND) == 0
        calls = server.calls
        assert drain(at) == 1
        assert server.calls == calls + 1
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert Circuit.objects.get().opened_at == AT


def test_when_the_one_gets_through_all_the_others_follow(posted: Posted, server: Server) -> None:
    for n in range(9):
        posted(n)
    drain(AT)
    server.failing = None
    assert drain(AT + 2 * MINUTE) == 9
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    circuit = Circuit.objects.get()
    assert (circuit.failures, circuit.opened_at, circuit.paused_until) == (0, None, None)


def test_what_waits_is_tried_at_once_when_somebody_says_that_the_server_was_mended(
    posted: Posted, server: Server
) -> None:
    for n in range(9):
        posted(n)
    drain(AT)
    for minutes in (1, 3, 7):
        drain(AT + minutes * MINUTE)
    at = AT + 8 * MINUTE
    assert drain(at) == 0
    # It is said too early: one is tried, and the rest waits as before.
    assert make_waiting_due_and_wake_workers("mail", at) == 9
    calls = server.calls
    assert drain(at) == 1
    assert server.calls == calls + 1
    server.failing = None
    assert drain(at + MINUTE) == 0
    assert make_waiting_due_and_wake_workers("webhook", at + MINUTE) == 0
    assert drain(at + MINUTE) == 0
    assert make_waiting_due_and_wake_workers("mail", at + MINUTE) == 9
    assert drain(at + MINUTE) == 9
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_the_command_says_how_much_is_tried(posted: Posted, server: Server) -> None:
    posted(0)
    drain(clock.now())
    assert Delivery.objects.get().next_attempt_at > clock.now()
    out = io.StringIO()
    call_command("send_now", stdout=out)
    assert out.getvalue().splitlines() == [
        "deliveries that wait, and are tried now: 1",
        "invitations that are sent again now: 0",
    ]
    assert Delivery.objects.get().next_attempt_at <= clock.now()


def test_what_is_meant_for_later_is_not_sent_now(posted: Posted, server: Server) -> None:
    posted(0, at=AT + HOUR)
    make_waiting_due_and_wake_workers("mail", AT)
    assert drain(AT) == 0


def test_failures_count_in_a_row_only(posted: Posted, server: Server) -> None:
    for n in range(8):
        posted(n)
    for n in range(1, 9):
        server.failing = None if n == 4 else PassingFailure("down")
        row = Delivery.objects.get(message__key=f"note:{n - 1}")
        assert deliver(row.uuid, AT) == ("sent" if n == 4 else "pending")
    assert (Circuit.objects.get().failures, Circuit.objects.get().opened_at) == (4, None)


@pytest.mark.parametrize(
    "failure",
    [
        PermanentFailure("no such user"),
        PassingFailure("mailbox full", of_server=False),
        ZeroDivisionError("a fault of our own"),
    ],
)
def test_what_says_nothing_of_the_server_never_opens_it(
    posted: Posted, server: Server, failure: Exception
) -> None:
    server.failing = failure
    for n in range(9):
        posted(n)
    assert drain(AT) == 9
    assert Circuit.objects.count() == 0


def test_a_try_that_says_nothing_of_the_server_gives_way_to_the_next(
    posted: Posted, server: Server
) -> None:
    for n in range(9):
        posted(n)
    drain(AT)
    server.failing = PermanentFailure("no such user")
    # One after the other is tried alone, and none of them opens or closes anything.
    assert (
        drain(AT + MINUTE)
        == 9
        - Delivery.objects.filter(next_attempt_at__gt=AT + MINUTE).exclude(state="failed").count()
    )
    assert Circuit.objects.get().opened_at == AT
    server.failing = None
    posted(20)
    assert drain(AT + MINUTE) >= 1
    assert Circuit.objects.get().opened_at is None


def test_of_two_workers_one_tries(posted: Posted, server: Server, settings: Any) -> None:
    for n in range(9):
        posted(n)
    drain(AT)
    at = AT + MINUTE
    first = claim_due("mail", "mail", at, 50)
    second = claim_due("mail", "mail", at, 50)
    assert (len(first.rows), first.probe) == (1, True)
    assert (second.rows, second.probe) == ([], False)
    # The one that tries was killed: when its claim is over, another may.
    lease = dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    assert claim_due("mail", "mail", at + lease - SECOND, 50).rows == []
    assert claim_due("mail", "mail", at + lease, 50).probe


def test_a_sender_killed_while_it_tries_keeps_nobody_waiting_for_ever(
    posted: Posted, sending_by: Any, server: Server, settings: Any
) -> None:
    for n in range(9):
        posted(n)
    drain(AT)

    def die(message: Message) -> None:
        raise Killed

    sending_by(die)
    with pytest.raises(Killed):
        drain(AT + MINUTE)
    sending_by(lambda message: None)
    later = AT + MINUTE + dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS + 1)
    assert drain(later) == 9
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.parametrize("step", [-30 * 24 * HOUR, -HOUR, -6 * MINUTE, HOUR, 30 * 24 * HOUR])
def test_a_clock_that_jumps_ends_the_pause_early_at_worst(
    posted: Posted, server: Server, step: dt.timedelta
) -> None:
    for n in range(9):
        posted(n, at=AT - 31 * 24 * HOUR)
    drain(AT)
    server.failing = None
    Delivery.objects.filter(attempts=0).update(next_attempt_at=AT + step)
    assert drain(AT + step) >= 4
    assert Circuit.objects.get().opened_at is None


def test_a_clock_a_little_behind_changes_nothing(posted: Posted, server: Server) -> None:
    for n in range(9):
        posted(n, at=AT - HOUR)
    drain(AT)
    assert drain(AT - 2 * SECOND) == 0


def test_each_destination_stands_for_itself(
    posted: Posted, server: Server, sending_by: Any
) -> None:
    sending_by(lambda message: None, "webhook")
    for n in range(6):
        posted(n)
        posted(10 + n, channels=("webhook",), address="hooks.example")
    drain(AT)
    states = Delivery.objects.values_list("channel", "state").distinct().order_by("channel")
    assert list(states) == [("mail", "pending"), ("webhook", "sent")]
    # What got through to one says nothing of the other.
    (circuit,) = Circuit.objects.filter(opened_at__isnull=False)
    assert circuit.destination == "mail"


def test_managers_see_what_their_own_things_wait_for(
    posted: Posted, server: Server, sending_by: Any
) -> None:
    theirs = Audience(REGISTER, PARTY.__class__(int=3))
    sending_by(server, "webhook")
    for n in range(6):
        posted(n, channels=("webhook",), address="hooks.example", audiences=[theirs])
    drain(AT)
    assert [c.destination for c in open_circuits_holding_up(theirs)] == [
        f"webhook:hooks.example:{theirs.party}"
    ]
    assert (
        policy.host_of_destination(open_circuits_holding_up(theirs)[0].destination)
        == "hooks.example"
    )
    # The same host, as our own party knows it, is another matter.
    server.failing = None
    row = posted(20, channels=("webhook",), address="hooks.example")
    assert list(open_circuits_holding_up(OURS)) == []
    assert deliver(row.uuid, AT) == "sent"


def test_it_can_be_switched_off(posted: Posted, server: Server, settings: Any) -> None:
    settings.DELIVERY_CIRCUIT_FAILURES = 0
    for n in range(9):
        posted(n)
    assert drain(AT) == 9


def test_a_real_server_that_is_away(posted: Posted, sink: Sink, settings: Any) -> None:
    for n in range(8):
        posted(n)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert drain(AT) == 5
    assert "refused" in Circuit.objects.get().last_error
    settings.EMAIL_PORT = port
    assert drain(AT + HOUR) == 8
    assert len(sink.mails) == 8


@given(st.integers(1, 10_000), st.integers(1, 7200))
def test_a_pause_never_shrinks_and_is_bounded(pauses: int, first: int) -> None:
    begin = first * SECOND
    assert (
        begin <= policy.pause_of_server(pauses, begin) <= policy.pause_of_server(pauses + 1, begin)
    )
    assert policy.pause_of_server(pauses, begin) <= max(policy.LONGEST_PAUSE, begin)


def test_pauses_count_from_one() -> None:
    with pytest.raises(ValueError):
        policy.pause_of_server(0)
