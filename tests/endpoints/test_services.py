"""Setting up chats and webhooks: each act an event, secrets given once, each party its own."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.models import Endpoint
from riskreg.endpoints.queries import (
    enabled_endpoints_of_parties,
    endpoints_by_uuid,
    endpoints_of_party_in,
)
from riskreg.events.models import Event
from riskreg.events.policy import Audience
from riskreg.kernel.errors import Conflict, Invalid, NotFound
from riskreg.notify.models import Delivery, DeliveryState
from riskreg.notify.policy import host_of_destination
from riskreg.notify.services import deliver
from tests.builders import AT
from tests.dump import nothing_changes
from tests.endpoints import receiver

OURS = Audience(uuid.UUID(int=1), uuid.UUID(int=2))
THEIRS = Audience(uuid.UUID(int=1), uuid.UUID(int=4))
ELSEWHERE = Audience(uuid.UUID(int=5), uuid.UUID(int=2))
ACTOR = uuid.UUID(int=3)
ADDRESS = "https://hooks.receiver.com/in?key=s3cret"
SLACK = "https://hooks.slack.com/services/T0AB/B0CD/x7YzTok3n"
WHO: dict[str, Any] = {"audience": OURS, "actor_for_log": ACTOR, "at": AT}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    found = receiver.stub_names(monkeypatch)
    found |= {"hooks.receiver.com": ["93.184.215.14"], "hooks.slack.com": ["93.184.215.14"]}
    return found


@pytest.fixture
def add(db: None, at: dt.datetime) -> Callable[..., tuple[Endpoint, str]]:
    def make(kind: str = "webhook", text: str = ADDRESS, **given: Any) -> tuple[Endpoint, str]:
        address = endpoints.check_address(kind, text)
        fields = {"kind": kind, "name": "ERP", "language": "en", **WHO, **given}
        return endpoints.add_endpoint(address=address, **fields)

    return make


Add = Callable[..., tuple[Endpoint, str]]


def test_a_webhook_is_added_with_a_secret_that_is_given_once(add: Add) -> None:
    row, secret = add(request_id="req-1")
    Webhook(secret)
    assert (row.channel, row.version, row.disabled_at, row.created_by) == (
        "webhook",
        1,
        None,
        ACTOR,
    )
    assert endpoints.masked_address_of(row) == "hooks.receiver.com …cret"
    event = Event.objects.get()
    assert (event.verb, event.actor, event.request_id, event.subject_ref) == (
        "endpoint.added", ACTOR, "req-1", "ERP",
    )  # fmt: skip
    assert event.chain.key == OURS.key, "the other party does not hear of it"
    assert json.loads(event.changes)["address"] == [None, "hooks.receiver.com …cret"]


def test_a_chat_has_no_secret(add: Add) -> None:
    row, secret = add("slack", SLACK)
    assert (row.channel, secret, row.secret) == ("chat", "", "")
    with pytest.raises(Invalid):
        endpoints.rotate_secret(endpoint=row.uuid, version=None, **WHO)


@pytest.mark.parametrize(
    "kind, text, field, code",
    [
        ("pager", ADDRESS, "kind", "unknown"), (None, ADDRESS, "kind", "unknown"),
        ([], ADDRESS, "kind", "unknown"), ("webhook", "", "address", "required"),
        ("webhook", None, "address", "required"), ("webhook", 7, "address", "required"),
        ("webhook", "https://10.0.0.1/", "address", "not_public"),
        ("webhook", "http://hooks.receiver.com/", "address", "not_https"),
        ("webhook", "https://nobody.receiver.com/", "address", "unknown_host"),
        ("slack", ADDRESS, "address", "other_service"),
    ],
)  # fmt: skip
def test_a_bad_address_says_what_is_wrong(
    db: None, kind: Any, text: Any, field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        endpoints.check_address(kind, text)
    assert refused.value.fields[field][0].code == code


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"name": ""}, "name", "required"), ({"name": "x" * 101}, "name", "too_long"),
        ({"name": "a\x00b"}, "name", "bad_character"), ({"name": "a\nb"}, "name", "one_line"),
        ({"name": 7}, "name", "not_text"), ({"language": "fr"}, "language", "unknown"),
        ({"name": "ERP"}, "name", "taken"),
    ],
)  # fmt: skip
def test_bad_fields_add_nothing(add: Add, given: dict[str, Any], field: str, code: str) -> None:
    add()
    with nothing_changes(), pytest.raises(Invalid) as refused:
        add(**given)
    assert refused.value.fields[field][0].code == code


def test_a_party_has_a_bounded_number(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskreg.endpoints.services.endpoints.MOST", 2)
    add(name="a")
    add(name="b")
    with pytest.raises(Invalid, match="at most 2"):
        add(name="c")
    add(name="c", audience=THEIRS)


def test_renaming(add: Add) -> None:
    row, _secret = add()
    add(name="Other")
    changed = endpoints.rename(endpoint=row.uuid, version=1, name="New ERP", **WHO)
    assert (changed.name, changed.version) == ("New ERP", 2)
    with pytest.raises(Conflict) as conflict:
        endpoints.rename(endpoint=row.uuid, version=1, name="Third", **WHO)
    assert conflict.value.current.version == 2
    with pytest.raises(Invalid):
        endpoints.rename(endpoint=row.uuid, version=2, name="Other", **WHO)
    assert endpoints.rename(endpoint=row.uuid, version=2, name="New ERP", **WHO).version == 2
    assert [e.verb for e in Event.objects.order_by("id")][2:] == ["endpoint.renamed"]


def test_switching_off_drops_what_waits_and_on_again(add: Add) -> None:
    row, _secret = add()
    waiting = endpoints.queue_test_message(endpoint=row.uuid, local_day=AT.date(), **WHO)
    off = endpoints.switch_on_or_off(endpoint=row.uuid, version=1, on=False, **WHO)
    assert (off.disabled_at, off.version) == (AT, 2)
    waiting.refresh_from_db()
    assert waiting.state == DeliveryState.DROPPED
    assert enabled_endpoints_of_parties(OURS.register, [OURS.party]) == []
    assert endpoints.switch_on_or_off(endpoint=row.uuid, version=2, on=False, **WHO).version == 2, (
        "it was off already"
    )
    with pytest.raises(Invalid, match="switched off"):
        endpoints.queue_test_message(endpoint=row.uuid, local_day=AT.date(), **WHO)
    on = endpoints.switch_on_or_off(endpoint=row.uuid, version=2, on=True, **WHO)
    assert (on.disabled_at, on.version) == (None, 3)
    assert enabled_endpoints_of_parties(OURS.register, [OURS.party]) == [on]
    assert endpoints.switch_on_or_off(endpoint=row.uuid, version=3, on=True, **WHO).version == 3
    assert [e.verb for e in Event.objects.order_by("id")] == [
        "endpoint.added", "endpoint.tried", "endpoint.disabled", "endpoint.enabled",
    ]  # fmt: skip


def test_removing_takes_address_and_secret_away(add: Add) -> None:
    row, _secret = add()
    with pytest.raises(Conflict):
        endpoints.remove(endpoint=row.uuid, version=7, **WHO)
    endpoints.remove(endpoint=row.uuid, version=1, **WHO)
    assert not Endpoint.objects.exists()
    assert Event.objects.latest("id").verb == "endpoint.removed"
    with pytest.raises(NotFound):
        endpoints.remove(endpoint=row.uuid, version=None, **WHO)


def test_trying_out_sends_one_test_and_says_what_was_answered(
    add: Add, settings: Any, at: dt.datetime
) -> None:
    with receiver.serving() as server:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{server.port}"]
        row, secret = add(text=f"http://127.0.0.1:{server.port}/in", language="zh-hans")
        delivery = endpoints.queue_test_message(endpoint=row.uuid, local_day=AT.date(), **WHO)
        assert deliver(delivery.uuid, AT) == "sent"
        message = Webhook(secret).verify(server.got[0].body, server.got[0].headers)
        assert message["type"] == "endpoint.test"
        assert message["data"]["text"]
        server.answer = (500, {}, b"broken")
        again = endpoints.queue_test_message(endpoint=row.uuid, local_day=AT.date(), **WHO)
        assert deliver(again.uuid, AT) == "failed", "a test is made once"
        again.refresh_from_db()
        assert again.last_error == "500 broken"
        assert host_of_destination(again.destination) == f"127.0.0.1:{server.port}"
    assert delivery.message.address == f"127.0.0.1:{server.port}"


def test_what_is_another_partys_or_in_another_register_does_not_exist(add: Add) -> None:
    row, _secret = add()
    for audience in (THEIRS, ELSEWHERE):
        who = WHO | {"audience": audience}
        assert not endpoints_of_party_in(audience).exists()
        assert endpoints_by_uuid(audience, [row.uuid]) == {}
        acts = (
            lambda w: endpoints.rename(endpoint=row.uuid, version=1, name="x", **w),
            lambda w: endpoints.switch_on_or_off(endpoint=row.uuid, version=1, on=False, **w),
            lambda w: endpoints.switch_on_or_off(endpoint=row.uuid, version=1, on=True, **w),
            lambda w: endpoints.rotate_secret(endpoint=row.uuid, version=1, **w),
            lambda w: endpoints.remove(endpoint=row.uuid, version=1, **w),
            lambda w: endpoints.queue_test_message(endpoint=row.uuid, local_day=AT.date(), **w),
        )
        for act in acts:
            with nothing_changes(), pytest.raises(NotFound):
                act(who)
    add(audience=THEIRS)
    assert Delivery.objects.count() == 0


def test_an_address_is_never_shown_whole(add: Add) -> None:
    row, secret = add()
    row, fresh = endpoints.rotate_secret(endpoint=row.uuid, version=1, **WHO)
    endpoints.queue_test_message(endpoint=row.uuid, local_day=AT.date(), **WHO)
    endpoints.remove(endpoint=row.uuid, version=2, **WHO)
    message = json.dumps(list(Event.objects.values_list("changes", "subject_ref")))
    message += json.dumps(list(Delivery.objects.values_list("destination", "message__address")))
    for hidden in ("s3cret", secret, fresh, "whsec_", "/in?"):
        assert hidden not in message
