"""Meetings over REST, from the start to the minutes."""

import datetime as dt
from typing import Any

import pytest

from riskreg.reviews.models import Meeting, Review
from tests import builders
from tests.api.conftest import version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
JSON = {"content_type": "application/json"}


def url(world: World, tail: str = "") -> str:
    return f"/api/v1/registers/{world.register.slug}/meetings/{tail}"


def send(client: Any, address: str, body: Any, **headers: str) -> Any:
    return client.post(
        address, body, headers={k.replace("_", "-"): v for k, v in headers.items()}, **JSON
    )


def test_a_whole_meeting(world: World) -> None:
    builders.risk(world, at=world.at - 40 * DAY)
    builders.risk(world, at=world.at - 35 * DAY)
    client = builders.api(world.manager)
    body = {"title": "Overdue", "recipe": {"overdue": "true"}}
    made = send(client, url(world), body, Idempotency_Key="start")
    again = send(client, url(world), body, Idempotency_Key="start")
    assert made.status_code == 201, made.content
    assert (again.content, Meeting.objects.count()) == (made.content, 1)
    meeting = made.json()
    assert made["Location"] == meeting["url"]
    assert [i["risk"] for i in meeting["agenda"]] == ["R-001", "R-002"]
    assert meeting["attendance"][0]["user"]["id"] == str(world.manager.uuid)
    here = meeting["url"].removeprefix("http://testserver")

    first = meeting["agenda"][0]
    item = here + "items/1/"
    review = {"assessment": {"likelihood": 1, "impact": 1}, "comment": "Calmer"}
    act = {"outcome": "reviewed", "review": review}
    with nothing_changes():
        assert send(client, item, act).status_code == 428
        assert send(client, item, act, If_Match='"1"').status_code == 412
    done = send(client, item, act, If_Match=f'"{first["risk_version"]}"')
    assert done.status_code == 200, done.content
    assert done.json()["review"]["outcome"] == "rescored"
    assert (done.json()["before"]["score"], done.json()["after"]["score"]) == (20, 1)
    assert Review.objects.count() == 1

    there = send(client, here + "attendance/", {"users": [str(world.manager.uuid), str(
        world.partner_owner.uuid)]}, If_Match='"1"')  # fmt: skip
    assert there.status_code == 200, there.content
    assert version_in(there) == 2
    partner = builders.api(world.partner_leader)
    assert send(partner, here + "end/", {}, If_Match='"2"').status_code == 403
    assert send(partner, here + "chair/", {}, If_Match='"2"').json()["version"] == 3
    over = send(partner, here + "end/", {}, If_Match='"3"')
    assert over.json()["ended_at"] == "2026-09-16T08:00:00Z"
    assert [i["outcome"] for i in over.json()["agenda"]] == ["reviewed", "pending"]
    read = builders.api(world.auditor, "read").get(here)
    assert read.json() == over.json()
    listed = builders.api(world.auditor, "read").get(url(world)).json()["results"]
    assert [(m["title"], m["items"]) for m in listed] == [("Overdue", {"total": 2, "done": 1})]


def test_a_partys_own_meeting_is_not_there_for_the_other(world: World) -> None:
    own = builders.risk(world, visibility="party")
    client = builders.api(world.leader)
    body = {"title": "Quiet", "recipe": {}, "visibility": "party"}
    meeting = send(client, url(world), body).json()
    assert [i["risk"] for i in meeting["agenda"]] == [own.ref]
    partner = builders.api(world.partner_manager)
    here = url(world, meeting["id"] + "/")
    assert partner.get(url(world)).json()["results"] == []
    assert partner.get(here).status_code == 404
    for tail, sent in (("end/", {}), ("chair/", {}), ("items/1/", {"outcome": "deferred"}),
                       ("attendance/", {"users": []})):  # fmt: skip
        with nothing_changes():
            assert send(partner, here + tail, sent, If_Match='"1"').status_code == 404


@pytest.mark.parametrize(
    "tail, sent, pointer",
    [
        ("", {"title": "x", "recipe": {"weather": "bad"}}, "#/recipe/weather"),
        ("", {"title": "x", "set": "overdue"}, "#/set"),
        ("", {"recipe": {}}, "#/title"),
        ("items/1/", {"outcome": "maybe"}, "#/outcome"),
        ("items/1/", {"outcome": "reviewed", "review": {"due_on": "x"}}, "#/review/due_on"),
        ("items/1/", {"outcome": "reviewed", "review": "all fine"}, "#/review"),
        ("items/1/", {"outcome": "reviewed", "review": {"outcome": "x"}}, "#/review/outcome"),
        ("attendance/", {"users": "me"}, "#/users"),
        ("attendance/", {"users": ["nobody"]}, "#/users"),
        ("end/", {"sure": True}, "#/sure"),
    ],
)
def test_problems(world: World, tail: str, sent: Any, pointer: str) -> None:
    row = builders.risk(world)
    client = builders.api(world.manager)
    made = send(client, url(world), {"title": "All", "recipe": {}}).json()
    address = url(world, made["id"] + "/" + tail) if tail else url(world)
    version = row.version if "items" in tail else 1
    with nothing_changes():
        answer = send(client, address, sent, If_Match=f'"{version}"')
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"] == pointer
