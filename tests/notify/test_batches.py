"""Batches: one connection, one message at a time, and what was not begun is as it was."""

import datetime as dt
import select
import uuid
from collections.abc import Callable, Collection
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.notify import refresh as refreshers
from riskreg.notify import tasks
from riskreg.notify.channels import CHANNELS
from riskreg.notify.channels.mail import Mail
from riskreg.notify.models import Delivery, DeliveryAttempt, Message
from riskreg.notify.refresh import Content, MessageRefresher
from riskreg.notify.services import deliver_due
from riskreg.notify.services.claims import claim_due, release_not_begun
from tests.builders import AT
from tests.notify.conftest import Killed
from tests.notify.sink import Sink

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


def drain(at: dt.datetime = AT, **options: Any) -> int:
    return deliver_due(lambda: at, **{"seconds": 60, "limit": 1000, **options})


def rows() -> list[tuple[str, int, int]]:
    """(state, attempts, recorded tries) of every delivery, in order."""
    return [(d.state, d.attempts, d.tries.count()) for d in Delivery.objects.order_by("pk")]


def test_a_batch_goes_over_one_connection(posted: Posted, sink: Sink) -> None:
    for n in range(7):
        posted(n)
    assert drain() == 7
    assert len(sink.mails) == 7
    assert sink.connections == 1
    assert rows() == [("sent", 1, 1)] * 7


def test_a_refused_recipient_does_not_cost_the_others_their_connection(
    posted: Posted, sink: Sink
) -> None:
    for n in range(4):
        posted(n)
    sink.to_rcpt += ["550 no such user"]
    assert drain() == 4
    assert sorted(row[0] for row in rows()) == ["failed", "sent", "sent", "sent"]
    assert sink.connections == 1


def test_a_server_that_takes_so_many_over_one_connection_gets_another(
    posted: Posted, sink: Sink
) -> None:
    for n in range(4):
        posted(n)
    sink.to_mail += ["250 OK", "421 enough for one connection"]
    assert drain() == 4
    assert rows() == [("sent", 1, 1)] * 4
    assert (sink.connections, len(sink.mails)) == (2, 4)


def test_a_server_that_hung_up_between_two_mails_is_called_anew(posted: Posted, sink: Sink) -> None:
    first, second = posted(1).message, posted(2).message
    sender = Mail()
    sender.send(first, AT)
    sink.hang_up()
    connection = sender._backend.connection.sock  # type: ignore[union-attr]
    assert select.select([connection], [], [], 5)[0]
    sender.send(second, AT)
    sender.close()
    assert (sink.connections, len(sink.mails)) == (2, 2)


def test_kill_9_in_a_batch_costs_the_attempt_it_was_at_and_no_more(
    posted: Posted, monkeypatch: Any, settings: Any
) -> None:
    for n in range(6):
        posted(n)
    real = Mail.send

    def die_at_the_third(self: Mail, message: Message, at: dt.datetime) -> None:
        real(self, message, at)
        if message.key == "note:2":
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Mail, "send", die_at_the_third)
        with pytest.raises(Killed):
            drain()
    assert rows() == [
        ("sent", 1, 1), ("sent", 1, 1), ("sending", 1, 0),
        ("sending", 0, 0), ("sending", 0, 0), ("sending", 0, 0),
    ]  # fmt: skip
    later = AT + dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS + 1)
    assert drain(AT + SECOND) == 0
    assert drain(later) == 4
    assert rows() == [("sent", 1, 1)] * 2 + [("sent", 2, 2)] + [("sent", 1, 1)] * 3
    ids = [m.message()["Message-ID"] for m in mail.outbox]
    twice = {name for name in ids if ids.count(name) == 2}
    assert twice == {Message.objects.get(key="note:2").message_id}
    assert (len(ids), len(set(ids))) == (7, 6)


def test_each_end_is_on_record_before_the_next_is_sent(posted: Posted, sending_by: Any) -> None:
    for n in range(4):
        posted(n)
    seen: list[list[str]] = []
    sending_by(lambda message: seen.append([state for state, *_rest in rows()]))
    drain()
    assert [states.count("sent") for states in seen] == [0, 1, 2, 3]


def test_an_end_and_the_next_beginning_are_one_statement_where_they_can_be(
    posted: Posted, sending_by: Any
) -> None:
    counts: list[int] = []
    for n in range(6):
        posted(n)
    with CaptureQueriesContext(connection) as queries:
        sending_by(lambda message: counts.append(len(queries)))
        assert drain() == 6
    assert rows() == [("sent", 1, 1)] * 6
    # From the third on: the first success has been told to the circuit by then.
    steps = {after - before for before, after in pairwise(counts[1:])}
    assert steps == {1} if connection.vendor == "postgresql" else max(steps) <= 5


def test_on_record_it_is_the_same_when_the_claim_was_lost(posted: Posted, sending_by: Any) -> None:
    for n in range(4):
        posted(n)
    sent: list[str] = []

    def lose(message: Message) -> None:
        sent.append(message.key)
        if len(sent) == 3:
            Delivery.objects.filter(message=message).update(
                state="pending", claimed_by=None, claimed_at=None, claimed_until=None,
                started_at=None,
            )  # fmt: skip

    sending_by(lose)
    drain()
    assert sent == ["note:0", "note:1", "note:2", "note:3"]
    assert [state for state, *_rest in rows()] == ["sent"] * 4


def test_a_worker_that_is_asked_to_stop_hands_back_the_rest(
    posted: Posted, sending_by: Any
) -> None:
    for n in range(5):
        posted(n)
    sent: list[str] = []
    sending_by(lambda message: sent.append(message.key))
    assert drain(stop=lambda: len(sent) == 2) == 2
    assert rows() == [("sent", 1, 1)] * 2 + [("pending", 0, 0)] * 3
    assert drain() == 3


def test_the_processes_of_a_worker_hear_that_it_leaves(monkeypatch: Any) -> None:
    assert not tasks.is_leaving()
    try:
        tasks.mark_worker_leaving(sender="a worker", sig="TERM", how="Warm", exitcode=0)
        assert tasks.is_leaving()
    finally:
        tasks._leaving[0] = 0


def test_an_exit_in_the_middle_hands_back_what_was_not_begun(
    posted: Posted, sending_by: Any
) -> None:
    for n in range(3):
        posted(n)

    def leave(message: Message) -> None:
        raise SystemExit

    sending_by(leave)
    with pytest.raises(SystemExit):
        drain()
    assert rows() == [("sending", 1, 0), ("pending", 0, 0), ("pending", 0, 0)]


def test_a_batch_that_takes_long_keeps_within_its_lease(
    posted: Posted, sending_by: Any, settings: Any
) -> None:
    settings.DELIVERY_LEASE_SECONDS = 60
    for n in range(5):
        posted(n)
    clock = [AT]

    def slow(message: Message) -> None:
        clock[0] += 20 * SECOND

    sending_by(slow)
    # Begun at 0 and 20 s; at 40 s half the lease is over, and another may need the rest.
    assert deliver_due(lambda: clock[0], seconds=1000, limit=1000) == 2
    assert rows() == [("sent", 1, 1)] * 2 + [("pending", 0, 0)] * 3


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_clock_that_jumps_ends_the_batch(
    posted: Posted, sending_by: Any, step: dt.timedelta
) -> None:
    for n in range(3):
        posted(n)
    clock = [AT]

    def jump(message: Message) -> None:
        clock[0] += step

    sending_by(jump)
    assert deliver_due(lambda: clock[0], seconds=60, limit=10) == 1
    assert rows() == [("sent", 1, 1)] + [("pending", 0, 0)] * 2


def test_what_another_took_over_meanwhile_is_left_alone(posted: Posted, sending_by: Any) -> None:
    for n in range(3):
        posted(n)
    sent: list[str] = []

    def send(message: Message) -> None:
        sent.append(message.key)
        if len(sent) == 1:
            # An hour passes for everybody else: they take the other two.
            sending_by(lambda message: sent.append(message.key))
            drain(AT + HOUR)

    sending_by(send)
    drain()
    assert sorted(sent) == ["note:0", "note:0", "note:1", "note:2"]
    assert [state for state, *_rest in rows()] == ["sent"] * 3


def test_claims_of_the_future_are_from_before_the_clock_went_back(posted: Posted) -> None:
    for n in range(2):
        posted(n, at=AT - 2 * HOUR)
    claim_due("mail", "mail", AT, 1)
    assert drain(AT - MINUTE) == 1  # a little behind is another machine's clock
    assert drain(AT - HOUR) == 1
    assert {state for state, *_rest in rows()} == {"sent"}


def test_what_was_put_off_before_the_clock_went_back_does_not_wait_for_it(
    posted: Posted, sending_by: Any
) -> None:
    row = posted(at=AT)
    assert drain(AT - 2 * HOUR) == 0
    assert drain(AT - 48 * HOUR) == 1
    row.refresh_from_db()
    assert row.state == "sent"


def test_handing_back_is_for_the_claims_own(posted: Posted) -> None:
    for n in range(4):
        posted(n)
    first, second = (claim_due("mail", "mail", AT, 2) for _ in range(2))
    assert not {r.pk for r in first.rows} & {r.pk for r in second.rows}
    assert release_not_begun(first) == 2
    assert Delivery.objects.filter(claimed_by=second.claim).count() == 2


# Renewal -----------------------------------------------------------------------------------------
def test_only_what_changed_is_written_anew(posted: Posted, monkeypatch: Any) -> None:
    asked: list[set[uuid.UUID]] = []
    renewed: list[uuid.UUID] = []
    for n in range(4):
        posted(n)
    stale = Message.objects.get(key="note:2").uuid

    def is_current(messages: Collection[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
        asked.append(set(messages))
        return set(messages) - {stale}

    def refresh(message: uuid.UUID, at: dt.datetime) -> Content:
        renewed.append(message)
        return Content("Newer", "newer")

    monkeypatch.setitem(refreshers._by_kind, "note", MessageRefresher(refresh, is_current))
    posted(9, kind="other")
    assert drain() == 5
    # Once for the batch, and only about messages of that kind.
    assert [len(messages) for messages in asked] == [4]
    assert renewed == [stale]
    assert [m.subject for m in mail.outbox].count("Newer") == 1


def test_a_writer_that_breaks_does_not_keep_the_others_waiting(
    posted: Posted, monkeypatch: Any
) -> None:
    bad, good = posted(1), posted(2, kind="other")

    def refresh(message: uuid.UUID, at: dt.datetime) -> Content:
        raise ZeroDivisionError("a fault of our own")

    monkeypatch.setitem(refreshers._by_kind, "note", MessageRefresher(refresh))
    assert drain() == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.last_error, good.state) == ("pending", "a fault of our own", "sent")


@pytest.mark.parametrize("by", ["itself", "the database"])
def test_a_check_that_breaks_means_that_all_is_written_anew(
    posted: Posted, monkeypatch: Any, by: str
) -> None:
    def is_current(messages: Collection[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
        if by == "the database":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM no_such_table")
        raise ZeroDivisionError

    refresher = MessageRefresher(lambda message, at: Content("Newer", "newer"), is_current)
    monkeypatch.setitem(refreshers._by_kind, "note", refresher)
    posted(1)
    assert drain() == 1
    assert [m.subject for m in mail.outbox] == ["Newer"]


def test_every_channel_has_a_sender_of_its_own_name() -> None:
    assert {name: make().channel for name, make in CHANNELS.items()} == {
        "mail": "mail",
        "webhook": "webhook",
        "chat": "chat",
    }
    assert DeliveryAttempt._meta.get_field("outcome").blank is False
