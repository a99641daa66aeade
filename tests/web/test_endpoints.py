"""Pages of chats and webhooks: managers, their own party's, and a secret that is shown once."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.models import Endpoint
from riskreg.events.models import Event
from riskreg.notify.models import Delivery
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.endpoints import receiver
from tests.querycounts import QueryCounts

Web = Callable[[Any], Client]
START = "/r/foton-catl/endpoints/"
ADDRESS = "https://hooks.receiver.com/in?key=s3cret"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")
ACTS = ("rename", "switch", "secret", "try", "remove")


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    found = receiver.stub_names(monkeypatch)
    found["hooks.receiver.com"] = ["93.184.215.14"]
    return found


def form(**changes: Any) -> dict[str, Any]:
    return {"kind": "webhook", "name": "ERP", "address": ADDRESS, "language": "en", **changes}


def add(world: World, who: str = "manager", text: str = ADDRESS, **given: Any) -> Endpoint:
    viewer = world.viewer(who)
    fields = {"kind": "webhook", "name": "ERP", "language": "en", **given}
    address = endpoints.check_address(fields["kind"], text)
    row, _secret = endpoints.add_endpoint(
        audience=viewer.audience,
        address=address,
        actor_for_log=viewer.user.uuid,
        at=world.at,
        **fields,
    )
    return row


def url(row: Endpoint, tail: str = "") -> str:
    return f"{START}{row.uuid}/{tail}"


def test_adding_a_webhook_shows_its_secret_this_once(world: World, web: Web) -> None:
    manager = web(world.manager)
    answer = manager.post(f"{START}new/", form())
    page = answer.content.decode()
    (secret,) = SECRET.findall(page)
    assert "no-store" in answer["Cache-Control"]
    row = Endpoint.objects.get()
    assert (row.name, row.party) == ("ERP", world.foton.uuid)
    for path in (START, url(row)):
        page = manager.get(path).content.decode()
        assert "hooks.receiver.com …cret" in page
        assert secret not in page
        assert "s3cret" not in page


def test_adding_a_chat_leads_to_its_page(world: World, web: Web, names: Any) -> None:
    names["hooks.slack.com"] = ["93.184.215.14"]
    text = "https://hooks.slack.com/services/T0AB/B0CD/x7YzTok3n"
    answer = web(world.manager).post(
        f"{START}new/", form(kind="slack", address=text, name="Group"), follow=True
    )
    page = answer.content.decode()
    assert "Try it out to see" in page
    assert "Slack" in page
    assert not SECRET.search(page)
    assert "Make a new secret" not in page


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"address": "https://10.0.0.1/"}, "not a public address"),
        ({"address": "http://hooks.receiver.com/"}, "Only https"),
        ({"address": "https://nobody.receiver.com/"}, "Nobody knows"),
        ({"kind": "slack"}, "not a webhook address of Slack"),
        ({"name": ""}, "required"),
        ({"kind": "pager"}, "valid choice"),
        ({"language": "fr"}, "valid choice"),
        ({"name": "Taken"}, "of that name already"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_added(
    world: World, web: Web, changes: dict[str, str], said: str
) -> None:
    add(world, name="Taken")
    manager = web(world.manager)
    with nothing_changes():
        answer = manager.post(f"{START}new/", form(**changes))
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_renaming_and_what_somebody_else_did_meanwhile(world: World, web: Web) -> None:
    row, manager = add(world), web(world.manager)
    page = manager.post(url(row, "rename/"), {"version": 1, "name": "Plant"}, follow=True)
    assert "Plant" in page.content.decode()
    answer = manager.post(url(row, "rename/"), {"version": 1, "name": "Mine"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this" in page
    assert 'value="Mine"' in page
    assert "Plant" in page, "what is there now stands above the form"
    assert 'name="version" value="2"' in page, "sent again, it replaces what is there"
    assert manager.post(url(row, "rename/"), {"version": 2, "name": ""}).status_code == 400
    row.refresh_from_db()
    assert (row.name, row.version) == ("Plant", 2)


def test_switching_off_and_on(world: World, web: Web) -> None:
    row, manager = add(world), web(world.manager)
    page = manager.post(url(row, "switch/"), {"version": 1, "on": "0"}, follow=True)
    assert "nothing is sent to it" in page.content.decode()
    row.refresh_from_db()
    assert row.disabled_at is not None
    page = manager.post(url(row, "switch/"), {"version": 1, "on": "1"}, follow=True)
    assert "Somebody changed this" in page.content.decode()
    manager.post(url(row, "switch/"), {"version": 2, "on": "1"})
    row.refresh_from_db()
    assert row.disabled_at is None


def test_a_new_secret_is_shown_once(world: World, web: Web) -> None:
    row, manager = add(world), web(world.manager)
    answer = manager.post(url(row, "secret/"), {"version": 1})
    assert SECRET.search(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    stale = manager.post(url(row, "secret/"), {"version": 1}, follow=True).content.decode()
    assert not SECRET.search(stale)
    assert "Somebody changed this" in stale
    assert not SECRET.search(manager.get(url(row)).content.decode())


@pytest.mark.parametrize(
    "answer, said, state",
    [
        ((200, {}, b"fine"), "was taken", "sent"),
        ((404, {}, b"no such hook"), "404 no such hook", "failed"),
        ((500, {}, b"broken"), "500 broken", "failed"),
    ],
)
def test_trying_it_out_says_what_was_answered(
    world: World, web: Web, settings: Any, answer: Any, said: str, state: str
) -> None:
    with receiver.serving() as server:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{server.port}"]
        server.answer = answer
        row = add(world, text=f"http://127.0.0.1:{server.port}/in")
        page = web(world.manager).post(url(row, "try/"), follow=True).content.decode()
    assert said in page
    assert len(server.got) == 1
    assert Delivery.objects.get().state == state


def test_removing_takes_it_out_of_the_list(world: World, web: Web) -> None:
    row, manager = add(world), web(world.manager)
    manager.post(url(row, "remove/"), {"version": 7})
    assert Endpoint.objects.exists()
    page = manager.post(url(row, "remove/"), {"version": 1}, follow=True).content.decode()
    assert "ERP is removed" in page
    assert manager.get(url(row)).status_code == 404
    assert "No chats or webhooks yet" in manager.get(START).content.decode()


def test_one_that_switched_itself_off_says_why(world: World, web: Web) -> None:
    row = add(world)
    Endpoint.objects.update(disabled_at=world.at, disabled_why="410 gone")
    manager = web(world.manager)
    assert "410 gone" in manager.get(START).content.decode()
    page = manager.get(url(row)).content.decode()
    assert "410 gone" in page
    assert "Try it out" not in page
    assert manager.post(url(row, "try/")).status_code == 400


def test_the_other_partys_does_not_exist(world: World, web: Web) -> None:
    theirs = add(world, who="partner_manager", name="CANARY")
    manager = web(world.manager)
    assert "CANARY" not in manager.get(START).content.decode()
    assert manager.get(url(theirs)).status_code == 404
    with nothing_changes():
        for act in ACTS:
            body = {"version": 1, "name": "x", "on": "0"}
            answer = manager.post(url(theirs, f"{act}/"), body)
            unknown = manager.post(f"{START}{uuid.uuid4()}/{act}/", body)
            assert answer.status_code == unknown.status_code == 404
    assert "CANARY" in web(world.partner_manager).get(START).content.decode()


@pytest.mark.parametrize("name", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_only_managers_look_after_them(world: World, web: Web, name: str) -> None:
    row, client = add(world), web(getattr(world, name))
    with nothing_changes():
        for path in (START, f"{START}new/", url(row)):
            assert client.get(path).status_code == 403
        assert client.post(f"{START}new/", form()).status_code == 403
        for act in ACTS:
            assert client.post(url(row, f"{act}/"), {"version": 1}).status_code == 403


def test_strangers_find_nothing_and_nobody_is_asked_to_sign_in(world: World, web: Web) -> None:
    row = add(world)
    for path in (START, f"{START}new/", url(row), url(row, "rename/")):
        assert web(world.outsider).get(path).status_code in (404, 405)
        assert web(None).get(path).status_code == 302


def test_no_act_is_done_by_a_get(world: World, web: Web) -> None:
    row, manager = add(world), web(world.manager)
    with nothing_changes():
        for act in ACTS:
            assert manager.get(url(row, f"{act}/")).status_code == 405


def test_every_act_is_in_the_log_of_its_party_alone(world: World, web: Web) -> None:
    row = add(world)
    web(world.manager).post(url(row, "switch/"), {"version": 1, "on": "0"})
    events = Event.objects.filter(verb__startswith="endpoint.")
    assert [e.verb for e in events.order_by("id")] == ["endpoint.added", "endpoint.disabled"]
    assert {e.chain.key for e in events} == {world.viewer("manager").audience.key}
    assert events.latest("id").request_id


def test_the_list_costs_the_same_for_many_rows(
    world: World, web: Web, query_counts: QueryCounts
) -> None:
    client, made = web(world.manager), 0

    def grow(n: int) -> None:
        nonlocal made
        while made < min(n, endpoints.MOST):
            made += 1
            row = add(world, name=f"ERP {made}")
            endpoints.queue_test_message(
                audience=world.viewer("manager").audience, endpoint=row.uuid,
                actor_for_log=row.uuid,
                local_day=world.today, at=world.at,
            )  # fmt: skip

    query_counts.check_growth("web:endpoints", lambda: client.get(START), grow)
    row = Endpoint.objects.earliest("id")
    query_counts.check("web:endpoint", lambda: client.get(url(row)))
    assert builders.SLUG in START
