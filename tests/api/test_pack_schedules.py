"""Board packs before meetings over REST: the rule, and what was sent."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes
from tests.exchange.scheduling import DAY, schedule, tend

pytestmark = pytest.mark.django_db
Programs = Callable[..., Program]


def new(world: World) -> dict[str, Any]:
    return {
        "title": "Steering committee", "first_on": "2026-10-13", "every_months": 3,
        "repeats": "weekday", "recipients": [world.leader.email, str(world.manager.uuid)],
    }  # fmt: skip


def test_one_is_set_read_changed_and_ended(world: World, program: Programs) -> None:
    manager = program(world.manager)
    made = manager.post("pack-schedules/", new(world))
    assert made.status_code == 201
    body = made.json()
    ids = [str(world.leader.uuid), str(world.manager.uuid)]
    assert [one["id"] for one in body["recipients"]] == ids
    assert (body["days_before"], body["next_on"], body["make_on"]) == (
        7,
        "2026-10-13",
        "2026-10-06",
    )
    assert (body["audience"], body["format"], body["sendings"]) == ("shared", "pdf", [])
    page = made["Location"]
    assert manager.get(page).json() == body
    assert manager.get("pack-schedules/").json()["results"] == [body]
    # What was read can be sent back as it is, people and all.
    back = {"recipients": body["recipients"], "every_months": None}
    changed = manager.patch(page, back, If_Match=made["ETag"])
    assert (changed.status_code, version_in(changed)) == (200, 2)
    assert [one["id"] for one in changed.json()["recipients"]] == ids
    other, owner = program(world.partner_manager), program(world.owner)
    with nothing_changes():
        is_problem(manager.patch(page, {"title": "New"}), 428)
        is_problem(manager.patch(page, {"title": "New"}, If_Match='"1"'), 412)
        is_problem(manager.call("delete", page, If_Match='"1"'), 412)
        is_problem(other.get(page), 404)
        is_problem(owner.get("pack-schedules/"), 403)
        assert other.get("pack-schedules/").json()["results"] == []
    ended = manager.call("delete", page, If_Match=changed["ETag"])
    assert (ended.status_code, ended.content) == (204, b"")
    is_problem(manager.get(page), 404)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"title": " "}, "required", "#/title"),
        ({"first_on": "2026-09-01"}, "in_the_past", "#/first_on"),
        ({"recipients": []}, "required", "#/recipients"),
        ({"recipients": ["nobody@foton.example"]}, "unknown_member", "#/recipients"),
        ({"repeats": "moon"}, "unknown", "#/repeats"),
        ({"party": "catl"}, "unknown_field", "#/party"),
        ({"next_on": "2026-10-01"}, "unknown_field", "#/next_on"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    world: World, program: Programs, change: dict[str, Any], code: str, pointer: str
) -> None:
    manager = program(world.manager)
    with nothing_changes():
        refused = manager.post("pack-schedules/", {**new(world), **change})
        (error,) = is_problem(refused, 400)["errors"]
    assert (error["code"], error["pointer"]) == (code, pointer)


@pytest.mark.parametrize("name", ["title", "first_on", "recipients"])
def test_what_nothing_goes_without_is_asked_for(world: World, program: Programs, name: str) -> None:
    given = {key: value for key, value in new(world).items() if key != name}
    manager = program(world.manager)
    with nothing_changes():
        refused = manager.post("pack-schedules/", given)
    assert [error["pointer"] for error in is_problem(refused, 400)["errors"]] == [f"#/{name}"]


def test_what_was_sent_is_told_and_leads_to_the_pack(world: World, program: Programs) -> None:
    row = schedule(world, recipients=[world.leader.email, world.manager.email])
    tend(world, 5)
    body = program(world.leader).get(f"pack-schedules/{row.uuid}/").json()
    (one,) = body["sendings"]
    assert (one["state"], one["late"], one["due_on"]) == ("sent", True, "2026-09-19")
    assert [p["id"] for p in one["notified"]] == row.recipients
    pack = program(world.leader).get(one["packs"][0]).json()
    assert (pack["state"], pack["as_of"]) == ("done", str(world.today + 5 * DAY))
    feed = program(world.leader).get("changes/").json()["results"]
    told = [event for event in feed if event["object"]["id"] == str(row.uuid)]
    verbs = ["pack_schedule.set", "pack_schedule.begun", "pack_schedule.sent"]
    assert [event["verb"] for event in told] == verbs
    assert {event["chain"] for event in told} == {"own"}
    others = program(world.partner_leader).get("changes/").json()["results"]
    assert not [event for event in others if event["verb"].startswith("pack_schedule")]
