"""The ladder over REST: read, replaced as a whole, foretold."""

from collections.abc import Callable
from typing import Any

import pytest

from riskreg.reminders.queries import ladder_in_force_of
from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
RUNGS = [{"offset_days": 0, "tells": ["owner"]}, {"offset_days": 9, "tells": ["managers"]}]


def test_the_default_is_read_and_replaced(world: World, program: Callable[..., Program]) -> None:
    manager = program(builders.alone(world).manager)
    first = manager.get("ladder/")
    assert version_in(first) == 0
    assert [r["offset_days"] for r in first.json()["rungs"]] == [-14, -3, 0, 7, 21]
    made = manager.put("ladder/", {"rungs": RUNGS}, If_Match='"0"')
    assert (made.status_code, version_in(made), made.json()["number"]) == (200, 1, 1)
    assert made.json() == manager.get("ladder/").json()
    assert made.json()["rungs"][1] == {
        "offset_days": 9, "tells": ["managers"], "users": [], "channels": ["mail"],
        "interrupts": False,
    }  # fmt: skip
    assert manager.get("ladder/?number=0").json() == first.json()
    assert manager.get("ladder/?number=1").json() == made.json()
    is_problem(manager.get("ladder/?number=2"), 404)
    is_problem(manager.get("ladder/?number=-1"), 400, "not_a_number", "?number")


def test_what_was_read_can_be_sent_back(world: World, program: Callable[..., Program]) -> None:
    manager = program(world.manager)
    named = [{"offset_days": 0, "users": [str(world.partner_leader.uuid)], "interrupts": True}]
    assert manager.put("ladder/", {"rungs": named}, If_Match='"0"').status_code == 202
    builders.agree(world)
    made = manager.get("ladder/").json()
    person = {"id": str(world.partner_leader.uuid), "name": str(world.partner_leader)}
    assert made["rungs"][0]["users"] == [person]
    again = manager.put("ladder/", {"rungs": made["rungs"]}, If_Match='"1"')
    assert again.status_code == 200
    assert again.json()["rungs"] == made["rungs"]


def test_a_version_must_be_named_and_be_the_one_in_force(
    world: World, program: Callable[..., Program]
) -> None:
    manager, partner = program(world.manager), program(world.partner_manager)
    with nothing_changes():
        is_problem(manager.put("ladder/", {"rungs": RUNGS}), 428)
        is_problem(manager.put("ladder/", {"rungs": RUNGS}, If_Match='"1"'), 412)
        is_problem(manager.put("ladder/", {"rungs": RUNGS}, If_Match="*"), 400, "wildcard")
    assert manager.put("ladder/", {"rungs": RUNGS}, If_Match='"0"').status_code == 202
    builders.agree(world)
    with nothing_changes():
        is_problem(partner.put("ladder/", {"rungs": RUNGS[:1]}, If_Match='"0"'), 412)
    assert ladder_in_force_of(world.register).number == 1


@pytest.mark.parametrize(
    "body, code, pointer",
    [
        ({"rungs": [RUNGS[0], RUNGS[0]]}, "twice", "#/rungs/1/offset_days"),
        ({"rungs": [RUNGS[1]]}, "none_at_zero", "#/rungs"),
        ({"rungs": []}, "count", "#/rungs"),
        ({"rungs": {}}, "not_a_list", "#/rungs"),
        ({}, "not_a_list", "#/rungs"),
        ({"rungs": ["x"]}, "not_an_object", "#/rungs/0"),
        ({"rungs": [{"offset_days": 0}]}, "required", "#/rungs/0/tells"),
        ({"rungs": [{"offset_days": 0.5, "tells": ["owner"]}]}, "not_a_number",
         "#/rungs/0/offset_days"),
        ({"rungs": [{"offset_days": 10**30, "tells": ["owner"]}]}, "too_far",
         "#/rungs/0/offset_days"),
        ({"rungs": [{**RUNGS[0], "channels": ["chat"]}]}, "mail_needed", "#/rungs/0/channels"),
        ({"rungs": [{**RUNGS[0], "users": ["nobody"]}]}, "unknown_member", "#/rungs/0/users"),
        ({"rungs": [{**RUNGS[0], "users": [None]}]}, "null", "#/rungs/0/users/0"),
        ({"rungs": [{**RUNGS[0], "colour": 1}]}, "unknown_field", "#/rungs/0/colour"),
        ({"rungs": RUNGS, "colour": 1}, "unknown_field", "#/colour"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at(
    world: World, program: Callable[..., Program], body: Any, code: str, pointer: str
) -> None:
    manager = program(world.manager)
    with nothing_changes():
        is_problem(manager.put("ladder/", body, If_Match='"0"'), 400, code, pointer)


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_everybody_reads_and_only_managers_replace(
    world: World, program: Callable[..., Program], who: str
) -> None:
    client = program(getattr(world, who))
    reader, stranger = program(world.manager, "read"), program(world.outsider)
    for visitor in (client, reader):
        assert visitor.get("ladder/").status_code == 200
    stranger.get("/api/v1/me/")
    with nothing_changes():
        is_problem(client.put("ladder/", {"rungs": RUNGS}, If_Match='"0"'), 403)
        is_problem(reader.put("ladder/", {"rungs": RUNGS}, If_Match='"0"'), 403)
        is_problem(stranger.get("ladder/"), 404)
        is_problem(client.post("ladder/", {"rungs": RUNGS}), 405)


def test_the_preview(world: World, program: Callable[..., Program]) -> None:
    row = builders.risk(world, deputy=world.deputy.email)
    own = builders.risk(world, visibility="party")
    draft = builders.risk(world, opened=False)
    body = program(world.auditor).get("ladder/preview/?risk=R-001").json()
    assert (body["risk"], body["next_review_on"]) == ("R-001", str(row.next_review_on))
    assert [r["offset_days"] for r in body["rungs"]] == [-14, -3, 0, 7, 21]
    assert [len(r["recipients"]) for r in body["rungs"]] == [1, 1, 2, 3, 4]
    assert {r["state"] for r in body["rungs"]} == {"to_come"}
    assert body["rungs"][4]["interrupts"] is True
    assert body["rungs"][2]["on"] == str(row.next_review_on)
    assert body["rungs"][0]["recipients"][0]["name"] == str(world.owner)
    assert program(world.owner).get(f"ladder/preview/?risk={own.ref}").status_code == 200
    partner = program(world.partner_manager)
    private, absent = (partner.get(f"ladder/preview/?risk={r}") for r in (own.ref, "F-999"))
    is_problem(private, 404)
    assert private.content == absent.content
    is_problem(partner.get("ladder/preview/"), 400, "required", "?risk")
    is_problem(partner.get(f"ladder/preview/?risk={draft.ref}"), 400, "not_open", "?risk")
    is_problem(partner.get("ladder/preview/?colour=1"), 400, "unknown_parameter", "?colour")
