"""Messages to deliver, and a mail server that does as it is told."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from riskreg.events.policy import Audience
from riskreg.notify.channels import CHANNELS, Sender
from riskreg.notify.models import Delivery, Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft, post
from tests.builders import AT
from tests.notify.sink import Sink, serving

REGISTER, PARTY = uuid.UUID(int=1), uuid.UUID(int=2)


def draft(n: int = 0, **changes: Any) -> Draft:
    """A message to person ``n``."""
    return Draft(
        **{
            "key": f"note:{n}",
            "kind": "note",
            "recipient": uuid.UUID(int=100 + n),
            "address": f"person{n}@foton.example",
            "language": "en",
            "local_day": dt.date(2026, 9, 16),
            "content": Content("A subject", "A text\n", "<p>A text</p>"),
            "audiences": [Audience(REGISTER, PARTY)],
            "unsubscribe_url": "https://register.example/preferences/",
            "channels": ("mail",),
            **changes,
        }
    )


@pytest.fixture
def posted(db: None) -> Callable[..., Delivery]:
    """``posted(n, at=AT, **draft)``: the first channel's delivery of a message just posted."""

    def make(n: int = 0, at: dt.datetime = AT, **changes: Any) -> Delivery:
        message = post(draft(n, **changes), at)
        assert message is not None
        return Delivery.objects.select_related("message").filter(message=message).earliest("pk")

    return make


class Told(Sender):
    """A sender that does what a test says."""

    channel = "mail"

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send

    def send(self, message: Message, at: dt.datetime) -> None:
        self._send(message)


@pytest.fixture
def sending_by(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``sending_by(send, channel="mail")``: that function sends from now on."""

    def use(send: Callable[[Message], None], channel: str = "mail") -> None:
        monkeypatch.setitem(CHANNELS, channel, lambda: Told(send))

    return use


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    """A real SMTP server on a loopback port, and settings that send to it."""
    with serving() as (server, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = port
        settings.EMAIL_TIMEOUT = 5
        yield server
