"""One delivery per channel; the inbox; taking back; waking once."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from riskreg.kernel.errors import Conflict
from riskreg.notify import refresh
from riskreg.notify.models import Delivery, Message
from riskreg.notify.queries import may_have_arrived, unemptied_inbox_messages, unread_count
from riskreg.notify.refresh import Content
from riskreg.notify.services import (
    deliver,
    deliver_due,
    drop_waiting_messages,
    mark_all_read,
    mark_read,
    post,
    resend,
)
from riskreg.notify.services.claims import claim_due, release_not_begun
from tests.builders import AT
from tests.notify.conftest import PARTY, REGISTER, draft
from tests.notify.test_services import OURS

HOUR = dt.timedelta(hours=1)
BOTH = ("mail", "inbox")
Posted = Callable[..., Delivery]


def states(message: Message) -> dict[str, str]:
    return dict(message.deliveries.values_list("channel", "state"))


def test_each_channel_has_a_delivery_and_the_inbox_has_it_at_once(posted: Posted) -> None:
    row = posted(channels=("mail", "inbox", "webhook", "mail"), payload={"a": 1}, urgent=True)
    assert states(row.message) == {"mail": "pending", "inbox": "sent", "webhook": "pending"}
    inbox = row.message.deliveries.get(channel="inbox")
    assert (inbox.sent_at, inbox.attempts) == (AT, 0)
    assert set(row.message.deliveries.values_list("urgent", flat=True)) == {True}
    assert (row.message.payload, row.message.read_at) == ({"a": 1}, None)
    webhook = row.message.deliveries.get(channel="webhook")
    assert webhook.destination == f"webhook:person0@foton.example:{PARTY}"


def test_a_message_without_a_channel_is_a_mistake(db: None) -> None:
    with pytest.raises(ValueError):
        post(draft(channels=()), AT)
    assert Message.objects.count() == 0


def test_somebody_without_an_address_has_an_inbox_and_a_mail_that_failed(posted: Posted) -> None:
    row = posted(address="", channels=BOTH)
    assert states(row.message) == {"mail": "failed", "inbox": "sent"}
    assert row.last_error == "there is no mail address"
    assert deliver(row.uuid, AT) == ""
    # Asked again, it says the same; nothing is sent to nobody.
    resend(delivery=row.uuid, audience=OURS, actor=uuid.uuid4(), at=AT)
    assert deliver(row.uuid, AT) == "failed"
    assert mail.outbox == []


def test_an_inbox_is_its_owners_newest_first(
    posted: Posted, django_assert_num_queries: Any
) -> None:
    me = uuid.UUID(int=101)
    old = posted(1, channels=BOTH).message
    new = posted(2, channels=("inbox",), recipient=me).message
    posted(3, channels=BOTH)
    posted(4, channels=("mail",), recipient=me)
    with django_assert_num_queries(1):
        assert list(unemptied_inbox_messages(me)) == [new, old]
    with django_assert_num_queries(1):
        assert unread_count(unemptied_inbox_messages(me)) == 2
    assert not mark_read(unemptied_inbox_messages(uuid.UUID(int=103)), new.uuid, AT)
    assert mark_read(unemptied_inbox_messages(me), new.uuid, AT)
    assert not mark_read(unemptied_inbox_messages(me), new.uuid, AT + HOUR)
    new.refresh_from_db()
    assert (new.read_at, unread_count(unemptied_inbox_messages(me))) == (AT, 1)
    assert mark_all_read(unemptied_inbox_messages(me), AT) == 1
    assert unread_count(unemptied_inbox_messages(me)) == 0


def test_what_is_in_the_inbox_has_arrived_only_once_it_was_read(posted: Posted) -> None:
    message = posted(1, channels=BOTH).message
    assert not may_have_arrived(message.uuid)
    mark_read(unemptied_inbox_messages(message.recipient), message.uuid, AT)
    assert may_have_arrived(message.uuid)


def test_an_inbox_delivery_is_never_sent_again(posted: Posted) -> None:
    row = posted(1, channels=("inbox",))
    with pytest.raises(Conflict):
        resend(delivery=row.uuid, audience=OURS, actor=uuid.uuid4(), at=AT)
    assert deliver(row.uuid, AT) == ""


def test_what_is_withdrawn_leaves_the_inbox_unless_it_was_read(posted: Posted) -> None:
    me = uuid.UUID(int=101)
    unread, read = posted(1, channels=BOTH), posted(2, channels=BOTH, recipient=me)
    mailed = posted(3, channels=BOTH, recipient=me)
    half = posted(4, channels=("mail", "webhook"), recipient=me)
    mark_read(unemptied_inbox_messages(me), read.message.uuid, AT)
    deliver(mailed.uuid, AT)
    deliver(half.uuid, AT)
    # The one that was read was told, and so was the one that went out by mail.
    assert drop_waiting_messages(kind="note", recipient=me, reason="newer") == [unread.message.uuid]
    assert states(unread.message) == {"mail": "dropped", "inbox": "dropped"}
    assert states(read.message) == {"mail": "dropped", "inbox": "sent"}
    assert states(mailed.message) == {"mail": "sent", "inbox": "sent"}
    assert states(half.message) == {"mail": "sent", "webhook": "dropped"}
    assert set(unemptied_inbox_messages(me)) == {read.message, mailed.message}


def test_what_holds_no_more_leaves_the_inbox_with_the_mail(
    posted: Posted, monkeypatch: Any
) -> None:
    gone = refresh.MessageRefresher(lambda message, at: None)
    monkeypatch.setitem(refresh._by_kind, "note", gone)
    row = posted(channels=BOTH)
    assert deliver(row.uuid, AT) == "dropped"
    assert states(row.message) == {"mail": "dropped", "inbox": "dropped"}
    assert unread_count(unemptied_inbox_messages(row.message.recipient)) == 0


def test_urgent_ones_go_first_and_mail_before_all_else(posted: Posted, sending_by: Any) -> None:
    order: list[str] = []
    for channel in ("mail", "webhook"):
        sending_by(lambda message, its=channel: order.append(f"{its} {message.key}"), channel)
    posted(1, channels=("webhook",))
    posted(2)
    posted(3)
    posted(4, at=AT + HOUR, urgent=True)
    deliver_due(lambda: AT + HOUR, seconds=10, limit=10)
    assert order == ["mail note:4", "mail note:2", "mail note:3", "webhook note:1"]


# Waking ------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_hundreds_posted_together_wake_one_sender(woken: list[Any]) -> None:
    with transaction.atomic():
        for n in range(120):
            post(draft(n, channels=BOTH), AT)
    assert woken == [("notify.deliver_due", ("mail",))]


@pytest.mark.django_db(transaction=True)
def test_while_somebody_is_at_it_nobody_more_is_woken(woken: list[Any]) -> None:
    for n in range(5):
        post(draft(n), AT)
    assert len(woken) == 1
    post(draft(6, channels=("webhook",)), AT)
    assert woken[1:] == [("notify.deliver_due", ("webhook",))]
    # They are in hand, and whoever has them looks once more.
    taken = claim_due("mail", "mail", AT, 10)
    assert len(taken.rows) == 5
    post(draft(7), AT)
    assert len(woken) == 2
    # That sender vanished; when its claim has run out, a word is needed again.
    Delivery.objects.filter(message__key="note:7").delete()
    post(draft(8), AT + HOUR)
    assert len(woken) == 3
    release_not_begun(taken)
    post(draft(9), AT + HOUR)
    assert len(woken) == 3


@pytest.mark.django_db(transaction=True)
def test_a_wake_of_a_savepoint_that_was_undone_does_not_swallow_the_next(woken: list[Any]) -> None:
    with transaction.atomic():
        undone = transaction.savepoint()
        with transaction.atomic():
            post(draft(1), AT)
        transaction.savepoint_rollback(undone)
        post(draft(2), AT)
    assert woken == [("notify.deliver_due", ("mail",))]


def test_messages_are_of_one_register_and_party_or_of_several(posted: Posted) -> None:
    row = posted(channels=("webhook",), audiences=[])
    assert row.destination == "webhook:person0@foton.example:"
    assert Content("s", "t").html == ""
    assert row.message.audiences.filter(register=REGISTER).count() == 0
