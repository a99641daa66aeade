"""Posting once, claiming once, trying again, giving up."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from riskreg.events.models import Event
from riskreg.events.policy import Audience
from riskreg.kernel.errors import Conflict
from riskreg.notify import refresh
from riskreg.notify.channels.mail import Mail
from riskreg.notify.models import Delivery, DeliveryAttempt, DeliveryState, Message
from riskreg.notify.policy import PassingFailure
from riskreg.notify.queries import (
    deliveries_looked_after_by,
    may_have_arrived,
    messages_readable_among,
)
from riskreg.notify.refresh import Content
from riskreg.notify.services import deliver, deliver_due, drop_waiting_messages, post, resend
from tests.builders import AT
from tests.notify.conftest import PARTY, REGISTER, Killed, draft

OURS = Audience(REGISTER, PARTY)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


def outcomes(delivery: Delivery) -> list[str]:
    return list(delivery.tries.order_by("number").values_list("outcome", flat=True))


def test_a_key_is_posted_once(posted: Posted) -> None:
    first = posted(1)
    assert post(draft(1, content=Content("Another", "x")), AT) is None
    assert Message.objects.get() == first.message
    assert Delivery.objects.count() == 1


def test_a_message_rolls_back_with_what_it_tells_of(db: None) -> None:
    class Stop(Exception):
        pass

    def half_done() -> None:
        with transaction.atomic():
            post(draft(), AT)
            raise Stop

    with pytest.raises(Stop):
        half_done()
    assert (Message.objects.count(), Delivery.objects.count()) == (0, 0)


def test_posting_wakes_the_worker_after_the_commit_only(
    db: None, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        post(draft(), AT)
        assert woken == []
    assert woken == [("notify.deliver_due", ("mail",))]


def test_a_sent_mail_has_both_parts_and_the_headers_of_a_notice(posted: Posted) -> None:
    row = posted()
    assert deliver(row.uuid, AT) == "sent"
    sent = mail.outbox[0].message()
    assert sent["Message-ID"] == row.message.message_id
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["List-Unsubscribe"] == "<https://register.example/preferences/>"
    assert [p.get_content_type() for p in sent.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    row.refresh_from_db()
    assert (row.state, row.sent_at, row.attempts, row.claimed_by) == ("sent", AT, 1, None)
    assert outcomes(row) == ["sent"]


def test_a_subject_with_a_line_break_cannot_add_headers(posted: Posted) -> None:
    row = posted(content=Content("Hello\r\nBcc: all@example.com", "x"))
    assert deliver(row.uuid, AT) == "sent"
    assert mail.outbox[0].subject == "Hello Bcc: all@example.com"
    assert mail.outbox[0].message()["Bcc"] is None


def test_an_address_that_cannot_be_written_is_final(posted: Posted) -> None:
    row = posted(address="a@b.example\nBcc: c@d.example")
    assert deliver(row.uuid, AT) == "failed"
    assert mail.outbox == []


def test_what_is_done_or_not_due_is_not_taken(posted: Posted) -> None:
    row = posted(at=AT)
    assert deliver(row.uuid, AT - MINUTE) == ""
    assert deliver(row.uuid, AT) == "sent"
    assert deliver(row.uuid, AT + HOUR) == ""
    assert deliver(uuid.uuid4(), AT) == ""
    assert len(mail.outbox) == 1


def test_while_one_sends_nobody_else_does(posted: Posted, sending_by: Any) -> None:
    row = posted()
    during: list[Any] = []

    def send(message: Message) -> None:
        during.append(deliver(row.uuid, AT))
        during.append(deliver_due(lambda: AT, seconds=10, limit=10))

    sending_by(send)
    assert deliver(row.uuid, AT) == "sent"
    assert during == ["", 0]


def test_a_passing_failure_is_tried_again_later(posted: Posted, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Away"
    row = posted()
    assert deliver(row.uuid, AT) == "pending"
    row.refresh_from_db()
    assert 45 <= (row.next_attempt_at - AT).total_seconds() <= 75
    assert "Connection refused" in row.last_error
    assert deliver(row.uuid, AT + MINUTE / 2) == ""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver(row.uuid, AT + 2 * MINUTE) == "sent"
    row.refresh_from_db()
    assert row.last_error == ""
    assert outcomes(row) == ["passing", "sent"]


def test_after_the_last_attempt_it_has_failed_for_all_to_see(posted: Posted, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Away"
    settings.DELIVERY_MAX_ATTEMPTS = 3
    row = posted()
    states = [deliver(row.uuid, AT + n * 24 * HOUR) for n in range(4)]
    assert states == ["pending", "pending", "failed", ""]
    event = Event.objects.select_related("chain").get(verb="delivery.failed")
    assert event.chain.key == f"{REGISTER}:{PARTY}"
    assert event.actor is None
    assert json.loads(event.changes)["attempts"] == [None, 3]


def test_an_unknown_recipient_is_not_tried_again(posted: Posted, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Unknown"
    row = posted()
    assert deliver(row.uuid, AT) == "failed"
    row.refresh_from_db()
    assert "550 No such user here" in row.last_error
    assert outcomes(row) == ["permanent"]


def test_a_fault_of_our_own_is_kept_and_tried_again(posted: Posted, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Broken"
    row = posted()
    assert deliver(row.uuid, AT) == "pending"
    row.refresh_from_db()
    assert row.last_error == "a fault of our own"


def test_a_claim_left_behind_is_taken_over_under_the_same_message_id(
    posted: Posted, settings: Any, monkeypatch: Any
) -> None:
    row = posted()
    with monkeypatch.context() as patch:
        patch.setattr(Mail, "send", dying)
        with pytest.raises(Killed):
            deliver(row.uuid, AT)
    row.refresh_from_db()
    assert row.state == DeliveryState.SENDING
    lease = dt.timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
    assert deliver(row.uuid, AT + lease) == ""
    assert deliver(row.uuid, AT + lease + MINUTE) == "sent"
    assert [m.message()["Message-ID"] for m in mail.outbox] == [row.message.message_id]
    assert outcomes(row) == ["lost", "sent"]


def dying(self: Mail, message: Message, at: dt.datetime) -> None:
    raise Killed


def test_a_message_that_kills_every_sender_fails_in_the_end(
    posted: Posted, settings: Any, monkeypatch: Any
) -> None:
    settings.DELIVERY_MAX_ATTEMPTS = 2
    row = posted()
    monkeypatch.setattr(Mail, "send", dying)
    for n in range(2):
        with pytest.raises(Killed):
            deliver(row.uuid, AT + n * HOUR)
    assert deliver(row.uuid, AT + 2 * HOUR) == ""
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("failed", 2)
    assert Event.objects.filter(verb="delivery.failed").count() == 1
    assert outcomes(row) == ["lost", "lost"]


def test_a_sender_that_was_too_slow_does_not_undo_the_others_work(
    posted: Posted, sending_by: Any
) -> None:
    row = posted()

    def slow(message: Message) -> None:
        sending_by(lambda message: None)
        assert deliver(row.uuid, AT + HOUR) == "sent"
        raise PassingFailure("timed out")

    sending_by(slow)
    assert deliver(row.uuid, AT) == ""
    row.refresh_from_db()
    assert (row.state, row.sent_at) == ("sent", AT + HOUR)
    assert outcomes(row) == ["passing", "sent"]


def test_what_a_slow_sender_did_send_is_not_sent_again(posted: Posted, sending_by: Any) -> None:
    row = posted()

    def slow(message: Message) -> None:
        # Its claim runs out and is taken away, but nobody has begun anew.
        assert deliver(uuid.uuid4(), AT + HOUR) == ""
        row.refresh_from_db()
        assert row.state == "pending"

    sending_by(slow)
    assert deliver(row.uuid, AT) == ""
    row.refresh_from_db()
    assert (row.state, row.attempts, outcomes(row)) == ("sent", 1, ["sent"])
    assert deliver(row.uuid, AT + HOUR) == ""


def test_the_writer_is_asked_just_before_sending(posted: Posted, monkeypatch: Any) -> None:
    answers = iter([Content("Newer", "newer text", "<p>newer</p>"), None])
    monkeypatch.setitem(
        refresh._by_kind, "note", refresh.MessageRefresher(lambda message, at: next(answers))
    )
    first, second = posted(1), posted(2)
    assert deliver(first.uuid, AT) == "sent"
    assert mail.outbox[0].subject == "Newer"
    first.message.refresh_from_db()
    assert first.message.text == "newer text"
    assert deliver(second.uuid, AT) == "dropped"
    assert outcomes(second) == ["dropped"]
    assert len(mail.outbox) == 1


def test_withdrawing_leaves_alone_what_is_sent_or_anothers(posted: Posted) -> None:
    waiting, sent, other = posted(1), posted(2), posted(3)
    deliver(sent.uuid, AT)
    for row in (waiting, sent):
        assert drop_waiting_messages(
            kind="note", recipient=row.message.recipient, reason="newer"
        ) == ([row.message.uuid] if row is waiting else [])
    states = Delivery.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["dropped", "sent", "pending"]
    assert deliver(waiting.uuid, AT + HOUR) == ""
    assert deliver(other.uuid, AT) == "sent"


def test_a_round_takes_what_is_due_and_is_bounded(posted: Posted, woken: list[Any]) -> None:
    for n in range(5):
        posted(n)
    posted(9, at=AT + HOUR)
    assert deliver_due(lambda: AT, seconds=10, limit=3) == 3
    assert woken == [("notify.deliver_due", ("mail",))]  # for what is left
    assert deliver_due(lambda: AT, seconds=10, limit=10) == 2
    assert deliver_due(lambda: AT, seconds=10, limit=10) == 0
    posted(10), posted(11)
    times = iter([AT, AT, AT, AT + 10 * MINUTE, AT + 11 * MINUTE])
    assert deliver_due(lambda: next(times), seconds=10, limit=10) == 1


def test_a_round_ends_when_the_clock_steps_back(posted: Posted) -> None:
    posted(1)
    times = iter([AT, AT - HOUR])
    assert deliver_due(lambda: next(times), seconds=10, limit=10) == 0


def test_sending_again_keeps_the_message_id_and_gives_new_attempts(
    posted: Posted, settings: Any, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Unknown"
    row = posted()
    deliver(row.uuid, AT)
    manager = uuid.uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        resend(delivery=row.uuid, audience=OURS, actor=manager, at=AT + HOUR, request_id="r")
    assert ("notify.deliver", (str(row.uuid),)) in woken
    event = Event.objects.get(verb="delivery.resent")
    assert (event.actor, event.request_id) == (manager, "r")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver(row.uuid, AT + HOUR) == "sent"
    assert mail.outbox[0].message()["Message-ID"] == row.message.message_id
    row.refresh_from_db()
    assert row.allowed_attempts == 1 + settings.DELIVERY_MAX_ATTEMPTS


def test_sending_again_while_it_is_being_sent_is_a_conflict(
    posted: Posted, sending_by: Any
) -> None:
    row = posted()

    def send(message: Message) -> None:
        with pytest.raises(Conflict):
            resend(delivery=row.uuid, audience=OURS, actor=uuid.uuid4(), at=AT)

    sending_by(send)
    assert deliver(row.uuid, AT) == "sent"


def test_what_may_have_arrived(posted: Posted, settings: Any) -> None:
    row = posted()
    assert not may_have_arrived(row.message.uuid)
    deliver(row.uuid, AT)
    assert may_have_arrived(row.message.uuid)


def test_deliveries_are_seen_by_their_own_party_only(posted: Posted) -> None:
    other = Audience(REGISTER, uuid.UUID(int=3))
    ours, theirs = posted(1), posted(2, audiences=[other])
    both = posted(3, audiences=[OURS, other])
    assert list(deliveries_looked_after_by(OURS)) == [both, ours]
    assert list(deliveries_looked_after_by(other)) == [both, theirs]
    assert list(deliveries_looked_after_by(Audience(REGISTER))) == []
    assert list(deliveries_looked_after_by(Audience(uuid.uuid4(), PARTY))) == []
    keys = [row.message_id for row in (ours, theirs, both)]
    assert messages_readable_among(OURS, keys) == {ours.message_id}


@pytest.mark.parametrize(
    "columns",
    [{"state": "sending"}, {"state": "sent", "sent_at": None}, {"state": "lost"}],
)
def test_the_database_refuses_what_cannot_be(posted: Posted, columns: dict[str, Any]) -> None:
    row = posted()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=row.pk).update(**columns)


def test_attempts_are_numbered_once(posted: Posted) -> None:
    row = posted()
    deliver(row.uuid, AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeliveryAttempt.objects.create(delivery=row, number=1, started_at=AT)
