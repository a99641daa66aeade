"""Webhooks: signed so that the library of the receivers believes them, and answers understood."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.channels.responses import LONGEST_WAIT, raise_unless_2xx, retry_after
from riskreg.endpoints.channels.webhook import Webhook as Sender
from riskreg.endpoints.credentials import Secrets, new_secret
from riskreg.endpoints.http_client import Reply
from riskreg.endpoints.models import Endpoint
from riskreg.events.models import Event
from riskreg.events.policy import Audience
from riskreg.kernel import clock, encryption
from riskreg.notify.models import Message
from riskreg.notify.policy import PassingFailure, PermanentFailure
from tests.builders import AT
from tests.endpoints import receiver
from tests.endpoints.receiver import Receiver

OURS = Audience(uuid.UUID(int=1), uuid.UUID(int=2))
ACTOR = uuid.UUID(int=3)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def server(settings: Any, at: dt.datetime) -> Iterator[Receiver]:
    """A receiver on loopback, whose host the operator allows; the clock stands."""
    with receiver.serving() as found:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{found.port}"]
        yield found


@pytest.fixture
def added(db: None, server: Receiver) -> tuple[Endpoint, str]:
    """A webhook to ``server``, and its secret."""
    address = endpoints.check_address("webhook", f"http://127.0.0.1:{server.port}/hook?key=s3cret")
    return endpoints.add_endpoint(
        audience=OURS,
        kind="webhook",
        name="ERP",
        address=address,
        language="en",
        actor_for_log=ACTOR,
        at=AT,
    )


def message(row: Endpoint, **changes: Any) -> Message:
    return Message(
        **{
            "uuid": uuid.uuid4(), "created_at": AT - 90 * SECOND, "kind": "duties.due",
            "recipient": row.uuid, "language": "en", "subject": "s", "text": "t",
            "local_day": AT.date(),
            "payload": {"register": "foton-catl", "duties": [{"ref": "风险"}]},
            **changes,
        }
    )  # fmt: skip


def send(row: Endpoint, **changes: Any) -> None:
    Sender().send(message(row, **changes), clock.now())


def test_a_receiver_believes_it_with_the_library(
    server: Receiver, added: tuple[Endpoint, str]
) -> None:
    row, secret = added
    sent = message(row)
    Sender().send(sent, AT)
    got = server.got[0]
    message_shown = Webhook(secret).verify(got.body, got.headers)
    assert message_shown == {
        "type": "duties.due",
        "timestamp": "2026-09-16T07:58:30Z",
        "data": {"register": "foton-catl", "duties": [{"ref": "风险"}]},
    }
    assert got.headers["webhook-id"] == str(sent.uuid)
    assert got.headers["content-type"] == "application/json"
    assert got.path == "/hook?key=s3cret"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.replace(b"due", b"dew"), got.headers)


def test_its_id_stays_and_its_time_moves_over_attempts(
    server: Receiver, added: tuple[Endpoint, str]
) -> None:
    row, secret = added
    sent = message(row)
    server.answer = (503, {}, b"later")
    with pytest.raises(PassingFailure):
        Sender().send(sent, AT)
    server.answer = (204, {}, b"")
    with time_machine.travel(AT + dt.timedelta(hours=6), tick=False):
        Sender().send(sent, clock.now())
        Webhook(secret).verify(server.got[1].body, server.got[1].headers)
    first, second = server.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == (
        6 * 3600
    )


def test_for_a_day_after_a_rotation_both_secrets_sign(
    server: Receiver, added: tuple[Endpoint, str]
) -> None:
    row, old = added
    row, new = endpoints.rotate_secret(
        audience=OURS, endpoint=row.uuid, version=1, actor_for_log=ACTOR, at=AT
    )
    assert new != old
    send(row)
    for secret in (old, new):
        Webhook(secret).verify(server.got[0].body, server.got[0].headers)
    with time_machine.travel(AT + dt.timedelta(days=1), tick=False):
        send(row)
        Webhook(new).verify(server.got[1].body, server.got[1].headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(old).verify(server.got[1].body, server.got[1].headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_there(status: int) -> None:
    assert raise_unless_2xx(Reply(status), AT) is None


@pytest.mark.parametrize(
    "status, passing",
    [
        (500, True), (502, True), (503, True), (504, True), (599, True), (408, True), (425, True),
        (429, True), (400, False), (401, False), (403, False), (404, False), (410, False),
        (413, False), (422, False), (301, False), (302, False), (307, False), (304, False),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, passing: bool) -> None:
    with pytest.raises(PassingFailure if passing else PermanentFailure) as failure:
        raise_unless_2xx(Reply(status, body=b"because\x00\nof it"), AT)
    assert str(failure.value) == f"{status} because of it"


def test_410_switches_the_endpoint_off(server: Receiver, added: tuple[Endpoint, str]) -> None:
    row, _secret = added
    server.answer = (410, {}, b"no more of these")
    with pytest.raises(PermanentFailure, match="410 no more of these"):
        send(row)
    row.refresh_from_db()
    assert (row.disabled_at, row.disabled_why) == (AT, "410 no more of these")
    event = Event.objects.get(verb="endpoint.disabled")
    assert (event.actor, event.chain.key) == (None, OURS.key)
    with pytest.raises(PermanentFailure, match="switched off"):
        send(row)
    assert len(server.got) == 1


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("120", 120), ("0", None), ("-5", None), ("21600", 21600), ("21601", None),
        ("9" * 30, None),
        ("", None), ("soon", None), ("Wed, 16 Sep 2026 08:01:00 GMT", 60),
        ("Wed, 16 Sep 2026 07:59:00 GMT", None), ("Wed, 16 Sep 2099 08:00:00 GMT", None),
        ("Wed, 16 Sep 2026 08:01:00", None),
    ],
)  # fmt: skip
def test_retry_after_is_kept_within_reason(text: str, seconds: int | None) -> None:
    wait = retry_after(Reply(429, {"retry-after": text}), AT)
    assert wait == (None if seconds is None else seconds * SECOND)
    with pytest.raises(PassingFailure) as failure:
        raise_unless_2xx(Reply(429, {"retry-after": text}), AT)
    assert failure.value.retry_after == wait


@given(st.text(max_size=60))
def test_no_retry_after_breaks_it(text: str) -> None:
    wait = retry_after(Reply(503, {"retry-after": text}), AT)
    assert wait is None or dt.timedelta(0) < wait <= LONGEST_WAIT


def test_an_address_that_is_not_allowed_any_more_is_refused_for_good(
    server: Receiver, added: tuple[Endpoint, str], settings: Any
) -> None:
    row, _secret = added
    settings.WEBHOOK_ALLOWED_HOSTS = []
    with pytest.raises(PermanentFailure) as failure:
        send(row)
    assert "s3cret" not in str(failure.value)
    assert server.got == []


def test_a_name_that_turned_inward_is_refused_for_good(
    db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = receiver.stub_names(monkeypatch)
    names["hooks.receiver.com"] = ["93.184.215.14"]
    row, _secret = endpoints.add_endpoint(
        audience=OURS, kind="webhook", name="ERP", language="en", actor_for_log=ACTOR, at=AT,
        address=endpoints.check_address("webhook", "https://hooks.receiver.com/x"),
    )  # fmt: skip
    names["hooks.receiver.com"] = ["10.0.0.1"]
    with pytest.raises(PermanentFailure, match="not a public address"):
        send(row)


def test_a_removed_endpoint_is_told_apart(db: None, at: dt.datetime) -> None:
    gone = Endpoint(uuid=uuid.uuid4())
    with pytest.raises(PermanentFailure, match="removed"):
        send(gone)


# What is sealed ----------------------------------------------------------------------------------
def test_nothing_in_the_row_can_be_read(added: tuple[Endpoint, str]) -> None:
    row, secret = added
    row.refresh_from_db()
    held = json.dumps({k: str(v) for k, v in vars(row).items()})
    assert secret not in held
    assert "s3cret" not in held
    assert "127.0.0.1" not in held
    events = json.dumps(list(Event.objects.values_list("changes", flat=True)))
    assert secret not in events
    assert "key=s3cret" not in events


def test_a_new_secret_key_opens_what_the_old_one_sealed(settings: Any) -> None:
    sealed = encryption.encrypt("https://hooks.receiver.com/")
    assert encryption.encrypt("https://hooks.receiver.com/") != sealed, "never twice the same"
    before = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 8, [before]
    assert encryption.decrypt(sealed) == "https://hooks.receiver.com/"
    newer = encryption.encrypt("x")
    settings.SECRET_KEY_FALLBACKS = []
    assert encryption.decrypt(newer) == "x"
    with pytest.raises(encryption.Undecryptable):
        encryption.decrypt(sealed)
    assert (encryption.encrypt(""), encryption.decrypt("")) == ("", "")


def test_an_endpoint_whose_key_is_gone_says_so(
    server: Receiver, added: tuple[Endpoint, str], settings: Any
) -> None:
    row, _secret = added
    settings.SECRET_KEY = "another" * 8
    with pytest.raises(PermanentFailure, match="SECRET_KEY_FALLBACKS"):
        send(row)
    assert endpoints.masked_address_of(row) == "…"


def test_secrets_are_of_the_form_that_libraries_take() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    Webhook(first)
    held = Secrets(first).rotated(AT)
    assert held.valid(AT) == [held.now, first]
    assert held.valid(AT + dt.timedelta(days=1)) == [held.now]
    assert Secrets.decrypted(held.encrypted()) == held
    assert Secrets.decrypted("") == Secrets()
    assert Secrets().valid(AT) == []
