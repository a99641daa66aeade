"""Two senders after one thing: what one that lost it, or comes late, must not do to the other."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from riskreg.notify.channels.mail import Mail
from riskreg.notify.models import AttemptOutcome, Circuit, Delivery, DeliveryState, Message
from riskreg.notify.policy import PassingFailure
from riskreg.notify.services import circuits, deliver, deliver_due, drop_waiting_messages, resend
from riskreg.notify.services.claims import (
    Result,
    begin_attempt,
    claim_due,
    record_end_of_attempt,
    release_lost_claims,
    try_end_and_begin_at_once,
)
from riskreg.notify.services.rate_limit import claim_next_wake_up, take_sending_slots
from tests.builders import AT
from tests.notify.conftest import Killed
from tests.notify.test_services import OURS, dying, outcomes

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


def drain(at: dt.datetime) -> int:
    return deliver_due(lambda: at, seconds=60, limit=1000)


@pytest.mark.parametrize("before", [1, 2], ids=["two steps", "one step"])
def test_the_lease_holds_anew_from_the_beginning_of_each_attempt(
    posted: Posted, sending_by: Any, settings: Any, before: int
) -> None:
    """The batch was claimed 170 seconds ago, this attempt begun 110 seconds ago. From the third of
    a batch on an end and the next beginning are one step where the database can."""
    settings.DELIVERY_LEASE_SECONDS = 120
    for n in range(before + 1):
        posted(n)
    clock, sent = [AT], list[str]()

    def slow(message: Message) -> None:
        sent.append(message.key)
        if len(sent) == before:
            clock[0] += 60 * SECOND
        elif len(sent) > before:
            sending_by(lambda message: sent.append(message.key))
            assert drain(clock[0] + 110 * SECOND) == 0

    sending_by(slow)
    assert deliver_due(lambda: clock[0], seconds=1000, limit=10) == before + 1
    assert sent == [f"note:{n}" for n in range(before + 1)]
    assert set(Delivery.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_a_late_end_does_not_undo_what_another_has_in_hand(posted: Posted, sending_by: Any) -> None:
    """From the third of a batch on its end and the next beginning are one step."""
    for n in range(5):
        posted(n)
    sent: list[str] = []
    others: list[Any] = []

    def slow(message: Message) -> None:
        sent.append(message.key)
        if len(sent) == 3:
            # An hour passes for everybody else: another takes the rest and is at the first of it.
            release_lost_claims(AT + HOUR)
            others.append(claim_due("mail", "mail", AT + HOUR, 50))
            assert begin_attempt(others[0], others[0].rows[0], AT + HOUR)

    sending_by(slow)
    drain(AT)
    assert sent == ["note:0", "note:1", "note:2"]
    third, *rest = Delivery.objects.order_by("pk")[2:]
    assert (third.state, third.attempts, third.started_at) == ("sending", 2, AT + HOUR)
    assert outcomes(third) == ["sent"]
    assert [(row.state, row.attempts) for row in rest] == [("sending", 0)] * 2
    assert {row.claimed_by for row in (third, *rest)} == {others[0].claim}


def test_what_waited_too_long_for_its_turn_and_was_taken_is_not_begun(
    posted: Posted, sending_by: Any, settings: Any
) -> None:
    """Its claim ran out behind one that takes long and whose own claim, made anew, still holds."""
    settings.DELIVERY_LEASE_SECONDS = 120
    for n in range(5):
        posted(n)
    clock, sent = [AT], list[str]()
    others: list[Any] = []

    def slow(message: Message) -> None:
        sent.append(message.key)
        if len(sent) == 2:
            clock[0] += 50 * SECOND
        if len(sent) == 3:
            release_lost_claims(AT + 130 * SECOND)
            others.append(claim_due("mail", "mail", AT + 130 * SECOND, 50))

    sending_by(slow)
    deliver_due(lambda: clock[0], seconds=1000, limit=100)
    assert sent == ["note:0", "note:1", "note:2"]
    rows = Delivery.objects.order_by("pk")
    assert [(row.state, row.attempts) for row in rows] == [("sent", 1)] * 3 + [("sending", 0)] * 2
    assert {row.claimed_by for row in rows[3:]} == {others[0].claim}


def test_an_attempt_is_begun_once(posted: Posted) -> None:
    row = posted()
    batch = claim_due("mail", "mail", AT, 1)
    assert begin_attempt(batch, batch.rows[0], AT)
    assert not begin_attempt(batch, batch.rows[0], AT + SECOND)
    row.refresh_from_db()
    assert (row.attempts, row.started_at) == (1, AT)


def test_an_attempt_is_begun_once_also_in_one_step_with_the_end_of_another(posted: Posted) -> None:
    posted(1)
    posted(2)
    batch = claim_due("mail", "mail", AT, 2)
    first, second = batch.rows
    assert begin_attempt(batch, first, AT)
    assert begin_attempt(batch, second, AT)
    done = Result(DeliveryState.SENT, AttemptOutcome.SENT, AT)
    begun = try_end_and_begin_at_once(batch, first, done, second, AT + SECOND)
    if begun is None:  # not a step of its own on this database
        assert record_end_of_attempt(batch, first, done) == "sent"
        begun = begin_attempt(batch, second, AT + SECOND)
    assert not begun
    second.refresh_from_db()
    assert (second.attempts, second.started_at) == (1, AT)


def test_sending_again_after_the_sender_vanished_counts_what_it_was_at(
    posted: Posted, settings: Any, monkeypatch: Any
) -> None:
    row = posted()
    with monkeypatch.context() as patch:
        patch.setattr(Mail, "send", dying)
        with pytest.raises(Killed):
            deliver(row.uuid, AT)
    later = AT + dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS + 1)
    # Nothing ran that would have noticed: a manager is the first to come by.
    resend(delivery=row.uuid, audience=OURS, actor=uuid.uuid4(), at=later)
    assert deliver(row.uuid, later) == "sent"
    row.refresh_from_db()
    assert (row.attempts, outcomes(row)) == (2, ["lost", "sent"])
    assert row.allowed_attempts == 1 + settings.DELIVERY_MAX_ATTEMPTS
    assert len(mail.outbox) == 1


def test_sending_again_does_not_wait_for_the_next_attempt(posted: Posted, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Away"
    row = posted()
    assert deliver(row.uuid, AT) == "pending"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver(row.uuid, AT + SECOND) == ""
    resend(delivery=row.uuid, audience=OURS, actor=uuid.uuid4(), at=AT + SECOND)
    assert deliver(row.uuid, AT + SECOND) == "sent"


class Down:
    """A server that is away, and tells when it is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, message: Message) -> None:
        self.calls.append(message.key)
        raise PassingFailure("down")


@pytest.fixture
def down(posted: Posted, sending_by: Any) -> Down:
    """With nine messages, of which five have opened the circuit."""
    made = Down()
    sending_by(made)
    for n in range(9):
        posted(n)
    drain(AT)
    assert Circuit.objects.get().opened_at == AT
    return made


def test_of_two_that_ask_at_the_same_moment_one_becomes_the_probe(
    down: Down, monkeypatch: Any
) -> None:
    """The other one is admitted after the first has looked, and before it says so."""
    at, rival, admitted = AT + MINUTE, uuid.uuid4(), []
    plain = circuits.has_pause_whose_end_is_ahead

    def meanwhile(*pause: Any) -> bool:
        monkeypatch.setattr(circuits, "has_pause_whose_end_is_ahead", plain)
        admitted.append(circuits.admit_and_note_probe("mail", rival, at))
        return plain(*pause)

    monkeypatch.setattr(circuits, "has_pause_whose_end_is_ahead", meanwhile)
    mine = circuits.admit_and_note_probe("mail", uuid.uuid4(), at)
    assert [a.probe for a in admitted] == [True]
    assert (mine.open_to, mine.probe) == (False, False)
    assert Circuit.objects.get().probe == rival


def test_a_straggler_that_fails_while_the_circuit_is_open_does_not_prolong_the_pause(
    posted: Posted, sending_by: Any
) -> None:
    for n in range(9):
        posted(n)
    server = Down()

    def first(message: Message) -> None:
        # While this one waits for an answer another worker finds out that the server is away.
        sending_by(server)
        drain(AT)
        raise PassingFailure("timed out")

    sending_by(first)
    assert deliver(Delivery.objects.earliest("pk").uuid, AT) == "pending"
    circuit = Circuit.objects.get()
    assert (circuit.failures, circuit.pauses) == (6, 1)
    assert circuit.paused_until == AT + MINUTE


def test_a_probe_that_lost_its_turn_does_not_end_the_turn_of_the_next(
    down: Down, settings: Any
) -> None:
    lease = dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    lost = claim_due("mail", "mail", AT + MINUTE, 50)
    turn = AT + MINUTE + lease
    now = claim_due("mail", "mail", turn, 50)
    assert (lost.probe, now.probe) == (True, True)
    circuits.release_probe_without_result("mail", lost.claim, turn + SECOND)
    circuit = Circuit.objects.get()
    assert (circuit.probe, circuit.paused_until) == (now.claim, turn + lease)
    assert claim_due("mail", "mail", turn + 2 * SECOND, 50).rows == []
    # Nor does its failure count as the next one's.
    assert circuits.record_failure("mail", lost.claim, "down", turn + SECOND)
    assert Circuit.objects.get().probe == now.claim


class Meanwhile:
    """Does something once, right before the first statement that begins with ``start``."""

    def __init__(self, start: str, act: Callable[[], Any]) -> None:
        self.start, self.act, self.done = start, act, False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.done and sql.startswith(self.start):
            self.done = True
            self.act()
        return execute(sql, params, many, context)


def test_what_somebody_begins_to_send_while_it_is_taken_back_is_left_to_them(
    posted: Posted,
) -> None:
    """Its sender has it in hand, so what it tells of counts as told."""
    row = posted()
    taken: list[Any] = []
    claiming = Meanwhile(
        'UPDATE "notify_delivery"', lambda: taken.append(claim_due("mail", "mail", AT, 1))
    )
    with connection.execute_wrapper(claiming):
        assert (
            drop_waiting_messages(kind="note", recipient=row.message.recipient, reason="newer")
            == []
        )
    assert claiming.done
    row.refresh_from_db()
    assert (row.state, row.claimed_by) == ("sending", taken[0].claim)


def test_what_another_channel_is_sending_counts_as_told(posted: Posted) -> None:
    row = posted(channels=("mail", "chat"), address="hooks.example")
    chat = Delivery.objects.get(channel="chat")
    assert claim_due(chat.destination, "chat", AT, 1).rows == [chat]
    assert drop_waiting_messages(kind="note", recipient=row.message.recipient, reason="newer") == []
    states = Delivery.objects.order_by("channel").values_list("channel", "state")
    assert list(states) == [("chat", "sending"), ("mail", "dropped")]


def test_a_newer_message_takes_back_those_of_its_own_kind_only(posted: Posted) -> None:
    row = posted(1)
    other = posted(2, recipient=row.message.recipient, kind="other")
    taken = drop_waiting_messages(kind="note", recipient=row.message.recipient, reason="newer")
    assert taken == [row.message.uuid]
    assert deliver(other.uuid, AT) == "sent"


def test_of_two_that_find_no_room_at_the_same_moment_one_wakes_the_next(
    posted: Posted, settings: Any
) -> None:
    settings.DELIVERY_PER_MINUTE = {"mail": 20}
    for n in range(9):
        posted(n)
    assert len(claim_due("mail", "mail", AT, 50).rows) == 2
    rival: list[float | None] = []
    asking = Meanwhile('UPDATE "notify_rate"', lambda: rival.append(claim_next_wake_up("mail", AT)))
    with connection.execute_wrapper(asking):
        mine = claim_next_wake_up("mail", AT)
    assert (len(rival), mine) == (1, None)
    assert rival[0] is not None


def test_who_finds_room_but_nothing_to_take_looks_again_a_second_later_at_the_earliest(
    down: Down, settings: Any
) -> None:
    """Its server is left alone: to look at once would be to look all the time."""
    settings.DELIVERY_PER_MINUTE = {"mail": 20}
    assert take_sending_slots("mail", 1, AT - HOUR) == 1
    assert claim_due("mail", "mail", AT + SECOND, 50).rows == []
    assert claim_next_wake_up("mail", AT + SECOND) == 1.0
    assert claim_next_wake_up("mail", AT + SECOND) is None
