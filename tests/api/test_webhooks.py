"""Webhooks over the API: added once, shown without secrets, changed by version, tried out."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.models import Endpoint
from riskreg.events.models import Event
from riskreg.notify.models import Delivery
from riskreg.notify.services import deliver
from riskreg.requests.models import DoneRequest
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes
from tests.endpoints import receiver
from tests.querycounts import QueryCounts

ADDRESS = "https://hooks.receiver.com/in?key=s3cret"
NEW = {"name": "ERP", "address": ADDRESS}
Make = Callable[..., Program]


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    found = receiver.stub_names(monkeypatch)
    found["hooks.receiver.com"] = ["93.184.215.14"]
    return found


@pytest.fixture
def erp(world: World, program: Make) -> Program:
    return program(world.manager)


def delete(client: Program, path: str, **headers: str) -> Any:
    return client.call("delete", path, **headers)


def added(client: Program, **changes: Any) -> dict[str, Any]:
    answer = client.post("webhooks/", NEW | changes)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_webhook_is_added_read_and_listed(erp: Program) -> None:
    answer = erp.post("webhooks/", NEW)
    body = answer.json()
    secret = body.pop("secret")
    Webhook(secret)
    assert version_in(answer) == 1
    assert answer["Location"] == body["url"]
    assert "no-store" in answer["Cache-Control"]
    read = erp.get(body["url"])
    assert read.json() == body
    assert read["ETag"] == answer["ETag"]
    assert erp.get("webhooks/?count=true").json() == {
        "next": None, "previous": None, "results": [body], "count": 1,
    }  # fmt: skip
    assert body["address"] == "hooks.receiver.com …cret"
    assert (body["enabled"], body["last_delivery"], body["language"]) == (True, None, "en")
    for text in (read.content, erp.get("webhooks/").content):
        assert b"s3cret" not in text
        assert secret.encode() not in text


def test_a_request_that_is_repeated_adds_one_and_keeps_no_secret(erp: Program) -> None:
    first = erp.post("webhooks/", NEW, Idempotency_Key="k1")
    again = erp.post("webhooks/", NEW, Idempotency_Key="k1")
    assert again["Idempotent-Replayed"] == "true"
    assert Endpoint.objects.count() == 1
    secret = first.json()["secret"]
    assert {**again.json(), "secret": secret} == first.json()
    assert secret not in DoneRequest.objects.get().body
    is_problem(erp.post("webhooks/", NEW | {"name": "B"}, Idempotency_Key="k1"), 422)


def test_a_repeat_is_answered_also_when_the_name_is_gone_by_then(
    erp: Program, names: dict[str, list[str]]
) -> None:
    erp.post("webhooks/", NEW, Idempotency_Key="k1")
    names.clear()
    assert erp.post("webhooks/", NEW, Idempotency_Key="k1").status_code == 201


@pytest.mark.parametrize(
    "changes, pointer, code",
    [
        ({"address": "https://169.254.169.254/latest/meta-data/"}, "#/address", "not_public"),
        ({"address": "https://0x7f.1/"}, "#/address", "bad_host"),
        ({"address": "http://hooks.receiver.com/"}, "#/address", "not_https"),
        ({"address": "https://hooks.receiver.com:22/"}, "#/address", "odd_port"),
        ({"address": "https://u:p@hooks.receiver.com/"}, "#/address", "has_user"),
        ({"address": None}, "#/address", "null"),
        ({"address": ""}, "#/address", "required"),
        ({"address": ["x"]}, "#/address", "required"),
        ({"name": None}, "#/name", "null"),
        ({"name": ""}, "#/name", "required"),
        ({"name": 5}, "#/name", "not_text"),
        ({"name": "x" * 101}, "#/name", "too_long"),
        ({"language": "fr"}, "#/language", "unknown"),
        ({"language": []}, "#/language", "unknown"),
        ({"secret": "mine"}, "#/secret", "unknown_field"),
        ({"kind": "slack"}, "#/kind", "unknown_field"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_added(
    erp: Program, changes: dict[str, Any], pointer: str, code: str
) -> None:
    with nothing_changes():
        is_problem(erp.post("webhooks/", NEW | changes), 400, code, pointer)


def test_it_is_changed_only_by_who_has_seen_it(erp: Program) -> None:
    path = added(erp)["url"]
    is_problem(erp.patch(path, {"name": "Plant"}), 428)
    is_problem(erp.patch(path, {"name": "Plant"}, If_Match='"9"'), 412)
    answer = erp.patch(path, {"name": "Plant", "enabled": False}, If_Match='"1"')
    assert (answer.json()["name"], answer.json()["enabled"]) == ("Plant", False)
    assert version_in(answer) == 3
    assert answer.json()["disabled_at"]
    stale = erp.patch(path, {"enabled": True}, If_Match='"1"')
    is_problem(stale, 412)
    assert stale["ETag"] == '"3"'
    assert erp.patch(path, {"enabled": True}, If_Match='"3"').json()["enabled"] is True
    is_problem(erp.patch(path, {"enabled": "yes"}, If_Match='"4"'), 400, "not_a_boolean")
    is_problem(erp.patch(path, {"address": ADDRESS}, If_Match='"4"'), 400, "unknown_field")
    assert [e.verb for e in Event.objects.filter(subject_type="endpoint").order_by("id")] == [
        "endpoint.added", "endpoint.renamed", "endpoint.disabled", "endpoint.enabled",
    ]  # fmt: skip


def test_it_is_removed_by_who_has_seen_it(erp: Program) -> None:
    path = added(erp)["url"]
    is_problem(delete(erp, path), 428)
    is_problem(delete(erp, path, If_Match='"2"'), 412)
    answer = delete(erp, path, If_Match='"1"')
    assert (answer.status_code, answer.content) == (204, b"")
    is_problem(erp.get(path), 404)
    is_problem(delete(erp, path, If_Match='"1"'), 404)
    assert not Endpoint.objects.exists()


def test_a_secret_is_rotated_once_for_a_key(erp: Program) -> None:
    made = added(erp)
    path = f"{made['url']}rotate/"
    is_problem(erp.post(path), 428)
    answer = erp.post(path, If_Match='"1"', Idempotency_Key="k2")
    assert version_in(answer) == 2
    fresh = answer.json()["secret"]
    assert fresh not in (made["secret"], "")
    again = erp.post(path, If_Match='"1"', Idempotency_Key="k2")
    assert again["Idempotent-Replayed"] == "true"
    assert "secret" not in again.json()
    is_problem(erp.post(path, If_Match='"1"'), 412)
    is_problem(erp.post(path, {"secret": "mine"}, If_Match='"2"'), 400, "unknown_field")


def test_it_is_tried_out_and_says_how_it_went(erp: Program, settings: Any, world: World) -> None:
    with receiver.serving() as server:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{server.port}"]
        made = added(erp, address=f"http://127.0.0.1:{server.port}/in")
        answer = erp.post(f"{made['url']}test/", Idempotency_Key="k3")
        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        erp.post(f"{made['url']}test/", Idempotency_Key="k3")
        assert deliver(Delivery.objects.get().uuid, world.at) == "sent"
        message = Webhook(made["secret"]).verify(server.got[0].body, server.got[0].headers)
    assert message["type"] == "endpoint.test"
    last = erp.get(made["url"]).json()["last_delivery"]
    assert (last["type"], last["state"], last["attempts"]) == ("endpoint.test", "sent", 1)
    assert last["id"] == answer.json()["id"]
    erp.patch(made["url"], {"enabled": False}, If_Match='"1"')
    is_problem(erp.post(f"{made['url']}test/"), 400, "disabled")


def test_the_other_partys_and_chats_do_not_exist(
    world: World, erp: Program, program: Make, names: dict[str, list[str]]
) -> None:
    partner = program(world.partner_manager)
    theirs = added(partner, name="CANARY")
    names["hooks.slack.com"] = ["93.184.215.14"]
    viewer = world.viewer("manager")
    chat, _none = endpoints.add_endpoint(
        audience=viewer.audience, kind="slack", name="Group", language="en",
        actor_for_log=viewer.user.uuid, at=world.at,
        address=endpoints.check_address("slack", "https://hooks.slack.com/services/T0/B0/x"),
    )  # fmt: skip
    assert erp.get("webhooks/").json()["results"] == []
    for name in (theirs["id"], str(chat.uuid), str(uuid.uuid4())):
        path = f"webhooks/{name}/"
        with nothing_changes():
            answers = [
                erp.get(path), erp.patch(path, {"name": "x"}, If_Match='"1"'),
                delete(erp, path, If_Match='"1"'), erp.post(f"{path}rotate/", If_Match='"1"'),
                erp.post(f"{path}test/"),
            ]  # fmt: skip
        for answer in answers:
            is_problem(answer, 404)
            assert b"CANARY" not in answer.content
    assert [row["name"] for row in partner.get("webhooks/").json()["results"]] == ["CANARY"]


@pytest.mark.parametrize("name", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_only_managers_have_webhooks(world: World, program: Make, erp: Program, name: str) -> None:
    path = added(erp)["url"]
    client = program(getattr(world, name))
    with nothing_changes():
        for answer in (
            client.get("webhooks/"), client.post("webhooks/", NEW), client.get(path),
            client.patch(path, {"name": "x"}, If_Match='"1"'), client.post(f"{path}test/"),
            delete(client, path, If_Match='"1"'), client.post(f"{path}rotate/", If_Match='"1"'),
        ):  # fmt: skip
            is_problem(answer, 403)


def test_a_token_that_reads_does_not_write(world: World, program: Make, erp: Program) -> None:
    path = added(erp)["url"]
    reader = program(world.manager, "read")
    assert reader.get(path).status_code == 200
    with nothing_changes():
        is_problem(reader.post("webhooks/", NEW), 403)
        is_problem(delete(reader, path, If_Match='"1"'), 403)


def test_methods_that_are_not_there(erp: Program) -> None:
    path = added(erp)["url"]
    is_problem(delete(erp, "webhooks/"), 405)
    is_problem(erp.post(path, {}), 405)
    is_problem(erp.get(f"{path}rotate/"), 405)
    is_problem(erp.get("webhooks/?kind=slack"), 400, "unknown_parameter")
    is_problem(erp.get("webhooks/not-a-uuid/"), 404)


def test_pages_of_the_list(erp: Program) -> None:
    for n in range(3):
        added(erp, name=f"ERP {n}")
    first = erp.get("webhooks/?limit=2").json()
    second = erp.get(first["next"]).json()
    names = [row["name"] for row in first["results"] + second["results"]]
    assert names == ["ERP 0", "ERP 1", "ERP 2"]
    assert second["next"] is None


def test_the_list_costs_the_same_for_many_rows(erp: Program, query_counts: QueryCounts) -> None:
    made: list[str] = []

    def grow(n: int) -> None:
        while len(made) < min(n, endpoints.MOST):
            made.append(added(erp, name=f"ERP {len(made)}")["url"])
            erp.post(f"{made[-1]}test/")

    query_counts.check_growth("api:webhooks", lambda: erp.get("webhooks/"), grow)
    query_counts.check("api:webhook", lambda: erp.get(made[0]))
