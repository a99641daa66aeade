"""Against a real SMTP server on loopback: answers, refusals, drops."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from riskreg.notify.models import Delivery
from riskreg.notify.refresh import Content
from riskreg.notify.services import deliver
from tests.builders import AT
from tests.notify.sink import Sink

HOUR = dt.timedelta(hours=1)
Posted = Callable[..., Delivery]


def test_a_mail_arrives_whole_in_both_languages(posted: Posted, sink: Sink) -> None:
    row = posted(content=Content("复核：逾期 3 天", "海外政策壁垒\n", "<p>海外政策壁垒</p>"))
    assert deliver(row.uuid, AT) == "sent"
    arrived = sink.mails[0]
    assert arrived["Subject"] == "复核：逾期 3 天"
    assert arrived["Message-ID"] == row.message.message_id
    assert arrived.get_body(("plain",)).get_content().strip() == "海外政策壁垒"
    assert "海外政策壁垒" in arrived.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("where", "answer", "state"),
    [
        ("to_rcpt", "550 5.1.1 no such user", "failed"),
        ("to_rcpt", "450 4.2.1 mailbox busy", "pending"),
        ("to_data", "554 5.7.1 not wanted", "failed"),
        ("to_data", "451 4.3.0 try later", "pending"),
        ("to_data", "421 4.3.2 shutting down", "pending"),
    ],
)
def test_the_servers_answer_decides(
    posted: Posted, sink: Sink, where: str, answer: str, state: str
) -> None:
    getattr(sink, where).append(answer)
    row = posted()
    assert deliver(row.uuid, AT) == state
    row.refresh_from_db()
    assert answer[4:] in row.last_error
    assert sink.mails == []
    if state == "pending":
        assert deliver(row.uuid, AT + HOUR) == "sent"
        assert len(sink.mails) == 1


def test_an_answer_that_is_lost_costs_one_mail_of_the_same_id(posted: Posted, sink: Sink) -> None:
    sink.drop_after_data = 1
    row = posted()
    assert deliver(row.uuid, AT) == "pending"
    assert deliver(row.uuid, AT + HOUR) == "sent"
    assert [m["Message-ID"] for m in sink.mails] == [row.message.message_id] * 2


def test_a_server_that_does_not_answer_is_given_up_on_for_now(
    posted: Posted, sink: Sink, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    sink.seconds = 1.0
    row = posted()
    assert deliver(row.uuid, AT) == "pending"
    row.refresh_from_db()
    assert row.last_error
    sink.seconds = 0.0
    settings.EMAIL_TIMEOUT = 5
    assert deliver(row.uuid, AT + HOUR) == "sent"


def test_nobody_listening_is_a_passing_failure(posted: Posted, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    # Port 1 on loopback: nothing answers there.
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    row = posted()
    assert deliver(row.uuid, AT) == "pending"
    row.refresh_from_db()
    assert "refused" in row.last_error
